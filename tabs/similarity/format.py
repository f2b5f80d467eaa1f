"""Results of the similarity wing -> the values of its views and its CSV file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import playground as pg

SCALE = "exp(loss): 1 means certain, larger means more surprised; bars show the loss itself. Open a row for its pieces."


@dataclass(frozen=True)
class LossesView:
    """Every ordered pair, and one sentence that compares the best and the worst from one source."""

    losses: tuple[pg.WordLoss, ...]
    verdict: str
    notes: tuple[str, ...]
    scale: str
    open: bool


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
    loss_forward: float
    loss_backward: float
    cosine: float | None


@dataclass(frozen=True)
class RatingsView:
    """The pairs, ten of them to rate first, and how far the model agrees with people once it was asked."""

    pairs: tuple[RatedPair | MeasuredPair, ...]
    ten: tuple[int, ...]
    rho: float | None = None
    rho_cosine: float | None = None


def format_losses(result: pg.WordLossResult, unfold: bool = True) -> LossesView:
    """The value of the view of pairs; ``unfold`` opens the first row."""
    by_source: dict[str, list[pg.WordLoss]] = {}
    for loss in result.losses:
        by_source.setdefault(loss.source, []).append(loss)
    groups = [group for group in by_source.values() if len(group) > 1]
    widest = max(groups, key=lambda group: group[-1].loss - group[0].loss, default=None)
    return LossesView(
        result.losses, _verdict(*widest[:: len(widest) - 1]) if widest else "", result.notes, SCALE, unfold
    )


def _verdict(near: pg.WordLoss, far: pg.WordLoss) -> str:
    ratio = far.perplexity / near.perplexity
    times = f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"
    return f"After “{near.source}” the model is {times} more surprised by “{far.target}” than by “{near.target}”."


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
            loss_forward=pair.loss_forward,
            loss_backward=pair.loss_backward,
            cosine=pair.cosine,
        )
        for rated, pair in zip(ratings, result.pairs, strict=True)
    )
    people = [pair.rating for pair in pairs]
    cosines = [pair.cosine for pair in pairs if pair.cosine is not None]
    return RatingsView(
        pairs,
        mixed,
        rho=pg.spearman([pair.similarity for pair in pairs], people),
        rho_cosine=pg.spearman(cosines, people) if len(cosines) == len(pairs) else None,
    )


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
