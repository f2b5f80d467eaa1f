"""A replica over a playground that costs nothing: answers and failures as values, and ends that come early."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import playground as pg
from playground.cluster import replica as module
from playground.cluster.calls import Call
from playground.cluster.replica import Absent, Place, Replica
from playground.crossing import Failed
from playground.models.report import ModelReport, Snapshot
from playground.runs import Runs

HELD = ModelReport("m", "M", "text-generation", "8-bit", "resident", "cpu", "int8", 1, 1, 0, 1, 0, 0.0)


class Spec:
    """An entry of a catalog whose "auto" is 8-bit."""

    quantizations = ("8-bit",)


class Counting:
    """Yields numbers until its run is cancelled, and remembers whether it was closed."""

    def __init__(self, settings):
        self.settings, self.runs, self.imported = settings, Runs(), True
        self.manager, self.closed = self, threading.Event()

    def spec(self, model_id, task):
        return Spec()

    def snapshot(self):
        return Snapshot((HELD,), ())

    def warm_up(self):
        return pg.WarmUp(done=True)

    def warmth(self):
        return pg.WarmUp(done=True)

    def cancel(self, run_id):
        return self.runs.cancel(run_id)

    def add(self, a, b=0):
        return a + b

    def count(self, run_id="", late=0.0):
        time.sleep(late)
        try:
            with self.runs.begin(run_id) as run:
                number = 0
                while not run.cancelled:
                    yield number
                    number += 1
                    time.sleep(0.001)
                yield "stopped"
        finally:
            self.closed.set()

    async def count_async(self, asked_at):
        yield time.perf_counter() - asked_at
        raise pg.PlaygroundError("No.", "Try again.")


@pytest.fixture
def replica(monkeypatch):
    import process

    monkeypatch.setattr(process, "prepare", lambda: None)
    monkeypatch.setattr(process, "settle", lambda: None)
    monkeypatch.setattr(module, "listen_here", lambda: None)
    monkeypatch.setattr(module, "_place", lambda share, cores: Place("r", "n"))
    monkeypatch.setattr(module, "Playground", Counting)
    return Replica(pg.Settings(device="cpu"))


def test_answers_and_failures_are_values(replica):
    assert asyncio.run(replica.answer(Call("add", (1,), {"b": 2}))) == 3
    answer = asyncio.run(replica.answer(Call("add", (1,), {"b": "2"})))
    assert isinstance(answer, Failed) and isinstance(answer.error, TypeError)


def test_time_in_line_counts_from_when_it_was_asked_elsewhere(replica):
    async def told():
        call = Call("count_async", named={"asked_at": 0.0}, asked_seconds=5.0)
        return [item async for item in replica.told(call)]

    waited, failure = asyncio.run(told())
    assert 5.0 <= waited < 6.0
    assert str(failure.error) == "No. Try again."


@pytest.mark.parametrize("late", [0.0, 0.3])
def test_stop_reaches_a_call_also_one_that_has_only_arrived(replica, late):
    call = Call("count", ("run", late))

    async def stopped():
        stop = asyncio.create_task(replica.cancel("run", call.call_id))
        items = [item async for item in replica.told(call)]
        return items, await stop

    items, found = asyncio.run(stopped())
    assert items[-1] == "stopped" and found


def test_who_leaves_ends_the_work_within_a_step(replica):
    call = Call("count")

    async def left():
        async for number in replica.told(call):
            if number == 3:
                await replica.leave("", call.call_id)
        return (await replica.report()).calls

    assert asyncio.run(left()) == 0
    assert replica._playground.closed.wait(5)


def test_nobody_to_stop(replica, monkeypatch):
    monkeypatch.setattr(module, "ARRIVES_SECONDS", 0.05)
    assert not asyncio.run(replica.cancel("run", "call"))


def test_a_command_is_for_those_that_have_the_model(replica):
    assert asyncio.run(replica.command(Call("add", (1,), model="m"))) == 1
    assert asyncio.run(replica.command(Call("add", (1,), model="x/y"))) == Absent()


def test_what_a_replica_tells_of_itself(replica):
    for model, loads in [("m 8-bit", True), ("m auto", True), ("m 4-bit", True), ("x auto", False), ("", True)]:
        asyncio.run(replica.answer(Call("add", (1,), model=model, loads=loads)))
    report = asyncio.run(replica.report())
    assert (report.replica_id, report.node_id, report.hits, report.misses) == ("r", "n", 2, 1)
    assert report.models == (HELD,) and report.state == "running"
    assert asyncio.run(replica.record_routing_stats())["models"] == ["m 8-bit", "m auto"]


def test_before_torch_is_imported_nothing_is_looked_up(replica, monkeypatch):
    monkeypatch.setattr(replica._playground, "imported", False)
    assert asyncio.run(replica.record_routing_stats()) == {"models": [], "free_bytes": 0}


def test_a_measured_budget_is_divided_and_one_that_was_set_is_not():
    alone = pg.Settings(device="cpu")
    assert module._shared(alone, 1) is alone
    thirds = module._shared(alone, 3).memory_budget
    assert thirds == pytest.approx(module._shared(alone, 2).memory_budget * 2 / 3, rel=0.2)
    own = pg.Settings(device="cpu", memory_budget=10**9)
    assert module._shared(own, 3) is own
