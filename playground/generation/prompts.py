"""Prompt or chat -> the token ids that generation starts from, and what the person should know about them.

It leaves out everything that happens afterwards (`engine`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.generation.pieces import special_tokens
from playground.generation.request import GenerateRequest
from playground.models.tokenizers import render_chat, render_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Prompt:
    """Where generation starts. ``max_new_tokens`` is what was asked for or what the context has room for."""

    token_ids: tuple[int, ...]
    max_new_tokens: int
    notes: tuple[str, ...]


def read_prompt(
    request: GenerateRequest, tokenizer: PreTrainedTokenizerBase, context_length: int, embedding_rows: int
) -> Prompt:
    """The prompt of a request.

    Special tokens that a person types, such as ``<|im_end|>``, are read by the model as what they are, and a note says
    so; with ``split_special_tokens`` they are read as plain text.

    Raises:
        EmptyInputError: there is nothing to start from.
        InputTooLongError: it fills the model's context, so that not one token could follow.
        InputError: no chat template; a prefix token that the model doesn't know, or more of them than max_new_tokens.
        UnsupportedOptionError: the tokenizer gives an id for which the model has no embedding.
    """
    ids, notes = _read(request, tokenizer)
    if not ids:
        raise EmptyInputError("There is no prompt.", "Write something for the model to go on from.")
    _check_embedded(ids, tokenizer, embedding_rows)
    room = context_length - len(ids)
    if room < 1:
        raise InputTooLongError(
            f"The prompt has {len(ids):,} tokens; this model's context holds {context_length:,}.",
            f"Shorten it by at least {1 - room:,} token{'s' * (room != 0)}, or pick a model with a longer context.",
        )
    if room < request.max_new_tokens:
        notes.append(
            f"The context holds {context_length:,} tokens and the prompt takes {len(ids):,}, so at most {room:,} can"
            f" follow, not {request.max_new_tokens:,}."
        )
    _check_prefix(request, min(room, request.max_new_tokens), embedding_rows)
    return Prompt(tuple(ids), min(room, request.max_new_tokens), tuple(notes))


def read_as_text(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...] | None:
    """The ids of a prompt whose special tokens are read as plain text; None where a tokenizer call alone gives them."""
    return tuple(_read(request, tokenizer)[0]) if request.split_special_tokens else None


def _read(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[str]]:
    """The ids of a prompt or a chat, and notes."""
    notes: list[str] = []
    if request.messages:
        ids = _chat_ids(request, tokenizer)
        texts = [message.content for message in request.messages]
    else:
        texts = [request.prompt or ""]
        ids = _plain_ids(request, tokenizer, notes)
    if typed := sorted({special for text in texts for special in _specials(tokenizer, text)}):
        names, each = ", ".join(typed), "each" if len(typed) > 1 else "it"
        notes.append(
            f"You typed {names}; the model reads {each} as plain text."
            if request.split_special_tokens
            else f"You typed {names}: the model reads {each} as a special token, not as text (split_special_tokens"
            " changes that)."
        )
    return ids, notes


def _plain_ids(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase, notes: list[str]) -> list[int]:
    """The ids of a plain prompt; an empty one starts from the model's first token, where it has one."""
    if request.prompt:
        return _encode(tokenizer, request.prompt, request.split_special_tokens, add_special_tokens=True)
    if tokenizer.bos_token_id is None:
        raise EmptyInputError("The prompt is empty.", "Write something for the model to go on from.")
    notes.append(f"The prompt was empty, so the model began at {tokenizer.bos_token}, its token for a beginning.")
    return [tokenizer.bos_token_id]


def _chat_ids(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids of a chat behind the model's own template, up to where the assistant speaks."""
    assert request.messages
    if not any(message.content.strip() for message in request.messages):
        raise EmptyInputError("The message is empty.", "Write something for the model to answer.")
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    special = {number for number, one in enumerate(request.messages) if _specials(tokenizer, one.content)}
    if not (request.split_special_tokens and special):
        return _encode(tokenizer, render_text(tokenizer, messages), False, add_special_tokens=False)
    chat = render_chat(tokenizer, messages)
    if special & set(chat.changed):
        raise InputError(
            "This model's chat template rewrites a message with special tokens, so they can't be read as text.",
            "Switch split_special_tokens off, or take them out.",
        )
    ids: list[int] = []
    begin = 0
    for span in chat.contents:
        ids += _encode(tokenizer, chat.text[begin : span.start], False, add_special_tokens=False)
        ids += _encode(tokenizer, chat.text[span.start : span.end], True, add_special_tokens=False)
        begin = span.end
    return ids + _encode(tokenizer, chat.text[begin:], False, add_special_tokens=False)


def _encode(tokenizer: PreTrainedTokenizerBase, text: str, split: bool, add_special_tokens: bool) -> list[int]:
    if not text:
        return []
    options: dict[str, Any] = {"split_special_tokens": True} if split else {}
    return list(tokenizer(text, add_special_tokens=add_special_tokens, verbose=False, **options)["input_ids"])


def _specials(tokenizer: PreTrainedTokenizerBase, text: str) -> set[str]:
    """The special tokens that stand in a text and are read as such."""
    found = {token_id: content for token_id, content in special_tokens(tokenizer).items() if content in text}
    if not found:
        return set()
    ids = set(_encode(tokenizer, text, False, add_special_tokens=False))
    return {content for token_id, content in found.items() if token_id in ids}


def _check_embedded(ids: list[int], tokenizer: PreTrainedTokenizerBase, rows: int) -> None:
    beyond = next((token_id for token_id in ids if not 0 <= token_id < rows), None)
    if beyond is not None:
        token = tokenizer.convert_ids_to_tokens(beyond)
        raise UnsupportedOptionError(
            f"The tokenizer reads {token!r} as id {beyond}, but this model's embedding has only {rows:,} rows: they"
            " don't belong together.",
            f"Write the prompt without {token!r}, or pick another model.",
        )


def _check_prefix(request: GenerateRequest, most: int, rows: int) -> None:
    if any(not 0 <= token_id < rows for token_id in request.prefix_token_ids):
        raise InputError("A chosen token isn't in the model's vocabulary.", f"Token ids go from 0 to {rows - 1}.")
    if len(request.prefix_token_ids) > most:
        raise InputError(
            f"{len(request.prefix_token_ids):,} tokens are chosen already, but only {most} may be generated.",
            "Raise max_new_tokens, or go back further.",
        )
