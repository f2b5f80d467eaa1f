"""What tests of the manager share: models of a given number of bytes, and a source that makes them in no time."""

from __future__ import annotations

import threading
import time
import weakref
from pathlib import Path

import torch

from playground.models.catalog import ModelSpec

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
        scale = {"4-bit": 0.25, "fast-8-bit": 0.25, "8-bit": 0.5}.get(quantization, 1)
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
