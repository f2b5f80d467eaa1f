"""Leases: lent to many, given back on every path, also when memory runs out."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from playground.errors import (
    DeviceMemoryError,
)
from playground.models.manager import ModelKey
from tests.unit.models.fake_models import SIZE, TASK, rows, run_together


def test_a_lease_lends_and_is_given_back(make):
    manager, _ = make()
    with manager.lease("a", TASK) as loaded:
        assert loaded.measured_bytes == SIZE
        assert loaded.key == ModelKey("a", TASK, "float32")
        assert rows(manager)["a"].leases == 1
        with manager.lease("a", TASK, "float32") as again:
            assert again is loaded, "auto is float32 on a CPU: one model, not two"
            assert rows(manager)["a"].leases == 2
    row = rows(manager)["a"]
    assert (row.state, row.leases, row.loads, row.waiting) == ("resident", 0, 1, 0)
    assert row.predicted_bytes == row.measured_bytes == SIZE


def test_an_exception_ends_the_lease(make):
    manager, _ = make()
    with pytest.raises(ZeroDivisionError), manager.lease("a", TASK):
        raise ZeroDivisionError
    assert rows(manager)["a"].leases == 0


def test_a_generator_may_be_closed_on_another_thread(make):
    """gradio resumes a generator on any thread, and closes it when the page is closed."""
    manager, _ = make()

    def stream():
        with manager.lease("a", TASK):
            yield 1
            yield 2

    opened = stream()
    next(opened)
    assert rows(manager)["a"].leases == 1
    assert run_together(opened.close) == [None]
    assert rows(manager)["a"].leases == 0
    forgotten = stream()
    next(forgotten)
    del forgotten
    gc.collect()
    assert rows(manager)["a"].leases == 0


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), MemoryError("no more")]
)
def test_running_out_of_memory_becomes_a_message_and_others_go_on(make, error):
    manager, _ = make()

    def work(big):
        filler = torch.zeros(10)
        big.append(weakref.ref(filler))
        raise error

    held = []
    with manager.lease("a", TASK) as loaded:
        with pytest.raises(DeviceMemoryError) as caught, manager.lease("a", TASK):
            work(held)
        assert caught.value.retryable
        assert held[0]() is None, "the failed call's tensors are still in memory"
        assert loaded.measured_bytes == SIZE
        assert rows(manager)["a"].leases == 1
    with pytest.raises(ValueError, match="other"), manager.lease("a", TASK):
        raise ValueError("other")
