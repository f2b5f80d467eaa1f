"""Events of a language model's training -> what its view is shown: the whole run so far, in one value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import playground as pg
from playground.lessons.facts.training import Training
from playground.training.language_model.events import LanguageModelPlan, Merge
from playground.units import format_bytes, format_seconds, format_seconds_left
from playground.wire import to_json

SHOWN_SAMPLES = 5
SHOWN_MERGES = 300
OF_LINES = 100  # a guess is about so many lines or words


@dataclass(frozen=True)
class Outcome:
    """What came of a training, as far as the view says it."""

    model_id: str
    steps: int
    seconds: float
    reason: str


@dataclass(frozen=True)
class LanguageModelRun:
    """A training as the view draws it. ``said`` is how it goes, ``reveal`` what came of a guess.

    ``ended`` also where nothing came of it. The attention of checkpoints is left out: the view asks for one when it is
    shown.
    """

    run: str
    said: str
    percent: int
    is_grammar: bool
    prompt: str
    max_steps: int
    n_layer: int
    n_head: int
    corpus: pg.CorpusRead | None
    merges: tuple[Merge, ...]
    merges_total: int
    losses: tuple[tuple[int, float], ...]
    checkpoints: tuple[pg.TrainingCheckpoint, ...]
    trained: Outcome | None
    ended: bool
    reveal: str


class Follower:
    """Takes the events of one training, and has at any time what the view is to show."""

    def __init__(self, request: pg.TrainLanguageModelRequest, guess: int | None) -> None:
        self._request, self._guess = request, guess
        self._said = "Starting…"
        self._failed = False
        self._step = self._seconds = 0.0
        self._corpus: pg.CorpusRead | None = None
        self._merges: list[Merge] = []
        self._merges_total = 0
        self._losses: list[tuple[int, float]] = []
        self._checkpoints: list[pg.TrainingCheckpoint] = []
        self.attention: list[bytes] = []
        self.result: pg.LanguageModelTrained | None = None

    def take(self, event: Any) -> None:
        """The next event."""
        if isinstance(event, pg.TrainingWaits):
            self._said = f"In line: {event.reason}"
        elif isinstance(event, pg.TrainingBegins):
            self._said = f"A process of its own begins on {event.device}, with about {format_bytes(event.bytes.total)}…"
        elif isinstance(event, pg.MergesLearned):
            self._merges_total = event.total
            self._merges += event.merges[: SHOWN_MERGES - len(self._merges)]
            self._said = f"BPE: {event.first + len(event.merges):,} of {event.total:,} merges"
        elif isinstance(event, pg.CorpusRead):
            self._corpus, self._said = event, "Random numbers so far…"
        elif isinstance(event, pg.LossLogged):
            self._losses.append((event.step, event.loss))
            self._at(event.step, event.seconds)
        elif isinstance(event, pg.TrainingCheckpoint):
            self.attention.append(event.attention)
            self._checkpoints.append(replace(event, attention=b"", samples=event.samples[:SHOWN_SAMPLES]))
            self._at(event.step, event.seconds)
        elif isinstance(event, pg.LanguageModelTrained):
            self.result = event

    def _at(self, step: int, seconds: float) -> None:
        self._step, self._seconds, asked = step, seconds, self._request
        self._said = f"Step {step:,} of {asked.max_steps:,} · {format_seconds(seconds)}"
        if step and seconds > 2:
            left = seconds / step * (asked.max_steps - step)
            if asked.max_seconds and asked.max_seconds - seconds < left:  # it won't come to its last step
                self._said += f" · ends at {format_seconds(asked.max_seconds)}, its max_seconds"
            else:
                self._said += f" · {format_seconds_left(left)}"

    def value(self) -> dict[str, Any]:
        """What the view is to show now."""
        asked, result = self._request, self.result
        run = LanguageModelRun(
            run=asked.run_id,
            said=said_at_end(result) if result else self._said,
            percent=100 if result and result.reason != "stopped" else self._percent(),
            is_grammar=bool(asked.grammar.strip()),
            prompt=asked.prompt,
            max_steps=asked.max_steps,
            n_layer=asked.n_layer,
            n_head=asked.n_head,
            corpus=self._corpus,
            merges=tuple(self._merges),
            merges_total=self._merges_total,
            losses=tuple(self._losses),
            checkpoints=tuple(self._checkpoints),
            trained=Outcome(result.model_id, result.steps, result.seconds, result.reason) if result else None,
            ended=self._failed or result is not None,
            reveal=revealed(result, self._guess) if result else "",
        )
        shown: dict[str, Any] = to_json(run, short=True)
        return shown

    def ending(self) -> Training:
        """What lessons can read of a training that has ended."""
        return Training(self._request, (self._corpus, *self._checkpoints, self.result))

    def ended(self, why: str) -> dict[str, Any]:
        """The same where the training ended without a model."""
        self._said, self._failed = why, True
        return self.value()

    def _percent(self) -> int:
        asked = self._request
        by_time = self._seconds / asked.max_seconds if asked.max_seconds else 0.0
        return int(100 * min(1.0, max(self._step / asked.max_steps, by_time)))


def said_at_end(result: pg.LanguageModelTrained) -> str:
    """How a training ended, in a sentence."""
    why = {"done": "Done", "stopped": "Stopped", "time": "Its time is over"}[result.reason]
    of = "" if result.reason == "done" else f" of {result.request.max_steps:,}"
    said = f"{why} after {result.steps:,}{of} steps in {format_seconds(result.seconds)}."
    if result.accepted is None:
        return said
    new = "" if result.new_share is None else ", and each of those stands in what it read"
    if result.new_share:
        new = f", and {100 * result.new_share:.0f}\u00a0% of those stand nowhere in what it read"
    count = round(result.accepted * len(result.samples))
    return f"{said} Of {len(result.samples):,} lines that it writes, the grammar could have written {count}{new}."


def revealed(result: pg.LanguageModelTrained, guess: int | None) -> str:
    """What came of a guess; nothing without one."""
    if guess is None:
        return ""
    found = result.known_words if result.accepted is None else result.accepted
    count, what = round(found * OF_LINES), "words" if result.accepted is None else "lines"
    near = "Exactly." if count == guess else "Very near." if abs(count - guess) <= 5 else f"You said {guess}."
    verb = "stand in the text" if result.accepted is None else "follow the grammar"
    return f"{near} {count} of {OF_LINES} {what} {verb}."


def lines_read(count: int, possible: int) -> str:
    """How many lines a grammar writes, beside how many it can write.

    >>> lines_read(500, 1)
    '500 lines, drawn again and again from the only one that the grammar can write, '
    >>> lines_read(500, 8)
    '500 lines, drawn again and again from the 8 that the grammar can write, '
    """
    if possible > count:
        return f"{count:,} of the {possible:,} lines that the grammar can write, "
    few = "only one" if possible == 1 else f"{possible:,}"
    return f"{count:,} lines, drawn again and again from the {few} that the grammar can write, "


def said_of_plan(plan: LanguageModelPlan, asked: pg.TrainLanguageModelRequest) -> str:
    """What a training would take, in a line."""
    about = "" if asked.tokenizer == "characters" else "about "
    lines = lines_read(asked.lines, plan.possible_lines) if asked.grammar else ""
    return (
        f"Reads {lines}{plan.characters:,} characters. The model has {about}{plan.parameters:,} numbers to learn, and "
        f"{plan.vocab_size:,} entries in its vocabulary. Takes about {format_bytes(plan.bytes.total)}."
    )
