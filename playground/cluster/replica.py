"""A replica: a `Playground` of its own in a process of Ray's, which answers the calls of every front.

Answers are values, failures among them. A call that yields is told of step by step, and ends within a step when its
front says so. It leaves out where calls come from, and which of them.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playground.cluster.bundles import Bundle, Bundlers, ReadBundles
from playground.cluster.calls import AUTO, Call, model_key
from playground.cluster.ray_patches import listen_here
from playground.config import Settings
from playground.crossing import failed
from playground.models.fleet import ReplicaReport, ReplicaState
from playground.models.report import Snapshot
from playground.service import Playground, WarmUp

THREADS, END_SECONDS = 120, 0.5
ARRIVES_SECONDS, LOOK_SECONDS = 1.0, 0.02  # how long a call may be on its way when its end is asked for already
COMING = ("downloading", "waiting for room", "loading", "resident")
_END = object()


@dataclass(frozen=True)
class Absent:
    """What a replica answers that hasn't the model which a command is about."""


@dataclass(frozen=True)
class Place:
    """Where a replica runs: its names in the cluster, how many share the machine, and which cores are its own."""

    replica_id: str = ""
    node_id: str = ""
    share: int = 1
    cores: tuple[int, ...] = ()


class Replica:
    """Answers calls with a playground of its own; its public methods are what fronts can ask."""

    def __init__(self, settings: Settings, share: int = 1, cores: int = 0) -> None:
        import process

        process.prepare()
        listen_here()
        place = _place(share, cores)
        _keep_to(place.cores)
        self.place, self._since = place, time.time()
        self._playground = self._open(_shared(settings, place.share))
        self._threads = ThreadPoolExecutor(THREADS, "call")
        self._working: Counter[str] = Counter()
        self._left: set[str] = set()
        self._bundlers = Bundlers(place.replica_id)
        self._hits, self._misses = 0, 0
        threading.Thread(target=self._warm_up, args=(process.settle,), name="warm-up", daemon=True).start()

    def _open(self, settings: Settings) -> Playground:
        """Who answers."""
        return Playground(settings)

    async def answer(self, call: Call) -> Any:
        """What a method returns, or `Failed`."""
        with self._work(call):
            return await self._aside(self._do, call)

    async def told(self, call: Call) -> AsyncIterator[Any]:
        """What a method yields, until it is told in bundles."""
        with self._work(call):
            async with (
                aclosing(self._told(call)) as items,
                aclosing(self._bundlers.messages(call.call_id, call.front, items)) as messages,
            ):
                async for message in messages:
                    yield message

    async def bundles(self, asked: ReadBundles) -> AsyncIterator[Bundle]:
        """What all calls of a front tell, gathered."""
        async with aclosing(self._bundlers.bundles(asked)) as bundles:
            async for bundle in bundles:
                yield bundle

    async def _told(self, call: Call) -> AsyncGenerator[Any, None]:
        """What a method yields, the last a `Failed` where it fails. It ends early after `leave`."""
        try:
            async with aclosing(self._items(call)) as items:
                async for item in items:
                    if call.call_id in self._left:
                        return
                    yield item
        except Exception as error:
            yield failed(error)
        finally:
            self._left.discard(call.call_id)

    async def cancel(self, run_id: str, call_id: str) -> bool:
        """Whether a run was there to be cancelled; one that is on its way is waited for."""
        end = time.monotonic() + ARRIVES_SECONDS
        while time.monotonic() < end or self._working[call_id]:
            if self._playground.cancel(run_id):
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def leave(self, run_id: str, call_id: str) -> None:
        """Nobody reads any more what a call yields: it ends within a step."""
        if self._working[call_id]:
            self._left.add(call_id)
            self._playground.cancel(run_id)

    async def command(self, call: Call) -> Any:
        """As `answer`, where the model of the call is loaded or coming; `Absent` elsewhere."""
        snapshot = await self._aside(self._snapshot)
        there = {model.model_id for model in snapshot.models if model.state in (*COMING, "in RAM")}
        return await self._aside(self._do, call) if call.model in there else Absent()

    async def report(self) -> ReplicaReport:
        """What this replica holds and does."""
        snapshot = await self._aside(self._snapshot)
        state: ReplicaState = "running" if self._playground.warmth().done else "starting"
        return ReplicaReport(
            self.place.replica_id, self.place.node_id, state, self._since, sum(self._working.values()),
            snapshot.devices, snapshot.models, self._hits, self._misses,
        )  # fmt: skip

    async def warmth(self) -> WarmUp:
        """How far the loading at start has come."""
        return self._playground.warmth()

    async def where(self) -> tuple[str, int]:
        """This replica's name, and the id of its process."""
        return self.place.replica_id, os.getpid()

    async def end(self) -> None:
        """Stops all work: whoever waits for it is told."""
        await self._aside(self._playground.close, END_SECONDS)

    async def record_routing_stats(self) -> dict[str, Any]:
        """What the routers of all fronts know of this replica; Serve asks for it every second."""
        return await self._aside(self._standing)

    def _snapshot(self) -> Snapshot:
        """What is held; nothing before torch is imported, for which one thread alone is there."""
        return self._playground.snapshot() if self._playground.imported else Snapshot((), ())

    def _standing(self) -> dict[str, Any]:
        snapshot = self._snapshot()
        free = [device.budget_bytes - device.used_bytes for device in snapshot.devices]
        return {"models": sorted(self._keys(snapshot, COMING)), "free_bytes": free[0] if free else 0}

    def _do(self, call: Call) -> Any:
        try:
            return getattr(self._playground, call.method)(*call.arguments, **call.named)
        except Exception as error:
            return failed(error)

    async def _items(self, call: Call) -> AsyncGenerator[Any, None]:
        """What a method yields, whether it is an async generator or one that blocks a thread in each step."""
        method, named = getattr(self._playground, call.method), dict(call.named)
        if "asked_at" in named:
            named["asked_at"] = time.perf_counter() - call.asked_seconds
        items = method(*call.arguments, **named)
        if hasattr(items, "__anext__"):
            async with aclosing(items):
                async for item in items:
                    yield item
            return
        try:
            while (item := await self._aside(next, items, _END)) is not _END:
                yield item
        finally:
            await self._aside(items.close)

    async def _aside(self, function: Any, *arguments: Any) -> Any:
        """A function's answer, computed on a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    @contextmanager
    def _work(self, call: Call) -> Iterator[None]:
        """Counts a call while it is worked on, and whether it came to where its model was."""
        if call.model and call.loads:
            is_here = call.model in self._keys(self._snapshot(), ("resident",))
            self._hits, self._misses = self._hits + is_here, self._misses + (not is_here)
        self._working[call.call_id] += 1
        try:
            yield
        finally:
            self._working -= Counter([call.call_id])

    def _keys(self, snapshot: Snapshot, states: tuple[str, ...]) -> set[str]:
        """The keys of models in these states; a copy that "auto" gives has that key, too."""
        if not snapshot.models:
            return set()
        from playground.models.loading import pick_device, pick_quantization

        device, keys = pick_device(self._playground.settings.device), set()
        for model in snapshot.models:
            if model.state in states:
                keys.add(model_key(model.model_id, model.quantization))
                spec = self._playground.manager.spec(model.model_id, model.task)
                if pick_quantization(AUTO, spec.quantizations, device) == model.quantization:
                    keys.add(model_key(model.model_id))
        return keys

    def _warm_up(self, settle: Any) -> None:
        try:
            self._playground.warm_up()
        finally:
            settle()


def _place(share: int, cores: int) -> Place:
    """This process in the cluster; on a machine alone, nowhere in particular."""
    import ray
    from ray import serve

    context = serve.get_replica_context()
    first = context.rank.local_rank * cores
    own = sorted(os.sched_getaffinity(0))[first : first + cores] if cores and hasattr(os, "sched_getaffinity") else []
    return Place(context.replica_tag, ray.get_runtime_context().get_node_id(), share, tuple(own))


def _keep_to(cores: tuple[int, ...]) -> None:
    """From here on all threads of this process run on these cores; none: wherever the system puts them."""
    if cores:
        for thread in Path("/proc/self/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)


def _shared(settings: Settings, share: int) -> Settings:
    """The settings of one of several replicas on a machine: a measured budget of the CPU is divided."""
    if share < 2 or settings.memory_budget is not None:
        return settings
    from playground.models.loading import pick_device
    from playground.models.memory import device_memory
    from playground.models.places import DEVICE_SHARE

    device = pick_device(settings.device)
    if device.type == "cuda":
        return settings
    return replace(settings, memory_budget=int(device_memory(device).free_bytes * DEVICE_SHARE / share))
