"""Labels of tokens -> labels of words -> characters of the text with one label.

The five strategies of ``TokenClassificationPipeline``: "none" keeps tokens, "simple" joins neighbours with one tag, and
"first", "average" and "max" first agree on one label for each word. A tag's ``B-`` begins, its ``I-`` goes on.

Leaves out the model (`token_classification`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from playground.pipelines.result import Entity


@dataclass(frozen=True)
class Scored:
    """A token, or several of one word, with a score for every label; ``joins`` says that it goes on with a word."""

    scores: tuple[float, ...]
    piece: str
    start: int
    end: int
    joins: bool


Spell = Callable[[Sequence[str]], str]  # pieces -> text


def labelled(tokens: Sequence[Scored], labels: Sequence[str]) -> tuple[Entity, ...]:
    """Each token with its best label."""
    return tuple(Entity(*_best(one.scores, labels), one.piece, one.start, one.end) for one in tokens)


def words_of(tokens: Sequence[Scored], labels: Sequence[str], strategy: str, spell: Spell) -> tuple[Entity, ...]:
    """Each word with the label that a strategy gives it: "first", "average" or "max".

    >>> pieces = [Scored((0.9, 0.1), "a", 0, 1, False), Scored((0.2, 0.8), "b", 1, 2, True)]
    >>> [words_of(pieces, ("X", "Y"), how, "".join)[0].label for how in ("first", "average", "max")]
    ['X', 'X', 'X']
    """
    words: list[list[Scored]] = []
    for token in tokens:
        if words and token.joins:
            words[-1].append(token)
        else:
            words.append([token])
    return tuple(
        Entity(*_best(_agreed(word, strategy), labels), spell([one.piece for one in word]), word[0].start, word[-1].end)
        for word in words
    )


def _agreed(word: Sequence[Scored], strategy: str) -> tuple[float, ...]:
    """The scores of a word."""
    if strategy == "first":
        return word[0].scores
    if strategy == "max":
        return max(word, key=lambda one: max(one.scores)).scores
    return tuple(sum(column) / len(word) for column in zip(*(one.scores for one in word), strict=True))


def joined(parts: Sequence[Entity], spell: Spell) -> tuple[Entity, ...]:
    """Neighbours with one tag as one; a part that begins (``B-``) never goes on with the one before.

    >>> parts = [Entity("B-PER", 0.5, "Ann", 0, 3), Entity("I-PER", 0.7, "Lee", 4, 7), Entity("O", 1.0, "ran", 8, 11)]
    >>> [(one.label, one.word, one.score) for one in joined(parts, " ".join)]
    [('PER', 'Ann Lee', 0.6), ('O', 'ran', 1.0)]
    """
    groups: list[list[Entity]] = []
    for part in parts:
        begins, tag = _tag(part.label)
        if groups and not begins and tag == _tag(groups[-1][-1].label)[1]:
            groups[-1].append(part)
        else:
            groups.append([part])
    return tuple(
        Entity(
            group[0].label.split("-", 1)[-1],
            sum(one.score for one in group) / len(group),
            spell([one.word for one in group]),
            group[0].start,
            group[-1].end,
        )
        for group in groups
    )


def without_overlap(entities: Sequence[Entity]) -> tuple[Entity, ...]:
    """Entities of several windows: of two that overlap the longer stays, of two as long the surer."""
    kept: list[Entity] = []
    for one in sorted(entities, key=lambda one: one.start):
        if kept and kept[-1].start <= one.start < kept[-1].end:
            if (one.end - one.start, one.score) > (kept[-1].end - kept[-1].start, kept[-1].score):
                kept[-1] = one
        else:
            kept.append(one)
    return tuple(kept)


def shown(entities: Sequence[Entity], text: str) -> tuple[Entity, ...]:
    """Entities with the text's own characters in place of what a tokenizer spells."""
    return tuple(replace(one, word=text[one.start : one.end]) for one in entities)


def _best(scores: Sequence[float], labels: Sequence[str]) -> tuple[str, float]:
    number = max(range(len(scores)), key=scores.__getitem__)
    return labels[number], scores[number]


def _tag(label: str) -> tuple[bool, str]:
    """Whether a label begins an entity, and its tag."""
    return label.startswith("B-"), label[2:] if label[:2] in ("B-", "I-") else label
