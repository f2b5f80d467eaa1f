"""One text -> attention weights per layer and head: self, encoder, decoder and cross.

Attention weights say where a head read from, not why the model answered as it did: a head may look hard at a token
whose value vector is nearly nothing ("Attention is not Explanation", Jain and Wallace 2019). This module leaves out
the values, gradients and attributions, the drawing, and batches of several texts.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8

from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.texts import is_byte_level, shown_piece, usable_text

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from playground.models.manager import ModelManager

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
MAX_TOKENS = 256
MAX_CHARACTERS = 100_000
MAX_PADDING = 16
WRITTEN_TOKENS = 24

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
class AttentionRequest:
    """What to run.

    ``second_text`` is a second segment for an encoder, and what the decoder reads for an encoder-decoder model (left
    empty, the model writes it greedily). ``padding`` adds so many padding tokens on the tokenizer's own side.
    ``attention_mask`` replaces the right mask, one 0 or 1 per token, padding included.
    """

    text: str
    model_id: str = DEFAULT_MODEL
    second_text: str = ""
    padding: int = 0
    attention_mask: tuple[int, ...] | None = None
    max_tokens: int = MAX_TOKENS


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
    row is a softmax: it sums to 1 over the keys. ``summaries[layer][head]`` has one more entry than there are heads,
    for their average.
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
    """What a model attended to. ``tokens_given`` counts the tokens of the whole text, ``shown`` those that were run."""

    request: AttentionRequest
    model_type: str
    dtype: str
    stacks: tuple[AttentionStack, ...]
    tokens_given: int
    tokens_shown: int
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


def attend(manager: ModelManager, request: AttentionRequest) -> AttentionResult:
    """The attention of a model in the catalog, computed on the eager view of its weights.

    Only eager attention has weights to show: the fused kernels of ``sdpa`` never write them down.

    Raises:
        EmptyInputError: there is no text.
        InputTooLongError: the text is far too long to tokenize.
        UnsupportedOptionError: the model has no attention weights.
        ModelError: the model can't be used.
    """
    _check(request)
    with manager.lease(request.model_id, manager.spec(request.model_id).task) as loaded:
        return attend_model(loaded.eager, loaded.tokenizer, request)


@torch.inference_mode()
def attend_model(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: AttentionRequest
) -> AttentionResult:
    """The attention of a model that you hold; it must have been loaded with ``attn_implementation="eager"``."""
    _check(request)
    limit = _token_limit(model, request.max_tokens)
    two_sided = model.config.is_encoder_decoder
    is_pair = bool(request.second_text.strip()) and not two_sided
    inputs, given = _encode(tokenizer, request, limit, (request.text, request.second_text)[: 1 + is_pair])
    known = inspect.signature(model.forward).parameters  # a tokenizer may return inputs that its model doesn't take
    inputs = {name: row for name, row in inputs.items() if name in known}
    tensors = {name: torch.tensor([row], device=model.device) for name, row in inputs.items()}
    encoder = _described(tokenizer, inputs["input_ids"], inputs["attention_mask"])
    sides, written = {"": (encoder, encoder)}, None
    if two_sided:
        decoder_ids, written = _decoder_ids(model, tokenizer, request, tensors, limit)
        tensors["decoder_input_ids"] = torch.tensor([decoder_ids], device=model.device)
        decoder = _described(tokenizer, decoder_ids, [1] * len(decoder_ids))
        sides = {"encoder_": (encoder, encoder), "decoder_": (decoder, decoder), "cross_": (decoder, encoder)}
    outputs = model(**tensors, output_attentions=True, use_cache=False)
    separators = {tokenizer.sep_token_id, tokenizer.eos_token_id} - {None}
    stacks = [
        _stack(prefix.rstrip("_") or "self", outputs.get(f"{prefix}attentions"), queries, keys, model, separators)
        for prefix, (queries, keys) in sides.items()
    ]
    return AttentionResult(
        request=request,
        model_type=model.config.model_type,
        dtype=str(model.dtype).removeprefix("torch."),
        stacks=tuple(stacks),
        tokens_given=given,
        tokens_shown=len(inputs["input_ids"]) - request.padding,
        written=written,
    )


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


def _check(request: AttentionRequest) -> None:
    if not request.text.strip():
        raise EmptyInputError("There is no text to attend to.", "Type a sentence, or pick an example.")
    if len(request.text) + len(request.second_text) > MAX_CHARACTERS:
        raise InputTooLongError(
            f"The text has {len(request.text) + len(request.second_text):,} characters.",
            f"Give at most {MAX_CHARACTERS:,}; the first {MAX_TOKENS} tokens are shown.",
        )
    for text in (request.text, request.second_text):
        usable_text(text)
    if not 0 <= request.padding <= MAX_PADDING:
        raise InputError(f"padding is {request.padding}.", f"Add 0 to {MAX_PADDING} padding tokens.")
    if not 2 <= request.max_tokens <= MAX_TOKENS:
        raise InputError(f"max_tokens is {request.max_tokens}.", f"Use 2 to {MAX_TOKENS}.")


def _token_limit(model: PreTrainedModel, wanted: int) -> int:
    """How many tokens to run: never more than the model has positions for."""
    positions = getattr(model.config, "max_position_embeddings", None) or wanted
    if model.config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= 2  # positions start behind the padding index
    return min(wanted, positions)


def _encode(
    tokenizer: PreTrainedTokenizerBase, request: AttentionRequest, limit: int, texts: tuple[str, ...]
) -> tuple[dict[str, list[int]], int]:
    """The model's inputs as lists, cut to the limit and padded, and how many tokens the whole text has."""
    given = len(tokenizer(*texts, verbose=False)["input_ids"])
    encoded = tokenizer(*texts, truncation=True, max_length=limit - request.padding, return_attention_mask=True)
    names = [name for name in tokenizer.model_input_names if name in encoded]
    inputs = {name: list(encoded[name]) for name in {*names, "attention_mask"}}
    if not inputs["input_ids"]:
        raise EmptyInputError("This text has no tokens for this tokenizer.", "Type something else.")
    inputs = _padded(inputs, tokenizer, request.padding)
    if request.attention_mask is not None:
        inputs["attention_mask"] = _checked_mask(request.attention_mask, len(inputs["input_ids"]))
    return inputs, given


def _padded(inputs: dict[str, list[int]], tokenizer: PreTrainedTokenizerBase, count: int) -> dict[str, list[int]]:
    """The inputs with padding on the tokenizer's side; a tokenizer without [PAD] pads with its end token."""
    candidates = (tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
    pad_id = next(token_id for token_id in candidates if token_id is not None)
    fill = {"input_ids": pad_id, "attention_mask": 0, "token_type_ids": tokenizer.pad_token_type_id}
    if tokenizer.padding_side == "left":
        return {name: [fill.get(name, 0)] * count + row for name, row in inputs.items()}
    return {name: row + [fill.get(name, 0)] * count for name, row in inputs.items()}


def _checked_mask(mask: tuple[int, ...], length: int) -> list[int]:
    if len(mask) != length or set(mask) - {0, 1}:
        raise InputError(f"attention_mask has {len(mask)} entries.", f"Give {length}, each 0 or 1: one per token.")
    if not any(mask):
        raise InputError("attention_mask hides every token.", "Leave at least one 1 in it.")
    return list(mask)


def _decoder_ids(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    request: AttentionRequest,
    tensors: dict[str, torch.Tensor],
    limit: int,
) -> tuple[list[int], str | None]:
    """What the decoder reads: the start token, then the target shifted right by one; and what the model wrote."""
    start = model.config.decoder_start_token_id
    if request.second_text.strip():
        target = tokenizer(text_target=request.second_text, truncation=True, max_length=limit)["input_ids"]
        return [start, *target[:-1]], None
    generate: Any = model.generate
    written = generate(**tensors, max_new_tokens=WRITTEN_TOKENS, do_sample=False, num_beams=1)[0].tolist()
    read = written[:-1] if len(written) > 2 and written[-1] == tokenizer.eos_token_id else written
    return read, str(tokenizer.decode(written, skip_special_tokens=True))


def _described(tokenizer: PreTrainedTokenizerBase, ids: list[int], attended: list[int]) -> tuple[AttentionToken, ...]:
    """The tokens of some ids, each with the text that a person reads."""
    special = set(tokenizer.all_special_ids)
    pieces, byte_level = tokenizer.convert_ids_to_tokens(ids), is_byte_level(tokenizer)
    shown = [shown_piece(piece or "", byte_level=byte_level) for piece in pieces]  # None: an id beyond the vocabulary
    return tuple(
        AttentionToken(token_id, piece, piece if token_id in special else text, token_id in special, bool(bit))
        for token_id, piece, text, bit in zip(ids, pieces, shown, attended, strict=True)
    )


def _stack(
    kind: str,
    attentions: tuple[torch.Tensor, ...] | None,
    queries: tuple[AttentionToken, ...],
    keys: tuple[AttentionToken, ...],
    model: PreTrainedModel,
    separators: set[int],
) -> AttentionStack:
    """One kind of attention, taken from what the model returned."""
    if not attentions or any(layer is None for layer in attentions):
        raise UnsupportedOptionError(
            f"{type(model).__name__} returns no {kind} attention weights.",
            "Pick a transformer model; state-space and linear-attention models have none.",
        )
    weights = torch.stack([layer[0].float() for layer in attentions])
    masks, mask_of_layer = _masks(weights, queries, keys, kind, model.config)
    layers, heads = weights.shape[:2]
    return AttentionStack(
        kind=kind,
        queries=queries,
        keys=keys,
        layers=layers,
        heads=heads,
        data=weights.cpu().contiguous().numpy().astype("<f4", copy=False).tobytes(),
        masks=masks,
        mask_of_layer=mask_of_layer,
        summaries=_summaries(weights, queries, keys, kind != "cross", separators),
    )


def _masks(
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
    window = getattr(config, "sliding_window", None) or getattr(config, "attention_chunk_size", None)
    kinds = [kind for kind in getattr(config, "layer_types", None) or [] if "linear" not in kind]
    if len(kinds) != layers:
        return [window] * layers
    return [window if "full" not in kind else None for kind in kinds]


def _summaries(
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


def _pool(weights: Float[np.ndarray, "*many"], edge: int, axis: int) -> Float[np.ndarray, "*fewer"]:
    """An axis cut to at most ``edge`` entries, each the largest of its stretch."""
    size = weights.shape[axis]
    if size <= edge:
        return weights
    return np.maximum.reduceat(weights, np.arange(edge) * size // edge, axis=axis)
