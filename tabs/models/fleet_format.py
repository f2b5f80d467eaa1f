"""What the page and the API are told of a fleet; of a process that is alone, nothing."""

from __future__ import annotations

from dataclasses import dataclass

from playground.models.fleet import FleetReport, ReplicaReport
from playground.models.report import DeviceReport

SHOWN_OF_AN_ID = 6  # the last letters of a replica's id, which tell it from others
AWAY = ("not loaded", "failed")


@dataclass(frozen=True)
class FleetMachine:
    """One machine; bytes of its memory. ``alive`` is False for one that has gone and may come back."""

    name: str
    alive: bool
    cpus: float
    gpus: float
    total_bytes: int


@dataclass(frozen=True)
class FleetModel:
    """A model on one replica, with the replies that run there and those that wait for their turn."""

    title: str
    quantization: str
    state: str
    running: int
    in_line: int


@dataclass(frozen=True)
class FleetReplica:
    """A process that holds models; ``calls`` is what it works on, replies among them."""

    name: str
    machine: str
    state: str
    calls: int
    devices: tuple[DeviceReport, ...]
    models: tuple[FleetModel, ...]


@dataclass(frozen=True)
class FleetListed:
    """All of it now. ``running`` replies are written, ``in_line`` wait for a turn, ``queue`` calls for a replica."""

    machines: tuple[FleetMachine, ...]
    replicas: tuple[FleetReplica, ...]
    running: int
    in_line: int
    queue: int


def format_fleet(fleet: FleetReport, public: bool) -> FleetListed | None:
    """A fleet, replicas of one machine together; None for a process alone. Visitors are told no machine's name."""
    if not fleet.clustered:
        return None
    names = {
        one.node_id: f"machine {number}" if public else one.name or f"machine {number}"
        for number, one in enumerate(fleet.nodes, start=1)
    }
    machines = tuple(
        FleetMachine(names[one.node_id], one.alive, one.cpus, one.gpus, one.total_bytes) for one in fleet.nodes
    )
    replicas = sorted(
        (_replica(one, names.get(one.node_id, "")) for one in fleet.replicas), key=lambda one: (one.machine, one.name)
    )
    return FleetListed(machines, tuple(replicas), fleet.running, fleet.in_line, fleet.queue)


def _replica(replica: ReplicaReport, machine: str) -> FleetReplica:
    models = tuple(
        FleetModel(one.title, one.quantization, one.state, one.running, one.in_line)
        for one in replica.models
        if one.state not in AWAY
    )
    name = replica.replica_id[-SHOWN_OF_AN_ID:]
    return FleetReplica(name, machine, replica.state, replica.calls, replica.devices, models)
