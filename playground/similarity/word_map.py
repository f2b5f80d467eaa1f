"""Words of a matrix -> points of two flat pictures: by the encoder's vectors, and by the losses between them.

Both are classical scaling: points in a plane whose distances come as near as they can to those that are given. For unit
vectors that is principal component analysis (PCA), and cosines are all that it needs. Losses are no distances: both
directions are averaged, what a word costs after an empty source is subtracted, and the closest pair of all is put at 0.

Source: Torgerson 1952, Multidimensional scaling: I. Theory and method; Gower 1966, Some distance properties of latent
root and vector methods.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from playground.similarity.matrix import word_matrix
from playground.similarity.request import WordMatrixRequest
from playground.similarity.result import FlatPicture, WordMapResult, WordMatrixResult

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from playground.models.manager import ModelManager

MOST_NEAREST = 5
ROUND_OFF = 1e-6  # of the largest eigenvalue: cosines come from float32


def map_words(manager: ModelManager, request: WordMatrixRequest) -> WordMapResult:
    """The words of a request, measured and put on two flat pictures.

    Raises:
        EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError: as `word_matrix` does.
    """
    *_, measured = word_matrix(manager, request)
    assert isinstance(measured, WordMatrixResult)
    return word_map(measured)


def word_map(matrix: WordMatrixResult) -> WordMapResult:
    """The two pictures of a measured matrix; the one of the losses is turned and mirrored to lie over the other."""
    count = len(matrix.words)
    nearest = min(MOST_NEAREST, max(1, (count - 1) // 2))
    losses = np.array(matrix.distance(total=True, baseline=True, symmetric=True))
    by_loss = _picture(losses, apart(losses) ** 2, nearest)
    by_embedding = None
    if matrix.cosine is not None:
        cosines = np.array(matrix.cosine)
        by_embedding = _picture(cosines, 2 - 2 * cosines, nearest, closest_is=-1)
        by_loss = _turned(by_loss, onto=by_embedding)
    return WordMapResult(
        matrix.model_id,
        matrix.quantization,
        matrix.template,
        matrix.words,
        nearest,
        by_embedding,
        by_loss,
        matrix.notes,
        matrix.held,
    )


def apart(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far apart words are: their symmetric loss above that of the closest pair, 0 for a word and itself.

    >>> apart(np.array([[9.0, -3.0, 2.0], [-3.0, 9.0, 1.0], [2.0, 1.0, 9.0]])).tolist()
    [[0.0, 0.0, 5.0], [0.0, 0.0, 4.0], [5.0, 4.0, 0.0]]
    """
    others: NDArray[np.bool_] = ~np.eye(len(losses), dtype=bool)
    return np.where(others, losses - losses[others].min(), 0.0)


def classical_scaling(squared: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points in a plane (word, 2) from squared distances, and all eigenvalues, the largest first.

    Of a point's two mirror images that one is taken whose number farthest from 0 is positive, on each axis.
    """
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1, keepdims=True) + squared.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    points = np.zeros((len(squared), 2))
    axes = min(2, len(squared))
    points[:, :axes] = vectors[:, :axes] * np.sqrt(np.maximum(values[:axes], 0))
    farthest = points[np.abs(points).argmax(axis=0), [0, 1]]
    return points * np.where(farthest < 0, -1, 1), values


def _picture(
    measure: NDArray[np.float64], squared: NDArray[np.float64], nearest: int, closest_is: int = 1
) -> FlatPicture:
    """A picture of one measure, whose smallest number is the closest pair, or its greatest (``closest_is`` -1)."""
    points, values = classical_scaling(squared)
    size = np.abs(values).sum()
    negative = values[values < -ROUND_OFF * np.abs(values).max()]
    flat = np.linalg.norm(points[:, None] - points[None], axis=-1)
    neighbours, seen = nearest_of(closest_is * measure, nearest), nearest_of(flat, nearest)
    return FlatPicture(
        points=_pairs(points),
        kept=float(np.maximum(values[:2], 0).sum() / size) if size else 1.0,
        negative=len(negative),
        negative_share=float(-negative.sum() / size) if size else 0.0,
        measure=tuple(map(tuple, measure.tolist())),
        neighbours=neighbours,
        still_near=tuple(len({*true} & {*shown}) for true, shown in zip(neighbours, seen, strict=True)),
    )


def nearest_of(table: NDArray[np.float64], nearest: int) -> tuple[tuple[int, ...], ...]:
    """For each word the indices of the words with the smallest numbers in its row, the nearest first.

    >>> nearest_of(np.array([[0.0, 3.0, 1.0], [3.0, 0.0, 2.0], [1.0, 2.0, 0.0]]), 1)
    ((2,), (2,), (0,))
    """
    ranked = [[int(other) for other in row.argsort(kind="stable") if other != word] for word, row in enumerate(table)]
    return tuple(tuple(row[:nearest]) for row in ranked)


def _turned(picture: FlatPicture, onto: FlatPicture) -> FlatPicture:
    """The picture turned and mirrored so that its points come nearest to those of the other; no distance changes.

    Source: Schönemann 1966, A generalized solution of the orthogonal Procrustes problem.
    """
    points = np.array(picture.points)
    left, _, right = np.linalg.svd(points.T @ np.array(onto.points))
    return replace(picture, points=_pairs(points @ left @ right))


def _pairs(points: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)
