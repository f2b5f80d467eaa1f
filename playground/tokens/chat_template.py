"""A conversation -> the text that a chat model really reads, its tokens, and who said what.

This module leaves out generation. A chat model knows no messages: it sees one long text, in which a template has
written the roles with special tokens. Templates are small Jinja programs that come with the tokenizer; transformers
runs them in a sandbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.texts import usable_text
from playground.tokens.rules import TokenizerShelf
from playground.tokens.tokenize import (
    MAX_CHARACTERS,
    Tokenization,
    TokenizeRequest,
    tokenize,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_MESSAGES = 32
ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class ChatMessage:
    """What one side says. ``role`` is system, user, assistant or tool; not every template knows every role."""

    role: str
    content: str


@dataclass(frozen=True)
class ChatTemplateRequest:
    """A conversation and the tokenizer whose template shall write it down.

    ``add_generation_prompt`` ends the text with the opening of an assistant's turn, so that the model answers instead
    of going on with the question.
    """

    messages: tuple[ChatMessage, ...]
    model_id: str = "HuggingFaceTB/SmolLM2-135M-Instruct"
    add_generation_prompt: bool = True


@dataclass(frozen=True)
class RoleSpan:
    """Characters ``start:end`` of the rendered text, and whose they are.

    ``message`` is None for what the template added by itself (a default system prompt, the generation prompt).
    ``is_content`` is True for what a person wrote, False for the template's markup around it.
    """

    start: int
    end: int
    role: str
    message: int | None
    is_content: bool


@dataclass(frozen=True)
class ChatTemplate:
    """The rendered conversation: the spans, in order, cover the text; ``token_spans[i]`` is the span of token i."""

    tokenization: Tokenization
    spans: tuple[RoleSpan, ...]
    token_spans: tuple[int, ...]
    template: str

    @property
    def text(self) -> str:
        """What the model reads."""
        return self.tokenization.text


def render_chat(shelf: TokenizerShelf, request: ChatTemplateRequest) -> ChatTemplate:
    """The conversation as the model reads it, with roles.

    Raises:
        UnsupportedOptionError: the tokenizer has no chat template (a base model, or an encoder).
        InputError: the template refuses this conversation, for example two user turns in a row.
    """
    messages = _checked(request.messages)
    tokenizer, lock = shelf.copy(request.model_id)
    if not tokenizer.chat_template:
        raise UnsupportedOptionError(
            f"The tokenizer of {request.model_id} has no chat template: its model was not trained on conversations.",
            "Pick a chat model, such as SmolLM2 Instruct.",
        )
    with lock:
        text = _render(tokenizer, messages, request.add_generation_prompt)
        spans = _role_spans(tokenizer, messages, text)
    result = tokenize(shelf, TokenizeRequest(text, request.model_id, add_special_tokens=False))
    starts = [span.start for span in spans]
    owners = tuple(max(0, sum(start <= token.start for start in starts) - 1) for token in result.tokens)
    template = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else str(tokenizer.chat_template)
    return ChatTemplate(result, spans, owners, template)


def _checked(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
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


def _render(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], add_generation_prompt: bool) -> str:
    try:
        rendered: Any = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=add_generation_prompt
        )
    except Exception as error:  # a template is a program of its own and raises what it likes
        raise InputError(
            f"The template refuses this conversation: {error}", "Change the roles or their order."
        ) from error
    return str(rendered)


def _role_spans(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], text: str) -> tuple[RoleSpan, ...]:
    """The spans of a rendered text: where each message ends shows when the conversation is cut after it."""
    spans: list[RoleSpan] = []
    position = _default_system_end(tokenizer, messages, text)
    if position:
        spans.append(RoleSpan(0, position, "system", None, False))
    for number, message in enumerate(messages):
        end = max(position, _end_of(tokenizer, messages[: number + 1], text))
        spans += _content_spans(text, position, end, message, number)
        position = end
    if position < len(text):
        spans.append(RoleSpan(position, len(text), "assistant", None, False))
    return tuple(spans)


def _content_spans(text: str, start: int, end: int, message: dict[str, str], number: int) -> list[RoleSpan]:
    """Markup, content, markup of one message; many templates strip the content."""
    for content in (message["content"], message["content"].strip()):
        found = text.find(content, start, end) if content else -1
        if found >= 0:
            edges = [(start, found, False), (found, found + len(content), True), (found + len(content), end, False)]
            return [RoleSpan(a, b, message["role"], number, is_content) for a, b, is_content in edges if a < b]
    return [RoleSpan(start, end, message["role"], number, False)] if start < end else []


def _end_of(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], text: str) -> int:
    """How far the text agrees with the rendering of these messages alone."""
    shorter = _tried(tokenizer, messages)
    pairs = enumerate(zip(shorter, text, strict=False))
    return next((k for k, (a, b) in pairs if a != b), min(len(shorter), len(text)))


def _tried(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]]) -> str:
    """The rendering, or nothing where the template refuses the shorter conversation."""
    try:
        return _render(tokenizer, messages, False)
    except InputError:
        return ""


def _default_system_end(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], text: str) -> int:
    """Where a system prompt that the template invented ends; 0 if it invented none.

    With a system message of our own in front the rest of the text stays the same, so what stands before that rest is
    the invention.
    """
    if messages[0]["role"] == "system":
        return 0
    system = {"role": "system", "content": "\x00"}
    alone, whole = _tried(tokenizer, [system]), _tried(tokenizer, [system, *messages])
    plain = _tried(tokenizer, messages)
    tail = whole[len(alone) :] if alone and whole.startswith(alone) else ""
    return len(plain) - len(tail) if tail and plain.endswith(tail) and text.startswith(plain) else 0
