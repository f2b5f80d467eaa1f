"""What runs under an id can be ended by whoever knows the id."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from playground.errors import BusyError
from playground.runs import MOST_OF_AN_ADDRESS, Runs


def test_a_run_is_cancelled_by_its_id_alone():
    runs, called = Runs(), []
    with runs.begin("a") as first, runs.begin("a") as second, runs.begin("b") as other, runs.begin("") as nameless:
        first.on_cancel(lambda: called.append(1))
        assert runs.cancel("a") and not runs.cancel("c") and not runs.cancel("")
        assert first.cancelled and second.cancelled and not other.cancelled and not nameless.cancelled
        first.on_cancel(lambda: called.append(2))
    assert called == [1, 2], "also where it is cancelled before there is anything to stop"
    assert not runs.cancel("a") and not runs.cancel("b"), "what is over is forgotten"


def test_one_address_runs_so_much_and_leaves_room_for_others():
    with ExitStack() as stack:
        runs = Runs()
        for number in range(MOST_OF_AN_ADDRESS):
            stack.enter_context(runs.begin(str(number), "greedy"))
        with pytest.raises(BusyError, match="Your address"):
            stack.enter_context(runs.begin("one more", "greedy"))
        for _ in range(2 * MOST_OF_AN_ADDRESS):  # a notebook
            stack.enter_context(runs.begin("own"))
        stack.enter_context(runs.begin("another", "elsewhere"))
    with runs.begin("again", "greedy") as run:
        assert not run.cancelled
