"""What a training says before it works: its place in the line, and what it takes.

What it says of its work is in the events of what is trained.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingBytes:
    """What a training takes, in bytes: weights, a gradient per trained number, two numbers of AdamW per trained number,
    what flows through the layers, and Python with its libraries in the process of its own.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    process: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.process


@dataclass(frozen=True)
class TrainingWaits:
    """A place in the line: 1 is next. ``reason`` says for what, as a sentence."""

    position: int
    reason: str


@dataclass(frozen=True)
class TrainingBegins:
    """The process starts. ``run_id`` is what `follow_training` and `cancel` take, ``device`` where it works."""

    run_id: str
    device: str
    threads: int
    bytes: TrainingBytes
