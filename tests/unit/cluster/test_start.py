"""What Ray is told before it starts, and Serve of the replicas."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import pytest

from playground.cluster import start
from playground.cluster.calls import Call
from playground.cluster.fleet import Fleet
from playground.cluster.options import ClusterOptions
from playground.config import Settings
from playground.errors import ConfigError, StoppedError


class Handle:
    """Of a fleet with nobody in it; says when it is asked."""

    def broadcast(self, method, *arguments):
        raise AssertionError("nobody should be asked")


def test_a_fleet_that_was_left_is_not_asked_any_more():
    """Ray would begin another cluster."""
    left = []
    fleet = Fleet(Handle(), lambda: left.append(1), ends=False)
    fleet.close()
    with pytest.raises(StoppedError, match="shutting down"):
        fleet.answer(Call("classify"))
    with pytest.raises(StoppedError, match="shutting down"):
        next(fleet.stream(Call("classify_table")))
    fleet.cancel("a", "b"), fleet.leave("a", "b")
    assert left == [1] and fleet.processes() == {} and fleet.command(Call("unload_model")) == []


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install -r requirements-cluster\.txt"):
        start.open_playground(ClusterOptions(), Settings())


@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray isn't installed")
@pytest.mark.parametrize(
    ("options", "size", "per_node"),
    [
        (ClusterOptions(), {"num_replicas": 2}, None),
        (ClusterOptions(address="auto"), {"num_replicas": 2}, 1),
        (ClusterOptions(address="auto", least=0, most=6, per_node=2, streams=9), (0, 6, 1, 9), 2),
        (ClusterOptions(least=3, most=6), (3, 6, 3, 16), None),
    ],
)
def test_how_many_replicas_there_are_and_where(options, size, per_node):
    told = start.deployment(options, cores=3)
    assert told["ray_actor_options"] == {"num_cpus": 3, "num_gpus": options.gpus}
    assert told["max_replicas_per_node"] == per_node
    if isinstance(size, dict):
        assert told["num_replicas"] == size["num_replicas"] and "autoscaling_config" not in told
    else:
        scaling = told["autoscaling_config"]
        names = ("min_replicas", "max_replicas", "initial_replicas", "target_ongoing_requests")
        assert tuple(scaling[name] for name in names) == size


def test_ray_listens_here_alone_and_reports_to_nobody(monkeypatch, tmp_path):
    """A cluster of others keeps its own settings, but for the report to Ray's makers."""
    asked = []
    ray = type(
        "Ray",
        (),
        {
            "is_initialized": staticmethod(lambda: False),
            "init": staticmethod(lambda *given, **named: asked.append((given, named))),
        },
    )
    monkeypatch.setattr(start.Path, "home", lambda: tmp_path)
    (tmp_path / ".ray").mkdir()
    for address, has_token in (("", False), ("auto", False), ("first:6379", True)):
        told: dict[str, str] = {}
        if has_token:
            (tmp_path / ".ray" / "auth_token").write_text("t")
        monkeypatch.setattr(start.os, "environ", told)
        monkeypatch.delitem(sys.modules, "ray", raising=False)
        monkeypatch.setattr(start.importlib, "import_module", lambda name: ray)
        start._connect(ClusterOptions(address=address, cores=3))
        assert told["RAY_USAGE_STATS_ENABLED"] == "0"
        mode = "token" if has_token or not address else None
        assert ("RAY_AUTH_TOKEN" in told, told.get("RAY_AUTH_MODE")) == (not address, mode)
        assert ("RAY_enable_metrics_collection" in told) == (not address)
    here, there, _ = asked
    assert here[1]["address"] == "local" and here[1]["num_cpus"] >= 6 and not here[1]["include_dashboard"]
    assert there[0] == ("auto",)


@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray isn't installed")
@pytest.mark.parametrize(("states", "sleeps"), [({}, True), ({"RUNNING": 0}, True), ({"STARTING": 1}, False)])
def test_a_fleet_that_has_gone_to_sleep_is_ready(monkeypatch, states, sleeps):
    """Or a page would wait for a replica that nobody starts before somebody asks."""
    from ray import serve
    from ray.serve.exceptions import DeploymentUnavailableError

    class Asleep:
        def broadcast(self, method):
            return self

        def results(self, **named):
            raise DeploymentUnavailableError(None)

    found = SimpleNamespace(status="RUNNING", deployments={"Replica": SimpleNamespace(replica_states=states)})
    monkeypatch.setattr(serve, "status", lambda: SimpleNamespace(applications={"playground": found}))
    assert Fleet(Asleep(), lambda: None).warmth().done == sleeps


def test_sigterm_ends_the_command_as_ctrl_c_does(monkeypatch):
    """Ray takes that signal when it is started, and would end the process before anything is closed."""
    import signal

    from playground.cluster import __main__ as command

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    taken = lambda number, frame: None  # noqa: E731  (Ray's own)
    monkeypatch.setattr(command, "open_playground", lambda options, settings: signal.signal(signal.SIGTERM, taken))
    try:
        command._open(ClusterOptions(), Settings())
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
