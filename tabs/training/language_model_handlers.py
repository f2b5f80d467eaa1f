"""What happens when somebody trains a language model: plain functions that fill components by name.

``parts`` are only ever used as keys of what is returned. It leaves out where they stand (`language_model`).
"""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

import playground as pg
from playground.errors import InputError
from playground.tables.encoding import decode
from playground.texts import usable_text
from playground.training.language_model.card import OF_GRAMMAR, OF_TEXT
from playground.training.language_model.request import MOST_CHARACTERS
from tabs.components import buttons_of_run
from tabs.page import message_of, receipt_values, said_in_place
from tabs.training.format import guess_within
from tabs.training.handlers import PAUSE_SECONDS, in_the_way, refuse_another
from tabs.training.language_model_format import OF_LINES, Follower, said_of_plan
from tabs.training.since import said_since

GRAMMAR, TEXT = "Stories by a grammar", "A text of your own"
GUESSES = {
    GRAMMAR: "your guess: of 100 lines that it writes at the end, how many could the grammar have written?",
    TEXT: "your guess: of 100 words that it writes at the end, how many stand in the text?",
}
REDRAW_SECONDS = 0.3
REMEMBERED = 20  # trainings whose attention can be looked at
Values = dict[Any, Any]


@dataclass(frozen=True, eq=False)
class LanguageModelParts:
    """The components that are filled; ``fields`` by the names of what they ask."""

    fields: Mapping[str, Any]
    file: Any
    plan: Any
    guess: Any
    run: Any
    stop: Any
    view: Any
    run_id: Any
    code: Any
    notebook: Any
    ended: Any
    asked: Any
    since: Any

    @property
    def of_training(self) -> list[Any]:
        """What a training may fill."""
        code = [self.code, self.notebook]
        return [self.plan, self.run, self.stop, self.view, self.run_id, *code, self.ended, self.asked]

    @property
    def of_a_choice(self) -> list[Any]:
        """What depends on whether a grammar or a text is read, and on the tokenizer."""
        return [
            *(self.fields[name] for name in ("grammar", "lines", "text", "name", "vocab_size")),
            self.file,
            self.guess,
        ]


class Looks:
    """The attention of the last trainings' checkpoints, which views ask for one by one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Follower] = OrderedDict()

    def keep(self, run_id: str, follower: Follower) -> None:
        """From here on the checkpoints of this training can be asked for."""
        with self._lock:
            self._kept[run_id] = follower
            self._kept.move_to_end(run_id)
            while len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)

    def attention(self, asked: dict[str, Any]) -> str:
        """The weights of one checkpoint, in base64.

        Raises:
            InputError: there is no such checkpoint any more.
        """
        with self._lock:
            follower = self._kept.get(str(asked.get("run")))
        index = int(asked.get("index") or 0)
        if follower is None or not 0 <= index < len(follower.attention):
            raise InputError("This checkpoint isn't here any more.", "Train again.")
        return base64.b64encode(follower.attention[index]).decode("ascii")


class LanguageModelHandlers:
    """The handlers of the part for a language model."""

    def __init__(self, playground: pg.Playground, looks: Looks, parts: LanguageModelParts) -> None:
        self._playground, self._looks, self._parts = playground, looks, parts

    # What is asked

    def choose(self, source: str, tokenizer: str) -> Values:
        """The fields that belong to what is read, and to the tokenizer."""
        parts, of_text = self._parts, source == TEXT
        return {
            parts.fields["grammar"]: gr.Textbox(visible=not of_text),
            parts.fields["lines"]: gr.Slider(visible=not of_text),
            parts.fields["text"]: gr.Textbox(visible=of_text),
            parts.fields["name"]: gr.Textbox(placeholder=OF_TEXT if of_text else OF_GRAMMAR),
            parts.fields["vocab_size"]: gr.Slider(visible=tokenizer == "bpe"),
            parts.file: gr.UploadButton(visible=of_text),
            parts.guess: gr.Textbox(label=GUESSES[source]),
        }

    def fill(self, values: Mapping[str, Any]) -> Values:
        """Values in the fields, by their names."""
        return {control: values[name] for name, control in self._parts.fields.items()}

    def plan(self, given: Mapping[str, Any], guess: str | None = "") -> str:
        """What a training would take, or what is in its way: below the fields, while they are filled in."""
        try:
            guess_within(guess, OF_LINES)
            asked = request_of(given)
            return said_of_plan(self._playground.plan_language_model(asked), asked)
        except pg.PlaygroundError as error:
            return in_the_way(error)

    def since(self, given: Mapping[str, Any], asked: pg.TrainLanguageModelRequest | None) -> gr.Markdown:
        """What the training on the page doesn't share with the fields."""
        return said_since(asked, lambda: request_of(given))

    def read_text(self, path: str) -> Iterator[Values]:
        """The text of a dropped file in its field.

        Raises:
            InputTooLongError: it has more characters than a model can learn from here.
        """
        parts = self._parts
        try:
            text = usable_text(decode(Path(path).read_bytes())[0], MOST_CHARACTERS, "The file")
        except Exception as error:
            yield {parts.plan: in_the_way(error) or gr.skip()}
            raise
        yield {parts.fields["text"]: text}

    # A run

    def train(self, given: Mapping[str, Any], guess: str | None, person: str, address: str) -> Iterator[Values]:
        """The whole training, as the view draws it."""
        run_id, plan = secrets.token_hex(8), self._parts.plan
        try:
            refuse_another(self._playground, person)
            guessed = guess_within(guess, OF_LINES)
            asked = request_of(given, person=person, address=address, run_id=run_id)
            yield {plan: said_of_plan(self._playground.plan_language_model(asked), asked)}
        except pg.PlaygroundError as error:  # what is seen of an earlier training stays
            yield {plan: in_the_way(error)}
            raise
        events = self._playground.train_language_model(asked, PAUSE_SECONDS)
        yield from self._hear(events, asked, guessed)

    def follow(self, run_id: str) -> Iterator[Values]:
        """A training that was left, from its beginning."""
        asked = self._playground.asked_of_training(run_id)
        if isinstance(asked, pg.TrainLanguageModelRequest):
            yield from self._hear(self._playground.follow_training(run_id, PAUSE_SECONDS), asked, None)

    def _hear(self, events: Iterator[Any], asked: pg.TrainLanguageModelRequest, guess: int | None) -> Iterator[Values]:
        parts, drawn_at = self._parts, 0.0
        follower = Follower(asked, guess)
        self._looks.keep(asked.run_id, follower)
        ended = buttons_of_run(parts.run, parts.stop, working=False)
        yield {
            parts.run_id: asked.run_id,
            parts.view: follower.value(),
            parts.code: None,
            parts.notebook: None,
            parts.ended: None,
            parts.asked: asked,
            **buttons_of_run(parts.run, parts.stop, working=True),
        }
        try:
            for event in events:
                if event is None:
                    yield {parts.view: gr.skip()}
                    continue
                follower.take(event)
                if time.monotonic() - drawn_at > REDRAW_SECONDS:
                    drawn_at = time.monotonic()
                    yield {parts.view: follower.value()}
            yield {parts.view: follower.value(), **self._code(follower), **ended, parts.ended: follower.ending()}
        except Exception as error:
            yield {parts.view: follower.ended(said_in_place(error) or message_of(error)), **ended}
            raise

    def _code(self, follower: Follower) -> Values:
        assert follower.result is not None
        receipt = receipt_values(self._playground.language_model_receipt(follower.result))
        return dict(zip((self._parts.code, self._parts.notebook), receipt, strict=True))


def request_of(given: Mapping[str, Any], **who: Any) -> pg.TrainLanguageModelRequest:
    """What is asked when these values stand in the fields.

    Raises:
        InputError: it can't be asked; the message says why.
    """
    names = {one.name for one in fields(pg.TrainLanguageModelRequest)}
    asked = {name: value for name, value in given.items() if name in names and value is not None}
    asked["grammar" if given.get("source") == TEXT else "text"] = ""
    return pg.TrainLanguageModelRequest(**asked, **who)
