"""Replies while they grow: which of their text and tokens may be sent already, and how each ended.

A reply ends before its stop string, and its tokens are those of the text that is sent: neither those of the stop string
nor the token that ended it. What may yet turn out to be the beginning of a stop string is held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playground.generation.events import Event, Finished, Started, Step, Waiting
from server.openai.parameters import Asked

# What stopped a reply, in OpenAI's words. Whoever reads "length" knows that it could go on.
REASONS = {
    "eos": "stop",
    "stop_string": "stop",
    "length": "length",
    "context": "length",
    "crowded": "length",
    "stopped": "length",
}


@dataclass(frozen=True)
class Token:
    """One token of a reply; its text begins at character ``offset`` of the reply."""

    step: Step
    offset: int


@dataclass(frozen=True)
class Piece:
    """What a reply grew by."""

    text: str
    tokens: tuple[Token, ...]


class Reply:
    """One choice while it grows: `read` its events, `take` what may be sent."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._stops = tuple(stops)
        self._text = ""
        self._sent = 0
        self._tokens: list[Token] = []
        self.prompt_tokens = 0
        self.position = 0
        self.notes: tuple[str, ...] = ()
        self.finished: Finished | None = None

    def read(self, event: Event) -> None:
        """Takes an event in."""
        if isinstance(event, Waiting):
            self.position = event.position
        elif isinstance(event, Started):
            self.prompt_tokens, self.notes, self.position = event.prompt_tokens, event.notes, 0
        elif isinstance(event, Step):
            self._tokens.append(Token(event, len(self._text)))
            self._text += event.text
        elif isinstance(event, Finished):
            self.finished = event
            if event.reason == "eos":
                self._tokens = self._tokens[:-1]
            if event.reason == "crowded":
                self.notes = (*self.notes, "Others wait for the device, so this reply was ended early.")

    def take(self) -> Piece:
        """What may be sent and hasn't been."""
        cut = min((at for at in (self._text.find(stop) for stop in self._stops) if at >= 0), default=-1)
        settled = cut if cut >= 0 else len(self._text) - (0 if self.finished else self._held_back())
        last = self.finished is not None and cut < 0
        tokens = tuple(one for one in self._tokens if last or one.offset < settled)
        self._tokens = self._tokens[len(tokens) :]
        text, self._sent = self._text[self._sent : settled], max(self._sent, settled)
        return Piece(text, tokens)

    @property
    def finish_reason(self) -> str:
        """Why it ended, in OpenAI's words."""
        assert self.finished is not None
        return REASONS[self.finished.reason]

    def _held_back(self) -> int:
        """How many of the last characters may be the beginning of a stop string."""
        lengths = (
            size
            for stop in self._stops
            for size in range(min(len(stop) - 1, len(self._text)), 0, -1)
            if self._text.endswith(stop[:size])
        )
        return max(lengths, default=0)


@dataclass(frozen=True)
class Usage:
    """How many tokens were read and written."""

    prompt_tokens: int
    completion_tokens: int

    def as_json(self) -> dict[str, int]:
        """In OpenAI's words."""
        both = self.prompt_tokens + self.completion_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": both,
        }


class Replies:
    """All choices of one call."""

    def __init__(self, asked: Asked) -> None:
        self._choices = asked.choices
        self.each = [Reply(asked.stops) for _ in asked.requests]

    def read(self, batch: Sequence[tuple[int, Event]]) -> None:
        """Takes events in, each with the number of its choice."""
        for index, event in batch:
            self.each[index].read(event)

    @property
    def notes(self) -> list[str]:
        """Sentences for the person, each once."""
        return list(dict.fromkeys(note for reply in self.each for note in reply.notes))

    @property
    def usage(self) -> Usage:
        """A prompt counts once, however many choices it has."""
        ended = [reply.finished for reply in self.each if reply.finished]
        read = sum(reply.prompt_tokens for reply in self.each[:: self._choices])
        return Usage(read, sum(len(one.token_ids) for one in ended))
