"""The map of words is classical scaling and PCA, number for number, and what a flat picture hides is counted."""

from __future__ import annotations

import numpy as np
import pytest

import playground as pg
from playground.similarity.word_map import apart, classical_scaling, word_map


def matrix_of(loss, baseline=None, vectors=None, pieces=None) -> pg.WordMatrixResult:
    count = len(loss)
    cosine = None if vectors is None else tuple(map(tuple, (vectors @ vectors.T).tolist()))
    return pg.WordMatrixResult(
        "m",
        None,
        tuple(f"w{number}" for number in range(count)),
        tuple(map(tuple, loss)),
        pieces or (1,) * count,
        tuple(baseline or (0.0,) * count),
        cosine,
    )


def distances(points) -> np.ndarray:
    points = np.array(points)
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def test_points_of_a_plane_are_found_again():
    points = np.random.default_rng(0).normal(size=(9, 2))
    found, values = classical_scaling(distances(points) ** 2)
    assert distances(found) == pytest.approx(distances(points))
    assert values[2:] == pytest.approx(np.zeros(7), abs=1e-12)


def test_of_unit_vectors_it_is_pca():
    vectors = np.random.default_rng(1).normal(size=(12, 384)) + 2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    picture = word_map(matrix_of(np.ones((12, 12)), vectors=vectors)).by_embedding
    centred = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    scores = u[:, :2] * s[:2]
    scores *= np.sign(scores[np.abs(scores).argmax(axis=0), [0, 1]])
    assert np.array(picture.points) == pytest.approx(scores, abs=1e-8)
    assert picture.kept == pytest.approx((s[:2] ** 2).sum() / (s**2).sum())
    assert picture.negative == 0


def test_distances_that_no_space_has_are_said():
    """A star: its middle is 1 from three leaves, which are 2 from each other. Eigenvalues by hand: 2, 2, 0, -1/4."""
    star = np.full((4, 4), 2.0)
    star[0], star[:, 0] = 1, 1
    np.fill_diagonal(star, 0)
    _, values = classical_scaling(star**2)
    assert values == pytest.approx([2, 2, 0, -0.25], abs=1e-9)
    loss = [[0, 0, 9, 9], [0, 0, 1, 2], [9, 1, 0, 5], [9, 2, 5, 0]]
    picture = word_map(matrix_of(np.array(loss, float))).by_loss
    values = np.linalg.eigvalsh(-(np.eye(4) - 1 / 4) @ np.array(loss) ** 2 @ (np.eye(4) - 1 / 4) / 2)
    assert picture.negative == (values < -1e-6).sum() > 0
    assert picture.negative_share == pytest.approx(-values[values < 0].sum() / np.abs(values).sum(), abs=1e-6)
    assert picture.kept == pytest.approx(values[-2:].sum() / np.abs(values).sum())


def test_losses_are_those_of_both_directions_above_the_baseline():
    """Two pieces cost twice their mean; w0 costs 2 after nothing, w1 4, w2 6."""
    loss = [[0.0, 1.0, 5.0], [3.0, 0.0, 7.0], [8.0, 2.0, 0.0]]
    picture = word_map(matrix_of(loss, baseline=(2.0, 4.0, 6.0), pieces=(1, 2, 1))).by_loss
    # w0-w1: (2·1 - 4 + 3 - 2) / 2; w0-w2: (5 - 6 + 8 - 2) / 2; w1-w2: (7 - 6 + 2·2 - 4) / 2
    assert [picture.measure[0][1], picture.measure[0][2], picture.measure[1][2]] == [-0.5, 2.5, 0.5]
    assert apart(np.array(picture.measure)).tolist() == [[0, 0, 3], [0, 0, 1], [3, 1, 0]]
    assert picture.neighbours == ((1,), (0,), (1,))


def test_turning_the_losses_onto_the_embeddings_changes_no_distance():
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(8, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    loss = 3 * distances(vectors)  # the same order of pairs, so the pictures can lie over each other
    alone, both = word_map(matrix_of(loss)), word_map(matrix_of(loss, vectors=vectors))
    assert distances(both.by_loss.points) == pytest.approx(distances(alone.by_loss.points))
    gap = [np.linalg.norm(np.array(one.by_loss.points) - both.by_embedding.points) for one in (alone, both)]
    assert gap[1] <= gap[0]
    mirrored = np.array(both.by_loss.points) * [1, -1]
    assert gap[1] < np.linalg.norm(mirrored - both.by_embedding.points)


def test_neighbours_that_the_picture_loses_are_counted():
    """Twelve corners of a simplex are all alike far: a plane can't show it. Points of a plane lose nothing."""
    flat = np.random.default_rng(3).normal(size=(12, 2))
    least = distances(flat)[~np.eye(12, dtype=bool)].min()
    kept = word_map(matrix_of(distances(flat)))
    assert kept.nearest == 5 and all(len(row) == 5 for row in kept.by_loss.neighbours)
    moved = distances(flat) - least
    np.fill_diagonal(moved, 0)
    points, _ = classical_scaling(moved**2)
    for word in range(12):
        true = [other for other in np.argsort(distances(flat)[word]) if other != word][:5]
        shown = [other for other in np.argsort(distances(points)[word]) if other != word][:5]
        assert kept.by_loss.neighbours[word] == tuple(true)
        assert kept.by_loss.still_near[word] == len(set(true) & set(shown))


@pytest.mark.parametrize(("count", "nearest"), [(2, 1), (3, 1), (5, 2), (11, 5), (30, 5)])
def test_few_words_have_fewer_neighbours_to_lose(count, nearest):
    loss = np.random.default_rng(4).uniform(1, 5, size=(count, count))
    result = word_map(matrix_of(loss))
    assert result.nearest == nearest and len(result.by_loss.points) == count
    assert result.by_embedding is None


def test_words_that_are_all_alike_lie_on_one_point():
    picture = word_map(matrix_of(np.ones((4, 4)))).by_loss
    assert picture.points == ((0.0, 0.0),) * 4 and picture.kept == 1 and picture.negative == 0
