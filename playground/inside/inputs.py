"""A request -> the token ids that a model reads, what each of them is, and which model it must be.

It leaves out the run (`readout`, `gradients`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.generation.pieces import Pieces, special_tokens
from playground.generation.prompts import read_prompt
from playground.generation.request import GenerateRequest
from playground.inside.request import CAUSAL, MASKED, MAX_TOKENS, AttributeNextRequest, LensRequest
from playground.inside.result import InsideToken
from playground.models.families import check_ids, embedding_rows
from playground.models.limits import context_length, token_limit

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from playground.models.manager import ModelManager

_MASK = re.compile(r"\[MASK\]|<mask>")


@dataclass(frozen=True)
class Reading:
    """The ids that a model reads, their tokens, and sentences about them."""

    token_ids: tuple[int, ...]
    tokens: tuple[InsideToken, ...]
    notes: tuple[str, ...]


def model_and_task(manager: ModelManager, request: LensRequest | AttributeNextRequest) -> tuple[str, str]:
    """The id of the model that is asked, and the head that it needs: a text with a mask is for one that fills masks.

    Raises:
        ModelNotFoundError: there is no such model.
        InputError: the model fills masks, and there is none.
    """
    has_mask = isinstance(request, LensRequest) and bool(_MASK.search(request.prompt))
    if not request.model_id:
        return manager.catalog.default_for(CAUSAL).id, CAUSAL
    spec = manager.spec(request.model_id, MASKED if has_mask else CAUSAL)
    if spec.task == MASKED and not has_mask:
        raise InputError(
            "This model fills masks, and the text has none.",
            "Write [MASK] in place of a word, or pick a model that generates text.",
        )
    return spec.id, MASKED if has_mask and spec.task != CAUSAL else CAUSAL


def read(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: LensRequest | AttributeNextRequest, task: str
) -> Reading:
    """What the model reads.

    Raises:
        InputTooLongError: more tokens than fit, here or into the model.
        InputError, UnsupportedOptionError: the text can't be read by this model.
    """
    if model.config.is_encoder_decoder:
        raise UnsupportedOptionError(
            f"{type(model).__name__} reads with an encoder and writes with a decoder: there is no one way through its "
            "layers.",
            "Pick a model of one stack, such as SmolLM2.",
        )
    ids, notes = _masked_ids(model, tokenizer, request) if task == MASKED else _causal_ids(model, tokenizer, request)
    if len(ids) > MAX_TOKENS:
        raise InputTooLongError(f"The text has {len(ids):,} tokens.", f"Give at most {MAX_TOKENS:,}.")
    return Reading(ids, tokens_of(tokenizer, ids), notes)


def tokens_of(tokenizer: PreTrainedTokenizerBase, token_ids: tuple[int, ...]) -> tuple[InsideToken, ...]:
    """What each id is."""
    pieces, special = Pieces(tokenizer), special_tokens(tokenizer)
    return tuple(InsideToken(one, special.get(one) or pieces[one], one in special) for one in token_ids)


def _causal_ids(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: LensRequest | AttributeNextRequest
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The prompt or chat as generation reads it, and the reply so far."""
    given = {"messages": request.messages} if request.messages else {"prompt": request.prompt}
    asked = GenerateRequest(**given, split_special_tokens=request.split_special_tokens, max_new_tokens=1)  # type: ignore[arg-type]  # one of the two
    room = context_length(model)
    found = read_prompt(asked, tokenizer, room, embedding_rows(model) or len(tokenizer))
    ids = (*found.token_ids, *request.prefix_token_ids)
    check_ids(model, request.prefix_token_ids)
    if len(ids) > room:
        raise InputTooLongError(
            f"Prompt and reply have {len(ids):,} tokens; this model's context holds {room:,}.",
            "Look at an earlier token of the reply.",
        )
    return ids, found.notes


def _masked_ids(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: LensRequest | AttributeNextRequest
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """A text with masks, as the model's own mask."""
    if request.messages or request.prefix_token_ids:
        raise InputError("A model that fills masks has no chat and no reply.", "Give it a text with [MASK] alone.")
    mask = tokenizer.mask_token
    if mask is None:
        raise UnsupportedOptionError("This model's tokenizer has no mask.", "Write a text without [MASK] for it.")
    text = _MASK.sub(lambda _: str(mask), request.prompt)
    ids = tuple(tokenizer(text, verbose=False)["input_ids"])
    if tokenizer.mask_token_id not in ids:
        raise EmptyInputError("The text has no mask.", f"Write {mask} in place of a word.")
    check_ids(model, ids)
    limit = token_limit(model, tokenizer)
    if len(ids) > limit:
        raise InputTooLongError(f"The text has {len(ids):,} tokens; this model reads {limit:,}.", "Shorten it.")
    return ids, () if text == request.prompt else (f"This model's mask is {mask}.",)
