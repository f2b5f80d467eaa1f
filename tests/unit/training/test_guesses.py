"""What counts as a guess before a training."""

from __future__ import annotations

import pytest

from playground.errors import InputError
from tabs.training.format import guess_within


@pytest.mark.parametrize(("typed", "meant"), [(None, None), ("", None), (" 15 ", 15), ("0", 0), ("20", 20)])
def test_a_number_within_is_a_guess(typed, meant):
    assert guess_within(typed, 20) == meant


@pytest.mark.parametrize("typed", ["21", "99", "-1", "many", "1.5", "9" * 5_000])
def test_what_can_be_no_guess_is_said_and_not_changed(typed):
    with pytest.raises(InputError, match="from 0 to 20, or leave its field empty"):
        guess_within(typed, 20)
