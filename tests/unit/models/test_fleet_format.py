"""What the Models tab says of a fleet, and that it says nothing new of one process."""

from __future__ import annotations

import jsonschema

import playground as pg
from playground import wire
from tabs.models.fleet_format import format_fleet
from tabs.models.format import ModelsListed
from tabs.models.handlers import list_models
from tests.fleets import GPU, SECRET, SMOL, two_replicas


def test_a_fleet_is_told_replica_by_replica():
    told = format_fleet(two_replicas("host"), public=False)
    machines = [(one.name, one.alive, one.cpus, one.gpus) for one in told.machines]
    assert machines == [("host 1", True, 8, 2), ("host 2", True, 8, 2), ("host 3", False, 8, 2)]
    first, second = told.replicas
    assert (first.name, first.machine, first.state, first.calls) == ("first1", "host 1", "running", 4)
    assert (second.name, second.machine, second.state, second.calls) == ("second", "host 2", "starting", 0)
    assert (first.devices, second.devices) == ((GPU,), ())
    assert [(one.title, one.state, one.running, one.in_line) for one in first.models] == [(SMOL, "resident", 3, 2)]
    assert [(one.title, one.state, one.running) for one in second.models] == [
        ("host", "resident", 1), ("b/typed", "loading", 0),
    ]  # fmt: skip
    assert (told.running, told.in_line, told.queue) == (4, 2, 7)


def test_visitors_are_told_no_name_of_a_machine():
    told = format_fleet(two_replicas(), public=True)
    assert [one.name for one in told.machines] == ["machine 1", "machine 2", "machine 3"]
    assert [one.machine for one in told.replicas] == ["machine 1", "machine 2"]
    assert f"{SECRET} 1" not in str(wire.to_json(told))


def test_one_process_tells_nothing_more_than_its_models():
    with pg.Playground(pg.Settings(device="cpu")) as playground:
        assert list_models(playground).fleet is None
        playground.fleet = two_replicas
        listed = list_models(playground)
    assert listed.fleet == format_fleet(two_replicas(), public=False)
    jsonschema.validate(wire.to_json(listed), wire.schema(ModelsListed))
