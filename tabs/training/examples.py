"""Rows to learn from, as text that can be changed; and how long a model shall learn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from playground.training.request import EPOCHS, LEARNING_RATES, MOST_EPOCHS

FOLDER = Path(__file__).parents[2] / "assets" / "examples"


@dataclass(frozen=True)
class Sample:
    """A file of rows that ships with the page: what it is called, and what a model of it is."""

    name: str
    file: str
    model: str

    def rows(self) -> str:
        """Its text."""
        return (FOLDER / self.file).read_text(encoding="utf-8")


SAMPLES = (
    Sample("What does it want?", "intents.csv", "Intents"),
    Sample("Polite or rude", "manners.csv", "Manners"),
    Sample("Which subject?", "subjects.csv", "Subjects"),
)


@dataclass(frozen=True)
class Preset:
    """How long a model learns, and how large its steps are, as multiples of what suits the method."""

    epochs: float
    rate: float

    def settings(self, method: str) -> tuple[float, int]:
        """What ``learning_rate`` and ``num_train_epochs`` are by it."""
        rate, epochs = self.rate * LEARNING_RATES[method], round(self.epochs * EPOCHS[method])
        return float(f"{rate:.3g}"), min(epochs, MOST_EPOCHS)


PRESETS = MappingProxyType(
    {
        "as usual": Preset(1, 1.0),
        "a quick look": Preset(0.4, 1.0),
        "small steps": Preset(1.5, 0.25),
        "far too large steps": Preset(1, 20.0),
        "too long": Preset(5, 1.0),
    }
)
