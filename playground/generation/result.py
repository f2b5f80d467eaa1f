"""What comes back from reading one text with two models: plain values."""

from __future__ import annotations

from dataclasses import dataclass

from playground.generation.request import TwinRequest


@dataclass(frozen=True)
class TwinProgress:
    """What is being done, ``done`` of ``total`` parts before it."""

    doing: str
    done: int
    total: int


@dataclass(frozen=True)
class TwinToken:
    """One token of the text, and what both models gave it after the same tokens before it.

    ``kl_divergence`` is of the first model's whole distribution from the second's, in nats: 0 where they agree.
    ``probability`` and ``best`` (the most probable piece, with ``best_probability``) are the first model's; those of
    the second begin with ``other``. ``changed`` says whether the most probable token is another.
    """

    token_id: int
    piece: str
    kl_divergence: float
    probability: float
    other_probability: float
    best: str
    best_probability: float
    other_best: str
    other_best_probability: float
    changed: bool


@dataclass(frozen=True)
class TwinReply:
    """What one of them writes after the text, always its most probable token."""

    text: str
    pieces: tuple[str, ...]
    token_ids: tuple[int, ...]
    tokens_per_second: float | None


@dataclass(frozen=True)
class TwinSide:
    """One of the two: its ``perplexity`` on the text, its weights in bytes, how fast it read, and what it wrote.

    ``reading_tokens_per_second`` is one forward pass over the whole text, the other's right after it; ``reply`` is None
    where none was asked for.
    """

    model_id: str
    title: str
    quantization: str
    dtype: str
    measured_bytes: int
    perplexity: float
    reading_tokens_per_second: float
    reply: TwinReply | None


@dataclass(frozen=True)
class TwinResult:
    """One text, read by two models token for token.

    ``start`` are the pieces before the first prediction. ``parts_at`` is the first place (from 0) where the replies
    have different tokens; None where there are none, or none differs.
    """

    request: TwinRequest
    start: tuple[str, ...]
    tokens: tuple[TwinToken, ...]
    mean_kl_divergence: float
    changed_share: float
    first: TwinSide
    second: TwinSide
    parts_at: int | None
    notes: tuple[str, ...] = ()
