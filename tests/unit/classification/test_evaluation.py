"""The measures against numbers worked out by hand and against properties that must always hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.classification.evaluation import at_threshold, evaluate, reliability_bins


def test_three_labels_by_hand():
    gold, said = [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2]
    found = evaluate(["a", "b", "c"], gold, said, [0.95, 0.85, 0.55, 0.75, 0.45, 0.65])
    assert found.confusion == ((2, 1, 0), (0, 1, 1), (0, 0, 1))
    assert found.accuracy == pytest.approx(4 / 6)
    assert [m.precision for m in found.per_label] == pytest.approx([1, 1 / 2, 1 / 2])
    assert [m.recall for m in found.per_label] == pytest.approx([2 / 3, 1 / 2, 1])
    assert [m.f1 for m in found.per_label] == pytest.approx([0.8, 0.5, 2 / 3])
    assert found.macro_f1 == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
    assert found.expected_calibration_error == pytest.approx((0.05 + 0.15 + 0.55 + 0.25 + 0.45 + 0.35) / 6)


def test_a_label_that_never_occurs_does_not_lower_macro_f1():
    assert evaluate(["a", "b", "never"], [0, 1], [0, 1], [1.0, 1.0]).macro_f1 == 1.0


labels = st.integers(0, 3)
runs = st.lists(st.tuples(labels, labels, st.floats(0, 1)), min_size=1, max_size=60)


@given(runs)
def test_what_must_always_hold(run):
    gold, said, confidence = zip(*run, strict=True)
    found = evaluate(list("abcd"), gold, said, confidence)
    assert sum(map(sum, found.confusion)) == found.count == len(run)
    assert found.accuracy == pytest.approx(sum(found.confusion[n][n] for n in range(4)) / len(run))
    assert 0 <= found.macro_f1 <= 1 and 0 <= found.expected_calibration_error <= 1
    assert sum(b.count for b in found.reliability) == len(run)
    assert sum(m.support for m in found.per_label) == len(run)


def test_bins_hold_their_edges():
    bins = reliability_bins([0.0, 0.1, 0.999, 1.0], [True] * 4)
    assert [b.count for b in bins] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]


def test_a_threshold_of_zero_says_yes_and_one_above_one_says_no():
    assert at_threshold([0.0, 0.4, 1.0], 0.0) == [1, 1, 1]
    assert at_threshold([0.0, 0.4, 1.0], 1.01) == [0, 0, 0]
