"""Predicted and right labels -> accuracy, macro F1, confusion matrix, calibration, thresholds.

Plain Python on plain values: every number can be followed by hand. Leaves out where the predictions come from
(`bulk_classification`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LabelMetrics:
    """How one label did. A share with nothing to divide by is 0, as in scikit-learn."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers given with a probability in ``low..high``: how sure the model was on average, how often it was right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """How predictions compare with the right labels; ``confusion[gold][predicted]`` counts rows."""

    labels: tuple[str, ...]
    count: int
    accuracy: float
    macro_f1: float
    per_label: tuple[LabelMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[ReliabilityBin, ...]
    expected_calibration_error: float


def evaluate(
    labels: Sequence[str], gold: Sequence[int], predicted: Sequence[int], confidence: Sequence[float], bins: int = 10
) -> Evaluation:
    """Every measure of a labelled run; ``gold`` and ``predicted`` are label ids.

    Macro F1 is the plain mean over labels that occur (as gold or as prediction), so a rare label counts as much as a
    frequent one.

    >>> e = evaluate(["no", "yes"], gold=[0, 0, 1, 1], predicted=[0, 1, 1, 1], confidence=[0.9, 0.6, 0.8, 0.7])
    >>> e.accuracy, e.confusion, round(e.macro_f1, 3)
    (0.75, ((1, 1), (0, 2)), 0.733)
    """
    confusion = [[0] * len(labels) for _ in labels]
    for right, said in zip(gold, predicted, strict=True):
        confusion[right][said] += 1
    per_label = tuple(_label_metrics(label, number, confusion) for number, label in enumerate(labels))
    occurring = [m for n, m in enumerate(per_label) if m.support or any(row[n] for row in confusion)]
    hits = [right == said for right, said in zip(gold, predicted, strict=True)]
    reliability = reliability_bins(confidence, hits, bins)
    return Evaluation(
        labels=tuple(labels),
        count=len(hits),
        accuracy=_share(sum(hits), len(hits)),
        macro_f1=_share(sum(metrics.f1 for metrics in occurring), len(occurring)),
        per_label=per_label,
        confusion=tuple(tuple(row) for row in confusion),
        reliability=reliability,
        expected_calibration_error=_share(
            sum(b.count * abs(b.confidence - b.accuracy) for b in reliability), len(hits)
        ),
    )


def reliability_bins(confidence: Sequence[float], hits: Sequence[bool], bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Equal-width bins of confidence with the share of right answers in each; 1.0 falls into the last bin.

    A model is calibrated when the two agree: of the answers given with 80 %, 80 % are right.
    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, section 2.

    >>> [(b.count, b.confidence, b.accuracy) for b in reliability_bins([0.9, 1.0, 0.2], [True, False, False], bins=2)]
    [(1, 0.2, 0.0), (2, 0.95, 0.5)]
    """
    members: list[list[int]] = [[] for _ in range(bins)]
    for number, value in enumerate(confidence):
        members[min(int(value * bins), bins - 1)].append(number)
    return tuple(
        ReliabilityBin(
            low=place / bins,
            high=(place + 1) / bins,
            count=len(inside),
            confidence=_share(sum(confidence[n] for n in inside), len(inside)),
            accuracy=_share(sum(hits[n] for n in inside), len(inside)),
        )
        for place, inside in enumerate(members)
    )


def at_threshold(probabilities: Sequence[float], threshold: float) -> list[int]:
    """Predictions of a two-label model: label 1 where its probability reaches the threshold, else label 0.

    >>> at_threshold([0.2, 0.5, 0.8], 0.5)
    [0, 1, 1]
    """
    return [int(probability >= threshold) for probability in probabilities]


def _label_metrics(label: str, number: int, confusion: Sequence[Sequence[int]]) -> LabelMetrics:
    right = confusion[number][number]
    said, support = sum(row[number] for row in confusion), sum(confusion[number])
    precision, recall = _share(right, said), _share(right, support)
    return LabelMetrics(label, precision, recall, _share(2 * precision * recall, precision + recall), support)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
