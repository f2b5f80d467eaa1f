"""Predicted and right labels -> accuracy, macro F1, confusion matrix, calibration, thresholds.

Plain Python on plain values: every number can be followed by hand. Leaves out where the predictions come from
(`table`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from playground.classification.labels import are_ordered
from playground.classification.result import Evaluation, LabelMetrics, ReliabilityBin, TableResult


def evaluate_table(result: TableResult, threshold: float | None = None) -> Evaluation | None:
    """Metrics over the rows whose right label is known, or None; for two labels ``threshold`` decides for label 1."""
    pairs = [
        (row.gold, said, row.probabilities[said])
        for row, said in zip(result.rows, predictions(result, threshold), strict=True)
        if row.gold is not None
    ]
    if not pairs or result.no_metrics:
        return None
    gold, chosen, confidence = zip(*pairs, strict=True)
    return evaluate(result.info.labels, gold, chosen, confidence)


def predictions(result: TableResult, threshold: float | None = None) -> list[int]:
    """The label id of every row: the most probable one, or for two labels what a threshold on label 1 says."""
    if threshold is None or len(result.info.labels) != 2:
        return [row.label_id for row in result.rows]
    return at_threshold([row.probabilities[1] for row in result.rows], threshold)


def evaluate(
    labels: Sequence[str], gold: Sequence[int], predicted: Sequence[int], confidence: Sequence[float], bins: int = 10
) -> Evaluation:
    """Every measure of a labelled run; ``gold`` and ``predicted`` are label ids.

    Macro F1 is the plain mean over labels that occur (as gold or as prediction), so a rare label counts as much as a
    frequent one.

    >>> e = evaluate(["no", "yes"], gold=[0, 0, 1, 1], predicted=[0, 1, 1, 1], confidence=[0.9, 0.6, 0.8, 0.7])
    >>> e.accuracy, e.confusion, round(e.macro_f1, 3)
    (0.75, ((1, 1), (0, 2)), 0.733)
    >>> e.chance, e.majority, e.majority_label
    (0.5, 0.5, 'no')
    """
    confusion = [[0] * len(labels) for _ in labels]
    for right, said in zip(gold, predicted, strict=True):
        confusion[right][said] += 1
    per_label = tuple(_label_metrics(label, number, confusion) for number, label in enumerate(labels))
    occurring = [m for n, m in enumerate(per_label) if m.support or any(row[n] for row in confusion)]
    hits = [right == said for right, said in zip(gold, predicted, strict=True)]
    reliability = reliability_bins(confidence, hits, bins)
    [(majority_id, majority_count)] = Counter(sorted(gold)).most_common(1)
    steps = [abs(right - said) for right, said in zip(gold, predicted, strict=True)]
    return Evaluation(
        labels=tuple(labels),
        count=len(hits),
        accuracy=_share(sum(hits), len(hits)),
        chance=1 / len(labels),
        majority=_share(majority_count, len(hits)),
        majority_label=labels[majority_id],
        mean_distance=_share(sum(steps), len(steps)) if are_ordered(labels) else None,
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
