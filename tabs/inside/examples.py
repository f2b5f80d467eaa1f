"""Texts to look into, each with the fact that it is there to show; a test looks at all of them with `MODEL`."""

from __future__ import annotations

from dataclasses import dataclass

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
LAYERS = 30  # of it


@dataclass(frozen=True)
class Example:
    """A text. `MODEL` goes on with ``wins``, which is the best token from layer ``leads`` on."""

    label: str
    text: str
    wins: str
    leads: int
    what: str

    @property
    def shows(self) -> str:
        """What it is there for, in a sentence."""
        after = f"layer {self.leads} of {LAYERS}" if self.leads < LAYERS else f"the last of {LAYERS} layers"
        return f"{self.what}: “{self.wins.strip()}” comes out best, but leads only after {after}."


EXAMPLES = (
    Example("a fact", "The capital of France is", " Paris", 30, "A fact"),
    Example("an opposite", "The opposite of hot is", " cold", 29, "The opposite of a word"),
    Example("a name", "New York, Los Angeles and San", " Francisco", 28, "The rest of a name"),
    Example("a function", "def add(a, b):\n    return a +", " b", 27, "The argument that is still missing"),
    Example("a row of days", "Monday, Tuesday, Wednesday, Thursday,", " Friday", 30, "The next one in a row"),
)
