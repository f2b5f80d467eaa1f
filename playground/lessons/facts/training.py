"""What lessons can read of a training: how it went, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from playground.lessons.facts.field import Fields, says
from playground.training.events import SplitSaid, TrainedClassifier, mixed

if TYPE_CHECKING:
    from playground.training.language_model.events import LanguageModelTrained

SOME = 20  # held-out rows


@dataclass(frozen=True)
class Training:
    """One that has ended: what was asked, all that was said of it, and the rows as they were typed."""

    request: Any
    events: tuple[Any, ...]
    rows: str = ""

    def first(self, kind: str) -> Any:
        """The first that was said of this type."""
        return next(one for one in self.events if one.type == kind)


@dataclass(frozen=True)
class TrainingFacts:
    """A classifier that has learned."""

    base_id: str = says("The model that it began with.")
    labels: tuple[str, ...] = says("Its labels.")
    learned_from: int = says("How many rows it learned from.")
    held_out: int = says("How many rows it never learned from.")
    right_of_20: int = says("How many of 20 held-out rows it gets right.")
    accuracy: float = says("The share of all held-out rows that it gets right, from 0 to 1.")
    accuracy_before: float = says("The same before it learned.")
    chance: float = says("The same of one who always says the most frequent label.")
    first_loss: float = says("The loss of its first step, in nats.")
    loss: float = says("The loss on held-out rows in the end, in nats.")
    parameters: int = says("How many numbers the model has.")
    trained_parameters: int = says("How many of them were trained.")
    steps: int = says("How many steps it took.")


def observe_training(result: Training, fields: Fields) -> TrainingFacts:
    """What came of the rows."""
    trained, split = result.events[-1], result.first(SplitSaid.type)
    assert isinstance(trained, TrainedClassifier)
    return TrainingFacts(
        base_id=trained.base_id,
        labels=trained.labels,
        learned_from=sum(split.train_counts),
        held_out=sum(split.held_counts),
        right_of_20=sum(row.gold == row.after for row in mixed(trained.rows)[:SOME]),
        accuracy=trained.accuracy,
        accuracy_before=trained.accuracy_before,
        chance=split.chance,
        first_loss=trained.train_losses[0],
        loss=trained.loss,
        parameters=trained.parameters,
        trained_parameters=trained.trained_parameters,
        steps=trained.steps,
    )


@dataclass(frozen=True)
class LanguageModelFacts:
    """A language model that began with random numbers."""

    grammar: str = says("The grammar that wrote what it read; empty if it read a text.")
    vocab_size: int = says("How many entries its vocabulary has.")
    parameters: int = says("How many numbers it has.")
    steps: int = says("How many steps it took.")
    uniform_loss: float = says("The loss of guessing any entry of the vocabulary: the natural logarithm of its size.")
    first_loss: float = says("Its loss before the first step, on lines that it never learns from, in nats.")
    loss: float = says("The same in the end.")
    accepted: float | None = says("The share of its lines that the grammar could have written; nothing without one.")
    known_words: float = says("The share of the words it wrote that stand in what it read.")
    first_text: str = says("A line that it wrote before its first step.")
    text: str = says("A line that it wrote in the end.")
    words: tuple[str, ...] = says("The words that it wrote in the end, the most frequent first.")


def observe_language_model(result: Training, fields: Fields) -> LanguageModelFacts:
    """What came of the text."""
    trained: LanguageModelTrained = result.events[-1]
    corpus, begun = result.first("corpus_read"), result.first("checkpoint")
    words = chain.from_iterable(sample.text.split() for sample in trained.samples)
    counted = Counter(word.strip(".,;:!?\"'()") for word in words)
    return LanguageModelFacts(
        grammar=trained.request.grammar,
        vocab_size=trained.vocab_size,
        parameters=trained.parameters,
        steps=trained.steps,
        uniform_loss=corpus.uniform_loss,
        first_loss=begun.heldout_loss,
        loss=trained.heldout_loss,
        accepted=trained.accepted,
        known_words=trained.known_words,
        first_text=begun.samples[0].text,
        text=trained.samples[0].text,
        words=tuple(word for word, _ in counted.most_common() if word),
    )
