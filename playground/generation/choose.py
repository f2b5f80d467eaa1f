"""Logits -> the next token and what it beat: the part of generation that has nothing to do with batches.

The processors are transformers' own, in the order of ``model.generate``; what is added is that rows with equal settings
are processed together, and that every row draws from a random generator of its own. It leaves out where logits
come from (`engine`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from playground.generation.events import Alternative, Candidate
from playground.generation.pieces import Pieces
from playground.generation.request import GenerateRequest

FEW = 512


@dataclass(eq=False)
class Draw:
    """One row's turn: its settings, all token ids so far, its own random stream.

    ``forced`` overrides the choice; ``processors`` are there where the model's own config adds some.
    """

    request: GenerateRequest
    token_ids: Sequence[int]
    generator: torch.Generator
    forced: int | None = None
    processors: LogitsProcessorList | None = None


@dataclass(frozen=True)
class Choice:
    """What a row chose, before it is dressed up as a `Step`."""

    token_id: int
    before: float
    after: float
    entropy: float
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, eq=False)
class Kept:
    """Tokens that survived the sampler and their probabilities, shape (rows, kept); ids None: all, in order."""

    probabilities: Tensor
    ids: Tensor | None

    def of(self, token_ids: Tensor) -> Tensor:
        """The probabilities of some tokens, shape (rows, n); 0 for those that were cut."""
        if self.ids is None:
            return self.probabilities.gather(-1, token_ids)
        found = token_ids[:, :, None] == self.ids[:, None, :]
        return (found * self.probabilities[:, None, :]).sum(-1)

    def draw(self, vocab: int, generators: Sequence[torch.Generator]) -> Tensor:
        """One token per row, from each row's own random stream, with the numbers that ``torch.multinomial`` would use.

        That function draws by a race: each token gets a random time with its probability as the rate, the first one
        wins. The times of tokens that were cut must be drawn too, or the stream would get out of step with
        ``model.generate``.
        """
        times = torch.empty(len(generators), vocab, dtype=torch.float32, device=self.probabilities.device)
        for own, generator in zip(times, generators, strict=True):
            own.exponential_(generator=generator)
        if self.ids is None:
            return (self.probabilities / times).argmax(-1)
        race = self.probabilities / times.gather(-1, self.ids)
        return self.ids.gather(-1, race.argmax(-1, keepdim=True))[:, 0]


def choose(logits: Tensor, draws: Sequence[Draw], pieces: Pieces) -> list[Choice]:
    """The next token of every row; ``logits`` is float32 of shape (rows, vocab).

    Rows that share settings are processed in one go. A row's random stream is used exactly as ``model.generate`` uses
    torch's global one, so the same seed gives the same tokens. A GPU is waited for once for all that is said, and once
    for each group whose settings keep few tokens, to see if those were all: as often for many rows as for one.
    """
    log_total = logits.logsumexp(-1, keepdim=True)
    log_before = logits - log_total
    entropies = -torch.linalg.vecdot(log_before.exp(), log_before)
    top = min(max(draw.request.top for draw in draws), logits.shape[-1])
    best_ids = logits.topk(top).indices
    chosen = torch.empty(len(draws), dtype=torch.long, device=logits.device)
    after = torch.empty(len(draws), top + 1, dtype=torch.float32, device=logits.device)
    for rows in _alike(draws):
        own, alike = ([draws[row] for row in rows], slice(None) if len(rows) == len(draws) else rows)
        kept = process(logits[alike], own)
        chosen[alike] = _pick(kept, own, logits.shape[-1])
        after[alike] = kept.of(torch.cat([best_ids[alike], chosen[alike, None]], -1))
    ids = torch.cat([best_ids, chosen[:, None]], -1)
    before = (logits.gather(-1, ids) - log_total).exp()
    entropy = entropies.clamp(min=0)[:, None].expand_as(after)
    told = torch.stack([ids.float(), before, after, entropy], 1).tolist()  # float32 keeps ids below 2 ** 24 exactly
    return [
        _choice(list(map(int, row[0])), row[1], row[2], row[3][0], draw.request.top, pieces)
        for draw, row in zip(draws, told, strict=True)
    ]


def process(logits: Tensor, draws: Sequence[Draw]) -> Kept:
    """What the sampler leaves of rows with equal settings.

    Sorting a whole vocabulary costs more than everything else here, so where the settings keep few tokens only those
    are looked at; the result is the same.

    Source: transformers ``GenerationMixin._get_logits_processor`` (which processors, in which order).
    """
    scores, request = penalize(logits, draws), draws[0].request
    if request.do_sample and draws[0].processors is not None:
        return Kept(scores.softmax(-1), None)  # these have warped them too
    if not request.do_sample:
        best = scores.argmax(-1, keepdim=True)
        return Kept(torch.ones_like(best, dtype=scores.dtype), best)
    few = _few_by_top_k(scores, request) if request.top_k else _few_by_mass(scores / request.temperature, request)
    if few is not None:
        return few
    ids: Any = torch.empty(len(draws), 0, dtype=torch.long, device=logits.device)  # the warpers don't look at it
    return Kept(warpers(request)(ids, scores).softmax(-1), None)  # type: ignore[arg-type]


def warpers(request: GenerateRequest) -> LogitsProcessorList:
    """transformers' own warpers for these settings, in its order."""
    chain: list[LogitsProcessor] = []
    if request.temperature != 1.0:
        chain.append(TemperatureLogitsWarper(float(request.temperature)))
    if request.top_k:
        chain.append(TopKLogitsWarper(request.top_k))
    if request.top_p < 1.0:
        chain.append(TopPLogitsWarper(float(request.top_p)))
    if request.min_p > 0.0:
        chain.append(MinPLogitsWarper(float(request.min_p)))
    return LogitsProcessorList(chain)


def _few_by_top_k(scores: Tensor, request: GenerateRequest) -> Kept | None:
    """The ``top_k`` best tokens after all warpers; None where a tie at the border would let more in."""
    if request.top_k > FEW or request.top_k >= scores.shape[-1]:
        return None
    values, ids = scores.topk(request.top_k + 1)
    if bool((values[:, -2] == values[:, -1]).any()):
        return None
    short: Any = values[:, :-1]
    return Kept(warpers(request)(ids, short).softmax(-1), ids[:, :-1])  # type: ignore[arg-type]


def _few_by_mass(scores: Tensor, request: GenerateRequest) -> Kept | None:
    """What top_p and min_p keep, if that surely lies among the best few; None if it may not."""
    if request.top_p >= 1.0 and request.min_p <= 0.0:
        return None
    values, ids = scores.topk(min(FEW, scores.shape[-1]))
    probabilities = (values - scores.logsumexp(-1, keepdim=True)).exp()
    better = probabilities.cumsum(-1) - probabilities
    least = request.min_p * probabilities[:, :1]
    keep = (better < request.top_p) & (probabilities >= least)
    keep[:, 0].fill_(True)
    if bool(keep[:, -1].any()):
        return None
    return Kept(values.masked_fill(~keep, -math.inf).softmax(-1), ids)


def candidates(logits: Tensor, draw: Draw, count: int, pieces: Pieces) -> tuple[Candidate, ...]:
    """The ``count`` best next tokens of one row of logits, each with its logit and both probabilities."""
    values, ids = logits.topk(min(count, len(logits)))
    before = logits.softmax(-1)[ids].tolist()
    after = process(logits[None], [draw]).of(ids[None])[0].tolist()
    seen = set(draw.token_ids)
    return tuple(
        Candidate(token_id, pieces[token_id], logit, one, other, other > 0.0, token_id in seen)
        for token_id, logit, one, other in zip(ids.tolist(), values.tolist(), before, after, strict=True)
    )


def rest_in_bins(logits: Tensor, bins: int = 128) -> tuple[tuple[float, float], ...]:
    """Many logits as a few pairs (count, logit), best first; the sum of their exponentials is exact."""
    if not len(logits):
        return ()
    low, high = float(logits.min()), float(logits.max())
    width = (high - low) / bins or 1.0
    place = ((high - logits) / width).long().clamp(max=bins - 1)
    counts = torch.bincount(place, minlength=bins)
    sums = torch.zeros(bins, dtype=torch.float64).scatter_add_(0, place, (logits.double() - high).exp())
    return tuple(
        (float(count), high + math.log(total / count))
        for count, total in zip(counts.tolist(), sums.tolist(), strict=True)
        if count and total > 0
    )


def look_up(token_ids: Sequence[int], count: int, ngram: int = 2) -> list[int]:
    """Up to ``count`` tokens that followed the last time the text's end stood in it: a guess at how it goes on.

    >>> look_up([5, 6, 7, 8, 5, 6], 3)
    [7, 8, 5]

    Source: transformers ``PromptLookupCandidateGenerator``.
    """
    ids = list(token_ids)
    for size in range(min(ngram, len(ids) - 1), 0, -1):
        for begin in range(len(ids) - size - 1, -1, -1):
            if count > 0 and ids[begin : begin + size] == ids[-size:]:
                return ids[begin + size : begin + size + count]
    return []


def _alike(draws: Sequence[Draw]) -> list[list[int]]:
    """Row numbers, grouped by equal settings; a row with processors of its own is a group."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row, draw in enumerate(draws):
        own = row if draw.processors is not None else None
        groups.setdefault((*sampler_settings(draw.request), own), []).append(row)
    return list(groups.values())


def sampler_settings(request: GenerateRequest) -> tuple[Any, ...]:
    """What decides, with a text and its random stream, which token comes next and what the sampler leaves of others."""
    one = request
    sampled = (one.temperature, one.top_k, one.top_p, one.min_p) if one.do_sample else ()
    return one.repetition_penalty, sampled


def _pick(kept: Kept, draws: Sequence[Draw], vocab: int) -> Tensor:
    """The chosen ids; a forced token uses up its random numbers all the same."""
    if draws[0].request.do_sample:
        chosen = kept.draw(vocab, [draw.generator for draw in draws])
    else:
        assert kept.ids is not None
        chosen = kept.ids[:, 0]
    return _forced(chosen, draws)


def _forced(chosen: Tensor, draws: Sequence[Draw]) -> Tensor:
    """The chosen ids, with forced ones in their place."""
    if all(draw.forced is None for draw in draws):
        return chosen
    pairs = zip(chosen.tolist(), draws, strict=True)
    return torch.tensor([own if draw.forced is None else draw.forced for own, draw in pairs], device=chosen.device)


def penalize(scores: Tensor, draws: Sequence[Draw]) -> Tensor:
    """Scores after the repetition penalty, or after all processors where a model's own config adds some.

    Shorter rows are padded with a token that they hold anyway; rows with processors of their own have equal length.
    """
    if (processors := draws[0].processors) is not None:
        ids: Any = torch.tensor([list(draw.token_ids) for draw in draws], device=scores.device)
        return processors(ids, scores)  # type: ignore[no-any-return]
    penalty = draws[0].request.repetition_penalty
    if penalty == 1.0:
        return scores
    seen = [sorted(set(draw.token_ids)) for draw in draws]
    width = max(map(len, seen))
    ids = torch.tensor([row + row[-1:] * (width - len(row)) for row in seen], device=scores.device)
    return RepetitionPenaltyLogitsProcessor(penalty=float(penalty))(ids, scores)


def _choice(
    ids: list[int], before: list[float], after: list[float], entropy: float, top: int, pieces: Pieces
) -> Choice:
    """What a row chose, of lists whose last entry is the chosen token; the others are the best, best first."""
    rows = zip(ids[:-1][:top], before, after, strict=False)
    best = tuple(Alternative(token_id, pieces[token_id], one, other, other > 0.0) for token_id, one, other in rows)
    return Choice(ids[-1], before[-1], after[-1], entropy, best)
