"""One load for all who ask; one reason for all when it fails."""

from __future__ import annotations

import gc
import threading

import pytest

from playground.errors import (
    CorruptModelError,
    PlaygroundError,
)
from playground.models.manager import ModelKey
from tests.unit.models.fake_models import TASK, rows, run_together, wait_for


def test_many_first_callers_share_one_load_and_its_progress(make):
    manager, source = make()
    source.gate = threading.Event()  # the load can't end before it was looked at
    seen = []

    def ask():
        with manager.lease("a", TASK) as loaded:
            seen.append(loaded)

    def watch():
        try:
            wait_for(lambda: rows(manager).get("a") and rows(manager)["a"].progress)
            row = rows(manager)["a"]
        finally:
            source.gate.set()
        assert row.state == "loading"
        assert 0 < row.progress < 1
        assert row.message.startswith("step")

    assert run_together(*[ask] * 32, watch) == [None] * 33
    assert source.loads == ["a"]
    assert len(set(map(id, seen))) == 1


def test_a_failed_load_fails_everybody_with_one_reason_and_can_be_retried(make):
    manager, source = make()
    source.gate = threading.Event()
    source.failures.append(CorruptModelError("The files are damaged.", "Get new ones."))

    def ask():
        with manager.lease("a", TASK):
            raise AssertionError("it must not be lent")

    def release():
        wait_for(lambda: rows(manager).get("a") and rows(manager)["a"].waiting == 16)
        source.gate.set()

    *errors, _ = run_together(*[ask] * 16, release)
    assert {(type(error), str(error)) for error in errors} == {
        (CorruptModelError, "The files are damaged. Get new ones.")
    }
    assert len({id(error) for error in errors}) == 16, "one object on many threads would mix their tracebacks"
    row = rows(manager)["a"]
    assert (row.state, row.message, row.leases) == ("failed", "The files are damaged. Get new ones.", 0)
    assert manager.snapshot().devices[0].used_bytes == 0
    del errors
    gc.collect()
    assert source.alive == {"a": 0}, "a failed load left its model in memory"
    with manager.lease("a", TASK):
        assert rows(manager)["a"].state == "resident"
    assert source.loads == ["a", "a"]


@pytest.mark.parametrize("failure", [RuntimeError("strange"), KeyError("x"), SystemExit(3), MemoryError()])
def test_an_unforeseen_failure_is_explained_too(make, failure):
    manager, source = make()
    source.failures.append(failure)
    with pytest.raises(PlaygroundError), manager.lease("a", TASK):
        pass
    assert rows(manager)["a"].state == "failed"
    with manager.lease("a", TASK):
        pass


def test_a_load_goes_on_when_nobody_waits_and_can_be_stopped(make):
    manager, source = make()
    source.gate = threading.Event()
    key = manager.start_loading("a", TASK)
    assert manager.start_loading("a", TASK) == key
    wait_for(lambda: source.loads == ["a"])
    assert manager.unload(key)
    source.gate.set()
    wait_for(lambda: rows(manager)["a"].state == "not loaded")
    assert manager.snapshot().devices[0].used_bytes == 0
    gc.collect()
    assert source.alive == {"a": 0}
    manager.start_loading("a", TASK)
    wait_for(lambda: rows(manager)["a"].state == "resident")


def test_a_load_that_somebody_waits_for_cannot_be_stopped_by_another(make):
    manager, source = make()
    source.gate = threading.Event()

    def ask():
        with manager.lease("a", TASK):
            pass

    def stop():
        wait_for(lambda: rows(manager).get("a") and rows(manager)["a"].waiting)
        assert not manager.unload(ModelKey("a", TASK))
        source.gate.set()

    assert run_together(ask, stop) == [None, None]
