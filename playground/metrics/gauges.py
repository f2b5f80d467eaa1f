"""What a playground holds at the moment when its meters are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from playground.models.report import Snapshot


class Gauges:
    """A collector of Prometheus' client: asks for a snapshot whenever it is read, and for nothing in between.

    ``named`` is the label of a model, by its id and task.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], named: Callable[[str, str], str]) -> None:
        self._snapshot = snapshot
        self._named = named

    def describe(self) -> list[Metric]:
        """Nothing: a snapshot isn't wanted yet when the collector is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All that a snapshot says, as numbers."""
        snapshot = self._snapshot()
        yield self._bytes(snapshot)
        yield self._states(snapshot)
        yield from self._moves(snapshot)

    def _bytes(self, snapshot: Snapshot) -> Metric:
        metric = GaugeMetricFamily("playground_device_bytes", "Bytes of a device.", labels=("device", "kind"))
        for one in snapshot.devices:
            kinds = {
                "total": one.total_bytes, "budget": one.budget_bytes, "weights": one.used_bytes,
                "cache": one.cache_bytes, "free": one.free_bytes,
            }  # fmt: skip
            for kind, count in kinds.items():
                metric.add_metric((one.device, kind), count)
        return metric

    def _states(self, snapshot: Snapshot) -> Metric:
        metric = GaugeMetricFamily("playground_models", "Models that were asked for, by state.", labels=("state",))
        for state, count in Counter(one.state for one in snapshot.models).items():
            metric.add_metric((state,), count)
        return metric

    def _moves(self, snapshot: Snapshot) -> Iterator[Metric]:
        for name in ("loads", "evictions"):
            counts: Counter[str] = Counter()
            for one in snapshot.models:
                counts[self._named(one.model_id, one.task)] += getattr(one, name)
            metric = CounterMetricFamily(
                f"playground_model_{name}", f"{name.capitalize()} of models.", labels=("model",)
            )
            for model, count in counts.items():
                metric.add_metric((model,), count)
            yield metric
