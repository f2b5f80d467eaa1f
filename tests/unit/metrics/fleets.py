"""A fleet of two replicas as it reports itself: one works, one begins; what nobody may read is `SECRET`."""

from __future__ import annotations

from playground.models.fleet import FleetReport, NodeReport, ReplicaReport
from playground.models.report import DeviceReport, ModelReport

SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"
SECRET = "somebody/a-private-name"


def model(name: str, **numbers: int) -> ModelReport:
    """A resident model."""
    fixed = dict.fromkeys(("predicted_bytes", "measured_bytes", "last_used"))
    counts = {"leases": 0, "loads": 1, "evictions": 0} | numbers
    return ModelReport(name, name, "text-generation", "auto", "resident", "cpu", "float32", **fixed, **counts)


def two_replicas() -> FleetReport:
    """What it does now."""
    device = DeviceReport("cuda:0", "GPU", 80, 60, 20, 30, cache_bytes=5)
    replicas = (
        ReplicaReport("r1", "n1", "running", 0.0, 4, (device,), (model(SMOL, running=3, in_line=2, waiting=1),)),
        ReplicaReport("r2", "n2", "starting", 0.0, 0, (), (model(SECRET, running=1), model("b/typed", evictions=2))),
    )
    nodes = tuple(NodeReport(name, SECRET, name != "n3", 2, 1, 100) for name in ("n1", "n2", "n3"))
    return FleetReport(True, nodes, replicas, queue=7)
