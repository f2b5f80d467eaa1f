"""What the endpoints of tokens answer, where that isn't a result as it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Encoded:
    """``/encode``: what the tokenizer returns, and the pieces of each row; some return no ``token_type_ids``."""

    input_ids: tuple[tuple[int, ...], ...]
    token_type_ids: tuple[tuple[int, ...], ...] | None
    attention_mask: tuple[tuple[int, ...], ...]
    special_tokens_mask: tuple[tuple[int, ...], ...]
    tokens: tuple[tuple[str, ...], ...]
    truncated: tuple[int, ...]


@dataclass(frozen=True)
class MaskQuantity:
    """One number that a model gives a text, with the right mask and with the wrong one."""

    name: str
    right: float
    wrong: float


@dataclass(frozen=True)
class MaskedRow:
    """One row of a batch under both masks."""

    title: str
    unit: str
    summary: str
    compared: int
    largest_difference: float
    quantities: tuple[MaskQuantity, ...]


@dataclass(frozen=True)
class MasksCompared:
    """``/flip_mask``."""

    mistake: str
    right_mask: tuple[tuple[int, ...], ...]
    wrong_mask: tuple[tuple[int, ...], ...]
    rows: tuple[MaskedRow, ...]


@dataclass(frozen=True)
class ChatSpan:
    """Characters of the rendered text that one message (or the template itself) wrote."""

    start: int
    end: int
    role: str
    message: int | None
    content: bool


@dataclass(frozen=True)
class ChatToken:
    """A token of the rendered text and the span that it stands in."""

    token_id: int
    piece: str
    shown: str
    special: bool
    span: int | None


@dataclass(frozen=True)
class ChatRendered:
    """``/chat_template``."""

    text: str
    template: str
    spans: tuple[ChatSpan, ...]
    tokens: tuple[ChatToken, ...]
    input_ids: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ComparedTokenizer:
    """One tokenizer's tokens of the text."""

    model_id: str
    tokens: tuple[str, ...]
    input_ids: tuple[int, ...]
    tokens_per_word: float | None
    unknown_tokens: int


@dataclass(frozen=True)
class TokenizersCompared:
    """``/compare_tokenizers``: character offsets where all agree, and where only some have a boundary."""

    agreed: tuple[int, ...]
    contested: tuple[int, ...]
    results: tuple[ComparedTokenizer, ...]
