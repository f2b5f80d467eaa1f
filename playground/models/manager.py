"""The one place that holds models: load once, keep resident within the budget, lend, evict, report.

Tabs and capabilities never keep a model. They borrow it with ``with manager.lease(...) as loaded:`` and give it back at
the end of the ``with``, on every path. What happens to a model::

    not loaded -> downloading -> waiting for room -> loading -> resident -> leaving -> not loaded
                                                                   ^           |
                                                                   +- in RAM <-+   (only beside a GPU)

Every change of state happens under one lock (`entries`), every slow step outside it. A model that somebody holds or
waits for is never evicted, moved or unloaded. The manager lends, reports and takes commands; how a model comes is in
`loads`, who gets room in `room`, how one leaves in `eviction`, what one would take in `estimates`.
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from playground.config import Settings
from playground.errors import ModelNotFoundError, NotAllowedError, UnsupportedOptionError, WrongTaskError
from playground.forks import in_every_fork
from playground.models.catalog import QUANTIZATIONS, TASKS, Catalog, ModelSpec, typed_in
from playground.models.entries import Books, Entry, report_of
from playground.models.estimates import Estimates
from playground.models.eviction import Eviction, IdleWatch
from playground.models.lending import Lease, LoadedModel, ModelKey, pretrained
from playground.models.loads import Loads, Tokenizers
from playground.models.origin import Origin, origin_of
from playground.models.reach import HubReach
from playground.models.report import DeviceReport, ModelReport, QuantizationOption, Snapshot
from playground.models.room import Room
from playground.models.trained import PREFIX, TrainedModels
from playground.models.visitors import SEALED, Visitors

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from playground.models.pretrained import Pretrained
    from playground.models.sources import Source

__all__ = [
    "DeviceReport", "Lease", "LoadedModel", "ModelKey", "ModelManager", "ModelReport", "QuantizationOption", "Snapshot",
]  # fmt: skip

PATIENCE_SECONDS = 20.0
CLOSING_SECONDS = 5.0
LEFT_OPEN_SECONDS = 30.0  # when Python ends, a load must have ended before


class ModelManager:
    """Loads, keeps, lends and evicts models; safe to use from any number of threads.

    ``patience_seconds`` is how long a load waits for models that are in use to become free. ``source`` and ``parking``
    (whether evicted models go to RAM first; by default beside a GPU) are for tests.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        *,
        source: Source | None = None,
        parking: bool | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.reach = HubReach()
        self._given_source = source
        self._books = Books(settings, parking)
        self._eviction = Eviction(self._books)
        self._idle = IdleWatch(self._books, self._eviction, settings.idle_unload)
        self._tokenizers = Tokenizers(lambda: self._source)
        self._estimates = Estimates(self._books, lambda: self._source)
        self.room = Room(self._books, self._eviction, self._estimates.guess, patience_seconds)
        self.trained = TrainedModels(partial(_unload_all, weakref.ref(self)))
        self._visitors = Visitors(settings, lambda: self._books.places.device)
        self._loads = Loads(
            self._books, lambda: self._source, self._tokenizers, self._estimates, self.room, self._eviction,
            self._idle, self._visitors,
        )  # fmt: skip
        # A thread of ours that still computes when Python ends makes the process abort.
        in_every_fork(self, ModelManager.renew)
        self._at_exit = partial(_close_if_alive, weakref.ref(self))
        atexit.register(self._at_exit)

    @cached_property
    def _source(self) -> Source:
        if self._given_source is not None:
            return self._given_source
        from playground.models.sources import Source

        return Source(self.settings, self.catalog, self.reach)

    # Lending

    def lease(self, model_id: str | None, task: str, quantization: str = "auto") -> Lease:
        """A ``with`` block that lends a resident model, loaded first if need be; the task's first without an id.

        It is given back when the block ends, however it ends. A model that is lent is never evicted, moved or unloaded.

        Raises, when the block begins:
            ModelError: the model can't be used; the kind says why.
            BudgetError: it doesn't fit; the message says what would help.
        """
        return Lease(self, ModelKey(self._id(model_id, task), task, quantization))

    def borrow(self, key: ModelKey) -> Entry:
        """The entry of a resident model, with one more lease on it, loaded first if need be; for `Lease`."""
        entry = self._books.find(key)
        if entry is not None:
            with self._books.lock:
                if entry.state == "resident":
                    entry.leases += 1
                    return entry
        return self._borrow_slowly(entry or self._entry(key))

    def give_back(self, entry: Entry) -> None:
        """Ends a lease; for `Lease`."""
        with self._books.lock:
            entry.leases -= 1
            entry.used_at = time.monotonic()
            if not entry.leases:
                self._books.changed.notify_all()

    def _borrow_slowly(self, entry: Entry) -> Entry:
        self._require_allowed(entry)
        with self._books.changed:
            entry.waiting += 1
            try:
                while entry.state != "resident":
                    self._books.require_open()
                    if entry.state == "leaving":
                        self._books.changed.wait()
                        continue
                    job = entry.job or self._loads.start(entry)
                    while not job.done:
                        self._books.changed.wait()
                    if job.failure:
                        raise job.failure.again()
                entry.leases += 1
                return entry
            finally:
                entry.waiting -= 1

    def _require_allowed(self, entry: Entry) -> None:
        """Nothing, if a model is here already or may be loaded by whoever asks.

        Raises:
            NotAllowedError, BusyError: see `Visitors.require`.
        """
        key, spec = entry.key, entry.spec
        if self._visitors.sealed and entry.loaded is None:
            raise NotAllowedError(SEALED, "Pick a model that is loaded (the Models tab shows them).")
        if entry.loaded is None and entry.job is None and not self._visitors.is_free(key, spec):
            self._visitors.require(key, spec, self._estimates.guess(spec, key.task, key.quantization))

    def _entry(self, key: ModelKey) -> Entry:
        """The entry of a key, made if need be."""
        if entry := self._books.find(key):
            return entry
        from playground.models.loading import pick_quantization, quantization_obstacle

        if key.task not in TASKS:
            raise WrongTaskError(f"There is no task {key.task[:50]!r} here.", f"Use one of {', '.join(TASKS)}.")
        spec, device = self.spec(key.model_id, key.task), self._books.places.device
        name = pick_quantization(key.quantization, spec.quantizations, device)
        if obstacle := quantization_obstacle(name, device):
            raise UnsupportedOptionError(f"{name} can't work here: {obstacle}", "Choose auto.")
        return self._books.add(key, ModelKey(spec.id, key.task, name), spec)

    # Asking

    def spec(self, model_id: str | None, task: str = "feature-extraction") -> ModelSpec:
        """The catalog's entry for an id, or one made for an id that was typed in, where settings allow that.

        Without an id it is the catalog's first for the task, or its first at all where no model can do the task.

        Raises:
            ModelNotFoundError: the catalog has no such model, and it can't or may not come from the Hub.
        """
        if model_id is None:
            return self.catalog.default_for(task, *TASKS)
        if self._visitors.sealed and model_id.startswith(PREFIX):
            raise NotAllowedError(SEALED, "Download the model, and use it on a machine of your own.")
        if spec := self.catalog.find(model_id) or self.trained.find(model_id):
            return spec
        if self.settings.hub == "any" and not self.settings.public:
            return typed_in(model_id, task)
        raise ModelNotFoundError(f"There is no model {model_id[:100]!r} in the catalog.", "Pick one from the list.")

    def _id(self, model_id: str | None, task: str) -> str:
        return self.catalog.default_for(task).id if model_id is None else model_id

    def folder(self, spec: ModelSpec) -> Path:
        """The local folder with a model's files, prepared or downloaded first if need be."""
        self._visitors.require_model(spec)
        with self._visitors.told():
            return self._source.folder(spec, lambda what, fraction: None)

    def local_folder(self, spec: ModelSpec) -> Path | None:
        """The folder with a model's files, if it is on this machine already; prepares and downloads nothing."""
        self._visitors.require_model(spec)
        return self._source.local_folder(spec)

    def pretrained(self, model_id: str | None, task: str = "", quantization: str = "auto") -> Pretrained:
        """How a run of a model holds it here, for receipts; loads nothing. See also `LoadedModel.pretrained`."""
        from playground.models.loading import pick_dtype

        spec = self.spec(model_id, task or "feature-extraction")
        key = self._entry(ModelKey(spec.id, task or spec.task, quantization)).key
        device = self._books.places.device
        dtype = str(pick_dtype(key.quantization, device)).removeprefix("torch.")
        folder = Path() if spec.source == "hub" else self.folder(spec)
        return pretrained(spec, folder, key, (dtype, str(device)), self.tokenizer(spec.id), self.settings.public)

    def origin(self, model_id: str | None) -> Origin:
        """Where whoever runs a receipt gets a model from."""
        spec = self.spec(model_id)
        return origin_of(spec, Path() if spec.source == "hub" else self.folder(spec), self.settings.public)

    def tokenizer(self, model_id: str | None) -> PreTrainedTokenizerBase:
        """A model's tokenizer alone: needs no lease and no memory on the device."""
        spec = self.spec(model_id)
        self._visitors.require_model(spec)
        with self._visitors.told():
            return self._tokenizers.of(spec)

    def quantizations(self, model_id: str, task: str | None = None) -> tuple[QuantizationOption, ...]:
        """Every way to hold a model's numbers, with what it would take, and why it can't work here if it can't."""
        spec = self.spec(model_id)
        task = task or spec.task
        options = [self._estimates.option(spec, task, name) for name in QUANTIZATIONS if name != "auto"]
        return tuple(self._visitors.limit(one, ModelKey(spec.id, task, one.name), spec) for one in options)

    @property
    def visitor_rules(self) -> str:
        """What visitors may cause to be loaded, as sentences; empty where the playground isn't public."""
        return self._visitors.rules()

    def snapshot(self) -> Snapshot:
        """What is resident now and what it takes."""
        now, clock, places = time.monotonic(), time.time(), self._books.places
        with self._books.lock:
            shown = [one for one in self._books if not (self.settings.public and one.spec.source == "trained")]
            models = tuple(report_of(entry, clock - now) for entry in shown)
            used = places.device_tier.used_bytes, places.ram_tier.used_bytes
        return Snapshot(models, places.report(*used, sum(model.cache_bytes for model in models)))

    # Commanding

    def start_loading(self, model_id: str | None, task: str, quantization: str = "auto") -> ModelKey:
        """The key of a model whose load has begun, or which is resident already; doesn't wait.

        How the load goes on is in `snapshot`.
        """
        entry = self._entry(ModelKey(self._id(model_id, task), task, quantization))
        with self._books.lock:
            self._books.require_open()
            if entry.job is None and entry.state not in ("resident", "leaving"):
                self._loads.start(entry)
        return entry.key

    def load_here(self, model_id: str, task: str) -> None:
        """Loads a model in the calling thread, in the copy that "auto" gives.

        Raises:
            As `lease`.
        """
        entry = self._entry(ModelKey(model_id, task))
        with self._books.lock:
            self._books.require_open()
            if entry.job is not None or entry.state == "resident":
                return
            job = self._loads.begin(entry)
        self._loads.run(entry, job)
        if job.failure:
            raise job.failure.again()

    def seal(self) -> None:
        """From here on only what is loaded now is lent."""
        self._visitors.sealed = True

    def renew(self) -> None:
        """Makes a manager usable in a process that was forked from its own, with the models that were resident."""
        self._books.renew()
        self._tokenizers.renew()
        self._visitors.renew()
        self._idle.thread = None

    def unload(self, key: ModelKey) -> bool:
        """True if the model is now gone, or its load was stopped; False if somebody uses it, or it isn't there."""
        entry = self._books.find(key)
        if entry is None:
            return False
        with self._books.lock:
            if entry.job is not None and not entry.waiting:
                entry.job.cancelled = True
                self._books.changed.notify_all()
                return True
            if not (entry.idle or (entry.state == "in RAM" and entry.job is None)):
                return False
            entry.state, entry.pinned = "leaving", False
        self._eviction.retire([entry], to_ram=False)
        return True

    def pin(self, key: ModelKey, pinned: bool = True) -> bool:
        """True if the model is resident; it is then kept until it is unpinned or unloaded by hand."""
        entry = self._books.find(key)
        with self._books.lock:
            if entry is None or entry.state != "resident":
                return False
            entry.pinned = pinned
            self._books.changed.notify_all()
            return True

    def reclaim(self) -> None:
        """Gives back the memory that nobody uses right now, without unloading anything."""
        self._eviction.reclaim()

    def close(self, patience_seconds: float = CLOSING_SECONDS, join_seconds: float = 1.0) -> None:
        """Stops loads and running work, and unloads everything.

        What is still lent after ``patience_seconds`` goes as soon as it is given back. A load that can't be stopped
        where it is has another ``join_seconds`` to end.
        """
        atexit.unregister(self._at_exit)
        books = self._books
        with books.changed:
            books.closed = True
            jobs = [entry.job for entry in books if entry.job is not None]
            for job in jobs:
                job.cancelled = True
            working = [entry.loaded for entry in books if entry.loaded is not None]
            books.changed.notify_all()
        for loaded in working:
            loaded.close(for_good=True)  # first of all: who computes gives its lease back when it is told to stop
        with books.changed:
            books.changed.wait_for(lambda: not any(entry.job or entry.leases for entry in books), patience_seconds)
            leaving = [entry for entry in books if entry.state in ("resident", "in RAM")]
            for entry in leaving:
                entry.state = "leaving"
        self._eviction.retire(leaving, to_ram=False)
        self._tokenizers.clear()
        self.trained.close()
        for thread in [*(job.thread for job in jobs), self._idle.thread]:
            if thread is not None and thread is not threading.current_thread():
                thread.join(join_seconds)


def _unload_all(reference: weakref.ref[ModelManager], model_id: str) -> None:
    """Nothing stays loaded of a model that is forgotten, but what somebody uses."""
    if (manager := reference()) is None:
        return
    for entry in list(manager._books):
        if entry.key.model_id == model_id:
            manager.unload(entry.key)
    manager._books.drop(model_id)
    manager._tokenizers.drop(model_id)
    manager._estimates.drop(model_id)


def _close_if_alive(reference: weakref.ref[ModelManager]) -> None:
    manager = reference()
    if manager is not None:
        manager.close(patience_seconds=1.0, join_seconds=LEFT_OPEN_SECONDS)
