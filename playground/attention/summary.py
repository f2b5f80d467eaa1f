"""Attention weights -> why cells are masked, and each head in seven numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from playground.attention.result import (
    CAUSAL,
    OTHER,
    PADDING,
    PADDING_QUERY,
    VISIBLE,
    WINDOW,
    AttentionToken,
    HeadSummary,
)


def masks_of(
    weights: Float[torch.Tensor, "layer head query key"],
    queries: tuple[AttentionToken, ...],
    keys: tuple[AttentionToken, ...],
    kind: str,
    config: Any,
) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """Why cells are masked, once per distinct mask, and which of them each layer has.

    A cell counts as masked when its weight is exactly 0 in all heads of a layer, which is what a mask leaves behind;
    the reason then follows from where the cell stands and what the config says of the layer.
    """
    zero = (weights == 0).all(dim=1).cpu().numpy()
    query, key = np.arange(len(queries))[:, None], np.arange(len(keys))[None, :]
    padding_key = np.array([not token.attended for token in keys])[None, :]
    padding_query = np.array([not token.attended for token in queries])[:, None]
    later = (key > query) & (kind != "cross")
    masks: dict[bytes, int] = {}
    mask_of_layer = []
    for unread, window in zip(zero, _windows(config, len(zero)), strict=True):
        is_causal = len(queries) > 1 and bool(unread[later & ~padding_query].all()) and kind != "cross"
        far = (abs(query - key) >= max(1, window // 2)) if window and kind != "cross" else np.zeros_like(later)
        reasons = np.select(
            [
                padding_query | np.zeros_like(unread),
                unread & padding_key,
                unread & later & is_causal,
                unread & far,
                unread,
            ],
            [PADDING_QUERY, PADDING, CAUSAL, WINDOW, OTHER],
            VISIBLE,
        ).astype(np.uint8)
        mask_of_layer.append(masks.setdefault(reasons.tobytes(), len(masks)))
    return tuple(masks), tuple(mask_of_layer)


def _windows(config: Any, layers: int) -> list[int | None]:
    """How many tokens each layer's sliding window (or chunk) has, None for a layer that sees everything."""
    kinds = list(getattr(config, "layer_types", None) or [])
    if getattr(config, "is_heterogeneous", False):  # such a config has a window for each layer, and none for all
        windows = list(map(_window, config.per_layer_config))
    else:
        windows = [_window(config)] * (len(kinds) or layers)
    kinds = kinds or ["any"] * len(windows)
    read = [(kind, window) for kind, window in zip(kinds, windows, strict=True) if "linear" not in kind]
    if len(read) != layers:
        return [None if len(set(windows)) > 1 else windows[0]] * layers
    return [window if "full" not in kind else None for kind, window in read]


def _window(config: Any) -> int | None:
    return getattr(config, "sliding_window", None) or getattr(config, "attention_chunk_size", None)


def summaries_of(
    weights: Float[torch.Tensor, "layer head query key"],
    queries: tuple[AttentionToken, ...],
    keys: tuple[AttentionToken, ...],
    is_self: bool,
    separators: set[int],
) -> tuple[tuple[HeadSummary, ...], ...]:
    """A summary of each head, then of the heads' average, per layer."""
    real = torch.tensor([index for index, token in enumerate(queries) if token.attended], device=weights.device)
    both = (weights, weights.mean(dim=1, keepdim=True))
    parts = [_measures(part.index_select(2, real), real, keys, is_self, separators) for part in both]
    table = torch.stack([torch.cat([part[name] for part in parts], dim=1) for name in parts[0]], dim=-1)
    return tuple(
        tuple(HeadSummary(**dict(zip(parts[0], numbers, strict=True))) for numbers in layer) for layer in table.tolist()
    )


def _measures(
    rows: Float[torch.Tensor, "layer head query key"],
    positions: torch.Tensor,
    keys: tuple[AttentionToken, ...],
    is_self: bool,
    separators: set[int],
) -> dict[str, torch.Tensor]:
    """Each field of `HeadSummary` for every layer and head; ``positions`` says which query each row is."""

    def share(columns: list[int]) -> torch.Tensor:
        return rows[..., columns].sum(dim=-1).mean(dim=-1)

    attended = [index for index, key in enumerate(keys) if key.attended]
    separator = [index for index in attended if keys[index].token_id in separators]
    distance = (positions[:, None] - torch.arange(len(keys), device=rows.device)[None, :]).abs().to(rows.dtype)
    at_previous = (positions[:, None] - 1 == torch.arange(len(keys), device=rows.device)[None, :]).to(rows.dtype)
    measures = {
        "entropy_nats": torch.special.entr(rows).sum(dim=-1).mean(dim=-1),
        "first_token_share": share(attended[:1]),
        "special_tokens_share": share([index for index in attended if keys[index].special]),
    }
    if separator:
        measures["separator_share"] = share(separator)
    if is_self:
        measures["previous_token_share"] = _mean_where(rows, at_previous, positions >= 1)
        measures["same_token_share"] = (rows * (distance == 0)).sum(dim=-1).mean(dim=-1)
        measures["mean_distance_tokens"] = (rows * distance).sum(dim=-1).mean(dim=-1)
    return measures


def _mean_where(rows: torch.Tensor, chosen: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """The mean over the counted queries of their weight on the chosen cells, 0 if none is counted."""
    return (rows * chosen).sum(dim=-1)[..., counted].sum(dim=-1) / counted.sum().clamp(min=1)
