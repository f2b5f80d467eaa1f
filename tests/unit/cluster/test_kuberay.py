"""deploy/kuberay.yaml: the chart has all its keys, our command takes all its flags, and workers fit the replicas."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import yaml

from playground.cluster.options import read_options
from playground.config import Settings

VALUES = yaml.safe_load((Path(__file__).parents[3] / "deploy/kuberay.yaml").read_text(encoding="utf-8"))
# What the template of the chart reads. Source: kuberay, helm-chart/ray-cluster/templates/raycluster-cluster.yaml
TOP = {"image", "annotations", "common", "service", "head", "worker"}
GROUP = {
    "annotations", "args", "command", "containerEnv", "envFrom", "ports", "rayStartParams", "resources", "volumeMounts",
    "volumes",
}  # fmt: skip
HEAD = GROUP | {"enableInTreeAutoscaling"}
WORKER = GROUP | {"groupName", "replicas", "minReplicas", "maxReplicas"}


def flags() -> list[str]:
    """What the front is started with."""
    (command,) = VALUES["head"]["args"]
    return shlex.split(command.partition("python -m playground.cluster")[2])


def test_the_chart_reads_every_key():
    assert VALUES.keys() <= TOP
    assert VALUES["head"].keys() <= HEAD
    assert VALUES["worker"].keys() <= WORKER
    assert all(isinstance(value, str) for value in VALUES["head"]["rayStartParams"].values())


def test_both_start_ray_by_the_command_that_kuberay_gives_them():
    for group in (VALUES["head"], VALUES["worker"]):
        assert group["annotations"]["ray.io/overwrite-container-cmd"] == "true"
        assert group["command"] == ["/bin/bash", "-c", "--"]
        assert subprocess.run(["bash", "-n", "-c", group["args"][0]]).returncode == 0
        assert '"$KUBERAY_GEN_RAY_START_CMD"' in group["args"][0]
        assert [one["name"] for one in group["volumes"]] == [one["name"] for one in group["volumeMounts"]]


def test_the_page_starts_with_flags_that_there_are_and_a_key():
    options, rest = read_options(flags())
    key = VALUES["head"]["envFrom"][0]["secretRef"]
    settings = Settings.read(rest, {"PLAYGROUND_METRICS_KEY": "from-the-secret"})
    assert key == {"name": "playground"} and re.search(r"secret generic playground .*PLAYGROUND_METRICS_KEY", text())
    assert options.address == "auto" and settings.host == "0.0.0.0"
    assert settings.public and settings.metrics and settings.metrics_key
    assert settings.port in [port["containerPort"] for port in VALUES["head"]["ports"] if port["name"] == "page"]


def test_every_worker_has_what_one_replica_needs():
    options, _ = read_options(flags())
    worker = VALUES["worker"]
    limits = worker["resources"]["limits"]
    assert (int(limits["cpu"]), limits["nvidia.com/gpu"]) == (options.cores, options.gpus)
    assert worker["resources"]["requests"] == limits
    assert (worker["minReplicas"], worker["maxReplicas"]) == (options.least, options.most)
    assert worker["minReplicas"] <= worker["replicas"] <= worker["maxReplicas"]
    assert VALUES["head"]["rayStartParams"]["num-cpus"] == "0"


def text() -> str:
    """The file, comments and all."""
    return (Path(__file__).parents[3] / "deploy/kuberay.yaml").read_text(encoding="utf-8")
