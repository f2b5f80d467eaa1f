"""What lessons can read of words and how surprised a model is by them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.lessons.facts.field import Fields, says

if TYPE_CHECKING:
    from playground.similarity.result import FlatPicture, WordLossResult, WordMapResult


@dataclass(frozen=True)
class PairFact:
    """One word as the label of another."""

    loss: float = says("The mean loss of the label's pieces, in nats.")
    loss_sum: float = says("The loss of the whole label, in nats.")
    perplexity: float = says("exp(loss).")
    pieces: int = says("How many pieces the label has.")


@dataclass(frozen=True)
class SimilarityFacts:
    """How surprised a model is by one word after another."""

    model_id: str = says("The model.")
    words: tuple[str, ...] = says("The words.")
    pair: dict[str, dict[str, PairFact]] = says("One word as the label of another: the source first.")
    closest: dict[str, str] = says("The word with the smallest exp(loss) after this one.")
    smallest: float = says("The smallest exp(loss) of all pairs.")
    farthest: dict[str, str] = says("The word with the greatest exp(loss) after this one.")


@dataclass(frozen=True)
class WordMapFacts:
    """Words as points of two flat pictures."""

    model_id: str = says("The model whose losses are shown.")
    words: tuple[str, ...] = says("The words.")
    nearest: int = says("How many neighbours of each word are counted.")
    kept_by_embedding: float | None = says("Which share of the variance of MiniLM's vectors its picture keeps.")
    kept_by_loss: float = says("Which share of all eigenvalues' sizes the picture of the losses keeps.")
    negative_by_loss: int = says("How many eigenvalues of the losses are negative, as in no space.")
    near_by_embedding: float | None = says("How many of a word's nearest are still its nearest there, on average.")
    near_by_loss: float = says("The same in the picture of the losses.")
    first_by_embedding: dict[str, str] = says("The word whose embedding is nearest to this one's.")
    first_by_loss: dict[str, str] = says("The word that is nearest to this one by loss, both directions.")


def observe_similarity(result: WordLossResult, fields: Fields) -> SimilarityFacts:
    """The loss of every pair."""
    pair: dict[str, dict[str, PairFact]] = {}
    for one in result.losses:
        about = PairFact(one.loss, one.loss_sum, one.perplexity, len(one.pieces))
        pair.setdefault(one.source, {})[one.target] = about
    return SimilarityFacts(
        model_id=result.model_id,
        words=tuple(fields["words"]),
        pair=pair,
        closest={source: min(to, key=lambda word: to[word].loss) for source, to in pair.items()},
        smallest=min(one.perplexity for one in result.losses),
        farthest={source: max(to, key=lambda word: to[word].loss) for source, to in pair.items()},
    )


def observe_word_map(result: WordMapResult, fields: Fields) -> WordMapFacts:
    """What two flat pictures keep."""
    loss, embedding = result.by_loss, result.by_embedding
    return WordMapFacts(
        model_id=result.model_id,
        words=result.words,
        nearest=result.nearest,
        kept_by_embedding=None if embedding is None else embedding.kept,
        kept_by_loss=loss.kept,
        negative_by_loss=loss.negative,
        near_by_embedding=None if embedding is None else _mean(embedding.still_near),
        near_by_loss=_mean(loss.still_near),
        first_by_embedding={} if embedding is None else _first(result.words, embedding),
        first_by_loss=_first(result.words, loss),
    )


def _first(words: Sequence[str], picture: FlatPicture) -> dict[str, str]:
    return {word: words[near[0]] for word, near in zip(words, picture.neighbours, strict=True)}


def _mean(numbers: Iterable[float]) -> float:
    found = list(numbers)
    return sum(found) / len(found)
