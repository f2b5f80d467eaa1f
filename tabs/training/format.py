"""What a training has said so far -> what its view draws; every number as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import playground as pg
from playground.errors import InputError
from playground.links.form import link_to
from playground.training.events import mixed
from playground.units import format_bytes, format_seconds, format_seconds_left, format_share

MOST_POINTS = 400
MOST_WRONG = 30
MOST_OF_A_TEXT = 300  # characters
MOST_HELD = 60  # of the rows before and after
GUESSED = 20  # held-out rows that a guess is about, or all where there are fewer


def guess_within(guess: str | None, most: int) -> int | None:
    """The number that was typed; None where nobody guessed one, or the browser hasn't drawn the field yet.

    Raises:
        InputError: it isn't one of 0 to ``most``.
    """
    typed = (guess or "").strip()
    if not typed:
        return None
    if typed.isdecimal() and len(typed) < 10 and int(typed) <= most:
        return int(typed)
    raise InputError(f"Your guess is out of {most}: give a whole number from 0 to {most}, or leave its field empty.")


@dataclass(frozen=True)
class ClassifierShown:
    """The view's value. ``confusion`` and what follows it are empty until the training is over."""

    status: str
    percent: int
    done: bool
    stopped: bool
    verdict: str
    cards: tuple[tuple[str, str], ...]
    total_steps: int
    losses: tuple[tuple[float, float], ...]
    held_losses: tuple[tuple[float, float], ...]
    accuracies: tuple[tuple[float, float], ...]
    loss_levels: tuple[Level, ...]
    accuracy_levels: tuple[Level, ...]
    table: tuple[tuple[str, str, str], ...]
    labels: tuple[str, ...]
    confusion_before: tuple[tuple[int, ...], ...]
    confusion: tuple[tuple[int, ...], ...]
    wrong_heading: str
    wrong: tuple[tuple[str, str, str, str, str], ...]
    held: tuple[tuple[str, str, str, str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Level:
    """A value to compare a curve with."""

    name: str
    value: float


@dataclass(frozen=True)
class TrainedShown:
    """Where a trained model can be used: names and addresses."""

    about: str
    ways: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ComparedShown:
    """Texts with what a model said before its training and what it says now; ``said`` is why there is none of it."""

    rows: tuple[tuple[str, str, str], ...]
    said: str = ""


@dataclass(frozen=True)
class LoadShown:
    """How large a file of a model may be that is loaded again: as a sentence, and in bytes.

    ``said`` is why the last one can't be used.
    """

    limit: str
    most_bytes: int
    said: str = ""


@dataclass
class SoFar:
    """All that a training has said."""

    guess: int | None = None
    waits: pg.TrainingWaits | None = None
    begins: pg.TrainingBegins | None = None
    split: pg.SplitSaid | None = None
    steps: list[pg.TrainingStep] = field(default_factory=list)
    held: list[pg.HeldOut] = field(default_factory=list)
    result: pg.TrainedClassifier | None = None

    def add(self, event: Any) -> None:
        """One more event."""
        for kind, name in _SINGLE.items():
            if isinstance(event, kind):
                setattr(self, name, event)
        if isinstance(event, pg.TrainingStep):
            self.steps.append(event)
        if isinstance(event, pg.HeldOut):
            self.held.append(event)


_PLAIN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#"})
_SINGLE: dict[type, str] = {
    pg.TrainingWaits: "waits",
    pg.TrainingBegins: "begins",
    pg.SplitSaid: "split",
    pg.TrainedClassifier: "result",
}


def format_training(so_far: SoFar) -> ClassifierShown:
    """The view's value for what has been said."""
    split, result = so_far.split, so_far.result
    total = split.total_steps if split else 1
    done = result is not None
    return ClassifierShown(
        status=_status(so_far),
        percent=100 if done else 100 * len(so_far.steps) // total,
        done=done,
        stopped=bool(result and result.stopped),
        verdict=_verdict(so_far.guess, result) if result else "",
        cards=_cards(so_far),
        total_steps=total,
        losses=_points([(one.step, one.loss) for one in so_far.steps]),
        held_losses=tuple((one.step, one.loss) for one in so_far.held),
        accuracies=tuple((one.step, one.accuracy) for one in so_far.held),
        loss_levels=(Level("guessing", split.chance_loss),) if split else (),
        accuracy_levels=(Level("guessing", split.chance),) if split else (),
        table=tuple((f"{one.step}", f"{one.loss:.4f}", _percent(one.accuracy)) for one in so_far.held),
        labels=result.labels if result else (),
        confusion_before=result.confusion_before if result else (),
        confusion=result.confusion if result else (),
        wrong_heading=_wrong_heading(result) if result else "",
        wrong=_wrong(result) if result else (),
        held=_held(mixed(result.rows)[:MOST_HELD], result.labels) if result else (),
        notes=split.notes if split else (),
    )


def _status(so_far: SoFar) -> str:
    """Where it is, in a sentence."""
    result = so_far.result
    if result is not None:
        how = f"Stopped after {result.steps} of {result.total_steps} steps" if result.stopped else "Done"
        return (
            f"{how} in {format_seconds(result.elapsed_seconds)}: the model of step {result.best_step}, which had the "
            f"lowest loss on held-out rows, is kept as {result.title}."
        )
    if so_far.steps:
        last, split = so_far.steps[-1], so_far.split
        total = split.total_steps if split else 0
        return (
            f"Step {last.step} of {total} · epoch {last.epoch:.1f} · loss {last.loss:.3f} · "
            f"learning_rate {last.learning_rate:.2g} · {format_seconds_left(last.eta_seconds)}"
        )
    if so_far.split:
        return "The first step…"
    if so_far.begins:
        return f"A process of its own starts on {so_far.begins.device}; it reads transformers and the model first…"
    if so_far.waits:
        return f"In line, place {so_far.waits.position}: {so_far.waits.reason}"
    return "Starting…"


def _cards(so_far: SoFar) -> tuple[tuple[str, str], ...]:
    split, result = so_far.split, so_far.result
    if split is None:
        return ()
    cards = [("rows learned from", f"{sum(split.train_counts):,}"), ("rows held out", f"{sum(split.held_counts):,}")]
    cards.append((f"numbers trained, of {_many(split.parameters)}", _many(split.trained_parameters)))
    if so_far.begins:
        size = so_far.begins.bytes
        cards.append(("memory set aside for it", format_bytes(size.total)))
    if result is not None:
        cards.insert(0, (f"right; before: {_percent(result.accuracy_before)}", _percent(result.accuracy)))
    elif so_far.held:
        cards.insert(0, (f"right; by guessing: {_percent(split.chance)}", _percent(so_far.held[-1].accuracy)))
    return tuple(cards)


def _verdict(guess: int | None, result: pg.TrainedClassifier) -> str:
    """What came of a guess."""
    if guess is None:
        return ""
    rows = mixed(result.rows)[:GUESSED]
    right = sum(row.gold == row.after for row in rows)
    if guess > len(rows):
        return f"You guessed {guess}, but only {len(rows):,} rows are held out; it gets {right} right."
    close = "exactly" if right == guess else "close" if abs(right - guess) <= 1 else "not quite"
    return f"You guessed {guess} of {len(rows)} held-out rows; it gets {right} right: {close}."


def _wrong_heading(result: pg.TrainedClassifier) -> str:
    count = sum(row.gold != row.after for row in result.rows)
    if not count:
        return "It gets every held-out row right"
    shown = f", the surest {MOST_WRONG} of them" if count > MOST_WRONG else ""
    return f"Still wrong: {count} of {len(result.rows)} held-out rows{shown}"


def _wrong(result: pg.TrainedClassifier) -> tuple[tuple[str, str, str, str, str], ...]:
    wrong = sorted((row for row in result.rows if row.gold != row.after), key=lambda row: -row.probability)
    return _held(wrong[:MOST_WRONG], result.labels)


def _held(rows: Sequence[pg.HeldRow], names: Sequence[str]) -> tuple[tuple[str, str, str, str, str], ...]:
    """Held-out rows: text, label, what the model said before the training, what it says now, and how sure it is."""
    return tuple(
        (cut(row.text), names[row.gold], names[row.before], names[row.after], _percent(row.probability)) for row in rows
    )


def format_plan(plan: pg.ClassifierPlan) -> str:
    """What a training would take, as Markdown."""
    split, size = plan.split, plan.bytes
    rows, held = sum(split.train_counts), sum(split.held_counts)
    share = split.trained_parameters / split.parameters
    shown = format_share(share) if share < 0.995 else "all"
    return (
        f"{len(split.labels)} labels; learns from **{rows:,}** rows, is tested with **{held:,}**. "
        f"Trains **{_many(split.trained_parameters)}** of {_many(split.parameters)} numbers ({shown}) in "
        f"**{split.total_steps:,}** steps; takes about {format_bytes(size.total)}: weights "
        f"{format_bytes(size.weights)}, the best ones so far {format_bytes(size.best)}, gradients "
        f"{format_bytes(size.gradients)}, optimizer {format_bytes(size.optimizer)}, activations "
        f"{format_bytes(size.activations)}, the process itself {format_bytes(size.process)}."
        + "".join(f"\n- {plain(note)}" for note in split.notes)
    )


def plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return text.translate(_PLAIN)


def format_trained(model: pg.TrainedModel, usable: bool = True) -> TrainedShown:
    """Where a model can be used, with a text to begin with; one that writes gets the first two words of it."""
    about = f"{model.model_id} · {_many(model.parameters)} numbers:"
    if not usable:
        return TrainedShown(f"{about} download it; the GPU here is lent to models that were loaded at the start.", ())
    if model.task == "text-generation":
        first = model.first_text or "Once upon a time"
        begin = " ".join(first.split()[:2]) or first
        asked = pg.GenerateRequest(prompt=begin, model_id=model.model_id, max_new_tokens=40)
        lens = pg.LensRequest(first, model_id=model.model_id)
        attend = pg.AttentionRequest(first, model.model_id)
        made = [("Generate with it", asked), ("Its attention", attend), ("Layer by layer", lens)]
    else:
        first = model.first_text or "A text to try it with"
        classify = pg.ClassifyRequest(first, model_id=model.model_id)
        attribute = pg.AttributeRequest(first, model_id=model.model_id)
        attend = pg.AttentionRequest(first, model.model_id)
        made = [("Classify with it", classify), ("Why it says so", attribute), ("Its attention", attend)]
    return TrainedShown(about, tuple((name, _within_page(link_to(request))) for name, request in made))


def _within_page(link: pg.Link | None) -> str:
    """A link that leads from one part of the page to another: nobody has shared it, so nothing is said of that."""
    return str(link).replace("#", "#here&", 1)


def format_load(most_bytes: int, said: str = "") -> LoadShown:
    """What is said beside the button that loads a file of a model."""
    return LoadShown(f"A zip file of up to {format_bytes(most_bytes)}, as Download gives it.", most_bytes, said)


def format_compared(pairs: Sequence[tuple[pg.ClassifyResult, pg.ClassifyResult]]) -> ComparedShown:
    """What two models say to the same texts: before the training, and now."""
    return ComparedShown(tuple((cut(now.request.text), _best(before), _best(now)) for before, now in pairs))


def _best(result: pg.ClassifyResult) -> str:
    return f"{result.best.label} · {_percent(result.best.probability)}"


def _points(points: list[tuple[int, float]]) -> tuple[tuple[float, float], ...]:
    """So few that they can be drawn many times a second; the last is always among them."""
    step = -(-len(points) // MOST_POINTS) or 1
    return tuple(points[::step] + points[-1:] * bool((len(points) - 1) % step))


def cut(text: str) -> str:
    """A text that has room in a row.

    >>> cut("so " * 150)[-6:]
    'o so …'
    """
    return text if len(text) <= MOST_OF_A_TEXT else f"{text[:MOST_OF_A_TEXT].rstrip()} …"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"


def _many(count: int) -> str:
    return f"{count / 1e6:.1f} million" if count >= 1_000_000 else f"{count:,}"
