"""Why this token: how much each token before it spoke for it, or for it rather than another, by three methods.

All three explain a logit, or the difference of two, not a probability: softmax mixes all tokens of the vocabulary.

- gradient_x_input: one gradient at the text itself. At once, and blind where the model is saturated.
- integrated_gradients: gradients along the straight way from a text of empty tokens to this one. Its values add up to
  the difference of what is explained at both ends, but for its delta. An empty token is the average of all embeddings;
  the first token stays, because many heads rest on it: without it the way is so rough that no sum of steps follows it.
- occlusion: what is lost when the model reads the text without that one token, or that one word. No gradient.

Source: Yin and Neubig 2022, Interpreting Language Models with Contrastive Explanations, for the difference of two
logits. None of them shows what the model "thinks".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from playground.errors import InputError, PlaygroundError, UnsupportedOptionError, said_by
from playground.generation.pieces import Pieces, special_tokens
from playground.inside.gradients import NextLogits
from playground.inside.inputs import model_and_task, read
from playground.inside.request import CAUSAL, AttributeNextRequest
from playground.inside.result import (
    AttributeNextProgress,
    AttributeNextResult,
    InsideToken,
    NextAttribution,
    NextCandidate,
    NextWord,
)
from playground.models.families import check_ids
from playground.models.memory import is_out_of_memory

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from playground.models.manager import LoadedModel, ModelManager

MAX_COVERED = 128
CANDIDATES = 20
Steps = Generator[AttributeNextProgress, None, NextAttribution]


class _StoppedError(Exception):
    """Somebody pressed Stop in the middle of a method."""


def attribute_next(
    manager: ModelManager, request: AttributeNextRequest, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[AttributeNextProgress | AttributeNextResult]:
    """Progress, then the result; what is there when ``cancelled`` becomes true is its result.

    Raises:
        InputError: the text or a token can't be used.
        UnsupportedOptionError: this model gives no gradients.
        ModelError: the model can't be used.
    """
    model_id, _ = model_and_task(manager, request)
    with manager.lease(model_id, CAUSAL, request.quantization) as loaded:
        work = _Work(loaded, replace(request, model_id=model_id), cancelled)
        found: list[NextAttribution] = []
        try:
            for method in request.methods:
                found.append((yield from work.by(method)))
        except _StoppedError:
            yield work.result(found, stopped=True)
            return
        yield work.result(found)


def words_of(tokens: tuple[InsideToken, ...]) -> tuple[NextWord, ...]:
    """Tokens joined to words: a piece of letters goes on with the one before, if nothing stands between.

    Scripts that write without spaces aren't joined: there a character may be a word.
    """
    words: list[NextWord] = []
    last: InsideToken | None = None
    for position, token in enumerate(tokens):
        goes_on = last is not None and not token.special and not last.special and _joined(last.piece, token.piece)
        if goes_on:
            one = words[-1]
            words[-1] = NextWord(one.text + token.piece, (*one.positions, position), False)
        else:
            words.append(NextWord(token.piece.strip() or token.piece, (position,), token.special))
        last = token
    return tuple(words)


def _joined(before: str, piece: str) -> bool:
    return all(one.isalnum() and unicodedata.category(one) != "Lo" for one in (before[-1:] or " ", piece[:1] or " "))


class _Work:
    """One text, one target, and the methods that explain it."""

    def __init__(self, loaded: LoadedModel, request: AttributeNextRequest, cancelled: Callable[[], bool]) -> None:
        self._loaded, self._request, self._cancelled = loaded, request, cancelled
        model, tokenizer = loaded.model, loaded.tokenizer
        self._reading = read(model, tokenizer, request, CAUSAL)
        self._ids = self._reading.token_ids
        named = [one for one in (request.token_id, request.contrast_token_id) if one is not None]
        check_ids(model, named)
        self._first = max(0, len(self._ids) - MAX_COVERED)
        self._words = words_of(self._reading.tokens)
        self._next = NextLogits(model, self._ids)
        self._candidates = _candidates(self._next, tokenizer, named)
        best = max(self._candidates, key=lambda one: one.logit)
        self._next.target = best.token_id if request.token_id is None else request.token_id
        self._next.contrast = -1 if request.contrast_token_id is None else request.contrast_token_id
        if self._next.target == self._next.contrast:
            raise InputError("A token can't be compared with itself.", "Choose another one to compare it with.")
        self._explained = float(self._next.explained(self._next.logits[None])[0])
        self._at_neutral: float | None = None

    def by(self, method: str) -> Steps:
        """Progress; what the generator returns is what the method says.

        Raises:
            UnsupportedOptionError: this model gives no gradients.
        """
        try:
            return (yield from {"occlusion": self._occlusion}.get(method, lambda: self._gradients(method))())
        except (PlaygroundError, _StoppedError):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            name = type(self._loaded.model).__name__
            raise UnsupportedOptionError(
                f"{name} can't be explained by {method}: {said_by(error)}.", "Look at another method."
            ) from error

    def result(self, found: list[NextAttribution], stopped: bool = False) -> AttributeNextResult:
        """What was found."""
        by_id = {one.token_id: one for one in self._candidates}
        return AttributeNextResult(
            request=self._request,
            model_type=self._loaded.model.config.model_type,
            pretrained=self._loaded.pretrained,
            target=by_id[self._next.target],
            contrast=by_id.get(self._next.contrast),
            candidates=self._candidates,
            explained=self._explained,
            neutral=self._at_neutral,
            tokens=self._reading.tokens,
            words=self._words,
            first_covered=self._first,
            methods=tuple(found),
            stopped=stopped,
            notes=(*self._reading.notes, *self._covered()),
        )

    def _covered(self) -> list[str]:
        if not self._first:
            return []
        return [
            f"The model reads all {len(self._ids):,} tokens. The last {MAX_COVERED} are explained; those before stay as"
            " they are."
        ]

    def _step(self, method: str, done: int, total: int) -> AttributeNextProgress:
        if self._cancelled():
            raise _StoppedError
        return AttributeNextProgress(method, done, total)

    def _gradients(self, method: str) -> Steps:
        if method == "gradient_x_input":
            yield self._step(method, 0, 1)
            return self._attribution(method, self._next.gradient_x_input())
        import numpy

        nodes, weights = numpy.polynomial.legendre.leggauss(self._request.n_steps)
        alphas, shares = ((1 + nodes) / 2).tolist(), (weights / 2).tolist()
        start, rows, values = self._next.emptied(self._emptied()), self._next.rows, [0.0] * len(self._ids)
        for first in range(0, len(alphas), rows):
            yield self._step(method, first, len(alphas))
            part = self._next.along(start, alphas[first : first + rows], shares[first : first + rows])
            values = [one + more for one, more in zip(values, part, strict=True)]
        self._at_neutral = self._next.at(start)
        return self._attribution(method, values, sum(values) - (self._explained - self._at_neutral))

    def _emptied(self) -> list[int]:
        """The places of the tokens that are empty at the beginning of the way: covered, not special, not the first."""
        tokens = enumerate(self._reading.tokens)
        return [place for place, token in tokens if place >= max(1, self._first) and not token.special]

    def _occlusion(self) -> Steps:
        """What is lost without one token, or one whole word."""
        whole = [word.positions for word in self._words if not word.special and word.positions[0] >= self._first]
        single = [(n,) for n, one in enumerate(self._reading.tokens) if n >= self._first and not one.special]
        cuts = sorted({*single, *whole}, key=lambda cut: (len(cut), cut))
        cuts = [cut for cut in cuts if len(cut) < len(self._ids)]  # of nothing there is no next token
        lost: dict[tuple[int, ...], float] = {}
        while len(lost) < len(cuts):
            yield self._step("occlusion", len(lost), len(cuts))
            size = len(cuts[len(lost)])
            some = [cut for cut in cuts[len(lost) : len(lost) + self._next.rows] if len(cut) == size]
            texts = [[one for n, one in enumerate(self._ids) if n not in cut] for cut in some]
            lost |= {cut: self._explained - left for cut, left in zip(some, self._next.of(texts), strict=True)}
        values = [lost.get((n,), 0.0) for n in range(len(self._ids))]
        words = tuple(lost.get(word.positions, 0.0) for word in self._words)
        return NextAttribution("occlusion", tuple(values), words)

    def _attribution(self, method: str, values: list[float], delta: float | None = None) -> NextAttribution:
        covered = [value if n >= self._first else 0.0 for n, value in enumerate(values)]
        words = tuple(sum(covered[n] for n in word.positions) for word in self._words)
        return NextAttribution(method, tuple(covered), words, delta)


def _candidates(
    following: NextLogits, tokenizer: PreTrainedTokenizerBase, named: list[int]
) -> tuple[NextCandidate, ...]:
    """The most probable next tokens, and those that were asked for."""
    logits = following.logits
    shares = logits.softmax(dim=-1)
    pieces, special = Pieces(tokenizer), special_tokens(tokenizer)
    ids = list(dict.fromkeys([*logits.topk(min(CANDIDATES, len(logits))).indices.tolist(), *named]))
    return tuple(
        NextCandidate(one, special.get(one) or pieces[one], float(logits[one]), float(shares[one])) for one in ids
    )
