"""What counts as a guess before a training."""

from __future__ import annotations

import pytest

from tabs.training.format import guess_within


@pytest.mark.parametrize(
    ("typed", "meant"), [("", None), (" 15 ", 15), ("0", 0), ("99", 20), ("-1", None), ("many", None), ("1.5", None)]
)
def test_a_number_is_a_guess_and_nothing_else_is(typed, meant):
    assert guess_within(typed, 20) == meant
