"""Texts to look into, each with the fact that it is there to show; a test looks at all of them with `MODEL`."""

from __future__ import annotations

from dataclasses import dataclass

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"


@dataclass(frozen=True)
class Example:
    """A text. `MODEL` goes on with ``wins``, which is the best token from layer ``leads`` on."""

    label: str
    text: str
    wins: str
    leads: int


EXAMPLES = (
    Example("a fact", "The capital of France is", " Paris", 30),
    Example("an opposite", "The opposite of hot is", " cold", 29),
    Example("a name", "New York, Los Angeles and San", " Francisco", 28),
    Example("a function", "def add(a, b):\n    return a +", " b", 27),
    Example("a row of days", "Monday, Tuesday, Wednesday, Thursday,", " Friday", 30),
)
