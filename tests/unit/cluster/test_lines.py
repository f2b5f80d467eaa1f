"""Places in line over a fleet, and what is said and can be stopped while no replica runs."""

from __future__ import annotations

import doctest
from dataclasses import replace
from types import SimpleNamespace

import pytest

import playground as pg
from playground.cluster import facade, fleet, lines
from playground.cluster.calls import Call
from playground.cluster.fleet import Fleet
from playground.cluster.lines import STARTING, Places, Starting, lines_of
from playground.cluster.resume import Resumption
from playground.errors import StoppedError
from playground.generation.events import Finished, Started, Waiting
from playground.runs import Run
from tests.fleets import two_replicas

STEADY = Started(3, 99, 8)


def test_its_examples():
    assert not doctest.testmod(lines).failed


def test_the_line_of_a_model_is_that_of_its_copy():
    report = two_replicas()
    rows = [model for replica in report.replicas for model in replica.models]
    key = f"{rows[0].model_id} {rows[0].quantization}"
    busy = [replace(one, models=tuple(replace(row, in_line=2) for row in one.models)) for one in report.replicas]
    told = lines_of(replace(report, replicas=tuple(busy)), key)
    there = [any((row.model_id, row.quantization) == (rows[0].model_id, rows[0].quantization) for row in one.models)
             for one in report.replicas]  # fmt: skip
    assert told == [2 * one for one in there] and any(told)
    assert lines_of(report, "no/such auto") == [0] * len(report.replicas)


def test_a_place_counts_all_lines_and_never_grows_by_those_who_came_later():
    now = [4, 2]
    places = Places(lambda: now)
    assert places.of_fleet([(0, Waiting(4)), (1, STEADY)]) == [(0, Waiting(6)), (1, STEADY)]
    now[1] = 9
    assert places.of_fleet([(0, Waiting(4, "Memory is short."))]) == [(0, Waiting(6, "Memory is short."))]
    assert places.of_fleet([(0, Waiting(2)), (1, Waiting(1))]) == [(0, Waiting(3)), (1, Waiting(1))]
    assert places.of_fleet([(0, Waiting(3))]) == [(0, Waiting(5))]  # somebody of fewer replies went before it
    assert places.of_fleet([(0, Waiting(2, STARTING))]) == [(0, Waiting(2, STARTING))]


class Handle:
    """Of a fleet that sleeps; what it is asked is answered when it has woken."""

    def __init__(self) -> None:
        self.asked, self.cancelled = [], 0
        self.told = SimpleNamespace(remote=self._ask)

    def options(self, stream):
        return self

    def _ask(self, call):
        self.asked.append(call)
        return self

    def __iter__(self):
        return iter([[(0, STEADY)], [(0, Finished("eos", "", (), 1, 9, None, None, None, 0.0, 1))]])

    def cancel(self):
        self.cancelled += 1


@pytest.fixture
def asleep(monkeypatch):
    """A fleet, its handle, and how often somebody still looks before its first replica runs."""
    monkeypatch.setattr(fleet, "LOOK_SECONDS", 0.0)
    looks = [3]

    def runs():
        looks[0] -= 1
        return looks[0] < 0

    monkeypatch.setattr(fleet, "_runs", runs)
    handle = Handle()
    return Fleet(handle, lambda: None, sleeps=True), handle, looks


def test_who_wakes_a_fleet_is_told_so_until_a_replica_runs(asleep):
    sleeping, handle, looks = asleep
    told = list(sleeping.stream(Call("compare_batches"), says_starting=True))
    assert told[:3] == [Starting(1)] * 3 and told[3] == [(0, STEADY)] and len(handle.asked) == 1
    looks[0] = 3
    assert len(list(sleeping.stream(Call("compare_batches"), says_starting=True))) == 2  # it has just answered
    sleeping._lost_at = sleeping._heard_at
    assert Starting(1) in list(sleeping.stream(Call("compare_batches"), says_starting=True))
    looks[0] = 3
    assert len(list(sleeping.stream(Call("classify_table")))) == 2


def test_those_who_wait_for_the_first_replica_have_places(asleep):
    sleeping, handle, looks = asleep
    looks[0] = 99
    first, second = (sleeping.stream(Call("compare_batches"), says_starting=True) for _ in range(2))
    assert [next(first), next(second), next(second)] == [Starting(1), Starting(2), Starting(2)]
    first.close()
    assert next(second) == Starting(1) and handle.cancelled == 1
    sleeping.closed = True
    with pytest.raises(StoppedError):
        next(second)


def test_a_generation_can_be_stopped_before_a_replica_runs(asleep):
    sleeping, handle, looks = asleep
    looks[0] = 99
    requests = (pg.GenerateRequest(prompt="a"), pg.GenerateRequest(prompt="b"))
    run, resumption = Run(), Resumption(requests)
    batches = facade._batches(sleeping, facade._generating(requests, "m auto", 0.0), run, resumption)
    assert next(batches) == [(0, Waiting(1, STARTING)), (1, Waiting(1, STARTING))]
    run.cancel()
    ends = next(batches)
    assert [(place, event.reason) for place, event in ends] == [(0, "stopped"), (1, "stopped")]
    assert next(batches, None) is None and resumption.done and handle.cancelled == 1
