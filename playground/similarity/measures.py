"""Numbers about losses: how sure a model was, how far two lists agree, which words stand together."""

from __future__ import annotations

import math
from collections.abc import Sequence


def perplexity(losses: Sequence[float]) -> float:
    """exp of the mean loss of some pieces: how many equally likely pieces the model was unsure between.

    At most e^700, about the largest number that a float holds. Two pieces with probabilities 1/2 and 1/8 have losses
    ln 2 and ln 8, whose mean is ln 4:

    >>> round(perplexity([math.log(2), math.log(8)]), 6)
    4.0
    """
    return math.exp(min(700.0, sum(losses) / len(losses)))


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation; None where it doesn't exist (fewer than 3 values, or all the same).

    >>> spearman([1, 2, 3], [10, 20, 15])
    0.5
    """
    from scipy.stats import spearmanr

    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return round(float(spearmanr(first, second).statistic), 12)


def spearman_interval(rho: float | None, count: int) -> tuple[float, float] | None:
    """The 95 % interval of Spearman's rho over ``count`` pairs; None where there is none.

    Source: Bonett and Wright 2000, Sample size requirements for estimating Pearson, Kendall and Spearman correlations.

    >>> [round(end, 2) for end in spearman_interval(0.7, 64)]
    [0.53, 0.82]
    """
    if rho is None or count < 4 or abs(rho) >= 1:
        return None
    middle, wide = math.atanh(rho), 1.96 * math.sqrt((1 + rho**2 / 2) / (count - 3))
    return math.tanh(middle - wide), math.tanh(middle + wide)


def clustered_order(distance: Sequence[Sequence[float]]) -> tuple[int, ...]:
    """Indices of words so that close ones stand together, by average linkage of their symmetric distances.

    >>> clustered_order([[0, 1, 9, 8], [1, 0, 9, 9], [9, 9, 0, 1], [8, 9, 1, 0]])
    (1, 0, 3, 2)
    """
    from scipy.cluster.hierarchy import average, leaves_list, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    count = len(distance)
    if count < 3:
        return tuple(range(count))
    least = min(distance[i][j] for i in range(count) for j in range(count) if i != j)
    square = [[0.0 if i == j else distance[i][j] - least for j in range(count)] for i in range(count)]
    flat = squareform(square, checks=False)
    return tuple(int(index) for index in leaves_list(optimal_leaf_ordering(average(flat), flat)))
