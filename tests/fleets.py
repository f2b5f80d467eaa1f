"""A fleet as it reports itself: two replicas, of which one works and one begins, and a machine that has gone."""

from __future__ import annotations

from playground.models.fleet import FleetReport, NodeReport, ReplicaReport
from playground.models.report import DeviceReport, ModelReport

SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"
SECRET = "somebody/a-private-name"
GB = 10**9
GPU = DeviceReport("cuda:0", "GPU", 80 * GB, 60 * GB, 20 * GB, 30 * GB, cache_bytes=5 * GB, limit_bytes=60 * GB)


def held(name: str, state: str = "resident", **numbers: int) -> ModelReport:
    """A model of a replica."""
    fixed = dict.fromkeys(("predicted_bytes", "measured_bytes", "last_used"))
    counts = {"leases": 0, "loads": 1, "evictions": 0} | numbers
    return ModelReport(name, name, "text-generation", "auto", state, "cpu", "float32", **fixed, **counts)


def two_replicas(secret: str = SECRET) -> FleetReport:
    """What it does now; ``secret`` is the name of its machines, and of a model that somebody typed in."""
    models = held(SMOL, running=3, in_line=2, waiting=1), held("b/broken", "failed", loads=0)
    typed = held(secret, running=1), held("b/typed", "loading", evictions=2)
    replicas = (
        ReplicaReport("replica#second", "n2", "starting", 2.0, 0, (), typed),
        ReplicaReport("replica#first1", "n1", "running", 1.0, 4, (GPU,), models),
    )
    nodes = tuple(NodeReport(f"n{n}", f"{secret} {n}", n != 3, 8, 2, 100 * GB) for n in (1, 2, 3))
    return FleetReport(True, nodes, replicas, queue=7)
