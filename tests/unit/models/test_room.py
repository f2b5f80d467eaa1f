"""Never over budget, nothing taken from anybody."""

from __future__ import annotations

import gc
import threading
import time
from dataclasses import replace

import pytest
import torch

from playground.config import Settings
from playground.errors import (
    BudgetError,
)
from playground.models.catalog import Catalog
from playground.models.manager import ModelKey, ModelManager
from playground.models.memory import DeviceMemory
from tests.unit.models.fake_models import SIZE, TASK, FakeSource, rows, run_together, spec_of, wait_for


def test_the_least_recently_used_model_leaves_first(make):
    manager, source = make(names="abcd")
    for name in "abca":
        with manager.lease(name, TASK):
            pass
    with manager.lease("d", TASK):
        pass
    states = {name: row.state for name, row in rows(manager).items()}
    assert states == {"a": "resident", "b": "not loaded", "c": "resident", "d": "resident"}
    assert rows(manager)["b"].evictions == 1
    assert source.alive["b"] == 0
    assert manager.snapshot().devices[0].used_bytes == 3 * SIZE


def test_leased_and_pinned_models_stay(make):
    manager, _ = make(names="abcd", patience=0.05)
    with manager.lease("b", TASK), manager.lease("c", TASK):
        with manager.lease("a", TASK):
            pass
        assert manager.pin(ModelKey("a", TASK))
        with pytest.raises(BudgetError) as caught, manager.lease("d", TASK):
            pass
        assert caught.value.retryable
        for words in (
            "d in float32 needs 1\u00a0kB; 0\u00a0bytes of the 3\u00a0kB",
            "b (1\u00a0kB) is in use",
            "a (1\u00a0kB) is pinned",
        ):
            assert words in str(caught.value)
        assert "4-bit needs 250\u00a0bytes" in caught.value.fix
    with manager.lease("d", TASK):
        assert rows(manager)["a"].state == "resident"
    assert manager.pin(ModelKey("a", TASK), False)
    assert not rows(manager)["a"].pinned


def test_a_load_waits_for_a_lease_to_end(make):
    manager, _ = make(budget=SIZE, names="ab")
    order = []

    def hold():
        with manager.lease("a", TASK):
            wait_for(lambda: rows(manager).get("b") and rows(manager)["b"].state == "waiting for room")
            order.append("a ends")

    def want():
        wait_for(lambda: rows(manager).get("a") and rows(manager)["a"].leases)
        with manager.lease("b", TASK):
            order.append("b begins")

    assert run_together(hold, want) == [None, None]
    assert order == ["a ends", "b begins"]


def test_what_can_never_fit_is_refused_at_once(make):
    manager, source = make(sizes={"huge": 10 * SIZE, "a": SIZE}, patience=60)
    with manager.lease("a", TASK):
        pass
    began = time.monotonic()
    with pytest.raises(BudgetError, match="4-bit needs") as caught, manager.lease("huge", TASK):
        pass
    assert time.monotonic() - began < 5
    assert not caught.value.retryable
    assert "4-bit needs 2\u00a0kB" in str(caught.value)
    assert rows(manager)["a"].state == "resident", "nobody is evicted for something that can't fit"
    assert "huge" not in source.loads
    with manager.lease("huge", TASK, "4-bit") as loaded:
        assert loaded.measured_bytes == 2.5 * SIZE


def test_a_model_that_takes_more_than_predicted_makes_others_leave_or_fails(make):
    manager, source = make(names="abc", patience=0.05)
    for name in "ab":
        with manager.lease(name, TASK):
            pass
    source.actual["c"] = int(1.5 * SIZE)
    with manager.lease("c", TASK):
        row = rows(manager)["c"]
        assert (row.predicted_bytes, row.measured_bytes) == (SIZE, 1.5 * SIZE)
        assert manager.snapshot().devices[0].used_bytes <= 3 * SIZE
    assert manager.unload(ModelKey("c", TASK))
    source.actual["c"] = 5 * SIZE
    with pytest.raises(BudgetError), manager.lease("c", TASK):
        pass
    gc.collect()
    assert source.alive["c"] == 0


def test_what_a_load_takes_while_it_runs_has_to_be_free(make, monkeypatch):
    """fast-8-bit is made of the model in float32, four times as large: the device needs room for both for a moment."""
    manager, source = make(budget=20 * SIZE, names="abc", patience=0.05)
    with manager.lease("a", TASK):
        pass
    total = 2 * SIZE
    memory = DeviceMemory("cpu", "CPU memory", total, 0)
    monkeypatch.setattr(
        "playground.models.places.device_memory",
        lambda device: replace(memory, free_bytes=total - sum(source.alive.values())),
    )
    with manager.lease("b", TASK, "fast-8-bit"):
        assert rows(manager)["a"].state == "not loaded"
        assert rows(manager)["b"].measured_bytes == SIZE // 4
        refused = pytest.raises(BudgetError, match="While it is loaded, it takes 1\u00a0kB more")
        with manager.lease("a", TASK), refused, manager.lease("c", TASK, "fast-8-bit"):
            pass


class Cache:
    """A companion that holds memory."""

    def __init__(self, nbytes=0):
        self.nbytes = self.reserved_bytes = nbytes

    def close(self):
        pass


def test_what_companions_hold_is_shown_and_takes_from_the_budget(make):
    manager, source = make(names="abc", patience=5.0)
    with manager.lease("a", TASK) as loaded:
        cache = loaded.companion("generation", lambda owner: Cache())
        cache.nbytes, cache.reserved_bytes = 300, 1500
        loaded.companion("other", lambda owner: type("Plain", (), {"close": lambda self: None})())
        assert rows(manager)["a"].cache_bytes == 300
        (device,) = manager.snapshot().devices
        assert (device.used_bytes, device.cache_bytes, device.limit_bytes) == (SIZE, 300, 3 * SIZE)
        manager.patience_seconds = 0.05
        with pytest.raises(BudgetError, match="500\u00a0bytes of the 3\u00a0kB") as caught, manager.lease("b", TASK):
            pass
        assert "a (1\u00a0kB) is in use, and its KV cache may take 2\u00a0kB" in caught.value.fix
        manager.patience_seconds = 5.0
        threading.Timer(0.1, setattr, (cache, "reserved_bytes", 0)).start()
        with manager.lease("b", TASK):  # begins when the replies have ended, though nobody tells the manager
            assert source.loads == ["a", "b"]


def test_a_cache_takes_the_room_of_models_that_nobody_uses(make):
    manager, _ = make(names="abc")
    with manager.lease("c", TASK), manager.lease("a", TASK) as loaded:
        with manager.lease("b", TASK) as other:
            other.companion("generation", lambda owner: Cache(200))
            with pytest.raises(BudgetError) as caught:
                loaded.make_room(500)
            for words in ("may grow to 500\u00a0bytes", "3\u00a0kB of weights", "200\u00a0bytes of other caches",
                          "budget of 3\u00a0kB has 0\u00a0bytes", "--memory-budget", "max_new_tokens"):  # fmt: skip
                assert words in str(caught.value)
        loaded.make_room(500)
        assert {name: row.state for name, row in rows(manager).items()}["b"] == "not loaded"
        loaded.make_room(1000)
        with pytest.raises(BudgetError):
            loaded.make_room(1001)
        assert rows(manager)["c"].state == rows(manager)["a"].state == "resident"


class Kept(Cache):
    """A companion that keeps something in case somebody needs it."""

    reserved_bytes = 0

    def __init__(self, nbytes):
        self.nbytes = self.kept_bytes = nbytes

    def forget(self):
        self.nbytes = self.kept_bytes = 0


def test_what_companions_keep_leaves_before_any_model(make):
    manager, _ = make(names="abc")
    with manager.lease("a", TASK) as loaded:
        kept = loaded.companion("generation", lambda owner: Kept(1500))
        assert rows(manager)["a"].cache_bytes == 1500
        assert loaded.spare() == 3 * SIZE - SIZE - 1500
        with manager.lease("b", TASK) as other:
            assert kept.nbytes == 0, "nobody waits for it"
            kept.nbytes = kept.kept_bytes = 700
            assert loaded.spare() == 300
            other.make_room(300)
            assert kept.nbytes == 700, "there is room beside it"
            other.make_room(1000)
            assert kept.nbytes == 0
        assert rows(manager)["b"].state == "resident"


def test_a_measured_budget_leaves_the_reserve_to_the_caches():
    manager = ModelManager(Settings(device="cpu"), Catalog((spec_of("a"),)), source=FakeSource({"a": SIZE}))
    with manager.lease("a", TASK) as loaded:
        (device,) = manager.snapshot().devices
        assert device.limit_bytes == device.budget_bytes + device.reserve_bytes
        loaded.make_room(device.budget_bytes + device.reserve_bytes // 2)
        with pytest.raises(BudgetError):
            loaded.make_room(device.limit_bytes)
    manager.close()


def test_evicted_models_wait_in_ram_and_come_back_without_a_load(make):
    """Beside a GPU; here the CPU plays both parts, which exercises the same books and the same moves."""
    manager, source = make(budget=SIZE, names="abcd", parking=True, ram_budget=2 * SIZE)
    with manager.lease("a", TASK) as loaded:
        first = loaded.model.weight.detach()  # held, so that nothing else gets its memory
        loaded.model.weight.fill_(7)
    with manager.lease("b", TASK):
        assert rows(manager)["a"].state == "in RAM"
        device, ram = manager.snapshot().devices
        assert (device.used_bytes, ram.used_bytes, ram.budget_bytes) == (SIZE, SIZE, 2 * SIZE)
    with manager.lease("a", TASK) as back:
        assert back.model.weight.unique().tolist() == [7]
        assert back.model.weight.data_ptr() != first.data_ptr()
        assert rows(manager)["b"].state == "in RAM"
    assert source.loads == ["a", "b"]
    del loaded, back
    for name in "cd":
        with manager.lease(name, TASK):
            states = {name: row.state for name, row in rows(manager).items()}
    assert states == {"a": "in RAM", "b": "not loaded", "c": "in RAM", "d": "resident"}
    assert manager.unload(ModelKey("a", TASK))
    assert manager.snapshot().devices[1].used_bytes == SIZE
    assert source.alive == {"a": 0, "b": 0, "c": SIZE, "d": SIZE}


def test_a_model_larger_than_the_gpu_is_spread_by_accelerate():
    """The books of it; accelerate's own part is tested with real weights in test_loading."""
    from playground.models.places import Places
    from playground.models.tiers import Tier

    gpu = Places(torch.device("cuda:0"), torch.device("cpu"), Tier(10), Tier(20), True, 2, True)
    assert [gpu.can_spread("bfloat16", count) for count in (10, 11, 30, 31)] == [False, True, True, False]
    assert not gpu.can_spread("4-bit", 15)
    set_by_hand = Places(torch.device("cuda:0"), torch.device("cpu"), Tier(10), Tier(20), True, 2, False)
    assert [set_by_hand.can_spread("bfloat16", count) for count in (29, 30)] == [True, False]  # 1 is for the KV cache
    cpu = Places(torch.device("cpu"), torch.device("cpu"), Tier(10), Tier(20), False, 0, False)
    assert not cpu.can_spread("float32", 15)


def test_the_budget_is_measured_where_none_is_set():
    manager = ModelManager(Settings(device="cpu"), Catalog((spec_of("a"),)), source=FakeSource({"a": SIZE}))
    (device,) = manager.snapshot().devices
    assert 0 < device.budget_bytes < device.free_bytes * 1.1
    assert device.reserve_bytes > 0
    manager.close()
