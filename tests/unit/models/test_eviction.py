"""Models that leave: by hand, for idleness, at the end; nothing stays behind."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest

from playground.errors import (
    StoppedError,
)
from playground.models.manager import ModelKey
from tests.unit.models.fake_models import TASK, rows, wait_for


def test_unload_really_frees_and_never_takes_from_anybody(make):
    manager, source = make()
    closed = []

    class Engine:
        def __init__(self, loaded):
            self.loaded = loaded

        def close(self):
            closed.append(self.loaded.key.model_id)
            self.loaded = None

    key = ModelKey("a", TASK)
    assert not manager.unload(key), "it was never there"
    with manager.lease("a", TASK) as loaded:
        engine = loaded.companion("engine", Engine)
        assert loaded.companion("engine", Engine) is engine
        assert not manager.unload(key)
        gone = weakref.ref(loaded.model)
    del loaded
    assert manager.unload(key)
    assert closed == ["a"]
    assert gone() is None
    assert source.alive == {"a": 0}
    assert rows(manager)["a"].state == "not loaded"
    assert not manager.unload(key)


def test_a_companion_that_fails_to_close_does_not_keep_the_model(make, caplog):
    caplog.set_level("CRITICAL", "playground")  # a captured traceback would keep the model
    manager, source = make()

    class Stubborn:
        def close(self):
            raise RuntimeError("no")

    with manager.lease("a", TASK) as loaded:
        loaded.companion("x", lambda loaded: Stubborn())
    del loaded
    assert manager.unload(ModelKey("a", TASK))
    assert source.alive == {"a": 0}


def test_idle_models_leave_after_the_last_lease_ended_not_after_it_began(make):
    manager, _ = make(idle_unload=0.2)
    with manager.lease("a", TASK), manager.lease("b", TASK):
        manager.pin(ModelKey("b", TASK))
        time.sleep(0.35)
        assert rows(manager)["a"].state == "resident", "in use all the time"
    assert rows(manager)["a"].state == "resident", "the clock starts only now"
    wait_for(lambda: rows(manager)["a"].state == "not loaded", 3)
    assert rows(manager)["b"].state == "resident", "pinned"
    manager.pin(ModelKey("b", TASK), False)
    wait_for(lambda: rows(manager)["b"].state == "not loaded", 3)


def test_close_ends_loads_and_refuses_new_ones(make):
    manager, source = make(names="abc")
    with manager.lease("a", TASK):
        pass
    source.gate = threading.Event()
    manager.start_loading("b", TASK)
    wait_for(lambda: "b" in source.loads)
    threading.Timer(0.05, source.gate.set).start()
    manager.close()
    assert {row.state for row in rows(manager).values()} == {"not loaded"}
    gc.collect()
    assert set(source.alive.values()) == {0}
    with pytest.raises(StoppedError), manager.lease("c", TASK):
        pass
