"""Readings: the path of a named value in live facts, and what may be said of it.

A path is the name of a tab (or of facts that a step kept), then ``.name``, ``[place]`` or ``(word, word)``. It is
checked against the dataclasses of `facts` when the lesson is read, and then walked through JSON: no code runs. The page
walks the same steps.

>>> reading("classification.best.label").steps
('best', 'label')
>>> reading("similarity.pair(man, woman).loss").steps
('pair', 'man', 'woman', 'loss')
>>> value_of(reading("similarity.closest(man)"), {"similarity": {"closest": {"man": "woman"}}})
'woman'
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Union, get_args, get_origin

from playground.errors import InputError
from playground.lessons.facts import FACTS
from playground.lessons.lesson import TESTS, Condition, Reading, Sentence, Shown
from playground.units import format_number
from playground.wire import hints

_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<place>-?\d+)\]|\((?P<words>[^()]*)\)")
_SHOWN = re.compile(r"\{([^{}]*)\}")
_FORM = re.compile(r"^(%|\d)?$")
_ENDS = re.compile(r"[.!?…][”\"’»)*_`]*(?=\s)|[。！？]")
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


@dataclass(frozen=True)
class About:
    """One reading that there is: its name, with ``[0]`` and ``(word)`` where something is chosen, and what it says."""

    name: str
    kind: str
    about: str


def reading(name: str, kept: Mapping[str, str] | None = None) -> Reading:
    """The reading of this name; ``kept`` are names of kept facts and the tabs that they are of.

    Raises:
        InputError: there is none; the message lists near names.
    """
    name = name.strip()
    root = re.match(r"\w*", name)[0]  # type: ignore[index]  # it always matches
    tab = (kept or {}).get(root, root)
    if tab not in FACTS:
        raise InputError(f"There is no reading {name!r}.", f"It begins with {_listed([*FACTS, *(kept or {})])}.")
    kind: Any = FACTS[tab]
    steps: list[str | int] = []
    rest = name[len(root) :]
    while rest:
        found = _STEP.match(rest)
        if not found:
            raise InputError(f"{name!r} is no reading from {rest!r} on.", "Write .name, [0] or (word) there.")
        for step in _steps(found):
            kind = _inner(kind, step, name, tab)
            steps.append(step)
        rest = rest[found.end() :]
    if _is_whole(kind):
        raise InputError(f"{name!r} is not one value.", f"Go on with {_go_on(kind)}.")
    return Reading(name, root, tuple(steps))


def value_of(reading: Reading, live: Mapping[str, Any]) -> Any:
    """What a reading says of live facts (JSON); None where its path leads nowhere."""
    value: Any = live.get(reading.root)
    for step in reading.steps:
        if isinstance(step, int):
            usable = isinstance(value, list) and -len(value) <= step < len(value)
        else:
            usable = isinstance(value, dict) and step in value
        value = value[step] if usable else None
    return value


def condition(text: str, kept: Mapping[str, str] | None = None) -> Condition:
    """The condition that is written as ``READING TEST VALUE``.

    >>> condition("classification.best.label is 5 stars").value
    '5 stars'
    >>> condition("classification.best.probability > classification.second.probability").other.steps
    ('second', 'probability')

    Raises:
        InputError: it can't be read; the message says what is allowed.
    """
    test = r"\s(" + "|".join(TESTS) + r")(?:\s|$)"
    found = re.search(test, _masked(text))
    if not found:
        raise InputError(f"{text!r} is no condition.", f"Write a reading, one of {_listed(TESTS)}, and a value.")
    name, right = text[: found.start()], text[found.end() :].strip()
    left, form = reading(name, kept), found[1]
    if not right:
        raise InputError(f"{text!r} has no value.", "Write one behind it; in YAML, what follows a # needs quotes.")
    if form in ("<", "<=", ">", ">=") and not (_NUMBER.match(right) or _root(right, kept)):
        raise InputError(f"{right!r} is no number.", f"{form} compares with a number, or with another reading.")
    if _root(right, kept):
        return Condition(text, left, form, None, reading(right, kept))  # type: ignore[arg-type]  # one of TESTS
    return Condition(text, left, form, _literal(right))  # type: ignore[arg-type]


def holds(condition: Condition, live: Mapping[str, Any]) -> bool:
    """True if a condition is true of live facts; one that reads nothing is true of none."""
    left = value_of(condition.reading, live)
    right = value_of(condition.other, live) if condition.other else condition.value
    if left is None:
        return condition.test == "is" and condition.other is None and right is None
    if condition.test == "contains":
        return _contains(left, right)
    if condition.test in ("is", "is not"):
        return _same(left, right) == (condition.test == "is")
    if not _is_number(left) or not _is_number(right):
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[condition.test]


def reading_shown(text: str, kept: Mapping[str, str] | None = None) -> Shown:
    """A reading, and behind a colon how its number is shown.

    >>> reading_shown("classification.best.probability:%").form
    '%'

    Raises:
        InputError: the reading or its form is wrong.
    """
    name, colon, form = text.rpartition(":")
    if not colon or form.endswith(")"):  # a colon in a word
        name, form = text, ""
    if not _FORM.match(form):
        raise InputError(f"{form!r} is no form of a number.", "Write % for a percentage, or how many decimals.")
    return Shown(reading(name, kept), form)


def sentence(text: str, kept: Mapping[str, str] | None = None) -> Sentence:
    """A text with readings in braces: ``It is {classification.best.probability:%} sure.``

    Raises:
        InputError: a reading or its form is wrong.
    """
    parts: list[str | Shown] = []
    for number, part in enumerate(_SHOWN.split(text.strip())):
        if number % 2 == 0:
            parts += [part] if part else []
            continue
        parts.append(reading_shown(part, kept))
    return Sentence(tuple(parts))


def written(sentence: Sentence, live: Mapping[str, Any]) -> str:
    """A text with its live values, without the space that a token may begin with.

    A sentence about facts that aren't there, since their step was skipped, is left out.
    """
    told: list[str | Shown] = []
    for one in _sentences(sentence.parts):
        if all(isinstance(part, str) or part.reading.root in live for part in one):
            told += one
    if told and isinstance(told[0], str):
        told[0] = told[0].lstrip()
    return "".join(part if isinstance(part, str) else _value_written(part, live) for part in told)


def _sentences(parts: Iterable[str | Shown]) -> list[list[str | Shown]]:
    """The parts of each sentence of a text."""
    found: list[list[str | Shown]] = [[]]
    for part in parts:
        first, *others = _ENDS.sub(r"\g<0>\0", part).split("\0") if isinstance(part, str) else [part]
        found[-1].append(first)
        found += [[other] for other in others]
    return found


def _value_written(part: Shown, live: Mapping[str, Any]) -> str:
    value = shown(value_of(part.reading, live), part.form)
    return value.strip() or value


def shown(value: Any, form: str = "") -> str:
    r"""A value as people read it.

    >>> shown(0.8718, "%"), shown(2.0, "2"), shown(3.0), shown(0.123456), shown(340230), shown([101, 2023]), shown(True)
    ('87.2\xa0%', '2.00', '3', '0.1235', '340,230', '101, 2023', 'yes')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) if type(one) is int else shown(one) for one in value)  # commas stand between them
    if not isinstance(value, int | float):
        return str(value)
    if form == "%":
        return f"{value * 100:.1f}\u00a0%"
    if form:
        return format_number(value, f".{form}f")
    return format_number(value, ",.0f" if float(value).is_integer() else ".4g")


def listed() -> Iterator[About]:
    """Every reading that there is, tab by tab."""
    for tab, kind in FACTS.items():
        yield from _below(tab, kind, "")


def _steps(found: re.Match[str]) -> list[str | int]:
    """The steps of one part of a path."""
    if found["name"]:
        return [found["name"]]
    if found["place"]:
        return [int(found["place"])]
    return [word.strip() for word in found["words"].split(",")]


def _inner(kind: Any, step: str | int, name: str, tab: str) -> Any:
    """The type that one step leads to."""
    kind = _plain(kind)
    if is_dataclass(kind) and isinstance(step, str):
        known = hints(kind)  # type: ignore[arg-type]  # a class
        if step in known:
            return known[step]
        near = difflib.get_close_matches(step, known, 3, 0.4) or list(known)
        raise InputError(f"There is no reading {name!r}: {tab} has no {step!r} there.", f"Near: {_listed(near)}.")
    if get_origin(kind) is tuple and isinstance(step, int):
        inner = get_args(kind)
        return inner[0] if inner[1:] == (...,) else inner[step]
    if get_origin(kind) is dict and isinstance(step, str):
        return get_args(kind)[1]
    raise InputError(f"There is no reading {name!r}: {step!r} leads nowhere.", f"Go on with {_go_on(kind)}.")


def _plain(kind: Any) -> Any:
    """A type without its None."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(one for one in get_args(kind) if one is not type(None))
    return kind


def _is_whole(kind: Any) -> bool:
    """True for what isn't one value, nor a list of plain values."""
    kind = _plain(kind)
    if get_origin(kind) is tuple:
        return is_dataclass(_plain(get_args(kind)[0]))
    return is_dataclass(kind) or get_origin(kind) is dict


def _go_on(kind: Any) -> str:
    kind = _plain(kind)
    if is_dataclass(kind):
        return _listed([f".{name}" for name in hints(kind)])  # type: ignore[arg-type]
    return {tuple: "[0], or another place", dict: "(word)"}.get(get_origin(kind), "nothing: it is one value")  # type: ignore[arg-type]


def _below(name: str, kind: Any, about: str) -> Iterator[About]:
    """The readings at and below a name."""
    kind = _plain(kind)
    if is_dataclass(kind):
        types_of = hints(kind)  # type: ignore[arg-type]
        for one in fields(kind):
            yield from _below(f"{name}.{one.name}", types_of[one.name], one.metadata["about"])
    elif get_origin(kind) is dict:
        yield from _below(f"{name}(word)".replace(")(", ", "), get_args(kind)[1], about)
    elif get_origin(kind) is tuple and _is_whole(kind):
        yield from _below(f"{name}[0]", get_args(kind)[0], about)
    else:
        yield About(name, _kind(kind), about)


def _kind(kind: Any) -> str:
    names = {str: "word", int: "number", float: "number", bool: "flag"}
    return names.get(kind, "list")


def _masked(text: str) -> str:
    """A text with what stands in parentheses blanked out: a word there may look like a test."""
    return re.sub(r"\([^()]*\)", lambda found: "x" * len(found[0]), text)


def _root(text: str, kept: Mapping[str, str] | None) -> bool:
    """True for what begins as a reading does."""
    found = re.match(r"(\w+)[.(\[]", text)
    return bool(found) and found[1] in {*FACTS, *(kept or {})}  # type: ignore[index]


def _literal(text: str) -> str | float | bool | None:
    words: dict[str, bool | None] = {"true": True, "false": False, "nothing": None}
    if text in words:
        return words[text]
    if _NUMBER.match(text):
        return float(text)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, list):
        return any(_same(one, right) for one in left)
    return isinstance(left, str) and shown(right).casefold() in left.casefold()


def _listed(names: Any) -> str:
    return ", ".join(map(str, names))
