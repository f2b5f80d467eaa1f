"""What a model's labels are called, and what a column of right labels means in its terms.

Leaves out what the labels are good for (`evaluation`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from playground.classification.request import READINGS
from playground.classification.result import LabelReading
from playground.errors import InputError

SHOWN = 3  # values of a reading that are shown as examples
SCALES = (
    ("negative", "neutral", "positive"),
    ("very negative", "negative", "neutral", "positive", "very positive"),
)


def label_names(config: Any) -> tuple[tuple[str, ...], str]:
    """The name of each output, and a note where ``id2label`` doesn't count 0, 1, 2, ...

    Output n is named by the n-th entry then, in the order of the numbers; ``pipeline()`` would end in a KeyError.

    >>> from types import SimpleNamespace as Config
    >>> label_names(Config(id2label={0: "no", 1: "yes"}))
    (('no', 'yes'), '')
    >>> label_names(Config(id2label={1: "no", 2: 7}))[0]
    ('no', '7')
    """
    numbered = sorted((config.id2label or {}).items())
    names = tuple(str(name) for _, name in numbered)
    ids = [number for number, _ in numbered]
    if ids == list(range(len(ids))):
        return names, ""
    shown = ", ".join(map(str, ids[:4])) + (", …" if len(ids) > 4 else "")
    return names, (
        f"Its config.json numbers the labels {shown} instead of 0, 1, 2, …: plain pipeline() stops with a KeyError. "
        "Here the outputs are named in that order."
    )


class ReadLabels(NamedTuple):
    """A column of labels read in one way: the label id that each value means, None where it means none."""

    reading: LabelReading
    label_ids: tuple[int | None, ...]


def label_readings(values: Sequence[str], labels: Sequence[str]) -> tuple[ReadLabels, ...]:
    """Every way to read a column of labels that explains the most of its different values; the likeliest first.

    All values are considered together. More than one reading means that they contradict each other and that nobody but
    the owner of the table knows which is right.

    >>> stars = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
    >>> [(read.reading.name, read.label_ids) for read in label_readings(["4", "1 star", "5"], stars)]
    [('names', (3, 0, 4))]
    >>> [(read.reading.name, read.label_ids) for read in label_readings(["0", "4"], stars)]
    [('label ids', (0, 4))]
    >>> [read.reading.name for read in label_readings(["1", "4"], stars)]
    ['names', 'label ids']

    Raises:
        InputError: no value means a label in any way.
    """
    folded = [_folded(value) for value in values]
    ways: list[tuple[int, ReadLabels]] = []
    for name in READINGS:
        known = _KNOWN[name](labels)
        label_ids = tuple(known.get(value) for value in folded)
        explained = len({value for value in folded if value in known})
        if explained and all(label_ids != other.label_ids for _, other in ways):
            ways.append((explained, _read(name, values, label_ids, labels)))
    if not ways:
        raise InputError(
            f"The label column holds {values[0]!r}, and the model's labels are {', '.join(labels)}.",
            "Choose another label column, or none.",
        )
    most = max(explained for explained, _ in ways)
    return tuple(way for explained, way in ways if explained == most)


def chosen_reading(values: Sequence[str], labels: Sequence[str], name: str | None) -> ReadLabels:
    """The reading of that name, or the only one that there is.

    Raises:
        InputError: there is no reading of that name, or several and none was chosen: the message shows the first rows.
    """
    if name is not None and name not in READINGS:
        raise InputError(f"There is no reading {name!r} of a label column.", f"Choose among {', '.join(READINGS)}.")
    if name is not None:
        known = _KNOWN[name](labels)
        return _read(name, values, tuple(known.get(_folded(value)) for value in values), labels)
    found = label_readings(values, labels)
    if len(found) > 1:
        ways = "; or as ".join(f"{reading.name} ({describe_reading(reading)})" for reading, _ in found)
        fix = "Choose the one that is meant; in Python it is labels_read_as."
        raise InputError(f"The label column can be read as {ways}.", fix)
    return found[0]


def describe_reading(reading: LabelReading) -> str:
    """What the first values of a column mean in a reading, such as ``'1' is '2 stars'``."""
    return ", ".join(f"{value!r} is {name!r}" for value, name in reading.first)


def are_ordered(labels: Sequence[str]) -> bool:
    """True for labels that lie on a scale, from low to high: each holds one number and they rise, or words that do.

    >>> are_ordered(["1 star", "2 stars", "3 stars"]), are_ordered(["Negative", "neutral", "positive"])
    (True, True)
    >>> are_ordered(["negative", "positive"]), are_ordered(["LABEL_0", "LABEL_1", "LABEL_2"])
    (False, False)
    """
    if len(labels) < 3:
        return False
    folded = [_folded(label) for label in labels]
    if tuple(folded) in SCALES or tuple(reversed(folded)) in SCALES:
        return True
    if any(re.fullmatch(r"label \d+", label) for label in folded):
        return False
    numbers = [int(number) for number in _numbers(labels)]
    return bool(numbers) and (numbers == sorted(numbers) or numbers == sorted(numbers, reverse=True))


def _read(name: str, values: Sequence[str], label_ids: tuple[int | None, ...], labels: Sequence[str]) -> ReadLabels:
    meant = {value: labels[n] for value, n in zip(values, label_ids, strict=True) if n is not None}
    fits = sum(number is not None for number in label_ids)
    return ReadLabels(LabelReading(name, fits, tuple(list(meant.items())[:SHOWN])), label_ids)


def _folded(value: str) -> str:
    """A label as it is compared: case, blanks, ``_`` and ``-`` don't count, and ``3.0`` is ``3``.

    >>> _folded(" Very_Negative "), _folded("3.0"), _folded("-1")
    ('very negative', '3', '-1')
    """
    text = re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", value.strip().casefold())
    return re.sub(r"^(-?\d+)\.0+$", r"\1", text)


def _numbers(labels: Sequence[str]) -> list[str]:
    """The number in each name, where each has exactly one and no two the same; else none at all."""
    found = [re.findall(r"\d+", label) for label in labels]
    numbers = [each[0] for each in found if len(each) == 1]
    return numbers if len(set(numbers)) == len(labels) else []


def _by_name(labels: Sequence[str]) -> dict[str, int]:
    numbered = {number: n for n, number in enumerate(_numbers(labels))}
    return {**numbered, **{_folded(label): n for n, label in reversed(list(enumerate(labels)))}}


def _by_id(labels: Sequence[str]) -> dict[str, int]:
    return {form: n for n in range(len(labels)) for form in (str(n), f"label {n}")}


def _from_one(labels: Sequence[str]) -> dict[str, int]:
    return {str(n + 1): n for n in range(len(labels))}


_KNOWN: dict[str, Callable[[Sequence[str]], dict[str, int]]] = {
    "names": _by_name,
    "label ids": _by_id,
    "counted from 1": _from_one,
}
