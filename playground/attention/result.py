"""What the attention wing answers with: the weights of every head, as bytes with a shape, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, UInt8

from playground.attention.request import AttentionRequest
from playground.errors import InputError
from playground.models.pretrained import Pretrained

_ALMOST_ALL = 0.99  # of a row; half precision loses less
# Why a query can't read a key; these numbers are what `AttentionStack.mask` holds.
VISIBLE = 0
PADDING = 1
CAUSAL = 2
WINDOW = 3
OTHER = 4
PADDING_QUERY = 5
REASONS = (
    "visible",
    "padding: attention_mask is 0 for this key",
    "causal: this key comes later than the query",
    "sliding window: this key is too far away in this layer",
    "0 in every head: a rule of this model, or too small for its dtype",
    "padding query: nobody reads this row",
)


@dataclass(frozen=True)
class AttentionToken:
    """One row or column: ``token`` is the tokenizer's own piece, ``text`` what a person reads."""

    token_id: int
    token: str
    text: str
    special: bool
    attended: bool


@dataclass(frozen=True)
class HeadSummary:
    """One head in seven numbers, each a mean over the query tokens that aren't padding.

    The shares are between 0 and 1. Entropy is in nats: 0 when every query reads a single key, ``log(keys)`` when it
    reads all alike. What needs queries and keys to be the same tokens is None for cross-attention.
    """

    entropy_nats: float
    first_token_share: float
    special_tokens_share: float
    separator_share: float | None = None
    previous_token_share: float | None = None
    same_token_share: float | None = None
    mean_distance_tokens: float | None = None


@dataclass(frozen=True)
class AttentionStack:
    """All layers and heads of one kind of attention.

    ``data`` are float32 numbers, little-endian, in the order layer, head, query, key; `weights` is their array. Each
    row is a softmax: it sums to 1 over the keys, or to less where a model also reads what is no token of the text, such
    as an attention sink. With ``from_scores`` transformers returns the scores before the softmax.
    ``summaries[layer][head]`` has one more entry than there are heads, for their average.
    """

    kind: str
    queries: tuple[AttentionToken, ...]
    keys: tuple[AttentionToken, ...]
    layers: int
    heads: int
    data: bytes
    masks: tuple[bytes, ...]
    mask_of_layer: tuple[int, ...]
    summaries: tuple[tuple[HeadSummary, ...], ...]
    from_scores: bool = False

    @property
    def output(self) -> str:
        """The name under which transformers returns this kind."""
        return "attentions" if self.kind == "self" else f"{self.kind}_attentions"

    @property
    def reads_more(self) -> bool:
        """Whether a part of some row goes to what is no token of the text."""
        rows = self.weights.sum(axis=-1)[..., [token.attended for token in self.queries]]
        return bool(rows.size) and float(rows.min()) < _ALMOST_ALL

    @cached_property
    def weights(self) -> Float[np.ndarray, "layer head query key"]:
        """The numbers as a read-only array, without a copy."""
        shape = (self.layers, self.heads, len(self.queries), len(self.keys))
        return np.frombuffer(self.data, dtype="<f4").reshape(shape)

    def head(self, layer: int | None, head: int | None) -> Float[np.ndarray, "query key"]:
        """One head's weights; None averages over all heads, or all layers.

        Raises:
            InputError: there is no such layer or head.
        """
        for name, index, count in (("layer", layer, self.layers), ("head", head, self.heads)):
            if index is not None and not 0 <= index < count:
                raise InputError(f"There is no {name} {index}.", f"The {name}s are 0 to {count - 1}.")
        chosen = self.weights if layer is None else self.weights[layer : layer + 1]
        chosen = chosen if head is None else chosen[:, head : head + 1]
        return chosen[0, 0] if chosen.shape[:2] == (1, 1) else chosen.mean(axis=(0, 1), dtype=np.float32)

    def in_steps(self, steps: int) -> bytes:
        """The weights as whole numbers of 16 bits, little-endian, with ``steps`` for a weight of 1."""
        return np.rint(self.weights * steps).clip(0, steps).astype("<u2").tobytes()

    def mask(self, layer: int) -> UInt8[np.ndarray, "query key"]:
        """Why each cell is masked in a layer: numbers that index `REASONS`, 0 where it isn't."""
        flat = np.frombuffer(self.masks[self.mask_of_layer[layer]], dtype=np.uint8)
        return flat.reshape(len(self.queries), len(self.keys))

    def overview(
        self, edge: int, hide_special: bool = False
    ) -> tuple[UInt8[np.ndarray, "layer head1 row column"], Float[np.ndarray, "layer head1"]]:
        """All heads small, and the largest weight of each, which the number 255 stands for.

        A thumbnail has at most ``edge`` rows and columns and keeps the largest weight of the cells that it merges, so
        that a single sharp cell stays visible. The last head is the average of the others. With ``hide_special`` the
        columns of special tokens are 0 and the rows are divided by what is left.
        """
        averages = self.weights.mean(axis=1, keepdims=True, dtype=np.float32)
        parts = [self.weights, averages]
        if hide_special:
            keep = np.array([not key.special for key in self.keys])
            parts = [renormalise(part, keep) for part in parts]
        small = np.concatenate([_pool(_pool(part, edge, -1), edge, -2) for part in parts], axis=1)
        largest = small.max(axis=(-2, -1))
        scaled = small / np.maximum(largest, 1e-12)[..., None, None]
        return np.rint(scaled * 255).astype(np.uint8), largest.astype(np.float32)


@dataclass(frozen=True)
class AttentionResult:
    """What a model attended to.

    ``tokens_given`` counts the tokens of the whole text, ``tokens_shown`` those that were run. ``decoder_reads`` is
    empty for a model with one side; else ``target`` (the second text), ``written`` (what the model wrote by itself) or
    ``input`` (what the model gives its decoder where nobody else does: the input, shifted). ``pretrained`` is how the
    model was held.
    """

    request: AttentionRequest
    model_type: str
    pretrained: Pretrained
    stacks: tuple[AttentionStack, ...]
    tokens_given: int
    tokens_shown: int
    pad_token_id: int
    decoder_reads: str
    written: str | None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of attention that this model has."""
        return tuple(stack.kind for stack in self.stacks)

    @property
    def size_bytes(self) -> int:
        """What the weights take in memory."""
        return sum(len(stack.data) for stack in self.stacks)

    def stack(self, kind: str = "") -> AttentionStack:
        """The stack of one kind; the first without a kind.

        Raises:
            InputError: the model has no such kind.
        """
        for stack in self.stacks:
            if kind in ("", stack.kind):
                return stack
        raise InputError(f"This model has no {kind} attention.", f"It has: {', '.join(self.kinds)}.")


def renormalise(
    weights: Float[np.ndarray, "*many key"], keep: Bool[np.ndarray, " key"]
) -> Float[np.ndarray, "*many key"]:
    """The weights with some columns at 0 and each row divided by what is left; a row with nothing left stays 0.

    >>> renormalise(np.array([[0.5, 0.125, 0.375]]), np.array([False, True, True])).tolist()
    [[0.0, 0.25, 0.75]]
    """
    kept = np.where(keep, weights, 0)
    left = kept.sum(axis=-1, keepdims=True)
    return kept / np.where(left > 0, left, 1)


def _pool(weights: Float[np.ndarray, "*many"], edge: int, axis: int) -> Float[np.ndarray, "*fewer"]:
    """An axis cut to at most ``edge`` entries, each the largest of its stretch."""
    size = weights.shape[axis]
    if size <= edge:
        return weights
    return np.maximum.reduceat(weights, np.arange(edge) * size // edge, axis=axis)
