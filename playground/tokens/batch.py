"""A batch of texts -> the rows that ``tokenizer(...)`` returns: ids, type ids, masks, padding, truncation, overflow.

This module leaves out what a model makes of the rows (`masks`) and the characters behind a single text's tokens
(`tokenize`). The rows are transformers' own, unchanged; what is added is one word per token that says why it is
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from playground.errors import EmptyInputError, InputError, InputTooLongError, said_by
from playground.texts import is_byte_level, shown_piece, usable_text
from playground.tokens.request import PADDINGS, SIDES, TRUNCATIONS, EncodeRequest
from playground.tokens.result import EncodedBatch, EncodedRow
from playground.tokens.rules import TokenizerShelf

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

MAX_TEXTS = 8
MAX_LENGTH = 512


def encode(shelf: TokenizerShelf, request: EncodeRequest) -> EncodedBatch:
    """The batch as ``tokenizer(...)`` returns it.

    Raises:
        EmptyInputError: there is no text.
        InputTooLongError: more than eight texts, or one is too long.
        InputError: an argument doesn't fit the others; the message says which.
    """
    texts, pairs = _checked(request)
    tokenizer = shelf.tokenizer(request.model_id)
    _check_tokenizer(tokenizer, request)
    batch = _call(tokenizer, texts, pairs, request)
    dictionary = dict(batch)
    whole = tokenizer(texts, pairs, add_special_tokens=request.add_special_tokens, verbose=False)["input_ids"]
    samples = dictionary.get("overflow_to_sample_mapping") or list(range(len(texts)))
    rows = tuple(_row(tokenizer, batch, index, sample) for index, sample in enumerate(samples))
    truncated = _truncated([len(ids) for ids in whole], rows, request, len(texts))
    side = request.padding_side or tokenizer.padding_side
    return EncodedBatch(request, rows, dictionary, truncated, side, tokenizer.pad_token)


def call_arguments(request: EncodeRequest) -> dict[str, Any]:
    """The keyword arguments of ``tokenizer(...)``, only those that differ from transformers' defaults."""
    arguments: dict[str, Any] = {"padding": request.padding, "truncation": request.truncation}
    if request.padding == "do_not_pad":
        arguments["padding"] = False
    if request.truncation == "do_not_truncate":
        arguments["truncation"] = False
    if request.max_length is not None and (request.padding == "max_length" or arguments["truncation"]):
        arguments["max_length"] = request.max_length
    if request.padding_side is not None and arguments["padding"]:
        arguments["padding_side"] = request.padding_side
    if not request.add_special_tokens:
        arguments["add_special_tokens"] = False
    if request.return_token_type_ids is not None:
        arguments["return_token_type_ids"] = request.return_token_type_ids
    if arguments["truncation"] and request.return_overflowing_tokens:
        arguments |= {"return_overflowing_tokens": True, "stride": request.stride}
    return {**arguments, "return_special_tokens_mask": True}


def _call(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], pairs: list[str] | None, request: EncodeRequest
) -> BatchEncoding:
    try:
        return tokenizer(texts, pairs, **call_arguments(request))
    except InputError:
        raise
    except BaseException as error:  # the Rust side panics (a BaseException) when stride leaves no room for text
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise InputError(
            f"The tokenizer refused these arguments: {said_by(error)}.", "Raise max_length or lower stride."
        ) from None


def _checked(request: EncodeRequest) -> tuple[list[str], list[str] | None]:
    """The texts and pairs, when they can be used."""
    if not any(request.texts):
        raise EmptyInputError("There is no text.", "Type at least one sentence.")
    if len(request.texts) > MAX_TEXTS:
        raise InputTooLongError(f"There are {len(request.texts):,} texts.", f"Use at most {MAX_TEXTS}.")
    for name, value, allowed in (
        ("padding", request.padding, PADDINGS),
        ("truncation", request.truncation, TRUNCATIONS),
        ("padding_side", request.padding_side or "right", SIDES),
    ):
        if value not in allowed:
            raise InputError(f"{name} is {value!r}.", f"Use one of {', '.join(allowed)}.")
    texts, pairs = ([usable_text(text, 5_000, "A text") for text in given] for given in (request.texts, request.pairs))
    has_pairs = bool(pairs)
    if has_pairs and (len(pairs) != len(texts) or not all(map(str.strip, pairs))):
        raise InputError("Some texts have a pair and some don't.", "Give every text a pair, or none.")
    if request.truncation == "only_second" and not has_pairs:
        raise InputError("truncation is only_second, but there are no pairs.", "Use only_first, or write pairs.")
    _check_lengths(request)
    return texts, pairs if has_pairs else None


def _check_lengths(request: EncodeRequest) -> None:
    needs_length = request.padding == "max_length" or request.truncation != "do_not_truncate"
    if needs_length and request.max_length is None:
        raise InputError("padding or truncation to a length needs max_length.", "Give one, such as 16.")
    if request.max_length is not None and not 1 <= request.max_length <= MAX_LENGTH:
        raise InputError(f"max_length is {request.max_length}.", f"Use 1 to {MAX_LENGTH}.")
    if request.return_overflowing_tokens and request.max_length and not 0 <= request.stride < request.max_length:
        raise InputError(f"stride is {request.stride}.", f"Use 0 to {request.max_length - 1}: less than max_length.")


def _check_tokenizer(tokenizer: PreTrainedTokenizerBase, request: EncodeRequest) -> None:
    if request.padding != "do_not_pad" and tokenizer.pad_token is None:
        raise InputError(
            f"The tokenizer of {request.model_id} has no padding token, because its model was never trained with one.",
            "Choose padding: do_not_pad.",
        )
    specials = tokenizer.num_special_tokens_to_add(pair=bool(request.pairs)) if request.add_special_tokens else 0
    if request.truncation != "do_not_truncate" and request.max_length is not None and request.max_length <= specials:
        raise InputError(
            f"max_length {request.max_length} leaves no room for text beside {specials:,} special tokens.",
            f"Use at least {specials + 1}.",
        )
    room = (request.max_length or MAX_LENGTH) - specials
    if request.return_overflowing_tokens and request.truncation != "do_not_truncate" and request.stride >= room:
        raise InputError(f"stride is {request.stride}.", f"Use less than {room}: what max_length leaves for text.")


def _row(tokenizer: PreTrainedTokenizerBase, batch: BatchEncoding, index: int, sample: int) -> EncodedRow:
    ids, special = batch["input_ids"][index], batch["special_tokens_mask"][index]
    mask = _mask(tokenizer, batch, index)
    types = batch["token_type_ids"][index] if "token_type_ids" in batch else None
    pieces = tokenizer.convert_ids_to_tokens(ids)
    byte_level = is_byte_level(tokenizer)
    kinds = ["padding" if not m else "special" if s else "text" for m, s in zip(mask, special, strict=True)]
    # Many tokenizers return no token_type_ids, or only zeros; what is of the second text they know all the same.
    texts = batch.sequence_ids(index) if batch.is_fast else types or [0] * len(ids)
    kinds = ["pair" if kind == "text" and text == 1 else kind for kind, text in zip(kinds, texts, strict=True)]
    return EncodedRow(
        sample=sample,
        pieces=tuple(pieces),
        shown=tuple(shown_piece(piece or "", byte_level=byte_level) for piece in pieces),
        kinds=tuple(kinds),
        input_ids=tuple(ids),
        attention_mask=tuple(mask),
        special_tokens_mask=tuple(special),
        token_type_ids=tuple(types) if types is not None else None,
    )


def _mask(tokenizer: PreTrainedTokenizerBase, batch: BatchEncoding, index: int) -> list[int]:
    """Which tokens are no padding, also where the model takes no ``attention_mask`` and so none is returned."""
    if "attention_mask" in batch:
        return batch["attention_mask"][index]
    if batch.is_fast:
        return batch.encodings[index].attention_mask  # type: ignore[index]
    return [int(token_id != tokenizer.pad_token_id) for token_id in batch["input_ids"][index]]


def _truncated(whole: Sequence[int], rows: Sequence[EncodedRow], request: EncodeRequest, texts: int) -> tuple[int, ...]:
    if request.return_overflowing_tokens:
        return (0,) * texts
    return tuple(max(0, whole[row.sample] - sum(row.attention_mask)) for row in rows)
