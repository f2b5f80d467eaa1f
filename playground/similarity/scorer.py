"""Losses of labels under one resident model: what all kinds of models share.

``model(...).loss`` is one number for one pair. For many pairs there are quicker ways: read each source once, score many
labels in one pass. Families differ in whether these ways change the numbers, so `proven` tries a scorer's ways on two
words, against ``model(...).loss`` itself, and takes the first that agrees. Where none does, the model is refused.

The kinds themselves are in `seq2seq` and `causal`.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from playground.errors import InputError, InputTooLongError, PlaygroundError, UnsupportedOptionError
from playground.models.limits import token_limit
from playground.models.memory import is_out_of_memory
from playground.models.reasons import why
from playground.similarity.words import quoted

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel

log = logging.getLogger(__name__)
CHUNK_BYTES = 192 * 2**20
TOLERANCE, ROUGH_TOLERANCE = 1e-4, 5e-2  # float32 against half precision and quantized weights
PROBES = ("no", "one two three four five six")
Pieces = list[tuple[int, float]]  # (token_id, loss in nats) of a label


class Scorer(ABC):
    """Losses of labels under one model, by its ``way``: the name of one of `WAYS`, the quickest first."""

    WAYS: tuple[str, ...] = ()

    def __init__(self, loaded: LoadedModel, template: str | None) -> None:
        self.loaded, self.model, self.tokenizer = loaded, loaded.model, loaded.tokenizer
        self.template = template
        self.way = self.WAYS[0]

    def obstacle(self) -> str:
        """Why no model of this kind has a loss for a word and its label, in a part of a sentence; empty if it may."""
        return ""

    @abstractmethod
    def label_ids(self, target: str) -> list[int]:
        """The pieces that count for a target."""

    @abstractmethod
    def plain_loss(self, source: str, target: str) -> float:
        """What ``model(...).loss`` is for one pair, without any shortcut."""

    @abstractmethod
    def rows(self, sources: Sequence[str], targets: Sequence[str]) -> Iterator[tuple[int, list[list[Pieces]]]]:
        """Chunks of (index of the first source, for each source the pieces of every target)."""

    def piece_losses(self, source: str, targets: Sequence[str]) -> list[Pieces]:
        """For each target its (token_id, loss in nats) pairs, given the source."""
        return [row for _, rows in self.rows([source], targets) for row in rows[0]]

    def sums(self, sources: Sequence[str], targets: Sequence[str]) -> Iterator[tuple[int, list[tuple[float, ...]]]]:
        """Chunks of (index of the first source, for each source the summed loss of every target)."""
        for start, rows in self.rows(sources, targets):
            yield start, [tuple(sum(loss for _, loss in pieces) for pieces in row) for row in rows]

    def check_known(self, words: Sequence[str]) -> None:
        """Lets words pass of which the tokenizer knows a piece.

        Raises:
            InputError: one becomes only unknown tokens, and so would get the same losses as any other such word.
        """
        beginning = self.tokenizer.convert_tokens_to_ids("▁")  # where a word begins: by itself it says nothing of it
        empty = {self.tokenizer.unk_token_id, beginning, *self.tokenizer.all_special_ids}
        for word in words:
            if set(self.tokenizer(word, verbose=False)["input_ids"]) <= empty:
                raise InputError(
                    f"{self.loaded.spec.title} knows no piece of {quoted(word)}: it becomes only unknown tokens.",
                    "Leave it out, or pick a model whose tokenizer knows it.",
                )

    def fitting(self, text: str, ids: list[int]) -> list[int]:
        """The ids of a text, if the model can take that many.

        Raises:
            InputTooLongError: it can't.
        """
        limit = token_limit(self.model, self.tokenizer)
        if len(ids) > limit:
            raise InputTooLongError(
                f"{quoted(text)} is {len(ids):,} tokens for {self.loaded.spec.title}; {limit:,} fit.", "Shorten it."
            )
        return ids

    def pairs_per_chunk(self, length: int) -> int:
        """How many labels of so many pieces may be scored in one pass."""
        return max(1, CHUNK_BYTES // (length * self.model.config.get_text_config().vocab_size * 4))


@dataclass(frozen=True)
class _Proof:
    """The way that agrees with the model's own loss, or why none does; a companion of the model, so found once."""

    way: str
    obstacle: str = ""

    def close(self) -> None:
        """Nothing is held."""


def proven(scorer: Scorer) -> Scorer:
    """The scorer, on the quickest way that gives what the model's own loss is.

    Raises:
        UnsupportedOptionError: there is none, or the model has no loss for a word and its label.
    """
    proof: _Proof = scorer.loaded.companion("word loss", lambda loaded: _prove(scorer))
    if not proof.way:
        raise UnsupportedOptionError(
            f"{scorer.loaded.spec.title} can't be asked how surprised it is by a word: {proof.obstacle}",
            "Pick another model, such as the embedded ones.",
        )
    scorer.way = proof.way
    return scorer


def _prove(scorer: Scorer) -> _Proof:
    if obstacle := scorer.obstacle():
        return _Proof("", obstacle)
    try:
        expected = [[scorer.plain_loss(source, target) for target in PROBES] for source in PROBES]
    except Exception as error:  # a family that wants pictures or sound, or knows no labels, says so in its own way
        _raise_if_ours(error)
        return _Proof("", f"{why(scorer.model, error)}.")
    rough = getattr(scorer.model, "is_quantized", False) or scorer.model.dtype != torch.float32
    tolerance = ROUGH_TOLERANCE if rough else TOLERANCE
    for way in scorer.WAYS:
        scorer.way = way
        try:
            rows = [row for _, found in scorer.rows(PROBES, PROBES) for row in found]
        except Exception as error:  # a cache of another kind, an encoder that wants more
            _raise_if_ours(error)
            log.info("%s: %s fails: %s", type(scorer.model).__name__, way, error)
            continue
        means = [[sum(loss for _, loss in pieces) / len(pieces) for pieces in row] for row in rows]
        found = torch.tensor(means, dtype=torch.float64)
        if torch.allclose(found, torch.tensor(expected, dtype=torch.float64), rtol=tolerance, atol=tolerance):
            return _Proof(way)
    return _Proof("", "its loss is not the mean surprise of the label's pieces.")


def _raise_if_ours(error: Exception) -> None:
    """Raises what says nothing of the family: a full memory, or a message of our own."""
    if isinstance(error, PlaygroundError) or is_out_of_memory(error):
        raise error


def cross_entropy(logits: Float[Tensor, "batch seq vocab"], labels: Tensor) -> Float[Tensor, "batch seq"]:
    """Loss of each label in nats, 0 where the label is -100: log(sum(exp(logits))) - logit of the label, in float32."""
    logits = logits.float()
    chosen = logits.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (logits.logsumexp(dim=-1) - chosen).masked_fill(labels == -100, 0.0)


def padded(rows: list[list[int]], value: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Rows padded on the right with a value, and their mask."""
    length = max(map(len, rows))
    ids = torch.tensor([row + [value] * (length - len(row)) for row in rows], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows], device=device)
    return ids, mask


def with_losses(labels: list[list[int]], losses: list[list[float]]) -> list[Pieces]:
    """Each label's ids with their losses; what stands behind a label is padding."""
    return [list(zip(ids, values[: len(ids)], strict=True)) for ids, values in zip(labels, losses, strict=True)]
