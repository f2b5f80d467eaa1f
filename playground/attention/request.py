"""What the attention wing can be asked."""

from __future__ import annotations

from dataclasses import dataclass

from playground.values import whole_number, whole_numbers

MAX_TOKENS = 256
MAX_CHARACTERS = 100_000
MAX_PADDING = 16


@dataclass(frozen=True)
class AttentionRequest:
    """What to run.

    Without a ``model_id`` it is the catalog's first that makes embeddings. ``second_text`` is a second segment for an
    encoder or a classifier, and what the decoder reads for another encoder-decoder model (left empty, the model writes
    it greedily). ``padding`` adds so many padding tokens on the tokenizer's own side. ``attention_mask`` replaces the
    right mask, one 0 or 1 per token, padding included.
    """

    text: str
    model_id: str = ""
    second_text: str = ""
    padding: int = 0
    attention_mask: tuple[int, ...] | None = None
    max_tokens: int = MAX_TOKENS

    def __post_init__(self) -> None:
        for name in ("padding", "max_tokens"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        if self.attention_mask is not None:
            object.__setattr__(self, "attention_mask", whole_numbers("attention_mask", self.attention_mask))
