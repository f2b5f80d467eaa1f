"""What the similarity wing can be asked: plain values that know no model.

One word may stand for a list of one word, and lists for tuples.
"""

from __future__ import annotations

from dataclasses import dataclass

from playground.errors import EmptyInputError, InputTooLongError
from playground.texts import usable_text
from playground.values import texts

DEFAULT_TEMPLATE = "When people hear the word {source}, they think of the word {target}"
MAX_WORDS = 60
MAX_PAIRS = 1_000
MAX_TEXTS = 256
MAX_CHARACTERS = 100_000  # of one text to embed; no encoder here reads as many


@dataclass(frozen=True)
class WordLossRequest:
    """Score every ordered pair of two or three words (or phrases), with the loss of each piece.

    ``model_id`` None is the catalog's first; ``template`` counts for causal models only.

    >>> WordLossRequest("man").words
    ('man',)
    """

    words: tuple[str, ...]
    model_id: str | None = None
    quantization: str = "auto"
    template: str = DEFAULT_TEMPLATE

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", _texts(self.words))


@dataclass(frozen=True)
class WordMatrixRequest:
    """Score up to 60 words against each other; ``cosine`` adds that of their embeddings."""

    words: tuple[str, ...]
    model_id: str | None = None
    quantization: str = "auto"
    template: str = DEFAULT_TEMPLATE
    cosine: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", _texts(self.words))


@dataclass(frozen=True)
class WordPairsRequest:
    """Score a list of (word1, word2) pairs in both directions, with everything that can be compared with ratings.

    >>> WordPairsRequest([["tiger", "cat"]]).pairs
    (('tiger', 'cat'),)
    """

    pairs: tuple[tuple[str, str], ...]
    model_id: str | None = None
    quantization: str = "auto"
    template: str = DEFAULT_TEMPLATE
    cosine: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", tuple(_texts(pair) for pair in self.pairs))


@dataclass(frozen=True)
class EmbedRequest:
    """Turn up to 256 texts into unit vectors of an encoder; ``model_id`` None is the catalog's first.

    >>> EmbedRequest("a cat").texts
    ('a cat',)
    """

    texts: tuple[str, ...]
    model_id: str | None = None
    quantization: str = "auto"

    def __post_init__(self) -> None:
        given = texts("texts", self.texts)
        if not given or not all(given):
            raise EmptyInputError("There is nothing to embed, or one of the texts is empty.", "Give texts.")
        if len(given) > MAX_TEXTS:
            raise InputTooLongError(f"There are {len(given):,} texts.", f"Give at most {MAX_TEXTS} at a time.")
        for number, text in enumerate(given, start=1):
            usable_text(text, MAX_CHARACTERS, f"Text {number}")
        object.__setattr__(self, "texts", given)


def _texts(given: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
