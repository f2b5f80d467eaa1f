"""Prompt or chat -> the token ids that generation starts from, and what the person should know about them.

It leaves out everything that happens afterwards (`engine`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.generation.request import GenerateRequest

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Prompt:
    """Where generation starts. ``max_new_tokens`` is what was asked for or what the context has room for."""

    token_ids: tuple[int, ...]
    max_new_tokens: int
    notes: tuple[str, ...]


def prepare(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase, context_length: int, vocab: int) -> Prompt:
    """The prompt of a request.

    Special tokens that a person types, such as ``<|im_end|>``, are read by the model as what they are, and a note says
    so; with ``split_special_tokens`` they are read as plain text.

    Raises:
        EmptyInputError: there is nothing to start from.
        InputTooLongError: it fills the model's context, so that not one token could follow.
        InputError: no chat template; a prefix token that the model doesn't know, or more of them than max_new_tokens.
    """
    notes: list[str] = []
    ids = _chat_ids(request, tokenizer) if request.messages else _plain_ids(request, tokenizer, notes)
    notes += _special_notes(request, tokenizer)
    if not ids:
        raise EmptyInputError("There is no prompt.", "Write something for the model to go on from.")
    room = context_length - len(ids)
    if room < 1:
        raise InputTooLongError(
            f"The prompt has {len(ids)} tokens; this model's context holds {context_length}.",
            f"Shorten it by at least {1 - room} tokens, or pick a model with a longer context.",
        )
    if room < request.max_new_tokens:
        notes.append(
            f"The context holds {context_length} tokens and the prompt takes {len(ids)}, so at most {room} can follow,"
            f" not {request.max_new_tokens}."
        )
    _check_prefix(request, min(room, request.max_new_tokens), vocab)
    return Prompt(tuple(ids), min(room, request.max_new_tokens), tuple(notes))


def read_as_text(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...] | None:
    """The ids of a prompt whose special tokens are read as plain text; None where a tokenizer call alone gives them."""
    if not request.split_special_tokens:
        return None
    return tuple(_chat_ids(request, tokenizer) if request.messages else _plain_ids(request, tokenizer, []))


def context_length(config: PreTrainedConfig) -> int:
    """How many tokens a model can look at: prompt and reply together."""
    text_config = config.get_text_config(decoder=True)
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        if isinstance(getattr(text_config, name, None), int):
            return getattr(text_config, name)
    return 2048


def _plain_ids(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase, notes: list[str]) -> list[int]:
    """The ids of a plain prompt; an empty one starts from the model's first token, where it has one."""
    assert request.prompt is not None
    if request.prompt:
        return _encode(tokenizer, request.prompt, request.split_special_tokens, add_special_tokens=True)
    if tokenizer.bos_token_id is None:
        raise EmptyInputError("The prompt is empty.", "Write something for the model to go on from.")
    notes.append(f"The prompt is empty, so the model starts from {tokenizer.bos_token}, its token for a beginning.")
    return [tokenizer.bos_token_id]


def _chat_ids(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids of a chat behind the model's own template, up to where the assistant speaks."""
    assert request.messages
    if not tokenizer.chat_template:
        raise InputError("This model has no chat template.", "Use plain completion, or pick an instruct model.")
    if not any(message.content.strip() for message in request.messages):
        raise EmptyInputError("The message is empty.", "Write something for the model to answer.")
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    split = request.split_special_tokens and any(_specials(tokenizer, message.content) for message in request.messages)
    if not split:
        return _encode(tokenizer, _render(tokenizer, messages), False, add_special_tokens=False)
    marks = [f"\ue000{number}\ue001" for number in range(len(messages))]
    text = _render(tokenizer, [{**message, "content": mark} for message, mark in zip(messages, marks, strict=True)])
    ids: list[int] = []
    for mark, message in zip(marks, request.messages, strict=True):
        before, found, text = text.partition(mark)
        ids += _encode(tokenizer, before, False, add_special_tokens=False)
        ids += _encode(tokenizer, message.content if found else "", True, add_special_tokens=False)
    return ids + _encode(tokenizer, text, False, add_special_tokens=False)


def _render(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]]) -> str:
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    except Exception as error:  # templates raise what they like: unknown roles, wrong order
        raise InputError(f"The model's chat template doesn't take this chat: {error}.", "Change its roles.") from error


def _encode(tokenizer: PreTrainedTokenizerBase, text: str, split: bool, add_special_tokens: bool) -> list[int]:
    if not text:
        return []
    options: dict[str, Any] = {"split_special_tokens": True} if split else {}
    return list(tokenizer(text, add_special_tokens=add_special_tokens, verbose=False, **options)["input_ids"])


def _special_notes(request: GenerateRequest, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """What to say about special tokens that were typed."""
    texts = [message.content for message in request.messages] if request.messages else [request.prompt or ""]
    typed = sorted({special for text in texts for special in _specials(tokenizer, text)})
    if not typed:
        return []
    names = ", ".join(typed)
    if request.split_special_tokens:
        return [f"You typed {names}; the model reads it as plain text."]
    return [
        f"You typed {names}: the model reads it as a special token, not as text (split_special_tokens changes that)."
    ]


def _specials(tokenizer: PreTrainedTokenizerBase, text: str) -> set[str]:
    return {special for special in tokenizer.all_special_tokens if special and special in text}


def _check_prefix(request: GenerateRequest, most: int, vocab: int) -> None:
    if any(not 0 <= token_id < vocab for token_id in request.prefix_token_ids):
        raise InputError("A chosen token isn't in the model's vocabulary.", f"Token ids go from 0 to {vocab - 1}.")
    if len(request.prefix_token_ids) > most:
        raise InputError(
            f"{len(request.prefix_token_ids)} tokens are chosen already, but only {most} may be generated.",
            "Raise max_new_tokens, or go back further.",
        )
