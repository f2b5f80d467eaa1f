"""What can be asked about words: every pair of a few, a table of many, or a list of pairs."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_MODEL = "playground/word-association"
DEFAULT_TEMPLATE = "When people hear the word {source}, they think of the word {target}"


@dataclass(frozen=True)
class WordLossRequest:
    """Score every ordered pair of two or three words (or phrases), with the loss of each piece."""

    words: tuple[str, ...]
    model_id: str = DEFAULT_MODEL
    quantization: str = "auto"
    template: str = DEFAULT_TEMPLATE


@dataclass(frozen=True)
class WordMatrixRequest:
    """Score up to 60 words against each other."""

    words: tuple[str, ...]
    model_id: str = DEFAULT_MODEL
    quantization: str = "auto"
    template: str = DEFAULT_TEMPLATE
    cosine: bool = True


@dataclass(frozen=True)
class WordPairsRequest:
    """Score a list of (word1, word2) pairs in both directions, with everything that can be compared with ratings."""

    pairs: tuple[tuple[str, str], ...]
    model_id: str = DEFAULT_MODEL
    quantization: str = "auto"
    template: str = DEFAULT_TEMPLATE
    cosine: bool = True
