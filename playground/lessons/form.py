"""The form of a lesson: a Markdown file -> a `Lesson`, or every problem in it with its line.

Front matter, then a heading of the second level for each step, its text, and a block of YAML for what happens. The
page docs/lessons.md shows it whole. It leaves out the models: whether a lesson's facts are true, `run` finds out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from markdown_it import MarkdownIt

from playground.errors import InputError
from playground.lessons.lesson import (
    Choice,
    Condition,
    Do,
    Lesson,
    Predict,
    Problem,
    Reading,
    Reveal,
    Sentence,
    Shown,
    Stage,
    Step,
)
from playground.lessons.marked import FormError, Marked, plain, read
from playground.lessons.places import place
from playground.lessons.readings import condition, reading, reading_shown, sentence
from playground.lessons.stages import check_value, known_field, known_place
from playground.units import with_units

MOST_WORDS = 80
MOST_BYTES = 200_000
FRONT = ("title", "minutes", "know", "fact", "model", "language")
STEP = ("predict", "stage", "do", "reveal", "see", "keep", "expect")
_FRONT = re.compile(r"^---[ \t]*\n(.*?)^---[ \t]*$\n?", re.M | re.S)
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
Item = TypeVar("Item")


@dataclass
class Section:
    """A step before it is read: its heading, the lines of its text, and its block."""

    title: str
    line: int
    text: str = ""
    block: Marked | None = None


@dataclass
class Reader:
    """What one file has said so far: its kept names, the tab of its last stage, and its problems."""

    file: str
    kept: dict[str, str] = field(default_factory=dict)
    tab: str = ""
    problems: list[Problem] = field(default_factory=list)

    def note(self, error: FormError) -> None:
        """Keeps a problem."""
        self.problems.append(Problem(self.file, error.line, error.message, error.allowed))

    def trying(self, function: Callable[[], Item]) -> Item | None:
        """What a function gives, or None and one more problem."""
        try:
            return function()
        except FormError as error:
            self.note(error)
            return None


def read_lesson(path: Path) -> tuple[Lesson | None, tuple[Problem, ...]]:
    """The lesson in a file, or None and what is wrong with it."""
    reader = Reader(path.name)
    lesson = reader.trying(lambda: _lesson(path, reader))
    return (None if reader.problems else lesson), tuple(reader.problems)


def _lesson(path: Path, reader: Reader) -> Lesson:
    text = _text_of(path)
    found = _FRONT.match(text)
    if not found:
        raise FormError(1, "The front matter is missing.", f"Begin with ---, then {', '.join(FRONT)}, then ---.")
    front = _mapping(read(found[1], 2), FRONT, "the front matter")
    body = text[found.end() :]
    steps = tuple(step for section in _sections(body, found[0].count("\n")) if (step := _step(section, reader)))
    if not steps and not reader.problems:
        raise FormError(1, "There is no step.", "A step begins with a heading of the second level: ## Title.")
    language = _text(front, "language", 1) if "language" in front else "en"
    if not _LANGUAGE.match(language):
        raise FormError(front["language"].line, f"language is {language!r}.", "Write its code, such as de or pt-BR.")
    return Lesson(
        name=path.stem,
        title=_said(front, "title", 1),
        minutes=int(_number(front, "minutes", 1, 1, 60)),
        know=tuple(map(with_units, _texts(front, "know", 1))),
        fact=_said(front, "fact", 1),
        model=_texts(front, "model", 1),
        language=language,
        steps=steps,
    )


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
        if len(data) > MOST_BYTES:
            raise FormError(1, f"The file has {len(data):,} bytes.", f"{MOST_BYTES:,} are the most.")
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise FormError(1, f"The file can't be read: {error}.", "It should be text in UTF-8.") from None


def _sections(body: str, before: int) -> list[Section]:
    """The steps of a lesson's body, which begins after so many lines of its file."""
    sections: list[Section] = []
    lines = body.split("\n")
    tokens = [token for token in _MARKDOWN.parse(body) if token.map and token.level == 0]
    headings = [token for token in tokens if token.type == "heading_open" and token.tag in ("h1", "h2")]
    starts = [token.map[0] for token in headings if token.map]
    if tokens and (not starts or tokens[0].map != headings[0].map):
        raise FormError(before + 1 + (tokens[0].map or [0])[0], "This stands before the first step.", "Begin with ##.")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        section = Section(lines[start].strip("# \t"), before + start + 1)
        if not re.match(r"## +[^#\s]", lines[start]):
            raise FormError(section.line, "This heading is no step.", "Write ## and the title of the step.")
        inside = [token for token in tokens if token.map and start < token.map[0] < end]
        blocks = [token for token in inside if token.type == "fence" and token.info.strip() == "yaml"]
        if len(blocks) > 1:
            raise FormError(before + 1 + (blocks[1].map or [0])[0], "This step has two blocks.", "Join them.")
        stop = end
        for token in blocks:
            first, last = token.map or [end, end]
            section.block = read(token.content, before + first + 2)
            stop = first
            for number, line in enumerate(lines[last:end], start=before + last + 1):
                if line.strip():
                    raise FormError(number, "Text follows the block.", "The block stands at the step's end.")
        section.text = "\n".join(lines[start + 1 : stop]).strip()
        sections.append(section)
    return sections


def _step(section: Section, reader: Reader) -> Step | None:
    """One step; None where something in it is wrong, which is then noted."""
    words = len(section.text.split())
    if words > MOST_WORDS:
        allowed = f"{MOST_WORDS} are the most: say less, or make two steps."
        reader.note(FormError(section.line, f"The text of this step has {words:,} words.", allowed))
    return reader.trying(lambda: _step_of(section, reader))


def _step_of(section: Section, reader: Reader) -> Step:
    block = {} if section.block is None else _mapping(section.block, STEP, "a step")
    stage = _stage(block["stage"]) if "stage" in block else None
    if stage:
        reader.tab = stage.tab
    if not reader.tab and block:
        raise FormError(section.line, "No stage has been set yet.", "Give this step a stage, with a tab.")
    do = _do(block["do"], reader) if "do" in block else None
    predict = _predict(block["predict"], reader) if "predict" in block else None
    reveal = _reveal(block["reveal"], predict, reader) if "reveal" in block else None
    if predict and not reveal:
        raise FormError(block["predict"].line, "A guess is never answered.", "Give this step a reveal.")
    keep = _keep(block["keep"], reader) if "keep" in block else ""
    return Step(
        title=with_units(section.title),
        text=section.text,
        html=_MARKDOWN.render(with_units(section.text)),
        line=section.line,
        tab=reader.tab,
        predict=predict,
        stage=stage,
        do=do,
        reveal=reveal,
        see=_see(block["see"], reader) if "see" in block else "",
        keep=keep,
        expect=_conditions(block, "expect", section.line, reader),
    )


def _stage(marked: Marked) -> Stage:
    given = _mapping(marked, None, "stage")
    name = _text(given, "tab", marked.line)
    tab = _at(given["tab"].line, lambda: known_place(name))
    return Stage(name, {**tab.defaults(), **_fields({k: v for k, v in given.items() if k != "tab"}, name)})


def _fields(given: Mapping[str, Marked], tab: str) -> dict[str, Any]:
    """Values for fields of a tab, checked."""
    found: dict[str, Any] = {}
    for name, marked in given.items():
        known = _at(marked.line, lambda name=name: known_field(known_place(tab), name))  # type: ignore[misc]
        found[name] = plain(marked)
        _at(marked.line, lambda name=name, known=known: check_value(known, found[name]))  # type: ignore[misc]
    return found


def _do(marked: Marked, reader: Reader) -> Do:
    given = _mapping(marked, ("say", "until", "show"), "do")
    until = _conditions(given, "until", marked.line, reader)
    if not until:
        raise FormError(marked.line, "do has no until.", "Name a condition that holds when it is done.")
    if "show" not in given:
        raise FormError(marked.line, "do has no show.", "Name fields that do it, for whoever is stuck.")
    show = _fields(_mapping(given["show"], None, "show"), reader.tab)
    return Do(_said(given, "say", marked.line), until, show)


def _predict(marked: Marked, reader: Reader) -> Predict:
    known = ("ask", "choices", "reading", "number", "within", "word", "closer")
    given = _mapping(marked, known, "predict")
    ask = _said(given, "ask", marked.line)
    kinds = [name for name in ("number", "word", "choices") if name in given]
    if len(kinds) != 1:
        raise FormError(marked.line, "predict needs one kind of answer.", "Give choices, number or word.")
    if kinds[0] == "number":
        within = _number(given, "within", marked.line, 0, 1e12) if "within" in given else 0.0
        answer = _shown(given, "number", reader)
        return Predict("number", ask, (), answer.reading, within, answer.form)
    if kinds[0] == "word":
        return Predict("word", ask, (), _reading(given, "word", marked.line, reader))
    return _choice(given, ask, marked.line, reader)


def _choice(given: Mapping[str, Marked], ask: str, line: int, reader: Reader) -> Predict:
    """A question with choices: they say what the reading says, or each has its own condition."""
    answer = _reading(given, "reading", line, reader) if "reading" in given else None
    if "closer" in given:
        name = f"similarity.closest({_text(given, 'closer', line)})"
        answer = _at(given["closer"].line, lambda: reading(name, reader.kept))
    items = given["choices"].value
    if not isinstance(items, list) or not 2 <= len(items) <= 6:
        raise FormError(given["choices"].line, "choices is no list of two to six.", "Write them under each other.")
    choices = tuple(_one_choice(item, answer, reader) for item in items)
    return Predict("choice", ask, choices, answer)


def _one_choice(item: Marked, answer: Reading | None, reader: Reader) -> Choice:
    if not isinstance(item.value, dict):
        if answer is None:
            allowed = "Give the question a reading, or the choice a say and an if."
            raise FormError(item.line, "Nothing says whether this choice is right.", allowed)
        return Choice(with_units(_plain_text(item, "a choice")))
    given = _mapping(item, ("say", "if"), "a choice")
    when = _text(given, "if", item.line)
    return Choice(_said(given, "say", item.line), _at(given["if"].line, lambda: condition(when, reader.kept)))


def _reveal(marked: Marked, predict: Predict | None, reader: Reader) -> Reveal:
    given = _mapping(marked, ("show", "right", "wrong", "why"), "reveal")
    if predict and not {"right", "wrong"} <= given.keys():
        raise FormError(marked.line, "reveal answers a guess.", "Say something for right and for wrong.")
    if not predict and given.keys() & {"right", "wrong"}:
        raise FormError(marked.line, "There is no guess to be right or wrong.", "Say it under why, or add a predict.")
    guessed = Shown(predict.reading, predict.form) if predict and predict.reading else None
    shown = _shown(given, "show", reader) if "show" in given else guessed
    answer = (shown.reading, shown.form) if shown else (None, "")
    return Reveal(*answer, *(_sentence(given, name, reader) for name in ("right", "wrong", "why")))


def _sentence(given: Mapping[str, Marked], name: str, reader: Reader) -> Sentence:
    if name not in given:
        return Sentence()
    text = _said(given, name, given[name].line)
    return _at(given[name].line, lambda: sentence(text, reader.kept))


def _see(marked: Marked, reader: Reader) -> str:
    name, known = _plain_text(marked, "see"), known_place(reader.tab)
    if name not in known.beside:
        allowed = f"It has {', '.join(known.beside)}." if known.beside else "It has nothing beside its answer."
        raise FormError(marked.line, f"The tab {reader.tab!r} shows no {name!r}.", allowed)
    return name


def _keep(marked: Marked, reader: Reader) -> str:
    name = _plain_text(marked, "keep")
    if not re.fullmatch(r"[a-z]\w*", name) or place(name):
        raise FormError(marked.line, f"Facts can't be kept as {name!r}.", "Take a word that isn't the name of a tab.")
    if reader.kept.get(name, reader.tab) != reader.tab:
        raise FormError(marked.line, f"{name!r} already keeps facts of another tab.", "Take another word.")
    reader.kept[name] = reader.tab
    return name


def _conditions(given: Mapping[str, Marked], name: str, line: int, reader: Reader) -> tuple[Condition, ...]:
    """Conditions of a text or a list of texts."""
    if name not in given:
        return ()
    marked = given[name]
    items = marked.value if isinstance(marked.value, list) else [marked]
    found = []
    for item in items:
        text = _plain_text(item, name)
        found.append(_at(item.line, lambda text=text: condition(text, reader.kept)))  # type: ignore[misc]
    return tuple(found)


def _reading(given: Mapping[str, Marked], name: str, line: int, reader: Reader) -> Reading:
    text = _text(given, name, line)
    return _at(given[name].line, lambda: reading(text, reader.kept))


def _shown(given: Mapping[str, Marked], name: str, reader: Reader) -> Shown:
    text = _text(given, name, given[name].line)
    return _at(given[name].line, lambda: reading_shown(text, reader.kept))


def _at(line: int, function: Callable[[], Item]) -> Item:
    """What a function gives; an InputError becomes a problem of this line."""
    try:
        return function()
    except InputError as error:
        raise FormError(line, error.message, error.fix) from None


def _mapping(marked: Marked, known: tuple[str, ...] | None, what: str) -> dict[str, Marked]:
    """The entries of a mapping that has no others than the known ones."""
    if not isinstance(marked.value, dict):
        raise FormError(
            marked.line, f"{what} is no mapping.", f"Write {', '.join(known or ('name',))}, each with a colon."
        )
    for name, value in marked.value.items():
        if known and name not in known:
            raise FormError(value.line, f"{name!r} is no part of {what}.", f"It has {', '.join(known)}.")
    return marked.value


def _text(given: Mapping[str, Marked], name: str, line: int) -> str:
    if name not in given:
        raise FormError(line, f"{name} is missing.", f"Write {name}: and a text.")
    return _plain_text(given[name], name)


def _said(given: Mapping[str, Marked], name: str, line: int) -> str:
    """A text that is shown to whoever walks the lesson."""
    return with_units(_text(given, name, line))


def _plain_text(marked: Marked, what: str) -> str:
    if isinstance(marked.value, bool) or not isinstance(marked.value, str | int | float) or not str(marked.value):
        raise FormError(marked.line, f"{what} is no text.", "Write a text; in quotes if it looks like something else.")
    return str(marked.value)


def _texts(given: Mapping[str, Marked], name: str, line: int) -> tuple[str, ...]:
    if name not in given:
        raise FormError(line, f"{name} is missing.", f"Write {name}: and a list of texts.")
    items = given[name].value if isinstance(given[name].value, list) else [given[name]]
    return tuple(_plain_text(item, name) for item in items)


def _number(given: Mapping[str, Marked], name: str, line: int, low: float, high: float) -> float:
    value = given[name].value if name in given else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        line = given[name].line if name in given else line
        raise FormError(line, f"{name} is {value!r}.", f"It is a number from {low:g} to {high:g}.")
    return value
