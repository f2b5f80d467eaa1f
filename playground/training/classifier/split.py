"""Labelled rows of a table -> rows to learn from and rows held out, the same for the same seed.

Every label has its share on both sides. It leaves out tokens and models.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.tables import Table
from playground.texts import usable_text
from playground.training.request import LEAST_ROWS, MOST_LABELS, MOST_ROWS
from playground.units import format_share

MOST_CHARACTERS = 5_000
MOST_HELD = 500
FEW_HELD = 10  # from there on one row more or less is no longer a tenth of the accuracy
UNEVEN = 0.15  # so much more than its even share is much for one label


@dataclass(frozen=True)
class Rows:
    """Texts and the ids of their labels."""

    texts: tuple[str, ...]
    label_ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Split:
    """``labels`` in the order of their ids; ``notes`` say in sentences what was left out."""

    labels: tuple[str, ...]
    train: Rows
    held: Rows
    notes: tuple[str, ...] = ()

    def counts(self, rows: Rows) -> tuple[int, ...]:
        """How many rows each label has."""
        found = Counter(rows.label_ids)
        return tuple(found[one] for one in range(len(self.labels)))


def split_rows(
    table: Table, text_column: str, label_column: str, held_out: float, seed: int, most: int = MOST_ROWS
) -> Split:
    """The rows of a table, split.

    Raises:
        EmptyInputError, InputError, InputTooLongError: they can't teach; the message says why.
    """
    given, notes = _usable(table, text_column, label_column)
    if len(given) > most:
        raise InputTooLongError(f"There are {len(given):,} rows.", f"Use at most {most:,}.")
    labels = _labels([label for _, label in given])
    by_label = {label: [text for text, own in given if own == label] for label in labels}
    if alone := [label for label in labels if len(by_label[label]) < 2]:
        raise InputError(
            f"The label {alone[0][:40]!r} has one row.", "Give it more, one to learn from and one to be tested with."
        )
    shares = {label: _held_count(len(texts), held_out, len(given)) for label, texts in by_label.items()}
    chooser = random.Random(seed)
    train, held = [], []
    for number, label in enumerate(labels):
        texts = list(by_label[label])
        chooser.shuffle(texts)
        held += [(text, number) for text in texts[: shares[label]]]
        train += [(text, number) for text in texts[shares[label] :]]
    chooser.shuffle(train)
    return Split(labels, _rows(train), _rows(held), notes + _cautions(by_label, len(held)))


def _cautions(by_label: dict[str, list[str]], held: int) -> tuple[str, ...]:
    """What to keep in mind when the accuracy is read."""
    found = []
    rows, label = sum(map(len, by_label.values())), max(by_label, key=lambda one: len(by_label[one]))
    if len(by_label[label]) / rows - 1 / len(by_label) >= UNEVEN:
        found.append(
            f"{len(by_label[label]):,} of {rows:,} rows have the label {label[:40]!r}: whoever always says so is right "
            f"of {format_share(len(by_label[label]) / rows)} of them. More rows of the other labels teach more."
        )
    if held < FEW_HELD:
        found.append(
            f"With {held:,} rows held out, each is {format_share(1 / held)} of the accuracy. More rows tell more."
        )
    return tuple(found)


def _held_count(rows: int, share: float, all_rows: int) -> int:
    """How many rows of a label are held out: at least one, and never so many that all together are more than fit."""
    share = min(share, MOST_HELD / all_rows)
    return min(rows - 1, max(1, round(rows * share)))


def _rows(pairs: list[tuple[str, int]]) -> Rows:
    return Rows(tuple(text for text, _ in pairs), tuple(label for _, label in pairs))


def _usable(table: Table, text_column: str, label_column: str) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """The pairs of text and label that can be learned from, each once, and what was left out.

    A text that stands twice, be it in other capitals, would be learned and then asked: its second row is left out. With
    two labels, it teaches nothing.
    """
    kept: dict[tuple[str, str], str] = {}
    labels: dict[str, str] = {}
    empty = again = 0
    for text, label in zip(table.column(text_column), table.column(label_column), strict=True):
        text, label = usable_text(text, MOST_CHARACTERS, "A row").strip(), usable_text(label, 100, "A label").strip()
        if not text or not label:
            empty += 1
        elif labels.setdefault(text, label) != label:
            raise InputError(
                f"The text {text[:60]!r} has two labels, {labels[text][:30]!r} and {label[:30]!r}.", "Keep one of them."
            )
        elif (same := (" ".join(text.casefold().split()), label)) in kept:
            again += 1
        else:
            kept[same] = text
    notes = [f"{_count(empty, 'row')} left out: a text or a label is missing."] if empty else []
    if again:
        notes.append(f"{_count(again, 'row')} left out: the same text would be learned from and then asked.")
    notes += [f"{_count(len(table.bad_rows), 'line')} left out: unreadable."] if table.bad_rows else []
    pairs = [(text, label) for (_, label), text in kept.items()]
    _require_enough(pairs)
    return pairs, tuple(notes)


def _require_enough(pairs: list[tuple[str, str]]) -> None:
    if not pairs:
        raise EmptyInputError("There are no labelled rows.", "Write some, or take one of the samples.")
    labels = {label for _, label in pairs}
    if len(labels) == 1:
        raise InputError(
            f"All rows have the label {next(iter(labels))[:40]!r}: there is nothing to tell apart.",
            "Give at least two labels.",
        )
    if len(pairs) < LEAST_ROWS:
        raise InputError(f"There are {len(pairs):,} different rows.", f"Give at least {LEAST_ROWS}, better 50 or more.")
    if len(labels) > MOST_LABELS:
        raise InputError(
            f"There are {len(labels)} labels.",
            f"Use at most {MOST_LABELS}, each with several rows. Is this the column of labels?",
        )


def _labels(given: list[str]) -> tuple[str, ...]:
    """All labels in the order of their ids: that of the alphabet, numbers by their size.

    >>> _labels(["10", "2.0", "2", "10"])
    ('2', '2.0', '10')
    """
    labels = sorted(set(given))  # what is as large keeps this order, whatever that of the set
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(labels)


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'s were' if count != 1 else ' was'}"
