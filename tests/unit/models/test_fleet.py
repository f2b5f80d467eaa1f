"""What one process says of itself as a fleet: one node, one replica, and the streams of its models."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import playground as pg
from playground import wire
from playground.models.fleet import FleetReport, fleet_of_one, snapshot_of
from tests.unit.models.fake_models import SIZE


class Streams:
    """A companion that three generations run on, and two wait for."""

    streams = (3, 2)

    def close(self):
        """Nothing to close."""


def test_a_process_is_a_fleet_of_one(make):
    manager, _ = make()
    with manager.lease("a", "text-classification") as loaded:
        loaded.companion("generation", lambda owner: Streams())
        loaded.companion("batching", lambda owner: type("Other", (), {"close": lambda self: None})())
        seen = manager.snapshot()
        fleet = fleet_of_one(seen)
        assert (fleet.clustered, fleet.running, fleet.in_line, fleet.queue) == (False, 3, 2, 0)
    (node,), (replica,) = fleet.nodes, fleet.replicas
    assert node.alive and node.cpus >= 1 and node.gpus == 0 and node.total_bytes > 10**8
    assert (replica.node_id, replica.state, replica.calls) == (node.node_id, "running", 1)
    assert replica.devices == seen.devices
    assert fleet.holders("a") == (replica.replica_id,) and fleet.holders("b") == ()
    assert pickle.loads(pickle.dumps(fleet)) == fleet
    assert wire.from_json(FleetReport, json.loads(json.dumps(wire.to_json(fleet)))) == fleet


def test_a_playground_tells_of_its_fleet():
    with pg.Playground(pg.Settings(device="cpu")) as playground:
        fleet = playground.fleet()
        assert [one.device for one in fleet.replicas[0].devices] == ["cpu"]
        assert fleet.replicas[0].models == ()


def test_several_replicas_read_like_one(make):
    reports = []
    for name in ("one", "two"):
        manager, _ = make()
        with manager.lease("a", "text-classification"):
            if name == "two":
                manager.start_loading("b", "text-classification")
            (replica,) = fleet_of_one(manager.snapshot()).replicas
        reports.append(replace(replica, replica_id=name))
    whole = snapshot_of(FleetReport(True, (), tuple(reports)))
    (row,) = [model for model in whole.models if model.model_id == "a"]
    assert (row.state, row.leases, row.loads, row.measured_bytes) == ("resident", 2, 2, 2 * SIZE)
    assert [model.model_id for model in whole.models] == ["a", "b"]
    (device,) = whole.devices
    assert device.budget_bytes == sum(report.devices[0].budget_bytes for report in reports)
    assert device.total_bytes == reports[0].devices[0].total_bytes and "2 replicas" in device.name
    assert FleetReport(True, (), tuple(reports)).holders("a") == ("one", "two")
