"""What every wing needs of transformers' tokenizers: conversations written down by a model's own chat template.

A chat template is a small Jinja program that came with the model. transformers runs it in a sandbox; here it also gets
a time limit, because a program can loop.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from playground.errors import InputError, UnsupportedOptionError, said_by

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEMPLATE_SECONDS = 2.0
Messages = Sequence[Mapping[str, str]]


class ContentSpan(NamedTuple):
    """Characters ``start:end`` of a rendered conversation that message number ``message`` brought."""

    start: int
    end: int
    message: int


@dataclass(frozen=True)
class RenderedChat:
    """A conversation as one text, where the contents stand in it, and where each message ends.

    ``contents`` are in the order of the text; a template may write one content twice, or not at all. ``changed`` names
    the messages whose content the template rewrites, so that nobody can say where it stands. ``ends[i]`` is None where
    the template doesn't take the first ``i + 1`` messages alone. Before ``invented`` stands a system prompt that the
    template added by itself.
    """

    text: str
    contents: tuple[ContentSpan, ...]
    changed: tuple[int, ...]
    ends: tuple[int | None, ...]
    invented: int


@dataclass(frozen=True)
class Message:
    """One turn of a chat, as chat templates take it: ``role`` is system, user, assistant or tool; templates differ."""

    role: str
    content: str

    def __post_init__(self) -> None:
        (read,) = read_messages([{"role": self.role, "content": self.content}])
        object.__setattr__(self, "content", read["content"])


def read_messages(given: Any) -> list[dict[str, str]]:
    """Role and content of each message, in the forms that chat clients send.

    A content may be a list of text parts (``{"type": "text", "text": ...}``): templates that know parts write them one
    after the other, without anything between.

    >>> read_messages([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])
    [{'role': 'user', 'content': 'Hi'}]

    Raises:
        InputError: it is no list of messages; a message without a role or a content; a part that is no text.
    """
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Sequence):
        raise InputError("That is no conversation.", "Give a list of messages, each with a role and a content.")
    return [_read_message(message, number) for number, message in enumerate(given, start=1)]


def _read_message(message: Any, number: int) -> dict[str, str]:
    if not isinstance(message, Mapping):
        raise InputError(f"Message {number} is no message.", "Give each a role and a content.")
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or not role:
        raise InputError(f"Message {number} has no role.", "Give it one, such as user or assistant.")
    if content is None:
        raise InputError(f"Message {number} has no content.", "Give it a text; an empty one is allowed.")
    if isinstance(content, list | tuple):
        content = "".join(_read_part(part, number) for part in content)
    if not isinstance(content, str):
        raise InputError(f"The content of message {number} is no text.", "Give it a text.")
    return {"role": role, "content": content}


def _read_part(part: Any, number: int) -> str:
    text = part.get("text") if isinstance(part, Mapping) and part.get("type", "text") == "text" else None
    if not isinstance(text, str):
        raise InputError(
            f"Message {number} has a part that is no text.", "Give text parts only: these models read text."
        )
    return text


def chat_template_of(tokenizer: PreTrainedTokenizerBase) -> str:
    """The source of the template that a plain conversation is written with.

    Raises:
        UnsupportedOptionError: the tokenizer has none, or several of which none is the default; or one that takes
            powers of numbers, which can hold the processor for hours and which no conversation needs.
    """
    if not tokenizer.chat_template:
        raise UnsupportedOptionError(
            "This model has no chat template: it was not trained on conversations.",
            "Use plain text, or pick a chat model, such as SmolLM2 Instruct.",
        )
    try:
        source = str(tokenizer.get_chat_template())
    except ValueError:
        names = ", ".join(sorted(tokenizer.chat_template))
        raise UnsupportedOptionError(
            f"This model has several chat templates ({names}) and none of them is the default.", "Pick another model."
        ) from None
    if _takes_powers(source):
        raise UnsupportedOptionError("This model's chat template takes powers of numbers.", "Pick another model.")
    return source


@lru_cache(maxsize=32)
def _takes_powers(source: str) -> bool:
    """True for a template with the operator ``**``: one operation in C, which no time limit can end."""
    if "**" not in source:
        return False
    import jinja2

    try:
        return any(value == "**" for _, kind, value in jinja2.Environment().lex(source) if kind == "operator")
    except jinja2.TemplateSyntaxError:
        return False  # transformers says what is wrong with it


def render_text(tokenizer: PreTrainedTokenizerBase, messages: Messages, add_generation_prompt: bool = True) -> str:
    """The conversation as the model reads it: what ``apply_chat_template(..., tokenize=False)`` gives.

    Raises:
        UnsupportedOptionError: there is no usable chat template, or it needs longer than `TEMPLATE_SECONDS`.
        InputError: the template refuses this conversation, for example two turns of one side in a row.
    """
    chat_template_of(tokenizer)
    with _time_limit(TEMPLATE_SECONDS):
        return _render(tokenizer, messages, add_generation_prompt)


def render_chat(
    tokenizer: PreTrainedTokenizerBase, messages: Messages, add_generation_prompt: bool = True
) -> RenderedChat:
    """The conversation as the model reads it, and where each message's content stands.

    The contents are found by construction: the conversation is rendered a second time with a mark on both sides of
    each content, and believed only where the marked text without its marks is the unmarked one. So a message "start"
    is never taken for a part of ``<|im_start|>``.

    Raises:
        UnsupportedOptionError: see `render_text`.
        InputError: see `render_text`.
    """
    chat_template_of(tokenizer)
    with _time_limit(TEMPLATE_SECONDS):
        text = _render(tokenizer, messages, add_generation_prompt)
        marks = _Marks(lambda chat, prompt: _render(tokenizer, chat, prompt), messages, text, add_generation_prompt)
        return marks.rendered()


def _render(tokenizer: PreTrainedTokenizerBase, messages: Messages, add_generation_prompt: bool) -> str:
    try:
        rendered: Any = tokenizer.apply_chat_template(
            [dict(message) for message in messages], tokenize=False, add_generation_prompt=add_generation_prompt
        )
    except Exception as error:  # a template is a program of its own and raises what it likes
        raise InputError(
            f"This model's chat template refuses this conversation: {said_by(error)}.",
            "Change the roles or their order.",
        ) from error
    return str(rendered)


class _TooSlowError(BaseException):
    """No `Exception`: Jinja would catch it and go on."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Ends what runs inside, on this thread, at the first line of Python after so many seconds.

    Raises:
        UnsupportedOptionError: it took longer.
    """
    until, before = time.monotonic() + seconds, sys.gettrace()

    def watch(frame: Any, event: str, argument: Any) -> Any:
        if time.monotonic() > until:
            raise _TooSlowError
        return watch

    sys.settrace(watch)
    try:
        yield
    except _TooSlowError:
        raise UnsupportedOptionError(
            f"This model's chat template was stopped: it took longer than {seconds:.0f} seconds.",
            "Shorten the conversation, or pick another model.",
        ) from None
    finally:
        sys.settrace(before)


class _Marks:
    """Finds where contents stand, with private characters that neither the conversation nor the template has.

    Each message has two of them, for the beginning and the end of its content. White space at an edge of a content
    stands outside of the marks where the template strips it, inside where the template keeps it.
    """

    def __init__(
        self, render: Callable[[Messages, bool], str], messages: Messages, text: str, add_generation_prompt: bool
    ) -> None:
        self._render, self._messages, self._text = render, messages, text
        self._prompt = add_generation_prompt
        used = set(text).union(*(message["content"] for message in messages))
        free = (chr(code) for code in range(0xF0100, 0xFFFFD) if chr(code) not in used)
        self._pairs = [(next(free), next(free)) for _ in messages]
        self._system = next(free)
        self._owner = {mark: k for k, pair in enumerate(self._pairs) for mark in pair}
        self._without = dict.fromkeys(map(ord, (*self._owner, self._system)))
        self._inside: dict[int, tuple[bool, bool]] = {}

    def rendered(self) -> RenderedChat:
        """The text with everything that the marks say of it."""
        changed = self._settle()
        marked = self._marked_text()
        marked = self._text if marked is None else marked
        ends = []
        for count in range(1, len(self._messages) + 1):
            shorter = self._tried(self._marked()[:count], False)
            ends.append(None if shorter is None else len(self._plain(_shared(marked, shorter))))
        return RenderedChat(self._text, self._read(marked), changed, tuple(ends), self._invented(marked))

    def _settle(self) -> tuple[int, ...]:
        """Decides where each message's marks stand; returns the messages that can't be marked."""
        changed = []
        for number, message in enumerate(self._messages):
            if not message["content"]:
                continue
            self._inside[number] = (True, True)
            if self._is_true():
                continue
            for inside in ((True, False), (False, True), (False, False)):
                self._inside[number] = inside
                if message["content"].strip() and self._is_true():
                    break
            else:
                del self._inside[number]
                changed += [number] if message["content"].strip() else []
        return tuple(changed)

    def _is_true(self) -> bool:
        """True when the marked rendering is the unmarked one but for its marks."""
        text = self._marked_text()
        return text is not None and self._plain(text) == self._text

    def _marked_text(self) -> str | None:
        return self._tried(self._marked(), self._prompt)

    def _tried(self, messages: Messages, add_generation_prompt: bool) -> str | None:
        try:
            return self._render(messages, add_generation_prompt) if messages else ""
        except InputError:
            return None

    def _marked(self) -> list[dict[str, str]]:
        marked = []
        for number, message in enumerate(self._messages):
            content = message["content"]
            if number in self._inside:
                left, right = self._inside[number]
                body = content if left else content.lstrip()
                lead = content[: len(content) - len(body)]
                core = body if right else body.rstrip()
                first, last = self._pairs[number]
                content = lead + first + core + last + body[len(core) :]
            marked.append({**message, "content": content})
        return marked

    def _plain(self, text: str) -> str:
        return text.translate(self._without)

    def _read(self, marked: str) -> tuple[ContentSpan, ...]:
        """The spans between the marks of the marked rendering.

        A template that keeps only a part of a content (the answer behind ``</think>``) leaves one of the two marks.
        """
        spans: list[ContentSpan] = []
        opened: dict[int, int] = {}
        for count, found in enumerate(re.finditer("|".join(self._owner) or "(?!)", marked)):
            number, position = self._owner[found[0]], found.start() - count
            if found[0] == self._pairs[number][0]:
                opened[number] = position
                continue
            content = self._messages[number]["content"]
            content = content if self._inside[number][1] else content.rstrip()
            start = opened.pop(number, None)
            if start is None:
                start = position - len(_shared(content[::-1], self._text[:position][::-1]))
            spans.append(ContentSpan(start, position, number))
        for number, start in opened.items():
            kept = _shared(self._messages[number]["content"], self._text[start:])
            spans.append(ContentSpan(start, start + len(kept), number))
        return tuple(sorted(span for span in spans if span.start < span.end))

    def _invented(self, marked: str) -> int:
        """Where a system prompt that the template invented ends; 0 if it invented none.

        With a system message of our own in front the rest of the text stays the same, so what stands before that rest
        is the invention.
        """
        if self._messages[0]["role"] == "system":
            return 0
        system = {"role": "system", "content": self._system}
        alone, whole = self._tried([system], False), self._tried([system, *self._marked()], self._prompt)
        tail = whole[len(alone) :] if alone and whole and whole.startswith(alone) else ""
        return len(self._plain(marked[: len(marked) - len(tail)])) if tail and marked.endswith(tail) else 0


def _shared(first: str, second: str) -> str:
    """The longest beginning of both, by halves: it is asked for long texts."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[low:middle] == second[low:middle] else (low, middle - 1)
    return first[:low]
