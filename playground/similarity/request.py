"""What the similarity wing can be asked: plain values that know no model.

One word may stand for a list of one word, and lists for tuples.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_TEMPLATE = "When people hear the word {source}, they think of the word {target}"
MAX_WORDS = 60
MAX_PAIRS = 1_000


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


def _texts(given: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
