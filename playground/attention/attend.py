"""One text -> attention weights per layer and head: self, encoder, decoder and cross.

Attention weights say where a head read from, not why the model answered as it did: a head may look hard at a token
whose value vector is nearly nothing ("Attention is not Explanation", Jain and Wallace 2019). This module leaves out
the values, gradients and attributions, the drawing, and batches of several texts.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import torch

from playground.attention.request import MAX_TOKENS, AttentionRequest
from playground.attention.result import AttentionResult, AttentionStack, AttentionToken
from playground.attention.summary import masks_of, summaries_of
from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.texts import is_byte_level, shown_piece, usable_text

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from playground.models.manager import ModelManager

MAX_CHARACTERS = 100_000
MAX_PADDING = 16
WRITTEN_TOKENS = 24


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
    masks, mask_of_layer = masks_of(weights, queries, keys, kind, model.config)
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
        summaries=summaries_of(weights, queries, keys, kind != "cross", separators),
    )
