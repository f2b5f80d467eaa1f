"""What the manager says about itself: immutable rows that the page, the API and the tests read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelReport:
    """One model that was asked for at least once.

    ``measured_bytes`` are its weights; ``cache_bytes`` what serving it takes beside them now: the keys and values of
    running generations (the KV cache), and of those that somebody may go on from, which leave first. ``waiting`` wait
    for its load; of generations ``running`` run and ``in_line`` wait for their turn.
    """

    model_id: str
    title: str
    task: str
    quantization: str
    state: str
    device: str
    dtype: str
    predicted_bytes: int | None
    measured_bytes: int | None
    leases: int
    loads: int
    evictions: int
    last_used: float | None
    pinned: bool = False
    progress: float | None = None
    message: str = ""
    waiting: int = 0
    load_seconds: float | None = None
    cache_bytes: int = 0
    running: int = 0
    in_line: int = 0


@dataclass(frozen=True)
class DeviceReport:
    """One device, in bytes.

    Weights (``used_bytes``) stay within ``budget_bytes``, weights and ``cache_bytes`` together within ``limit_bytes``:
    that is the budget where somebody has set one. A measured budget leaves ``reserve_bytes`` of the device out, because
    the numbers that flow through a model (activations, the KV cache) need room too. ``free_bytes`` is what the device
    has left right now, whoever uses the rest.
    """

    device: str
    name: str
    total_bytes: int
    budget_bytes: int
    used_bytes: int
    free_bytes: int
    reserve_bytes: int = 0
    cache_bytes: int = 0
    limit_bytes: int = 0


@dataclass(frozen=True)
class QuantizationOption:
    """One way to hold a model's numbers: whether it can work on this machine, and what it would take."""

    name: str
    available: bool
    reason: str
    predicted_bytes: int | None


@dataclass(frozen=True)
class Snapshot:
    """What the manager holds at one moment; never changes after it was taken."""

    models: tuple[ModelReport, ...]
    devices: tuple[DeviceReport, ...]

    @property
    def resident(self) -> tuple[ModelReport, ...]:
        """The models that are on the device now."""
        return tuple(model for model in self.models if model.state == "resident")
