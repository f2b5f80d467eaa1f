"""The text that a model learns from, and what can be said of what it wrote: which words and lines are of that text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playground.errors import InputError
from playground.training.language_model.events import TrainingSample
from playground.training.language_model.request import TrainLanguageModelRequest
from playground.training.stories import StoryGrammar

HELD_OUT = 10  # one token of so many is held out, the last ones
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Corpus:
    """The whole text, which ends with a line break; ``grammar`` is what wrote it, if one did."""

    text: str
    grammar: StoryGrammar | None = None
    lines: frozenset[str] = field(default=frozenset(), repr=False)
    words: frozenset[str] = field(default=frozenset(), repr=False)

    def judge(self, written: str) -> TrainingSample:
        """What was written, with what the grammar says of its first line."""
        if self.grammar is None:
            return TrainingSample(written)
        line = written.partition("\n")[0]
        return TrainingSample(line, self.grammar.accepts(line), self.grammar.follows(line), line not in self.lines)

    def known_words(self, samples: tuple[TrainingSample, ...]) -> float:
        """The share of words that stand in the text, 0 where there are none; half words at a sample's end count, too.

        >>> Corpus("a cat\\n", words=frozenset({"a", "cat"})).known_words((TrainingSample("a cot"),))
        0.5
        """
        found = [word for one in samples for word in _WORD.findall(one.text)]
        return sum(word in self.words for word in found) / len(found) if found else 0.0


def read_corpus(request: TrainLanguageModelRequest) -> Corpus:
    """The text of a request: as it was given, with one kind of line breaks, or as its grammar writes it.

    Raises:
        InputError: the grammar can't be read.
    """
    grammar = StoryGrammar.read(request.grammar) if request.grammar.strip() else None
    lines = grammar.write(request.lines, request.seed) if grammar else tuple(plain_lines(request.text))
    text = "\n".join(lines) + "\n"
    return Corpus(text, grammar, frozenset(lines), frozenset(_WORD.findall(text)))


def plain_lines(text: str) -> list[str]:
    """The lines of a text, whatever ends them, without empty ones before and behind."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")


def require_enough(tokens: int, context: int) -> None:
    """Nothing, if what is held out of so many tokens fills a context.

    Raises:
        InputError: it doesn't.
    """
    if tokens // HELD_OUT < context:
        raise InputError(
            f"The text has {tokens:,} tokens, and a context of {context} needs {HELD_OUT * context:,}.",
            "Give more text, or make the context smaller.",
        )
