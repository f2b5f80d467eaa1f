"""Results of the similarity wing -> the values of its views and its CSV file."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import playground as pg
from playground.similarity.result import Progress
from playground.texts import quoted
from playground.units import format_number
from tabs.page import so_far, without_bar
from tabs.similarity.examples import FULL_SETS, MODEL_ID

NOT_ALL_YET = without_bar(
    "Press Measure all pairs: each word against each other one, in both directions, as a heatmap, a ranking and a map."
)
SCALE = (
    "Bars: the probability of the whole label, all on one scale; longer means closer. Nats: its loss, minus the "
    "logarithm of that. Open a row for the pieces and for exp(loss), the perplexity."
)
NO_END = (
    "Only the pieces of the word count: a causal model ends no label with an end token, so compare within a family."
)


def format_progress(progress: Progress) -> dict[str, Any]:
    """The value of the progress view while sources are read."""
    done, total = progress.done, progress.total
    return so_far(done, total, f"{done} of {total} sources read, the empty one among them")


def format_stopped(progress: Progress | None) -> dict[str, Any]:
    """The value of the progress view after Stop: the bar stays where it was; None is a run that has read nothing."""
    if not progress or not progress.done:
        return so_far(0, 1, "Stopped before the first source was read.", running=False)
    done, total = progress.done, progress.total
    return so_far(
        done, total, f"Stopped after {done} of {total} sources, before there were numbers to show.", running=False
    )


@dataclass(frozen=True)
class LossesView:
    """Every ordered pair, source by source as they were given, the closest target of each first.

    ``verdict`` is one sentence about the first source: its closest target against its farthest.
    ``origin`` names the model that the numbers are of.
    """

    losses: tuple[pg.WordLoss, ...]
    verdict: str
    notes: tuple[str, ...]
    scale: str
    origin: str


@dataclass(frozen=True)
class MatrixView:
    """The losses, and an order of the words that puts close ones side by side."""

    words: tuple[str, ...]
    loss: tuple[tuple[float, ...], ...]
    pieces: tuple[int, ...]
    baseline_sum: tuple[float, ...]
    cosine: tuple[tuple[float, ...], ...] | None
    clustered: tuple[int, ...]
    notes: tuple[str, ...]
    origin: str


@dataclass(frozen=True)
class RatedPair:
    """A pair with people's mean rating, 0 to 10."""

    word1: str
    word2: str
    rating: float


@dataclass(frozen=True)
class MeasuredPair:
    """The same with what a model says of it."""

    word1: str
    word2: str
    rating: float
    similarity: float
    loss_sum_forward: float
    loss_sum_backward: float
    cosine: float | None


@dataclass(frozen=True)
class RatingsView:
    """The pairs, ten of them to rate first, and how far the model agrees with people once it was asked."""

    pairs: tuple[RatedPair | MeasuredPair, ...]
    ten: tuple[int, ...]
    rho: float | None = None
    rho_cosine: float | None = None
    title: str = ""
    about: str = ""


def format_losses(result: pg.WordLossResult, words: Sequence[str] = ()) -> LossesView:
    """The value of the view of pairs; ``words`` say in which order the sources stand."""
    by_source: dict[str, list[pg.WordLoss]] = {word: [] for word in words}
    for loss in result.losses:
        by_source.setdefault(loss.source, []).append(loss)
    groups = [sorted(group, key=lambda one: one.loss_sum) for group in by_source.values() if group]
    losses = tuple(itertools.chain.from_iterable(groups))
    first = groups[0] if groups else []
    verdict = _verdict(first[0], first[-1]) if len(first) > 1 else ""
    notes = (_end_note(result), *result.notes)
    return LossesView(losses, verdict, notes, SCALE, origin_of(result))


def not_scored(pairs: int) -> dict[str, Any]:
    """The value of the progress view before people's pairs are scored."""
    return without_bar(f"Press Score all {pairs} pairs: how far the model agrees with people stands here.")


def origin_of(result: pg.WordLossResult | pg.WordMatrixResult | pg.WordPairsResult | pg.WordMapResult) -> str:
    """The model that numbers came from, how its weights were held, and the template that it read, if it reads one."""
    quantization = f" in {result.held}" if result.held else ""
    template = f", template {quoted(result.template)}" if result.template else ""
    return f"Measured with {result.model_id}{quantization}{template}."


def _verdict(near: pg.WordLoss, far: pg.WordLoss) -> str:
    ratio = math.exp(min(700.0, far.loss_sum - near.loss_sum))
    times = f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"
    times = "more than a million times" if ratio > 1e6 else times
    return (
        f"After {quoted(near.source)}, {quoted(near.target)} is {times} as probable as {quoted(far.target)}: "
        f"{near.loss_sum:.2f}\u00a0nats against {far.loss_sum:.2f}."
    )


def _end_note(result: pg.WordLossResult) -> str:
    """Whether the end token counts, which differs from family to family."""
    if result.template is not None:
        return NO_END
    ends = {one.pieces[-1].token_id for one in result.losses}
    if len(ends) > 1:
        return ""
    pieces = [one.pieces[-1] for one in result.losses]
    dearest = max(piece.loss for piece in pieces)
    words = [[piece.loss for piece in one.pieces] for one in result.losses if len(one.pieces) == 2]
    is_cheap = words and all(end <= word / 5 for word, end in words)
    halves = ", and nearly halves the mean of a word of one piece" if is_cheap else ""
    return (
        f"{pieces[0].piece} ends every label and counts as a piece: it costs at most {dearest:.2f}\u00a0nats here"
        f"{halves}. A causal model's labels have none."
    )


def format_matrix(result: pg.WordMatrixResult) -> MatrixView:
    """The value of the matrix."""
    return MatrixView(
        words=result.words,
        loss=result.loss,
        pieces=result.pieces,
        baseline_sum=result.baseline_sum,
        cosine=result.cosine,
        clustered=pg.clustered_order(result.distance(total=True, baseline=True, symmetric=True)),
        notes=result.notes,
        origin=origin_of(result),
    )


def format_ratings(ratings: Sequence[RatedPair], result: pg.WordPairsResult | None = None) -> RatingsView:
    """The value of the scatter: the pairs alone, or with a model's measures."""
    step = len(ratings) / 10
    ten = [int(step * k + step / 2) for k in range(10)]
    # Not in the order of the answer: a reader who sees the scale rise would only count upwards.
    mixed = tuple(ten[k] for k in (6, 1, 8, 3, 0, 9, 4, 7, 2, 5))
    if result is None:
        return RatingsView(tuple(ratings), mixed)
    pairs = tuple(
        MeasuredPair(
            **dataclasses.asdict(rated),
            similarity=pair.similarity,
            loss_sum_forward=pair.loss_sum_forward,
            loss_sum_backward=pair.loss_sum_backward,
            cosine=pair.cosine,
        )
        for rated, pair in zip(ratings, result.pairs, strict=True)
    )
    people = [pair.rating for pair in pairs]
    cosines = [pair.cosine for pair in pairs if pair.cosine is not None]
    rho = pg.spearman([pair.similarity for pair in pairs], people)
    rho_cosine = pg.spearman(cosines, people) if len(cosines) == len(pairs) else None
    full = FULL_SETS if result.model_id == MODEL_ID else ""
    return RatingsView(
        pairs,
        mixed,
        rho=rho,
        rho_cosine=rho_cosine,
        title=f"Spearman's rho with people on these {len(pairs)} pairs: loss {_between(rho, len(pairs))}; "
        f"MiniLM cosine {_between(rho_cosine, len(pairs))}",
        about=" ".join(part for part in (origin_of(result), full) if part),
    )


def _between(rho: float | None, count: int) -> str:
    """A correlation with its interval."""
    if rho is None:
        return "none"
    interval = pg.spearman_interval(rho, count)
    shown, *ends = (format_number(one, ".2f") for one in (rho, *(interval or ())))
    return shown + (f" (95\u00a0% interval {ends[0]} to {ends[1]})" if ends else "")


def matrix_csv(result: pg.WordMatrixResult) -> str:
    """Every measure of every ordered pair as CSV."""
    tables = {
        "loss": result.distance(),
        "loss_sum": result.distance(total=True),
        "loss_sum_minus_baseline": result.distance(total=True, baseline=True),
        "symmetric_loss_sum_minus_baseline": result.distance(total=True, baseline=True, symmetric=True),
    }
    rows = [
        [
            source,
            target,
            result.pieces[j],
            *(table[i][j] for table in tables.values()),
            result.baseline_sum[j],
            result.cosine[i][j] if result.cosine else "",
        ]
        for i, source in enumerate(result.words)
        for j, target in enumerate(result.words)
        if i != j
    ]
    return pg.write_csv(["source", "target", "pieces", *tables, "baseline_loss_sum", "cosine"], rows)
