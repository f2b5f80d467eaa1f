"""What a lesson is made of: plain values that the page and Python read alike.

A step happens in this order, and leaves out what it has no part for: the learner guesses (`Predict`), the fields of a
tab are filled (`Stage`), the learner does something there (`Do`), and the live answer stands beside the guess
(`Reveal`). Nothing here knows a model, a file or the page.

"Facts" are what a result says, as JSON (see `facts`); a `Reading` is a path into them. `live` holds the facts of every
tab that has answered, under the tab's name, and those that a step has kept, under the name that it chose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Test = Literal["is", "is not", "<", "<=", ">", ">=", "contains"]
TESTS: tuple[Test, ...] = ("is not", "is", "<=", ">=", "<", ">", "contains")  # a longer one before its beginning


@dataclass(frozen=True)
class Reading:
    """A named number, word or flag of a live result: ``root`` says whose facts, ``steps`` lead to it.

    A text is the key of an object, a number the place in an array (-1 is the last). A path that leads nowhere, since
    the learner typed other words, reads nothing (None).
    """

    name: str
    root: str
    steps: tuple[str | int, ...]


@dataclass(frozen=True)
class Shown:
    """A reading inside a sentence: ``form`` is ``%`` for a percentage, a number of decimals, or empty."""

    reading: Reading
    form: str = ""


@dataclass(frozen=True)
class Sentence:
    """Text (Markdown) with live values between its parts."""

    parts: tuple[str | Shown, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Something that is true of live results or not: a reading against ``value``, or against the reading ``other``."""

    text: str
    reading: Reading
    test: Test
    value: str | float | bool | None = None
    other: Reading | None = None


@dataclass(frozen=True)
class Choice:
    """One answer on offer; it is right when ``when`` holds, or else when it says what the question reads."""

    say: str
    when: Condition | None = None


@dataclass(frozen=True)
class Predict:
    """A question before the answer is there.

    ``choice``: one of ``choices``. ``number``: close when at most ``within`` from the reading, both in percent where
    ``form`` is ``%``. ``word``: right when it is the reading, whatever its case.
    """

    kind: Literal["choice", "number", "word"]
    ask: str
    choices: tuple[Choice, ...] = ()
    reading: Reading | None = None
    within: float = 0.0
    form: str = ""


@dataclass(frozen=True)
class Stage:
    """A tab and all of its fields: those that the lesson names, the others as the page has them at first."""

    tab: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Do:
    """What the learner does: done when all of ``until`` hold; ``show`` are fields that do it, for whoever is stuck."""

    say: str
    until: tuple[Condition, ...]
    show: dict[str, Any]


@dataclass(frozen=True)
class Reveal:
    """What is said once the answer is there; ``reading`` is shown beside the guess, in the ``form`` of `Shown`."""

    reading: Reading | None = None
    form: str = ""
    right: Sentence = Sentence()
    wrong: Sentence = Sentence()
    why: Sentence = Sentence()


@dataclass(frozen=True)
class Step:
    """One step: at most 80 words in ``text`` (Markdown), and what happens.

    ``tab`` is where it happens, also when it has no stage of its own. ``see`` names what is shown of the answer, if it
    isn't the answer itself. ``keep`` names the facts of that tab for later
    steps. ``expect`` are true of the models that the lesson was written for; the page doesn't show them.
    """

    title: str
    text: str
    html: str
    line: int
    tab: str
    predict: Predict | None = None
    stage: Stage | None = None
    do: Do | None = None
    reveal: Reveal | None = None
    see: str = ""
    keep: str = ""
    expect: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """One file: ``name`` is its stem, ``know`` what you will know, ``fact`` what may surprise you."""

    name: str
    title: str
    minutes: int
    know: tuple[str, ...]
    fact: str
    model: tuple[str, ...]
    language: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file, where, and what is allowed there."""

    file: str
    line: int
    message: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} {self.allowed}".strip()


@dataclass(frozen=True)
class Lessons:
    """All lessons that can be used, why the others can't, and the panel's words by the code of their language."""

    lessons: tuple[Lesson, ...]
    problems: tuple[Problem, ...]
    words: dict[str, dict[str, str]]
