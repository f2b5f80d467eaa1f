"""Bytes and seconds, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.units import format_bytes, format_seconds, parse_bytes, parse_seconds


@given(st.integers(0, 10**14))
def test_a_size_that_is_written_can_be_read_again(count):
    assert parse_bytes(format_bytes(count).replace("bytes", "")) == pytest.approx(count, rel=0.06, abs=501)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than 0.1\u00a0s"),
        (0.04, "less than 0.1\u00a0s"),
        (59.94, "59.9\u00a0s"),
        (59.96, "1\u00a0min 0\u00a0s"),
        (3599.6, "1\u00a0h 0\u00a0min"),
        (90_000, "25\u00a0h 0\u00a0min"),
    ],
)
def test_a_duration_as_people_read_it(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize("text", ["-1", "inf", "nan", "soon", ""])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="a number of seconds"):
        parse_seconds(text)
