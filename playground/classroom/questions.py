"""What a class can be asked, one frozen dataclass for each kind, and what counts as an answer to it.

Plain values and no model: what a model says of a question is in `answers`. A choice is answered by its place, counted
from 0, so that nobody can answer what isn't there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from playground.errors import EmptyInputError, InputError
from playground.models.tokenizers import Message
from playground.similarity.request import DEFAULT_TEMPLATE
from playground.texts import quoted, usable_text
from playground.values import real_number, whole_number

LONGEST_TEXT = 4000
LONGEST_WORD = 60
LONGEST_CHOICE = 600
MOST_CHOICES = 30
MOST_TOKENS = 2000
SMALLEST_GROUPED = 10_000
LARGEST_NUMBER = 1e12
LONGEST_UNIT = 12
Value = str | int | float


@dataclass(frozen=True)
class Spoken:
    """What a language model goes on from: a text, or a chat, of which ``text`` is then how it is shown.

    ``reply_ids`` are tokens of a reply that stand there already, and ``reply`` is their text.
    """

    text: str = ""
    model_id: str = ""
    quantization: str = "auto"
    messages: tuple[Message, ...] = ()
    split_special_tokens: bool = False
    reply_ids: tuple[int, ...] = ()
    reply: str = ""

    def __post_init__(self) -> None:
        if self.messages:
            shown = "\n".join(f"{one.role}: {one.content}" for one in self.messages)
            object.__setattr__(self, "text", f"{shown}\nassistant: ")
        _check_text(self.text)
        if len(self.reply_ids) > MOST_TOKENS:
            raise InputError("The reply is too long.", f"A class goes on from at most {MOST_TOKENS} tokens.")


@dataclass(frozen=True)
class NextWord(Spoken):
    """What comes next in a text, in the student's own words. ``token_ids`` is what the class has added to the text."""

    type: ClassVar[Literal["next_word"]] = "next_word"
    token_ids: tuple[int, ...] = ()
    added: str = ""

    @property
    def ask(self) -> str:
        """The question."""
        return "Which word comes next?"

    def read(self, given: Any) -> str:
        """The word, without spaces around it.

        Raises:
            InputError: there is none, or it is too long.
        """
        return one_line(given, LONGEST_WORD, "The word")


@dataclass(frozen=True)
class OneOfTop(Spoken):
    """Which of the model's ``top`` likeliest tokens comes next; they stand in ``choices``, shuffled."""

    type: ClassVar[Literal["one_of_top"]] = "one_of_top"
    top: int = 4
    token_ids: tuple[int, ...] = ()
    added: str = ""
    choices: tuple[str, ...] = ()
    choice_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.top <= 10:
            raise InputError(f"The number of tokens is {self.top}.", "It goes from 2 to 10.")

    @property
    def ask(self) -> str:
        """The question."""
        return "Which of these comes next?"

    def read(self, given: Any) -> int:
        """The place of the choice.

        Raises:
            InputError: there is no such choice.
        """
        return place_of(given, self.choices)


@dataclass(frozen=True)
class Label:
    """Which label a classifier finds likeliest."""

    type: ClassVar[Literal["label"]] = "label"
    text: str
    text_pair: str = ""
    model_id: str = ""
    quantization: str = "auto"
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_text(self.text)
        usable_text(self.text_pair, LONGEST_TEXT)

    @property
    def ask(self) -> str:
        """The question."""
        return "Which label does the model give this text?"

    def read(self, given: Any) -> int:
        """The place of the label.

        Raises:
            InputError: there is no such label.
        """
        return place_of(given, self.choices)


@dataclass(frozen=True)
class TokenCount:
    """Into how many tokens a tokenizer splits a text."""

    type: ClassVar[Literal["token_count"]] = "token_count"
    text: str
    model_id: str = ""
    add_special_tokens: bool = False

    def __post_init__(self) -> None:
        _check_text(self.text)

    @property
    def ask(self) -> str:
        """The question."""
        return f"How many tokens is this{', special ones included' if self.add_special_tokens else ''}?"

    def read(self, given: Any) -> int:
        """The number.

        Raises:
            InputError: it is no whole number, or too large.
        """
        return within(whole_number("The number", given), 1, 100_000)


@dataclass(frozen=True)
class CloserPair:
    """Which of two words surprises the model less after ``word``."""

    type: ClassVar[Literal["closer_pair"]] = "closer_pair"
    word: str
    choices: tuple[str, ...]
    model_id: str = ""
    quantization: str = "auto"
    template: str = DEFAULT_TEMPLATE

    def __post_init__(self) -> None:
        if len(self.choices) != 2:
            raise InputError("There must be two words to choose from.", "Write one a line.")
        for one in (self.word, *self.choices):
            one_line(one, LONGEST_WORD, "The word")
        if len({self.word, *self.choices}) < 3:
            raise InputError("Two of the words are the same.", "Give three different ones.")

    @property
    def ask(self) -> str:
        """The question."""
        return f"Which is closer to {quoted(self.word)}?"

    def read(self, given: Any) -> int:
        """The place of the word.

        Raises:
            InputError: there is no such word.
        """
        return place_of(given, self.choices)


@dataclass(frozen=True)
class GreedyReply(Spoken):
    """Which of two replies always took the likeliest token; the other one was drawn."""

    type: ClassVar[Literal["greedy_reply"]] = "greedy_reply"
    max_new_tokens: int = 20
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.max_new_tokens <= 100:
            raise InputError(f"The number of tokens of each reply is {self.max_new_tokens}.", "It goes from 1 to 100.")

    @property
    def ask(self) -> str:
        """The question."""
        return "Which of these replies always took the likeliest token?"

    def read(self, given: Any) -> int:
        """The place of the reply.

        Raises:
            InputError: there is no such reply.
        """
        return place_of(given, self.choices)


@dataclass(frozen=True)
class Slider:
    """A position between two numbers, such as how sure the model is of a text; ``unit`` is behind the number."""

    type: ClassVar[Literal["slider"]] = "slider"
    question: str
    low: float = 0.0
    high: float = 100.0
    unit: str = "%"
    text: str = ""

    def __post_init__(self) -> None:
        one_line(self.question, LONGEST_CHOICE, "The question")
        usable_text(self.text, LONGEST_TEXT)
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            ends = f"from {grouped(self.low)} to {grouped(self.high)}"
            raise InputError(f"The slider goes {ends}.", "Its low end is the smaller number.")
        for end in (self.low, self.high):
            within(end, -LARGEST_NUMBER, LARGEST_NUMBER)
        _check_unit(self.unit)

    @property
    def ask(self) -> str:
        """The question."""
        return self.question

    def read(self, given: Any) -> float:
        """The position.

        Raises:
            InputError: it is no number, or beyond an end.
        """
        return within(real_number("The number", given), self.low, self.high)


@dataclass(frozen=True)
class Choice:
    """Any question with choices, such as that of a lesson."""

    type: ClassVar[Literal["choice"]] = "choice"
    question: str
    choices: tuple[str, ...]

    def __post_init__(self) -> None:
        one_line(self.question, LONGEST_CHOICE, "The question")
        if len(set(self.choices)) < len(self.choices):
            raise InputError("Two of the choices are the same.", "Give different ones.")
        if not 2 <= len(self.choices) <= MOST_CHOICES:
            count = f"are {len(self.choices)} choices" if len(self.choices) != 1 else "is 1 choice"
            raise InputError(f"There {count}.", f"Give 2 to {MOST_CHOICES} different ones.")
        for one in self.choices:
            one_line(one, LONGEST_CHOICE, "The choice")

    @property
    def ask(self) -> str:
        """The question."""
        return self.question

    def read(self, given: Any) -> int:
        """The place of the choice.

        Raises:
            InputError: there is no such choice.
        """
        return place_of(given, self.choices)


@dataclass(frozen=True)
class Number:
    """Any question for a number, such as that of a lesson; ``unit`` is written behind it."""

    type: ClassVar[Literal["number"]] = "number"
    question: str
    unit: str = ""

    def __post_init__(self) -> None:
        one_line(self.question, LONGEST_CHOICE, "The question")
        _check_unit(self.unit)

    @property
    def ask(self) -> str:
        """The question."""
        return self.question

    def read(self, given: Any) -> float:
        """The number.

        Raises:
            InputError: it is none, or too large.
        """
        return within(real_number("The number", given), -LARGEST_NUMBER, LARGEST_NUMBER)


@dataclass(frozen=True)
class Word:
    """Any question for a word, such as that of a lesson."""

    type: ClassVar[Literal["word"]] = "word"
    question: str

    def __post_init__(self) -> None:
        one_line(self.question, LONGEST_CHOICE, "The question")

    @property
    def ask(self) -> str:
        """The question."""
        return self.question

    def read(self, given: Any) -> str:
        """The word, without spaces around it.

        Raises:
            InputError: there is none, or it is too long.
        """
        return one_line(given, LONGEST_WORD, "The word")


Question = NextWord | OneOfTop | Label | TokenCount | CloserPair | GreedyReply | Slider | Choice | Number | Word
Continued = NextWord | OneOfTop  # those whose answer can become the text's next token
Told = Slider | Choice | Number | Word  # those that no model answers: who asks knows what is right


def one_line(given: Any, most: int, name: str) -> str:
    """A text with every run of white space as one space.

    >>> one_line("  sky\\nblue ", 60, "The word")
    'sky blue'

    Raises:
        EmptyInputError: there is nothing in it.
        InputError: it is no text, or longer than ``most`` characters.
    """
    if not isinstance(given, str):
        raise InputError(f"{name} is no text.", "Type one.")
    text = " ".join(usable_text(given, 10 * most, name).split())
    if not text:
        raise EmptyInputError(f"{name} is empty.", "Type something.")
    return usable_text(text, most, name)


def place_of(given: Any, choices: tuple[str, ...]) -> int:
    """The place of a choice, from 0.

    Raises:
        InputError: there is none at this place.
    """
    return int(within(whole_number("The choice", given), 0, len(choices) - 1))


def grouped(number: float) -> str:
    """A number as people read it: large ones in groups of three digits, but no years.

    >>> grouped(20_000_000), grouped(1990), grouped(0.5), grouped(-12)
    ('20,000,000', '1990', '0.5', '−12')
    """
    return f"{number:{',' if abs(number) >= SMALLEST_GROUPED else ''}.12g}".replace("-", "−")


def within(number: Any, low: float, high: float) -> Any:
    """The number itself.

    Raises:
        InputError: it lies outside.
    """
    if not low <= number <= high:
        raise InputError(f"{grouped(number)} is out of range.", f"It goes from {grouped(low)} to {grouped(high)}.")
    return number


def _check_unit(unit: str) -> None:
    usable_text(unit, LONGEST_UNIT, "The unit")


def _check_text(text: str) -> None:
    if not text.strip():
        raise EmptyInputError("There is no text.", "Write one first.")
    usable_text(text, LONGEST_TEXT)
