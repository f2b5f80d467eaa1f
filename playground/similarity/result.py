"""What comes back from the similarity wing: losses in nats, as plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PieceLoss:
    """One piece of a label: its probability given the source and the pieces before it, and its loss in nats."""

    token_id: int
    piece: str
    probability: float
    loss: float


@dataclass(frozen=True)
class WordLoss:
    """One direction of one pair: ``loss`` is the mean over pieces, as the model returns it; ``perplexity`` its exp."""

    source: str
    target: str
    loss: float
    loss_sum: float
    perplexity: float
    pieces: tuple[PieceLoss, ...]


@dataclass(frozen=True)
class WordLossResult:
    """Every ordered pair, the most expected first, of ``words`` in the order in which they were asked.

    ``template`` is None for a sequence-to-sequence model. ``quantization`` is what was asked for, ``held`` how the
    weights really were, never "auto"; so in the other results.
    """

    model_id: str
    quantization: str
    template: str | None
    losses: tuple[WordLoss, ...]
    notes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    held: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a long measurement has come: ``done`` of ``total`` sources."""

    done: int
    total: int


@dataclass(frozen=True)
class WordMatrixResult:
    """Losses of all ordered pairs: ``loss[i][j]`` is the mean loss (nats) of word ``j`` as label of source ``i``.

    ``pieces[j]`` is how many pieces word ``j`` has as a label, ``baseline_sum[j]`` the summed loss of word ``j`` after
    an empty source, ``cosine[i][j]`` the cosine of the two words' embeddings (None if it wasn't asked for).
    """

    model_id: str
    template: str | None
    words: tuple[str, ...]
    loss: tuple[tuple[float, ...], ...]
    pieces: tuple[int, ...]
    baseline_sum: tuple[float, ...]
    cosine: tuple[tuple[float, ...], ...] | None
    notes: tuple[str, ...] = ()
    quantization: str = "auto"
    held: str = ""

    def distance(self, *, total: bool = False, baseline: bool = False, symmetric: bool = False) -> list[list[float]]:
        """The losses as a table, changed by the three switches; smaller means closer.

        Args:
            total: sum over pieces in place of their mean.
            baseline: subtract what the target costs after an empty source (summed or mean, as ``total`` says).
            symmetric: the mean of both directions.

        Example:
            >>> result = WordMatrixResult("m", None, ("a", "b"), ((0.5, 1.0), (3.0, 0.5)), (2, 1), (2.0, 2.5), None)
            >>> result.distance()
            [[0.5, 1.0], [3.0, 0.5]]
            >>> result.distance(total=True, baseline=True)
            [[-1.0, -1.5], [4.0, -2.0]]
            >>> result.distance(symmetric=True)
            [[0.5, 2.0], [2.0, 0.5]]
        """
        table = [
            [
                (row[j] - (self.baseline_sum[j] / self.pieces[j] if baseline else 0.0))
                * (self.pieces[j] if total else 1)
                for j in range(len(self.words))
            ]
            for row in self.loss
        ]
        if symmetric:
            table = [[(table[i][j] + table[j][i]) / 2 for j in range(len(table))] for i in range(len(table))]
        return table


@dataclass(frozen=True)
class PairMeasures:
    """Everything measured for one pair. ``similarity`` is the negated symmetric sum of losses less the baselines."""

    word1: str
    word2: str
    loss_forward: float
    loss_backward: float
    loss_sum_forward: float
    loss_sum_backward: float
    baseline_sum_1: float
    baseline_sum_2: float
    cosine: float | None

    @property
    def similarity(self) -> float:
        """``-((sum(1->2) - baseline(2)) + (sum(2->1) - baseline(1))) / 2``: larger means closer, 0 means no relation.

        >>> PairMeasures("a", "b", 1.0, 2.0, 2.0, 4.0, 7.0, 5.0, None).similarity
        3.0
        """
        forward = self.loss_sum_forward - self.baseline_sum_2
        backward = self.loss_sum_backward - self.baseline_sum_1
        return -(forward + backward) / 2


@dataclass(frozen=True)
class WordPairsResult:
    """The measures of every pair, in the order of the request."""

    model_id: str
    template: str | None
    pairs: tuple[PairMeasures, ...]
    quantization: str = "auto"
    held: str = ""


@dataclass(frozen=True)
class EmbedResult:
    """One unit vector for each text, in their order; ``tokens[i]`` is how many tokens text ``i`` has."""

    model_id: str
    vectors: tuple[tuple[float, ...], ...]
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class FlatPicture:
    """Words as points of a plane, and how much of ``measure`` the plane can show.

    ``measure[i][j]`` is what stands between two words: a cosine, or nats above the baselines, mean of both directions.
    ``kept`` is the share of the eigenvalues' sizes that the two axes hold; for embeddings that is the share of their
    variance. A ``negative`` eigenvalue says that no space of any size has such distances; ``negative_share`` is their
    share. ``neighbours[i]`` are the words nearest to word ``i`` by the measure, ``still_near[i]`` is how many of them
    are among as many nearest in the picture.
    """

    points: tuple[tuple[float, float], ...]
    kept: float
    negative: int
    negative_share: float
    measure: tuple[tuple[float, ...], ...]
    neighbours: tuple[tuple[int, ...], ...]
    still_near: tuple[int, ...]


@dataclass(frozen=True)
class WordMapResult:
    """The same words on two flat pictures; ``nearest`` is how many neighbours of each word are counted.

    ``by_embedding`` is None where there were no cosines.
    """

    model_id: str
    quantization: str
    template: str | None
    words: tuple[str, ...]
    nearest: int
    by_embedding: FlatPicture | None
    by_loss: FlatPicture
    notes: tuple[str, ...] = ()
    held: str = ""
