"""What can be tried first: stories that a grammar writes, and a short tale that a model learns by heart."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import playground as pg
from playground.training.stories import example
from tabs.training.language_model_handlers import GRAMMAR, TEXT

TALE = Path(__file__).parents[2] / "assets" / "examples" / "tale.txt"
DEFAULTS = {
    name: one.default
    for name, one in pg.TrainLanguageModelRequest.__dataclass_fields__.items()
    if name not in ("text", "grammar", "person", "address", "run_id")
}


@dataclass(frozen=True)
class Example:
    """A press: what is to be learned from, and the settings that differ from what the page has at first."""

    name: str
    source: str
    settings: dict[str, Any] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """What stands in each field then."""
        text = TALE.read_text(encoding="utf-8") if self.source == TEXT else ""
        grammar = example() if self.source == GRAMMAR else ""
        return {**DEFAULTS, "source": self.source, "text": text, "grammar": grammar, **self.settings}


EXAMPLES = (
    Example("Stories, letter by letter", GRAMMAR),
    Example("Stories, with BPE", GRAMMAR, {"tokenizer": "bpe", "context": 48}),
    Example("A tale, by heart", TEXT, {"context": 64, "max_steps": 400, "prompt": "The keeper"}),
)
