"""Stories by a small grammar: word lists and sentence patterns -> lines of text, and whether a line is one of them.

A grammar is a text, one list or pattern a line::

    name = Mia, Ben, Lena
    thing = ball, kite
    {name} has a {thing}. The {thing} is new.
    {name} and {name2} play.

``{thing}`` twice in a pattern is the same word twice; ``{name2}`` is another word of the list ``name`` than ``{name}``.
Behind ``#`` stands a comment. The checker reads a line from left to right and never has to try twice: no word of a list
may begin another one at the end of a word, and no letter may stand right behind a brace.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import perm, prod
from pathlib import Path

from playground.errors import EmptyInputError, InputError
from playground.texts import quoted, usable_text

EXAMPLE = Path(__file__).parents[2] / "assets" / "examples" / "stories.txt"
MOST_CHARACTERS = 20_000
MOST_WORDS, LONGEST_WORD = 200, 60
MOST_PATTERNS, LONGEST_PATTERN, MOST_SLOTS = 100, 400, 12
_LIST = re.compile(r"\s*([^\W\d_]+)\s*=(.*)")
_SLOT = re.compile(r"([^\W\d_]+)[0-9]*")


@dataclass(frozen=True)
class Slot:
    """A place in a pattern: ``name`` as it is written in braces, such as ``name2``, and the list that fills it."""

    name: str
    list_name: str


@dataclass(frozen=True)
class StoryGrammar:
    """Word lists and patterns; a pattern is a sequence of texts and slots."""

    words: dict[str, tuple[str, ...]]
    patterns: tuple[tuple[str | Slot, ...], ...]

    @classmethod
    def read(cls, text: str) -> StoryGrammar:
        """The grammar that somebody wrote.

        Raises:
            EmptyInputError: there is no pattern.
            InputError: a line can't be read; the message names it and says what to do.
        """
        usable_text(text, MOST_CHARACTERS, "The grammar")
        written = [(n, line) for n, line in enumerate(map(_uncommented, text.splitlines()), start=1) if line]
        words: dict[str, tuple[str, ...]] = {}
        for number, line in written:
            if found := _LIST.fullmatch(line):
                if found[1] in words:
                    raise _wrong(number, f"the list {found[1]} is there already", "Give it another name.")
                words[found[1]] = _words(number, found[1], found[2])
        sentences = [(n, line) for n, line in written if not _LIST.fullmatch(line)]
        if not sentences:
            raise EmptyInputError(
                "The grammar has no pattern.", "Write a line such as: The cat sleeps. Or press Story grammar."
            )
        if len(sentences) > MOST_PATTERNS:
            raise InputError(f"The grammar has {len(sentences)} patterns.", f"Use at most {MOST_PATTERNS}.")
        return cls(words, tuple(_pattern(number, line, words) for number, line in sentences))

    @property
    def count(self) -> int:
        """How many lines it can write; where two patterns can write the same one, that counts twice."""
        return sum(prod(perm(len(self.words[one]), many) for one, many in _needs(p).items()) for p in self.patterns)

    def write(self, count: int, seed: int) -> tuple[str, ...]:
        """So many lines, each of a pattern and words drawn by lot."""
        draw = random.Random(seed)
        return tuple(self._line(draw) for _ in range(count))

    def _line(self, draw: random.Random) -> str:
        chosen: dict[Slot, str] = {}
        parts = []
        for part in draw.choice(self.patterns):
            if isinstance(part, Slot) and part not in chosen:
                chosen[part] = draw.choice(self._free(part, chosen))
            parts.append(chosen[part] if isinstance(part, Slot) else part)
        return "".join(parts)

    def _free(self, slot: Slot, chosen: dict[Slot, str]) -> list[str]:
        """The words that may still fill a slot."""
        taken = {word for other, word in chosen.items() if other.list_name == slot.list_name}
        return [word for word in self.words[slot.list_name] if word not in taken]

    def accepts(self, line: str) -> bool:
        """Whether the grammar can write exactly this line."""
        return any(is_whole and end == len(line) for end, is_whole in self._walks(line))

    def follows(self, line: str) -> int:
        """How many characters of a line, from its beginning, some line of the grammar shares."""
        return max(end for end, _ in self._walks(line))

    def _walks(self, line: str) -> Iterator[tuple[int, bool]]:
        """For each pattern: how far the line follows it, and whether that was all of the pattern."""
        for pattern in self.patterns:
            place, is_whole = 0, True
            chosen: dict[Slot, str] = {}
            for part in pattern:
                options = [part] if isinstance(part, str) else [chosen[part]] if part in chosen else []
                options = options or self._free(part, chosen)  # type: ignore[arg-type]  # a slot that is still open
                hit = next((one for one in options if _stands(one, line, place, isinstance(part, Slot))), None)
                if hit is None:
                    place, is_whole = place + max(_common(one, line[place:]) for one in options), False
                    break
                place += len(hit)
                if isinstance(part, Slot):
                    chosen[part] = hit
            yield place, is_whole


def example() -> str:
    """The grammar that comes with the playground, as it can be edited."""
    return EXAMPLE.read_text(encoding="utf-8")


def _stands(text: str, line: str, place: int, is_word: bool) -> bool:
    """Whether a text stands at a place of a line; a word only where it ends there."""
    end = place + len(text)
    return line.startswith(text, place) and not (is_word and _is_letter(line[end : end + 1]))


def _common(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"


def _uncommented(line: str) -> str:
    return line.partition("#")[0].strip()


def _words(number: int, name: str, written: str) -> tuple[str, ...]:
    """The words of a list.

    Raises:
        InputError: it has none or too many; one is too long, has braces, or begins another.
    """
    found = dict.fromkeys(" ".join(word.split()) for word in written.split(",") if word.strip())
    if not found:
        raise _wrong(number, f"the list {name} is empty", f"Write words between commas: {name} = one, two.")
    if len(found) > MOST_WORDS:
        raise _wrong(number, f"the list {name} has {len(found):,} words", f"Use at most {MOST_WORDS}.")
    for word in found:
        if len(word) > LONGEST_WORD or "{" in word or "}" in word:
            raise _wrong(
                number, f"{quoted(word[:LONGEST_WORD])} is no word", f"Use at most {LONGEST_WORD} letters, no braces."
            )
        ends = [end for end in range(1, len(word)) if not _is_letter(word[end])]
        if first := next((word[:end] for end in ends if word[:end] in found), None):
            raise _wrong(
                number, f"{quoted(first)} begins {quoted(word)}", "Leave one of them out, or join the two with a _."
            )
    return tuple(found)


def _pattern(number: int, line: str, words: dict[str, tuple[str, ...]]) -> tuple[str | Slot, ...]:
    """The texts and slots of a pattern.

    Raises:
        InputError: it is too long, a brace stands alone, a list is missing or too short, or a letter follows a slot.
    """
    texts = re.split(r"\{([^{}]*)\}", line)
    if len(line) > LONGEST_PATTERN or len(texts) // 2 > MOST_SLOTS:
        raise _wrong(number, "the pattern is too long", f"Use {LONGEST_PATTERN} characters and {MOST_SLOTS} braces.")
    parts: list[str | Slot] = []
    for place, text in enumerate(texts):
        if place % 2:
            parts.append(_slot(number, text, words))
        elif "{" in text or "}" in text:
            raise _wrong(number, "a brace stands alone", "Write the name of a list between { and }.")
        elif place and (_is_letter(text[:1]) or (not text and place < len(texts) - 1)):
            raise _wrong(
                number, f"something stands right behind {{{texts[place - 1]}}}", "Write a space or a mark there."
            )
        elif text:
            parts.append(text)
    pattern = tuple(parts)
    for name, many in _needs(pattern).items():
        if many > len(words[name]):
            raise _wrong(number, f"{many:,} different words of the list {name} are needed", "Add words to the list.")
    return pattern


def _slot(number: int, written: str, words: dict[str, tuple[str, ...]]) -> Slot:
    found = _SLOT.fullmatch(written.strip())
    if not found or found[1] not in words:
        known = ", ".join(words) or "none yet"
        raise _wrong(
            number, f"there is no list for {{{written[:LONGEST_WORD]}}}", f"Write one; there are these: {known}."
        )
    return Slot(found[0], found[1])


def _needs(pattern: tuple[str | Slot, ...]) -> dict[str, int]:
    """How many different words of each list a pattern takes."""
    needed: dict[str, int] = {}
    for slot in {part for part in pattern if isinstance(part, Slot)}:
        needed[slot.list_name] = needed.get(slot.list_name, 0) + 1
    return needed


def _wrong(number: int, what: str, fix: str) -> InputError:
    return InputError(f"Line {number} of the grammar: {what}.", fix)
