"""A request -> what the model gets: its inputs, cut and padded, and what its decoder reads.

It leaves out the run (`attend`) and the weights.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from playground.attention.request import MAX_CHARACTERS, MAX_PADDING, MAX_TOKENS, AttentionRequest
from playground.attention.result import AttentionToken
from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.models.families import check_ids, decoder_start, explaining, is_classifier
from playground.models.limits import token_limit
from playground.models.padding import pad_token_id
from playground.texts import is_byte_level, shown_piece, usable_text

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WRITTEN_TOKENS = 24


@dataclass
class Inputs:
    """What one run gets: tensors by name, the tokens of the (encoder's) input, and how many the whole text has.

    ``decoder_reads`` is empty for a model with one side; else ``target`` (the second text), ``written`` (what the model
    writes by itself) or ``input`` (what the model gives its decoder where nobody else does).
    """

    tensors: dict[str, torch.Tensor]
    tokens: tuple[AttentionToken, ...]
    given: int
    pad_token_id: int
    decoder_reads: str = ""
    decoder_ids: list[int] = field(default_factory=list)
    written: str | None = None


def check_request(request: AttentionRequest) -> None:
    """Nothing, if the request can be run.

    Raises:
        EmptyInputError: there is no text.
        InputTooLongError: the text is far too long to tokenize.
        InputError: a number is out of its range, or a text can't be read.
    """
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


def inputs_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: AttentionRequest) -> Inputs:
    """The inputs of a run, on the model's device.

    Raises:
        EmptyInputError: the tokenizer makes nothing of this text.
        InputError: the attention_mask doesn't fit.
        UnsupportedOptionError: the tokenizer makes ids that the model doesn't know.
    """
    limit = min(request.max_tokens, token_limit(model, tokenizer))
    target = request.second_text if request.second_text.strip() else ""
    is_target = bool(model.config.is_encoder_decoder) and not is_classifier(model)
    pad_id = pad_token_id(model, tokenizer) or 0  # masked, so any token will do where the model names none
    pair = (target,) if target and not is_target else ()
    rows, given = _encode(model, tokenizer, request, limit, (request.text, *pair), pad_id)
    known = inspect.signature(model.forward).parameters  # a tokenizer may return inputs that its model doesn't take
    tensors = {name: torch.tensor([row], device=model.device) for name, row in rows.items() if name in known}
    inputs = Inputs(tensors, described(tokenizer, rows["input_ids"], rows["attention_mask"]), given, pad_id)
    if is_target:
        _give_decoder(inputs, model, tokenizer, target, limit)
        check_ids(model, inputs.decoder_ids)
    elif model.config.is_encoder_decoder:
        inputs.decoder_reads = "input"
    return inputs


def described(tokenizer: PreTrainedTokenizerBase, ids: list[int], attended: list[int]) -> tuple[AttentionToken, ...]:
    """The tokens of some ids, each with the text that a person reads."""
    special = set(tokenizer.all_special_ids)
    special |= {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    pieces, byte_level = tokenizer.convert_ids_to_tokens(ids), is_byte_level(tokenizer)
    shown = [shown_piece(piece or "", byte_level=byte_level) for piece in pieces]  # None: an id beyond the vocabulary
    return tuple(
        AttentionToken(token_id, piece, piece if token_id in special else text, token_id in special, bool(bit))
        for token_id, piece, text, bit in zip(ids, pieces, shown, attended, strict=True)
    )


@contextmanager
def reading_decoder(model: PreTrainedModel) -> Iterator[list[int]]:
    """A list that gets the ids which the model gives its decoder on this thread."""
    ids: list[int] = []
    thread = threading.get_ident()

    def note(module: Any, values: tuple[Any, ...], options: dict[str, Any]) -> None:
        given = options.get("input_ids", values[0] if values else None)
        if threading.get_ident() == thread and given is not None and not given.is_floating_point():
            ids[:] = given[0].tolist()

    decoder: Any = model.get_decoder()
    handle = decoder.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield ids
    finally:
        handle.remove()


def _encode(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    request: AttentionRequest,
    limit: int,
    texts: tuple[str, ...],
    pad_id: int,
) -> tuple[dict[str, list[int]], int]:
    """The model's inputs as lists, cut to the limit and padded, and how many tokens the whole text has."""
    given = len(tokenizer(*texts, verbose=False)["input_ids"])
    room = max(1, limit - request.padding)
    encoded = tokenizer(*texts, truncation=True, max_length=room, return_attention_mask=True)
    names = [name for name in tokenizer.model_input_names if name in encoded]
    rows = {name: list(encoded[name]) for name in {*names, "attention_mask"}}
    if not rows["input_ids"]:
        raise EmptyInputError("This text has no tokens for this tokenizer.", "Type something else.")
    check_ids(model, rows["input_ids"])
    rows = _padded(rows, tokenizer, pad_id, request.padding)
    if request.attention_mask is not None:
        rows["attention_mask"] = _checked_mask(request.attention_mask, len(rows["input_ids"]))
    return rows, given


def _padded(
    rows: dict[str, list[int]], tokenizer: PreTrainedTokenizerBase, pad_id: int, count: int
) -> dict[str, list[int]]:
    """The inputs with padding on the tokenizer's side."""
    fill = {"input_ids": pad_id, "attention_mask": 0, "token_type_ids": tokenizer.pad_token_type_id}
    if tokenizer.padding_side == "left":
        return {name: [fill.get(name, 0)] * count + row for name, row in rows.items()}
    return {name: row + [fill.get(name, 0)] * count for name, row in rows.items()}


def _checked_mask(mask: tuple[int, ...], length: int) -> list[int]:
    if len(mask) != length or set(mask) - {0, 1}:
        raise InputError(f"attention_mask has {len(mask)} entries.", f"Give {length}, each 0 or 1: one per token.")
    if not any(mask):
        raise InputError("attention_mask hides every token.", "Leave at least one 1 in it.")
    return list(mask)


def _give_decoder(
    inputs: Inputs, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, target: str, limit: int
) -> None:
    """Puts in what the decoder reads: the target, shifted right by one, or what the model writes.

    A model that can't write gets nothing: most give their decoder the input, shifted.
    """
    if target:
        labels = tokenizer(text_target=target, truncation=True, max_length=limit)["input_ids"]
        inputs.decoder_ids, inputs.decoder_reads = [decoder_start(model), *labels[:-1]], "target"
    elif model.can_generate():
        generate: Any = model.generate
        with explaining(model):
            rows = generate(**inputs.tensors, max_new_tokens=WRITTEN_TOKENS, do_sample=False, num_beams=1)
        written = rows[0].tolist()
        read = written[:-1] if len(written) > 2 and written[-1] == tokenizer.eos_token_id else written
        inputs.decoder_ids, inputs.decoder_reads = read, "written"
        inputs.written = str(tokenizer.decode(written, skip_special_tokens=True))
    else:
        inputs.decoder_reads = "input"
        return
    inputs.tensors["decoder_input_ids"] = torch.tensor([inputs.decoder_ids], device=model.device)
