"""What a fleet says about itself: the machines, the processes on them that hold models, and who waits.

One process is a fleet of one replica on one node, so whoever reads a `FleetReport` needn't know which it is.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import Literal

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
    """

    replica_id: str
    node_id: str
    state: ReplicaState
    since: float
    calls: int
    devices: tuple[DeviceReport, ...]
    models: tuple[ModelReport, ...]


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
