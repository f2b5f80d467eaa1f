"""The manager's promises: one load for all, never over budget, nothing taken from anybody, nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
import time
import weakref
from dataclasses import FrozenInstanceError
from pathlib import Path

import psutil
import pytest
import torch

from playground.config import Settings
from playground.errors import (
    BudgetError,
    CorruptModelError,
    DeviceMemoryError,
    ModelNotFoundError,
    PlaygroundError,
    StoppedError,
    UnsupportedOptionError,
)
from playground.models.catalog import QUANTIZATIONS, Catalog, ModelSpec
from playground.models.manager import ModelKey, ModelManager
from playground.models.memory import measure_bytes
from tests.tiny_models import make_spec

TASK = "text-generation"
SIZE = 1000


class FakeModel(torch.nn.Module):
    """Weights of a given number of bytes."""

    dtype = torch.uint8

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(count, dtype=torch.uint8), requires_grad=False)


class FakeSource:
    """Loads in no time, keeps its own books about which models are alive, and fails on demand."""

    def __init__(self, sizes: dict[str, int], seconds: float = 0.0) -> None:
        self.sizes, self.seconds = sizes, seconds
        self.lock = threading.Lock()
        self.alive: dict[str, int] = {}
        self.most_alive_bytes = 0
        self.loading: set[str] = set()
        self.loads: list[str] = []
        self.twice_at_once = 0
        self.failures: list[BaseException] = []
        self.gate: threading.Event | None = None
        self.actual: dict[str, int] = {}

    def folder(self, spec, report):
        return Path(spec.location)

    local_folder = folder_of = lambda self, spec: Path(spec.location)

    def check(self, spec, task, quantization, device):
        return None

    def predict(self, spec, folder, task, quantization, device):
        scale = {"4-bit": 0.25, "8-bit": 0.5}.get(quantization, 1)
        return int(self.sizes[spec.id] * scale)

    def tokenizer(self, spec, report):
        return object()

    def load(self, spec, folder, task, quantization, device, report, max_memory=None):
        size = self.actual.get(spec.id) or self.predict(spec, folder, task, quantization, device)
        with self.lock:
            self.twice_at_once += spec.id in self.loading
            self.loading.add(spec.id)
            self.loads.append(spec.id)
            self.alive[spec.id] = self.alive.get(spec.id, 0) + size
            self.most_alive_bytes = max(self.most_alive_bytes, sum(self.alive.values()))
        model = FakeModel(size)
        weakref.finalize(model, self._gone, spec.id, size)
        try:
            for step in range(4):
                report(f"step {step}", step / 4)
                time.sleep(self.seconds / 4)
            if self.gate is not None:
                assert self.gate.wait(10)
                report("after the gate", 0.9)
            if self.failures:
                raise self.failures.pop(0)
        finally:
            with self.lock:
                self.loading.discard(spec.id)
        return model

    def _gone(self, name, size):
        with self.lock:
            self.alive[name] -= size


def spec_of(name, **changes):
    return ModelSpec(**{"id": name, "task": TASK, "source": "folder", "location": "/nowhere", **changes})


@pytest.fixture
def make():
    """``make(budget=3000, names="abc", **settings)`` gives a manager over a fake source."""
    made = []

    def make(budget=3 * SIZE, names="abc", sizes=None, seconds=0.0, parking=False, patience=10.0, **settings):
        sizes = sizes or dict.fromkeys(names, SIZE)
        catalog = Catalog(tuple(spec_of(name, quantizations=QUANTIZATIONS) for name in sizes))
        source = FakeSource(sizes, seconds)
        settings = Settings(memory_budget=budget, device="cpu", hub="off", **settings)
        manager = ModelManager(settings, catalog, source=source, parking=parking, patience_seconds=patience)
        made.append(manager)
        return manager, source

    yield make
    for manager in made:
        manager.close()


def rows(manager):
    return {row.model_id: row for row in manager.snapshot().models}


def wait_for(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def run_together(*functions):
    """Runs functions on threads of their own; their exceptions, in order."""
    results = [None] * len(functions)

    def call(number, function):
        try:
            function()
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=call, args=item) for item in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "deadlock"
    return results


# Leases


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


def test_a_coroutine_waits_without_blocking_and_may_be_cancelled_at_any_time(make):
    manager, source = make()
    source.gate = threading.Event()

    async def use(seconds):
        async with manager.lease("a", TASK) as loaded:
            await asyncio.sleep(seconds)
            return loaded

    async def scene():
        waiting, ticks = asyncio.create_task(use(0)), 0
        cancelled = asyncio.create_task(use(0))
        while "a" not in rows(manager) or rows(manager)["a"].waiting < 2:
            ticks += 1
            await asyncio.sleep(0.001)
        assert ticks, "the event loop must go on while a model loads"
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        source.gate.set()
        assert (await waiting).key.model_id == "a"
        working = asyncio.create_task(use(10))
        while not rows(manager)["a"].leases:
            await asyncio.sleep(0.001)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working

    asyncio.run(scene())
    wait_for(lambda: rows(manager)["a"].leases == 0)


def test_a_cancelled_coroutine_whose_loop_is_gone_leaves_no_lease(make):
    manager, source = make()
    source.gate = threading.Event()

    async def wait_for_it():
        async with manager.lease("a", TASK):
            raise AssertionError("never gets here")

    async def give_up():
        waiting = asyncio.create_task(wait_for_it())
        while not (rows(manager).get("a") and rows(manager)["a"].state == "loading"):
            await asyncio.sleep(0.01)
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(give_up())
    source.gate.set()
    wait_for(lambda: rows(manager)["a"].state == "resident")
    wait_for(lambda: (rows(manager)["a"].leases, rows(manager)["a"].waiting) == (0, 0))


# Loading once


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


# Budget and eviction


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
        for words in ("d in float32 needs 1 kB; 0 bytes of the 3 kB", "b (1 kB) is in use", "a (1 kB) is pinned"):
            assert words in str(caught.value)
        assert "4-bit needs 250 bytes" in caught.value.fix
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
    assert "4-bit needs 2 kB" in str(caught.value)
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
        with pytest.raises(BudgetError, match="500 bytes of the 3 kB") as caught, manager.lease("b", TASK):
            pass
        assert "a (1 kB) is in use, and its KV cache may take 2 kB" in caught.value.fix
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
            for words in ("may grow to 500 bytes", "3 kB of weights", "200 bytes of other caches",
                          "budget of 3 kB has 0 bytes", "--memory-budget", "max_new_tokens"):  # fmt: skip
                assert words in str(caught.value)
        loaded.make_room(500)
        assert {name: row.state for name, row in rows(manager).items()}["b"] == "not loaded"
        loaded.make_room(1000)
        with pytest.raises(BudgetError):
            loaded.make_room(1001)
        assert rows(manager)["c"].state == rows(manager)["a"].state == "resident"


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
        pointer = loaded.model.weight.data_ptr()
        loaded.model.weight.fill_(7)
    with manager.lease("b", TASK):
        assert rows(manager)["a"].state == "in RAM"
        device, ram = manager.snapshot().devices
        assert (device.used_bytes, ram.used_bytes, ram.budget_bytes) == (SIZE, SIZE, 2 * SIZE)
    with manager.lease("a", TASK) as back:
        assert back.model.weight.unique().tolist() == [7]
        assert back.model.weight.data_ptr() != pointer
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


# Memory that runs out


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
        with pytest.raises(DeviceMemoryError), manager.guard():
            work(held)
    with pytest.raises(ValueError, match="other"), manager.guard():
        raise ValueError("other")


# Unloading


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


# Asking


def test_unknown_models_and_options(make):
    manager, _ = make()
    for name in ("nobody/knows", "../secret", ""):
        with pytest.raises(ModelNotFoundError, match="Pick one from the list"), manager.lease(name, TASK):
            pass
    with pytest.raises(UnsupportedOptionError), manager.lease("a", TASK, "2-bit"):
        pass


def test_typed_ids_need_the_setting_and_a_sound_form():
    catalog = Catalog((spec_of("a"),))
    anybody = ModelManager(Settings(hub="any"), catalog)
    assert anybody.spec("org/model").source == "hub"
    for name in (
        "../secret",
        "/etc/passwd",
        "a/b/c",
        "a b",
        "x" * 200,
        "~/model",
        "https://huggingface.co/a/b",
        "a--b",
    ):
        with pytest.raises(ModelNotFoundError, match="can't be the id"):
            anybody.spec(name)
    for settings in (Settings(hub="catalog"), Settings(hub="off"), Settings(hub="any", public=True)):
        with pytest.raises(ModelNotFoundError, match="in the catalog"):
            ModelManager(settings, catalog).spec("org/model")


def test_quantizations_say_what_they_take_and_why_not(make):
    manager, _ = make(sizes={"big": 10 * SIZE})
    options = {option.name: option for option in manager.quantizations("big")}
    assert list(options) == ["float32", "bfloat16", "float16", "8-bit", "4-bit"]
    assert not options["float32"].available
    assert options["float32"].reason == "It needs 10 kB; the budget for models is 3 kB."
    assert options["4-bit"].available
    assert options["4-bit"].predicted_bytes == 2.5 * SIZE


def test_a_snapshot_never_changes(make):
    manager, _ = make()
    before = manager.snapshot()
    with manager.lease("a", TASK):
        during = manager.snapshot()
    assert before.models == ()
    assert during.resident[0].leases == 1
    with pytest.raises(FrozenInstanceError):
        during.models[0].leases = 0


def test_asking_for_ever_new_models_does_not_fill_the_memory(make, monkeypatch):
    monkeypatch.setattr("playground.models.manager.REMEMBERED", 5)
    manager, _ = make(names="abcdefghijklmnop")
    with manager.lease("a", TASK):
        for name in "bcdefghijklmnop":
            with manager.lease(name, TASK):
                pass
        assert len(manager.snapshot().models) <= 6
        assert rows(manager)["a"].leases == 1


def test_an_embedded_model_is_prepared_while_no_load_builds_and_repaired_once(tmp_path, monkeypatch):
    """Preparing runs from_pretrained too; and files that turn out damaged are made again, once."""
    from playground.models import embedded, loading, sources
    from tests.tiny_models import make_model

    prepared, verified = [], []

    def locate(name, home, progress=None):
        free = []
        other = threading.Thread(target=lambda: free.append(loading.BUILDING.acquire(blocking=False)))
        other.start()
        other.join()
        assert free == [False], "another load could build meanwhile"
        prepared.append(name)
        return make_model(tmp_path / "made", "llama")

    monkeypatch.setattr(embedded, "locate", locate)
    monkeypatch.setattr(embedded, "verify", lambda name, home: bool(verified.append(name)))
    source = sources.Source(Settings(device="cpu", home=tmp_path))
    spec = spec_of("x", source="embedded", location="made")
    folder = source.folder(spec, lambda what, fraction: None)
    (folder / "model.safetensors").write_bytes(b"damaged")
    model = source.load(spec, folder, TASK, "float32", torch.device("cpu"), lambda what, fraction: None)
    assert measure_bytes(model) > 50_000
    assert (prepared, verified) == (["made", "made"], ["made"])


# Under load


def test_64_threads_want_8_models_where_3_fit(make, caplog):
    """Thousands of lease cycles with failures of all kinds; the fake source keeps its own books of what is alive."""
    caplog.set_level("CRITICAL", "playground")  # a captured traceback would keep a model alive
    names = "abcdefgh"
    manager, source = make(names=names, patience=60)
    bodies, problems, lock = [0], [], threading.Lock()
    held = dict.fromkeys(names, 0)

    def work(number):
        dice = random.Random(number)
        for _ in range(80):
            name = dice.choice(names)
            if dice.random() < 0.02:
                source.failures.append(dice.choice([CorruptModelError("bad"), RuntimeError("x"), MemoryError()]))
            if dice.random() < 0.02:
                manager.unload(ModelKey(dice.choice(names), TASK))
            try:
                with manager.lease(name, TASK) as loaded:
                    with lock:
                        held[name] += 1
                        bodies[0] += 1
                    try:
                        if source.alive[name] != SIZE or loaded.model.weight.numel() != SIZE:
                            problems.append(f"{name} was taken away while it was lent")
                        if manager.snapshot().devices[0].used_bytes > 3 * SIZE:
                            problems.append("over budget in the books")
                        time.sleep(dice.random() * 0.001)
                        if dice.random() < 0.1:
                            raise dice.choice([ValueError("mine"), MemoryError("mine")])
                    finally:
                        with lock:
                            held[name] -= 1
            except (ValueError, PlaygroundError):
                pass
            loaded = None

    assert run_together(*[lambda number=number: work(number) for number in range(64)]) == [None] * 64
    assert problems == []
    assert bodies[0] > 3000
    assert source.twice_at_once == 0
    assert source.most_alive_bytes <= 3 * SIZE, "over budget in fact"
    assert len(source.loads) > 50, "nothing was ever evicted: this shows nothing"
    assert {row.leases for row in rows(manager).values()} == {row.waiting for row in rows(manager).values()} == {0}
    for name in names:
        manager.unload(ModelKey(name, TASK))
    source.failures.clear()
    gc.collect()
    assert set(source.alive.values()) == {0}


def test_real_models_under_a_tight_budget(tmp_path):
    """The same with real loading code: tiny random models, of which two fit."""
    specs = [make_spec(tmp_path / str(number), "llama", f"tiny/{number}") for number in range(4)]
    first = ModelManager(Settings(device="cpu"), Catalog(tuple(specs)))
    with first.lease("tiny/0", TASK) as loaded:
        size, answer = loaded.measured_bytes, loaded.model(torch.tensor([[1, 5, 9]])).logits
    first.close()
    settings = Settings(device="cpu", memory_budget=int(2.5 * size))
    manager = ModelManager(settings, Catalog(tuple(specs)), patience_seconds=60)
    wrong = []

    def work(number):
        dice = random.Random(number)
        for _ in range(4):
            with manager.lease(f"tiny/{dice.randrange(4)}", TASK) as loaded, torch.no_grad():
                view = loaded.eager if dice.random() < 0.5 else loaded.model
                if not torch.allclose(view(torch.tensor([[1, 5, 9]])).logits, answer, atol=1e-5):
                    wrong.append(loaded.key)
                if manager.snapshot().devices[0].used_bytes > settings.memory_budget:
                    wrong.append("over budget")

    assert run_together(*[lambda number=number: work(number) for number in range(8)]) == [None] * 8
    assert wrong == []
    assert sum(row.evictions for row in manager.snapshot().models) > 0
    manager.close()


def test_memory_returns_after_many_loads(tmp_path):
    """200 loads of a 3 MB model would leave 600 MB behind if nothing were freed; 20 MB are tolerated."""
    sizes = {"hidden_size": 128, "intermediate_size": 2048, "num_hidden_layers": 1}
    from tests.tiny_models import make_model

    make_model(tmp_path / "m", "llama", **sizes)
    manager = ModelManager(Settings(device="cpu"), Catalog((make_spec(tmp_path / "m", "llama", "tiny/m"),)))
    process = psutil.Process(os.getpid())

    def cycle(times):
        for number in range(times):
            with manager.lease("tiny/m", TASK) as loaded:
                assert measure_bytes(loaded.model) > 3_000_000
                assert number % 10 or loaded.eager is loaded.eager
            del loaded
            assert manager.unload(ModelKey("tiny/m", TASK))
        gc.collect()
        return process.memory_info().rss

    before = cycle(20)
    after = cycle(200)
    assert rows(manager)["tiny/m"].loads == 220
    assert after - before < 20_000_000, f"{(after - before) / 1e6:.0f} MB are gone"
    manager.close()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_models_move_to_ram_and_back(tmp_path):
    specs = [make_spec(tmp_path / str(number), "llama", f"tiny/{number}") for number in range(2)]
    size = 60_000
    manager = ModelManager(Settings(device="cuda", memory_budget=size, ram_budget=size), Catalog(tuple(specs)))
    inputs = torch.tensor([[1, 5, 9]], device="cuda")
    with manager.lease("tiny/0", TASK, "float32") as loaded, torch.no_grad():
        first = loaded.model(inputs).logits.cpu()
    with manager.lease("tiny/1", TASK, "float32"):
        assert rows(manager)["tiny/0"].state == "in RAM"
    with manager.lease("tiny/0", TASK, "float32") as loaded, torch.no_grad():
        assert torch.equal(loaded.model(inputs).logits.cpu(), first)
        assert loaded.eager(inputs, output_attentions=True).attentions[0].is_cuda
    assert rows(manager)["tiny/0"].loads == 1
    manager.close()
