"""What a training says: its place in the line, what it takes, and of a classifier's, how it goes and what came of it.

What the training of a language model says of its work is in `language_model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class TrainingBytes:
    """What a training takes, in bytes: weights, a gradient per trained number, two numbers of AdamW per trained number,
    what flows through the layers, Python with its libraries in the process of its own, and where the best weights so
    far are kept, these.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    process: int
    best: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.process + self.best


@dataclass(frozen=True)
class RunningTraining:
    """A training that works or waits, of whoever asks; ``task`` is that of the model that it makes."""

    run_id: str
    title: str
    task: str


@dataclass(frozen=True)
class TrainingWaits:
    """A place in the line: 1 is next. ``reason`` says for what, as a sentence."""

    type: ClassVar[Literal["waits"]] = "waits"
    position: int
    reason: str


@dataclass(frozen=True)
class TrainingBegins:
    """The process starts. ``run_id`` is what `follow_training` and `cancel` take, ``device`` where it works."""

    type: ClassVar[Literal["begins"]] = "begins"
    run_id: str
    device: str
    threads: int
    bytes: TrainingBytes


@dataclass(frozen=True)
class SplitSaid:
    """How the rows were split: of each label (``labels``, in the order of their ids) how many are learned from, and how
    many are held out. ``notes`` say in sentences what was left out, and what to keep in mind. Whoever always says the
    commonest label is right of ``chance`` of the held-out rows; ``chance_loss``, in nats, has who gives each label the
    share that it has.
    """

    type: ClassVar[Literal["split"]] = "split"
    labels: tuple[str, ...]
    train_counts: tuple[int, ...]
    held_counts: tuple[int, ...]
    notes: tuple[str, ...]
    chance: float
    chance_loss: float
    total_steps: int
    parameters: int
    trained_parameters: int


@dataclass(frozen=True)
class ClassifierPlan:
    """What a training of a classifier would take: what it says of the rows when it begins, and its bytes."""

    base_id: str
    split: SplitSaid
    bytes: TrainingBytes


@dataclass(frozen=True)
class TrainingStep:
    """A step, counted from 1: the mean loss of its rows in nats, its learning rate, and how long is left of all."""

    type: ClassVar[Literal["step"]] = "step"
    step: int
    epoch: float
    loss: float
    learning_rate: float
    elapsed_seconds: float
    eta_seconds: float


@dataclass(frozen=True)
class HeldOut:
    """How the model does on the rows that it never learns from, after a step: its mean loss in nats, and the share that
    it gets right; ``best`` if its loss was never less.
    """

    type: ClassVar[Literal["held_out"]] = "held_out"
    step: int
    epoch: float
    loss: float
    accuracy: float
    best: bool


@dataclass(frozen=True)
class HeldRow:
    """A held-out row: its label ids as it is, and as the model says before and after, and how sure that is."""

    text: str
    gold: int
    before: int
    after: int
    probability: float


def mixed(rows: Sequence[HeldRow]) -> list[HeldRow]:
    """The held-out rows, which stand label by label, in an order in which the first ones are of all labels."""
    by_label: dict[int, list[HeldRow]] = {}
    for row in rows:
        by_label.setdefault(row.gold, []).append(row)
    longest = max(map(len, by_label.values()), default=0)
    return [own[place] for place in range(longest) for own in by_label.values() if place < len(own)]


@dataclass(frozen=True)
class TrainedClassifier:
    """What came of a training. ``model_id`` is the name that every other request takes; ``rows`` are those held out.

    ``confusion_before`` and ``confusion`` count rows, as [gold][predicted]. ``best_step`` is the step whose model was
    kept, the one with the least loss on held-out rows. ``stopped`` before all ``total_steps``.
    """

    type: ClassVar[Literal["trained_classifier"]] = "trained_classifier"
    model_id: str
    title: str
    base_id: str
    method: str
    labels: tuple[str, ...]
    accuracy_before: float
    accuracy: float
    loss: float
    confusion_before: tuple[tuple[int, ...], ...]
    confusion: tuple[tuple[int, ...], ...]
    rows: tuple[HeldRow, ...]
    best_step: int
    steps: int
    total_steps: int
    stopped: bool
    train_losses: tuple[float, ...]
    held_losses: tuple[float, ...]
    parameters: int
    trained_parameters: int
    file_bytes: int
    elapsed_seconds: float


ClassifierEvent = TrainingWaits | TrainingBegins | SplitSaid | TrainingStep | HeldOut | TrainedClassifier
