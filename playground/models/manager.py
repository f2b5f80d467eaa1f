"""The one place that holds models: load once, keep resident within the budget, lend, evict, report.

Tabs and capabilities never keep a model. They borrow it with ``with manager.lease(...) as loaded:`` and give it back at
the end of the ``with``, on every path. This module leaves out how a model is loaded (`loading`) and what it weighs
(`memory`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from playground.config import Settings
from playground.errors import HubOfflineError, ModelNotFoundError
from playground.models.catalog import Catalog, ModelSpec

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Companion = TypeVar("Companion")


@dataclass(frozen=True)
class ModelKey:
    """What is resident: one model, with one head, in one quantization."""

    model_id: str
    task: str
    quantization: str


@dataclass(eq=False)
class LoadedModel:
    """A resident model as it is lent: treat everything in it as read-only, many people hold it at once."""

    key: ModelKey
    spec: ModelSpec
    folder: Path
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: str
    dtype: str
    measured_bytes: int
    _companions: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def eager(self) -> PreTrainedModel:
        """The same weights as a module that returns attention weights; costs no second copy."""
        from playground.models.loading import eager_view

        return eager_view(self.model)

    def companion(self, name: str, make: Callable[[LoadedModel], Companion]) -> Companion:
        """The object that serves this model under a name (a batcher, a generation engine): made once, closed at unload.

        ``make`` gets this LoadedModel. A companion has a method ``close()``.
        """
        with self._lock:
            if name not in self._companions:
                self._companions[name] = make(self)
            return self._companions[name]

    def close(self) -> None:
        """Closes the companions."""
        with self._lock:
            companions, self._companions = list(self._companions.values()), {}
        for companion in companions:
            companion.close()


@dataclass(frozen=True)
class ModelReport:
    """One resident or loading model in a snapshot."""

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


@dataclass(frozen=True)
class DeviceReport:
    """One device in a snapshot, in bytes."""

    device: str
    name: str
    total_bytes: int
    budget_bytes: int
    used_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class Snapshot:
    """What the manager holds at one moment; never changes after it was taken."""

    models: tuple[ModelReport, ...]
    devices: tuple[DeviceReport, ...]


class ModelManager:
    """Loads, keeps, lends and evicts models; safe to use from any number of threads."""

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self.settings = settings
        self.catalog = catalog
        self._lock = threading.Lock()
        self._resident: dict[ModelKey, LoadedModel] = {}
        self._leases: dict[ModelKey, int] = {}
        self._loading: dict[ModelKey, threading.Lock] = {}
        self._last_used: dict[ModelKey, float] = {}
        self._tokenizers: dict[str, PreTrainedTokenizerBase] = {}

    def spec(self, model_id: str) -> ModelSpec:
        """The catalog's entry for an id.

        Raises:
            ModelNotFoundError: the catalog has no such model.
        """
        spec = self.catalog.find(model_id)
        if spec is None:
            raise ModelNotFoundError(f"There is no model {model_id!r} in the catalog.", "Pick one from the list.")
        return spec

    @contextmanager
    def lease(self, model_id: str, task: str, quantization: str = "auto") -> Iterator[LoadedModel]:
        """A resident model, loaded first if need be; given back when the ``with`` ends, however it ends."""
        key = ModelKey(model_id, task, quantization)
        with self._lock:
            self._leases[key] = self._leases.get(key, 0) + 1
        try:
            yield self._get(key)
        finally:
            with self._lock:
                self._leases[key] -= 1
                self._last_used[key] = time.time()

    def tokenizer(self, model_id: str) -> PreTrainedTokenizerBase:
        """A model's tokenizer alone: needs no lease and no memory on the device."""
        if model_id not in self._tokenizers:
            from playground.models.loading import load_tokenizer

            self._tokenizers[model_id] = load_tokenizer(self.folder(self.spec(model_id)))
        return self._tokenizers[model_id]

    def folder(self, spec: ModelSpec) -> Path:
        """The local folder with a model's files, prepared or downloaded first if need be."""
        from playground.models import embedded

        if spec.source == "embedded":
            return embedded.locate(spec.location, self.settings.home)
        if spec.source == "folder":
            return Path(spec.location)
        raise HubOfflineError(f"{spec.id} is on the Hub, which can't be reached.", "Pick an embedded model.")

    def unload(self, key: ModelKey) -> bool:
        """True if the model was resident, not lent to anybody, and is now gone."""
        with self._lock:
            if self._leases.get(key) or key not in self._resident:
                return False
            loaded = self._resident.pop(key)
        loaded.close()
        return True

    def snapshot(self) -> Snapshot:
        """What is resident now and what it takes."""
        from playground.models.loading import pick_device
        from playground.models.memory import device_memory

        with self._lock:
            models = tuple(
                ModelReport(
                    key.model_id, loaded.spec.title, key.task, key.quantization, "resident", loaded.device, loaded.dtype,
                    None, loaded.measured_bytes, self._leases.get(key, 0), 1, 0, self._last_used.get(key),
                )
                for key, loaded in self._resident.items()
            )  # fmt: skip
        memory = device_memory(pick_device(self.settings.device))
        used = sum(model.measured_bytes or 0 for model in models)
        budget = self.settings.memory_budget or int((memory.free_bytes + used) * 0.8)
        return Snapshot(
            models,
            (DeviceReport(memory.device, memory.name, memory.total_bytes, budget, used, memory.free_bytes),),
        )

    def close(self) -> None:
        """Unloads everything."""
        for key in list(self._resident):
            self.unload(key)

    def _get(self, key: ModelKey) -> LoadedModel:
        with self._lock:
            if key in self._resident:
                return self._resident[key]
            gate = self._loading.setdefault(key, threading.Lock())
        with gate:
            if key not in self._resident:
                loaded = self._load(key)
                with self._lock:
                    self._resident[key] = loaded
            return self._resident[key]

    def _load(self, key: ModelKey) -> LoadedModel:
        from playground.models.loading import load_model, load_tokenizer, pick_device
        from playground.models.memory import measure_bytes

        spec = self.spec(key.model_id)
        folder, device = self.folder(spec), pick_device(self.settings.device)
        model = load_model(spec, folder, key.task, key.quantization, device)
        dtype = str(model.dtype).removeprefix("torch.")
        tokenizer = load_tokenizer(folder)
        return LoadedModel(key, spec, folder, model, tokenizer, str(device), dtype, measure_bytes(model))
