"""What a fleet holds and does at the moment when its meters are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from playground.models.fleet import FleetReport

Labelled = Iterable[tuple[tuple[str, ...], float]]


class Gauges:
    """A collector of Prometheus' client: asks for a report whenever it is read, and for nothing in between.

    ``named`` is the label of a model, by its id.
    """

    def __init__(self, fleet: Callable[[], FleetReport], named: Callable[[str], str]) -> None:
        self._fleet = fleet
        self._named = named

    def describe(self) -> list[Metric]:
        """Nothing: a report isn't wanted yet when the collector is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All that a report says, as numbers."""
        fleet = self._fleet()
        replicas = fleet.replicas
        alive = Counter("alive" if one.alive else "gone" for one in fleet.nodes)
        yield _gauge("nodes", "Machines of the fleet.", ("state",), _by_one(alive))
        yield _gauge("replicas", "Processes that hold models.", ("state",), _by_one(Counter(r.state for r in replicas)))
        yield _gauge("calls", "Calls that run now.", ("replica",), (((r.replica_id,), r.calls) for r in replicas))
        yield _gauge("waiting", "Who waits now, and what for.", ("reason",), _waiting(fleet))
        yield _gauge("device_bytes", "Bytes of a device.", ("replica", "device", "kind"), _bytes(fleet))
        states = Counter((r.replica_id, model.state) for r in replicas for model in r.models)
        yield _gauge("models", "Models that were asked for, by state.", ("replica", "state"), states.items())
        yield _gauge("streams", "Generations that run now.", ("replica", "model"), self._sums(fleet, "running"))
        for name in ("loads", "evictions"):
            told = f"{name.capitalize()} of models."
            metric = CounterMetricFamily(f"playground_model_{name}", told, labels=("replica", "model"))
            for labels, count in self._sums(fleet, name):
                metric.add_metric(labels, count)
            yield metric

    def _sums(self, fleet: FleetReport, name: str) -> Labelled:
        """A number of the models of each replica; those of one name together."""
        sums: Counter[tuple[str, ...]] = Counter()
        for replica in fleet.replicas:
            for model in replica.models:
                sums[replica.replica_id, self._named(model.model_id)] += getattr(model, name)
        return sums.items()


def _gauge(name: str, told: str, labels: tuple[str, ...], values: Labelled) -> Metric:
    metric = GaugeMetricFamily(f"playground_{name}", told, labels=labels)
    for each, value in values:
        metric.add_metric(each, value)
    return metric


def _by_one(counts: Counter[str]) -> Labelled:
    return (((name,), count) for name, count in counts.items())


def _waiting(fleet: FleetReport) -> Labelled:
    loads = sum(model.waiting for replica in fleet.replicas for model in replica.models)
    return [(("replica",), fleet.queue), (("turn",), fleet.in_line), (("load",), loads)]


def _bytes(fleet: FleetReport) -> Labelled:
    for replica in fleet.replicas:
        for one in replica.devices:
            kinds = {
                "total": one.total_bytes, "budget": one.budget_bytes, "weights": one.used_bytes,
                "cache": one.cache_bytes, "free": one.free_bytes,
            }  # fmt: skip
            for kind, count in kinds.items():
                yield (replica.replica_id, one.device, kind), count
