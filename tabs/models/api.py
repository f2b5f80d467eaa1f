"""What the endpoints of models answer, where that isn't a result as it is."""

from __future__ import annotations

from dataclasses import dataclass

from playground.models.report import DeviceReport


@dataclass(frozen=True)
class ModelVariant:
    """One model in one quantization, as the manager holds it; bytes and seconds."""

    task: str
    quantization: str
    state: str
    device: str
    dtype: str
    predicted_bytes: int | None
    measured_bytes: int | None
    leases: int
    waiting: int
    loads: int
    evictions: int
    last_used: float | None
    pinned: bool
    progress: float | None
    message: str
    load_seconds: float | None
    cache_bytes: int


@dataclass(frozen=True)
class ListedModel:
    """One model of the catalog, or typed in, and its variants that were asked for."""

    id: str
    title: str
    task: str
    source: str
    licence: str
    parameters: int | None
    note: str
    revision: str | None
    variants: tuple[ModelVariant, ...]


@dataclass(frozen=True)
class ModelsListed:
    """``/models`` and ``/unload_model``."""

    devices: tuple[DeviceReport, ...]
    models: tuple[ListedModel, ...]
    public: bool
    typing: bool
    hub: str
    tasks: tuple[str, ...]
    problem: str


@dataclass(frozen=True)
class ModelAsked:
    """``/load_model``: under which names the model is found."""

    model_id: str
    task: str
    quantization: str
