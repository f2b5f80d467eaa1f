"""What the endpoints of attention answer, where that isn't a result as it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attended:
    """``/attention``: ``attentions[layer][head][query][key]``; each query's weights sum to 1."""

    model_id: str
    kind: str
    kinds: tuple[str, ...]
    layers: tuple[int, ...]
    heads: tuple[int, ...]
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    input_ids: tuple[int, ...]
    attention_mask: tuple[int, ...]
    attentions: tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]
    masked: tuple[tuple[tuple[int, ...], ...], ...]
    tokens_given: int
    tokens_shown: int
    written: str | None
