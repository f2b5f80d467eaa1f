"""What happens when somebody trains a classifier: plain functions that fill components by name.

``parts`` are only ever used as keys of what is returned. It leaves out where they stand (`classifier`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

import playground as pg
from playground.errors import BusyError
from playground.lessons.facts.training import Training
from playground.tables import read_pasted
from playground.texts import quoted
from playground.training.request import columns
from playground.wire import to_json
from tabs.components import buttons_of_run
from tabs.page import receipt_values, refusal, said_in_place
from tabs.table_file import HowRead, read_or_none, read_table
from tabs.training.examples import PRESETS
from tabs.training.format import GUESSED, SoFar, format_plan, format_training, guess_within, plain
from tabs.training.since import said_since

PARTS = {"text-classification": "Fine-tune a classifier", "text-generation": "A language model from nothing"}
REDRAW_SECONDS = 0.25
PAUSE_SECONDS = 0.5  # who closes the page is noticed so soon, also while nothing is said
Values = dict[Any, Any]


@dataclass(frozen=True, eq=False)
class Parts:
    """The components that are filled."""

    plan: Any
    learning_rate: Any
    num_train_epochs: Any
    text_column: Any
    label_column: Any
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
        """Those that a training fills."""
        code = [self.code, self.notebook]
        return [self.plan, self.run, self.stop, self.view, self.run_id, *code, self.ended, self.asked]


class ClassifierHandlers:
    """The handlers of the part for a classifier."""

    def __init__(self, playground: pg.Playground, parts: Parts) -> None:
        self._playground, self.parts = playground, parts

    def request(self, given: Mapping[str, Any], **more: Any) -> pg.TrainClassifierRequest:
        """What is asked when these values stand in the fields.

        Raises:
            InputError: it can't be asked; the message says why.
        """
        path, how = given["file"], given["how"]
        table = read_table(path, how) if path else read_pasted(given["rows"] or "")
        settings: dict[str, Any] = {name: given[name] for name in _SETTINGS}
        if path:
            settings |= {name: given[name] or "" for name in ("text_column", "label_column")}
        return pg.TrainClassifierRequest(
            table, model_id=given["model_id"] or None, name=given["name"] or "", **settings, **more
        )

    def plan(self, given: Mapping[str, Any], asked: pg.TrainClassifierRequest | None = None) -> Iterator[Values]:
        """What a training would take, or what is in its way: below the fields, while they are filled in.

        ``asked`` is what the training on the page was asked.
        """
        since = {self.parts.since: said_since(asked, lambda: self.request(given))}
        for values in self._looking(given):
            yield values | since
        try:
            guess_within(given["guess"], GUESSED)
            said = format_plan(self._playground.plan_classifier(self.request(given)))
        except pg.PlaygroundError as error:
            said = in_the_way(error)
        yield {self.parts.plan: said, **since}

    def _looking(self, given: Mapping[str, Any]) -> Iterator[Values]:
        """What stands there while the Hub is asked about a model, which can take long."""
        model_id = given.get("model_id")
        if model_id and model_id not in {spec.id for spec in self._playground.catalog}:
            yield {self.parts.plan: f"Looking for {plain(quoted(model_id[:100]))}…"}

    def read_columns(self, path: str | None, how: HowRead | None) -> Values:
        """The columns of a dropped file, with a guess which is which; none without one that can be read."""
        parts, table = self.parts, read_or_none(path, how)
        if table is None:
            hidden = (parts.text_column, parts.label_column)
            return {one: gr.Dropdown(choices=[], value=None, visible=False) for one in hidden}
        (text, label), choices = columns(table), list(table.columns)
        return {
            parts.text_column: gr.Dropdown(choices=choices, value=text, visible=True),
            parts.label_column: gr.Dropdown(choices=choices, value=label, visible=True),
        }

    def choose_preset(self, name: str, method: str) -> Values:
        """The settings that a preset means for a method."""
        parts = self.parts
        return dict(zip((parts.learning_rate, parts.num_train_epochs), PRESETS[name].settings(method), strict=True))

    def train(self, given: Mapping[str, Any], person: str, address: str) -> Iterator[Values]:
        """The whole training, as the view draws it."""
        run_id = secrets.token_hex(8)
        yield from self._looking(given)
        try:
            refuse_another(self._playground, person)
            guess = guess_within(given["guess"], GUESSED)
            asked = self.request(given, person=person, address=address, run_id=run_id, keep=given["keep"])
            plan = format_plan(self._playground.plan_classifier(asked))
        except Exception as error:  # what is seen of an earlier training stays
            yield {self.parts.plan: in_the_way(error) or gr.skip()}
            raise
        yield {self.parts.run_id: run_id, self.parts.plan: plan, **self._begun(asked)}
        events: list[Any] = []
        said = _noting(self._playground.train_classifier(asked, PAUSE_SECONDS), events)
        yield from self._hear(said, SoFar(guess), asked)
        yield {self.parts.ended: Training(asked, tuple(events), given["rows"] or "")}

    def follow(self, run_id: str) -> Iterator[Values]:
        """A training that was left, from its beginning."""
        asked = self._playground.asked_of_training(run_id)
        if isinstance(asked, pg.TrainClassifierRequest):
            yield {self.parts.run_id: run_id, **self._begun(asked)}
            yield from self._hear(self._playground.follow_training(run_id, PAUSE_SECONDS), SoFar(), asked)

    def _begun(self, asked: pg.TrainClassifierRequest) -> Values:
        parts = self.parts
        return {
            parts.view: to_json(format_training(SoFar())), **buttons_of_run(parts.run, parts.stop, working=True),
            parts.code: None, parts.notebook: None, parts.ended: None, parts.asked: asked,
        }  # fmt: skip

    def _hear(self, events: Iterator[Any], so_far: SoFar, asked: pg.TrainClassifierRequest) -> Iterator[Values]:
        parts, drawn_at = self.parts, 0.0
        try:
            for event in events:
                if event is None:
                    yield {parts.view: gr.skip()}
                    continue
                so_far.add(event)
                if time.monotonic() - drawn_at > REDRAW_SECONDS or isinstance(event, pg.TrainedClassifier):
                    drawn_at = time.monotonic()
                    yield {parts.view: to_json(format_training(so_far), short=True)}
            receipt = self._playground.classifier_receipt(asked, so_far.result)
            yield {**dict(zip((parts.code, parts.notebook), receipt_values(receipt), strict=True)), **self._ended()}
        except Exception as error:
            yield {**self._ended(), parts.view: refusal(error)}
            raise

    def _ended(self) -> Values:
        return buttons_of_run(self.parts.run, self.parts.stop, working=False)


def in_the_way(error: Exception) -> str:
    """What keeps a training from beginning, where its plan stands; empty where a toast says it."""
    said = said_in_place(error)
    return f"⚠ {plain(said)}" if said else ""


def refuse_another(playground: pg.Playground, person: str) -> None:
    """None, where nothing of this person trains: what is seen of an earlier training then makes way for another.

    Raises:
        BusyError: something does; the message says what, and where it is stopped.
    """
    for one in playground.running_trainings(person):
        where = f"{quoted(one.title)}, under “{PARTS[one.task]}”"
        raise BusyError(f"You train already: {where}.", "Press Stop there, or wait for its end.")


def _noting(events: Iterator[Any], noted: list[Any]) -> Iterator[Any]:
    """The same events and pauses; each event is put down."""
    for event in events:
        if event is not None:
            noted.append(event)
        yield event


_SETTINGS = (
    "method", "learning_rate", "num_train_epochs", "per_device_train_batch_size", "warmup_steps", "weight_decay",
    "seed", "held_out", "r",
)  # fmt: skip
