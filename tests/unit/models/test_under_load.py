"""Many threads, many models, little room; and real models."""

from __future__ import annotations

import gc
import os
import random
import threading
import time

import psutil
import pytest
import torch

from playground.config import Settings
from playground.errors import (
    CorruptModelError,
    PlaygroundError,
)
from playground.models.catalog import Catalog
from playground.models.manager import ModelKey, ModelManager
from playground.models.memory import measure_bytes
from tests.tiny_models import make_spec
from tests.unit.models.fake_models import SIZE, TASK, rows, run_together


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


@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda",
            marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")],
        ),
    ],
)
def test_models_move_to_ram_and_back(device, tmp_path):
    specs = [make_spec(tmp_path / str(number), "llama", f"tiny/{number}") for number in range(2)]
    settings = Settings(device=device, memory_budget=120_000, ram_budget=120_000)
    manager = ModelManager(settings, Catalog(tuple(specs)), parking=True)
    inputs = torch.tensor([[1, 5, 9]], device=device)
    with manager.lease("tiny/0", TASK, "float32") as loaded, torch.no_grad():
        first = loaded.model(inputs).logits.cpu()
    with manager.lease("tiny/1", TASK, "float32"):
        assert rows(manager)["tiny/0"].state == "in RAM"
    with manager.lease("tiny/0", TASK, "float32") as loaded, torch.no_grad():
        assert torch.equal(loaded.model(inputs).logits.cpu(), first)
        assert loaded.eager(inputs, output_attentions=True).attentions[0].device.type == device
    assert rows(manager)["tiny/0"].loads == 1
    manager.close()
