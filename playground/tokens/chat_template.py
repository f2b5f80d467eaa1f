"""A conversation -> the text that a chat model really reads, its tokens, and who said what.

This module leaves out generation, and how a template is run (`models.tokenizers`). A chat model knows no messages: it
sees one long text, in which a template has written the roles with special tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.models.tokenizers import ContentSpan, Message, RenderedChat, chat_template_of, render_chat
from playground.texts import usable_text
from playground.tokens.request import ROLES, ChatTemplateRequest, TokenizeRequest
from playground.tokens.result import ChatTemplate, RoleSpan
from playground.tokens.rules import TokenizerShelf
from playground.tokens.tokenize import MAX_CHARACTERS, tokenize

MAX_MESSAGES = 32


def chat_template(shelf: TokenizerShelf, request: ChatTemplateRequest) -> ChatTemplate:
    """The conversation as the model reads it, with roles.

    Raises:
        UnsupportedOptionError: the tokenizer has no chat template (a base model, or an encoder).
        InputError: the template refuses this conversation, for example two user turns in a row.
    """
    messages = _checked(request.messages)
    tokenizer = shelf.tokenizer(request.model_id)
    template = chat_template_of(tokenizer)
    rendered = render_chat(tokenizer, messages, request.add_generation_prompt)
    spans = role_spans(rendered, [message["role"] for message in messages])
    result = tokenize(shelf, TokenizeRequest(rendered.text, request.model_id, add_special_tokens=False))
    starts = [span.start for span in spans]
    owners = tuple(max(0, sum(start <= token.start for start in starts) - 1) for token in result.tokens)
    notes = tuple(f"The template rewrites the content of message {number + 1}." for number in rendered.changed)
    return ChatTemplate(result, spans, owners, template, notes)


def _checked(messages: Sequence[Message]) -> list[dict[str, str]]:
    if not messages:
        raise EmptyInputError("There is no message.", "Add one.")
    if len(messages) > MAX_MESSAGES:
        raise InputTooLongError(f"There are {len(messages)} messages.", f"Use at most {MAX_MESSAGES}.")
    checked, total = [], 0
    for message in messages:
        if message.role not in ROLES:
            raise InputError(f"The role {message.role!r} is unknown.", f"Use one of {', '.join(ROLES)}.")
        total += len(message.content)
        if total > MAX_CHARACTERS // 2:
            raise InputTooLongError(
                "The conversation is too long.", f"Keep it under {MAX_CHARACTERS // 2:,} characters."
            )
        checked.append({"role": message.role, "content": usable_text(message.content)})
    return checked


def role_spans(rendered: RenderedChat, roles: Sequence[str]) -> tuple[RoleSpan, ...]:
    """The spans of a rendered conversation, in order: contents, and the template's markup between them.

    Markup between two contents belongs to the earlier message up to where that message ends, then to the next.
    """
    edges = [ContentSpan(0, 0, 0), *_apart(rendered.contents), ContentSpan(len(rendered.text), len(rendered.text), -1)]
    spans = [RoleSpan(0, rendered.invented, "system", None, False)] if rendered.invented else []
    for before, after in pairwise(edges):
        start = max(before.end, rendered.invented)
        spans += _markup(rendered, roles, start, after.start, before.message, after.message)
        if after.message >= 0:
            spans.append(RoleSpan(after.start, after.end, roles[after.message], after.message, True))
    return tuple(span for span in spans if span.start < span.end)


def _apart(contents: Sequence[ContentSpan]) -> list[ContentSpan]:
    """The contents without those that begin inside another."""
    kept: list[ContentSpan] = []
    for span in contents:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _markup(
    rendered: RenderedChat, roles: Sequence[str], start: int, end: int, first: int, last: int
) -> list[RoleSpan]:
    """The markup between two contents, of the messages ``first`` and ``last`` (-1: what follows the last content)."""
    final = last < 0
    low, high = (first, len(roles) - 1) if final else sorted((first, last))
    spans = []
    for number in range(low, high + 1):
        known = rendered.ends[number]
        is_last = number == high and not (final and known is not None)
        stop = end if is_last else min(max(known if known is not None else start, start), end)
        spans.append(RoleSpan(start, stop, roles[number], number, False))
        start = stop
    return [*spans, RoleSpan(start, end, "assistant", None, False)]
