"""What a fleet says about itself: the machines, the processes on them that hold models, and who waits.

One process is a fleet of one replica on one node, so whoever reads a `FleetReport` needn't know which it is.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, replace
from typing import Any, Literal

import psutil

from playground.models.report import DeviceReport, ModelReport, Snapshot

ReplicaState = Literal["starting", "running", "silent"]


@dataclass(frozen=True)
class NodeReport:
    """One machine of a fleet. ``alive`` is False for one that has gone and may come back."""

    node_id: str
    name: str
    alive: bool
    cpus: float
    gpus: float
    total_bytes: int


@dataclass(frozen=True)
class ReplicaReport:
    """One process that holds models, on one node, with a manager and budgets of its own.

    ``state`` is starting (it loads what it begins with), running, or silent (it has not answered for a while).
    ``calls`` is what it works on now, generations among them; ``since`` is when it began (seconds of the epoch).
    Of calls that needed a model, ``hits`` came to where it was resident and ``misses`` didn't.
    """

    replica_id: str
    node_id: str
    state: ReplicaState
    since: float
    calls: int
    devices: tuple[DeviceReport, ...]
    models: tuple[ModelReport, ...]
    hits: int = 0
    misses: int = 0


@dataclass(frozen=True)
class FleetReport:
    """All nodes and replicas at one moment.

    ``queue`` are calls that no replica has taken yet; generations that wait in the line of a model count in its
    ``in_line``. ``clustered`` says whether there can be more than one replica.
    """

    clustered: bool
    nodes: tuple[NodeReport, ...]
    replicas: tuple[ReplicaReport, ...]
    queue: int = 0

    @property
    def running(self) -> int:
        """Generations that run anywhere."""
        return sum(model.running for replica in self.replicas for model in replica.models)

    @property
    def in_line(self) -> int:
        """Generations that wait anywhere."""
        return sum(model.in_line for replica in self.replicas for model in replica.models)

    def holders(self, model_id: str) -> tuple[str, ...]:
        """The ids of the replicas on which a model is resident now."""
        return tuple(
            replica.replica_id
            for replica in self.replicas
            if any(one.model_id == model_id and one.state == "resident" for one in replica.models)
        )


_STATES = ("resident", "loading", "waiting for room", "downloading", "leaving", "in RAM", "failed", "not loaded")
_SUMMED = ("leases", "loads", "evictions", "waiting", "cache_bytes", "running", "in_line")


def snapshot_of(fleet: FleetReport) -> Snapshot:
    """All replicas as if they were one: a row per model in one copy, and one per kind of device."""
    models: dict[tuple[str, str, str], list[ModelReport]] = {}
    devices: dict[str, list[DeviceReport]] = {}
    for replica in fleet.replicas:
        for model in replica.models:
            models.setdefault((model.model_id, model.task, model.quantization), []).append(model)
        for device in replica.devices:
            devices.setdefault(device.device, []).append(device)
    return Snapshot(tuple(map(_one_model, models.values())), tuple(map(_one_device, devices.values())))


def _one_model(rows: list[ModelReport]) -> ModelReport:
    """A model on several replicas: as it is where it has come furthest, with everybody's counts."""
    best = min(rows, key=lambda row: _STATES.index(row.state) if row.state in _STATES else len(_STATES))
    sums: dict[str, Any] = {name: sum(getattr(row, name) for row in rows) for name in _SUMMED}
    held = [row.measured_bytes for row in rows if row.measured_bytes is not None]
    sums["measured_bytes"] = sum(held) if held else None
    used = max((row.last_used for row in rows if row.last_used is not None), default=None)
    return replace(best, **sums, last_used=used, pinned=any(row.pinned for row in rows))


def _one_device(rows: list[DeviceReport]) -> DeviceReport:
    """Devices of several replicas under one name; replicas on one machine share what it has in all."""
    summed = ("budget_bytes", "used_bytes", "reserve_bytes", "cache_bytes", "limit_bytes")
    sums: dict[str, Any] = {name: sum(getattr(row, name) for row in rows) for name in summed}
    name = rows[0].name if len(rows) == 1 else f"{rows[0].name} of {len(rows)} replicas"
    return replace(rows[0], **sums, name=name)


def this_node(snapshot: Snapshot) -> NodeReport:
    """The machine of this process."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    gpus = sum(device.device not in ("cpu", "ram") for device in snapshot.devices)
    return NodeReport("", platform.node() or "this machine", True, cores, gpus, psutil.virtual_memory().total)


def fleet_of_one(snapshot: Snapshot) -> FleetReport:
    """A fleet that is this process alone."""
    calls = sum(model.leases for model in snapshot.models)
    since = psutil.Process().create_time()
    replica = ReplicaReport("", "", "running", since, calls, snapshot.devices, snapshot.models)
    return FleetReport(False, (this_node(snapshot),), (replica,))
