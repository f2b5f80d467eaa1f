"""The one place that holds models: load once, keep resident within the budget, lend, evict, report.

Tabs and capabilities never keep a model. They borrow it with ``with manager.lease(...) as loaded:`` and give it back at
the end of the ``with``, on every path. What happens to a model::

    not loaded -> downloading -> waiting for room -> loading -> resident -> leaving -> not loaded
                                                                   ^           |
                                                                   +- in RAM <-+   (only beside a GPU)

Every change of state happens under one lock, every slow step outside it. A model that somebody holds or waits for is
never evicted, moved or unloaded. This module leaves out how a model is found and loaded (`sources`, `loading`, `hub`)
and what it weighs (`memory`).
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from playground.config import Settings
from playground.errors import (
    BudgetError,
    DeviceMemoryError,
    ModelError,
    ModelNotFoundError,
    PlaygroundError,
    StoppedError,
    UnsupportedOptionError,
    WrongTaskError,
)
from playground.models.catalog import QUANTIZATIONS, TASKS, Catalog, ModelSpec, typed_in
from playground.models.entries import Entry, Job, report_of
from playground.models.lending import Guard, Lease, LoadedModel, ModelKey, pretrained
from playground.models.report import DeviceReport, ModelReport, QuantizationOption, Snapshot
from playground.units import format_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from playground.models.places import Places
    from playground.models.pretrained import Pretrained
    from playground.models.sources import Source

__all__ = [
    "DeviceReport", "Lease", "LoadedModel", "ModelKey", "ModelManager", "ModelReport", "QuantizationOption", "Snapshot",
]  # fmt: skip

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 20.0
COLLECT_SECONDS = 5.0
CACHE_SECONDS = 0.5  # a load that waits for room looks again so often: caches shrink without telling anybody
LEAVING_SECONDS = 2.0
CLOSING_SECONDS = 5.0
LEFT_OPEN_SECONDS = 30.0  # when Python ends, a load must have ended before
REMEMBERED = 500  # models that were asked for once; beyond it those that aren't loaded are forgotten
# Bytes per parameter, roughly, for models whose files aren't here yet.
ROUGH_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "8-bit": 1.1, "4-bit": 0.6}


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
        self.patience_seconds = patience_seconds
        self._given_source, self._parking = source, parking
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._entries: dict[ModelKey, Entry] = {}
        self._aliases: dict[ModelKey, Entry] = {}  # also finds the entry of a key that says "auto"
        self._tokenizers: dict[str, PreTrainedTokenizerBase] = {}
        self._tokenizer_gates: dict[str, threading.Lock] = {}
        self._predictions: dict[ModelKey, int] = {}
        self._places: Places | None = None
        self._janitor: threading.Thread | None = None
        self._closed = False
        self._collected_at = 0.0
        # A thread of ours that still computes when Python ends makes the process abort.
        self._at_exit = partial(_close_if_alive, weakref.ref(self))
        atexit.register(self._at_exit)

    # Lending

    def lease(self, model_id: str | None, task: str, quantization: str = "auto") -> Lease:
        """A ``with`` (or ``async with``) block that lends a resident model, loaded first if need be.

        Without a ``model_id`` it is the catalog's first for the task.

        It is given back when the block ends, however it ends. A model that is lent is never evicted, moved or unloaded.

        Raises, when the block begins:
            ModelError: the model can't be used; the kind says why.
            BudgetError: it doesn't fit; the message says what would help.
        """
        return Lease(self, ModelKey(model_id or self.catalog.default_for(task).id, task, quantization))

    def guard(self) -> Guard:
        """A ``with`` block in which running out of memory becomes a `DeviceMemoryError`, after memory was reclaimed."""
        return Guard(self.reclaim)

    def borrow(self, key: ModelKey) -> Entry:
        """The entry of a resident model, with one more lease on it, loaded first if need be; for `Lease`."""
        return self.borrow_resident(key) or self._borrow_slowly(self._entry(key))

    def borrow_resident(self, key: ModelKey) -> Entry | None:
        """The same if that takes no waiting, else None."""
        entry = self._aliases.get(key)
        if entry is not None:
            with self._lock:
                if entry.state == "resident":
                    entry.leases += 1
                    return entry
        return None

    def give_back(self, entry: Entry) -> None:
        """Ends a lease; for `Lease`."""
        with self._lock:
            entry.leases -= 1
            entry.used_at = time.monotonic()
            if not entry.leases:
                self._changed.notify_all()

    def _borrow_slowly(self, entry: Entry) -> Entry:
        with self._changed:
            entry.waiting += 1
            try:
                while entry.state != "resident":
                    self._require_open()
                    if entry.state == "leaving":
                        self._changed.wait()
                        continue
                    job = entry.job or self._start(entry)
                    while not job.done:
                        self._changed.wait()
                    if job.failure:
                        raise job.failure.again()
                entry.leases += 1
                return entry
            finally:
                entry.waiting -= 1

    # Asking and commanding

    def spec(self, model_id: str | None, task: str = "feature-extraction") -> ModelSpec:
        """The catalog's entry for an id, or one made for an id that was typed in, where settings allow that.

        Without an id it is the catalog's first for the task, or its first at all where no model can do the task.

        Raises:
            ModelNotFoundError: the catalog has no such model, and it can't or may not come from the Hub.
        """
        if not model_id:
            return self.catalog.default_for(task, *TASKS)
        if spec := self.catalog.find(model_id):
            return spec
        if self.settings.hub == "any" and not self.settings.public:
            return typed_in(model_id, task)
        raise ModelNotFoundError(f"There is no model {model_id[:100]!r} in the catalog.", "Pick one from the list.")

    def folder(self, spec: ModelSpec) -> Path:
        """The local folder with a model's files, prepared or downloaded first if need be."""
        return self._source.folder(spec, lambda what, fraction: None)

    def pretrained(self, model_id: str | None, task: str = "", quantization: str = "auto") -> Pretrained:
        """How a run of a model holds it here, for receipts; loads nothing. See also `LoadedModel.pretrained`."""
        from playground.models.loading import pick_dtype

        spec = self.spec(model_id, task or "feature-extraction")
        key = self._entry(ModelKey(spec.id, task or spec.task, quantization)).key
        device = self._get_places().device
        dtype = str(pick_dtype(key.quantization, device)).removeprefix("torch.")
        folder = Path() if spec.source == "hub" else self.folder(spec)
        return pretrained(spec, folder, key, dtype, str(device), self.tokenizer(spec.id))

    def tokenizer(self, model_id: str | None) -> PreTrainedTokenizerBase:
        """A model's tokenizer alone: needs no lease and no memory on the device."""
        spec = self.spec(model_id)
        with self._lock:
            gate = self._tokenizer_gates.setdefault(spec.id, threading.Lock())
        with gate:
            if spec.id not in self._tokenizers:
                self._tokenizers[spec.id] = self._source.tokenizer(spec, lambda what, fraction: None)
            return self._tokenizers[spec.id]

    def start_loading(self, model_id: str, task: str, quantization: str = "auto") -> ModelKey:
        """The key of a model whose load has begun, or which is resident already; doesn't wait.

        How the load goes on is in `snapshot`.
        """
        entry = self._entry(ModelKey(model_id, task, quantization))
        with self._lock:
            self._require_open()
            if entry.job is None and entry.state not in ("resident", "leaving"):
                self._start(entry)
        return entry.key

    def unload(self, key: ModelKey) -> bool:
        """True if the model is now gone, or its load was stopped; False if somebody uses it, or it isn't there."""
        entry = self._aliases.get(key)
        if entry is None:
            return False
        with self._lock:
            if entry.job is not None and not entry.waiting:
                entry.job.cancelled = True
                self._changed.notify_all()
                return True
            if not (entry.idle or (entry.state == "in RAM" and entry.job is None)):
                return False
            entry.state, entry.pinned = "leaving", False
        self._retire([entry], to_ram=False)
        return True

    def pin(self, key: ModelKey, pinned: bool = True) -> bool:
        """True if the model is resident; it is then kept until it is unpinned or unloaded by hand."""
        entry = self._aliases.get(key)
        with self._lock:
            if entry is None or entry.state != "resident":
                return False
            entry.pinned = pinned
            self._changed.notify_all()
            return True

    def quantizations(self, model_id: str, task: str | None = None) -> tuple[QuantizationOption, ...]:
        """Every way to hold a model's numbers, with what it would take, and why it can't work here if it can't."""
        spec = self.spec(model_id)
        return tuple(self._option(spec, task or spec.task, name) for name in QUANTIZATIONS if name != "auto")

    def snapshot(self) -> Snapshot:
        """What is resident now and what it takes."""
        places, now, clock = self._places, time.monotonic(), time.time()
        with self._lock:
            models = tuple(report_of(entry, clock - now) for entry in self._entries.values())
            used = (places.device_tier.used_bytes, places.ram_tier.used_bytes) if places else (0, 0)
        return Snapshot(models, self._get_places().report(*used, sum(model.cache_bytes for model in models)))

    def reclaim(self) -> None:
        """Gives back the memory that nobody uses right now, without unloading anything."""
        from playground.models.memory import free_memory

        free_memory(self._get_places().device)

    def close(self, patience_seconds: float = CLOSING_SECONDS, join_seconds: float = 1.0) -> None:
        """Stops loads and running work, and unloads everything.

        What is still lent after ``patience_seconds`` goes as soon as it is given back. A load that can't be stopped
        where it is has another ``join_seconds`` to end.
        """
        atexit.unregister(self._at_exit)
        with self._changed:
            self._closed = True
            jobs = [entry.job for entry in self._entries.values() if entry.job is not None]
            for job in jobs:
                job.cancelled = True
            working = [entry.loaded for entry in self._entries.values() if entry.loaded is not None]
            self._changed.notify_all()
        for loaded in working:
            loaded.close(for_good=True)  # first of all: who computes gives its lease back when it is told to stop
        with self._changed:
            self._changed.wait_for(
                lambda: not any(entry.job or entry.leases for entry in self._entries.values()), patience_seconds
            )
            leaving = [entry for entry in self._entries.values() if entry.state in ("resident", "in RAM")]
            for entry in leaving:
                entry.state = "leaving"
        self._retire(leaving, to_ram=False)
        self._tokenizers.clear()
        for thread in [*(job.thread for job in jobs), self._janitor]:
            if thread is not None and thread is not threading.current_thread():
                thread.join(join_seconds)

    # Loading

    @property
    def _source(self) -> Source:
        if self._given_source is None:
            from playground.models.sources import Source

            self._given_source = Source(self.settings, self.catalog)
        return self._given_source

    def _get_places(self) -> Places:
        """The device and the budgets, measured when they are first needed: before that torch isn't even imported."""
        if self._places is None:
            from playground.models.places import Places

            places = Places.measure(self.settings, self._parking)
            with self._lock:
                self._places = self._places or places
        return self._places

    def _entry(self, key: ModelKey) -> Entry:
        """The entry of a key, made if need be."""
        if key in self._aliases:
            return self._aliases[key]
        from playground.models.loading import pick_quantization, quantization_obstacle

        if key.task not in TASKS:
            raise WrongTaskError(f"There is no task {key.task[:50]!r} here.", f"Use one of {', '.join(TASKS)}.")
        spec, device = self.spec(key.model_id, key.task), self._get_places().device
        name = pick_quantization(key.quantization, spec.quantizations, device)
        if obstacle := quantization_obstacle(name, device):
            raise UnsupportedOptionError(f"{name} can't work here: {obstacle}", "Choose auto.")
        exact = ModelKey(spec.id, key.task, name)
        with self._lock:
            if len(self._entries) >= REMEMBERED:
                self._forget()
            entry = self._entries.setdefault(exact, Entry(exact, spec))
            self._aliases[key] = self._aliases[exact] = entry
        return entry

    def _forget(self) -> None:
        gone = {id(one) for one in self._entries.values() if one.loaded is None and not one.job and not one.waiting}
        self._entries = {key: one for key, one in self._entries.items() if id(one) not in gone}
        self._aliases = {key: one for key, one in self._aliases.items() if id(one) not in gone}

    def _require_open(self) -> None:
        if self._closed:
            raise StoppedError("The playground is shutting down.", "Start it again.")

    def _start(self, entry: Entry) -> Job:
        """A load on a thread of its own: it goes on when the person who asked first goes away. Needs the lock."""
        job = entry.job = Job()
        entry.state, entry.message, entry.progress = "loading", "", None
        name = f"load {entry.key.model_id}"
        job.thread = threading.Thread(target=self._run, args=(entry, job), name=name, daemon=True)
        job.thread.start()
        return job

    def _run(self, entry: Entry, job: Job) -> None:
        """The whole life of a load; whatever happens, everybody who waits hears of it."""
        began, loaded, failure = time.monotonic(), None, None
        try:
            loaded = self._bring(entry, job)
        except BaseException as error:
            failure = self._failure(entry, error)
        if failure is not None:
            self.reclaim()  # only now that the error and its frames, which hold half a model, are gone
        with self._changed:
            if self._closed:
                loaded, failure = None, StoppedError("The playground is shutting down.", "Start it again.")
            if loaded is None:
                self._get_places().release(entry.key)
                entry.state, entry.loaded = ("not loaded" if job.cancelled else "failed"), None
                entry.message, entry.measured_bytes = "" if job.cancelled else str(failure), None
            else:
                entry.loads += entry.loaded is None
                entry.state, entry.loaded, entry.message = "resident", loaded, ""
                entry.used_at, entry.load_seconds = time.monotonic(), time.monotonic() - began
            entry.job, entry.progress = None, None
            job.done, job.failure = True, failure
            self._changed.notify_all()
        self._watch_idle()

    def _failure(self, entry: Entry, error: BaseException) -> PlaygroundError:
        """The one clear reason that all who wait get; holds no reference to what failed."""
        from playground.models.memory import is_out_of_memory

        if is_out_of_memory(error):
            return DeviceMemoryError(
                f"The device ran out of memory while loading {entry.spec.title}.",
                "Unload another model, or choose 8-bit or 4-bit.",
            )
        if isinstance(error, PlaygroundError):
            return error.again()
        log.error("%s can't be loaded", entry.key, exc_info=error)
        return ModelError(
            f"{entry.spec.title} can't be loaded ({type(error).__name__}: {error}).", "Try again, or another model."
        )

    def _bring(self, entry: Entry, job: Job) -> LoadedModel:
        """The model on the device, from wherever it is."""
        if entry.loaded is not None:
            return self._promote(entry, job)
        from playground.models.memory import measure_bytes

        key, spec, places = entry.key, entry.spec, self._get_places()
        report = self._reporter(entry, job)
        entry.state = "downloading" if spec.source == "hub" else "loading"
        early = self._source.check(spec, key.task, key.quantization, places.device)
        if early is not None:
            entry.predicted_bytes = early
            if not self._is_possible(entry, early):
                raise self._too_large(entry, early)
        folder = self._source.folder(spec, report)
        entry.state = "loading"
        tokenizer = self.tokenizer(spec.id)
        predicted = self._predictions.get(key)
        if predicted is None:
            predicted = self._source.predict(spec, folder, key.task, key.quantization, places.device)
        entry.predicted_bytes = self._predictions[key] = predicted
        max_memory = self._make_room(entry, job, predicted)
        entry.state = "loading"
        model = self._source.load(spec, folder, key.task, key.quantization, places.device, report, max_memory)
        entry.measured_bytes = measured = measure_bytes(model)
        if not max_memory:
            self._make_room(entry, job, measured)
        dtype = str(model.dtype).removeprefix("torch.")
        room = partial(self.make_room_beside, key)
        return LoadedModel(key, spec, folder, model, tokenizer, str(places.device), dtype, measured, room)

    def _promote(self, entry: Entry, job: Job) -> LoadedModel:
        """Back from RAM to the device: no disk, no conversion."""
        from playground.models.tiers import move

        places = self._get_places()
        self._make_room(entry, job, entry.held_bytes)
        entry.state = "loading"
        move(entry.loaded.model, places.device)
        with self._lock:
            places.ram_tier.release(entry.key)
        return entry.loaded

    def _reporter(self, entry: Entry, job: Job) -> Callable[[str, float | None], None]:
        def report(what: str, fraction: float | None) -> None:
            if job.cancelled:
                raise StoppedError(f"Loading {entry.spec.title} was stopped.", "Load it again when you need it.")
            entry.message, entry.progress = what, fraction

        return report

    # Room

    def _make_room(self, entry: Entry, job: Job, needed: int) -> dict[int | str, int] | None:
        """Holds ``needed`` bytes for an entry, evicting and waiting as need be.

        None if they are all on the device; for a model larger than the GPU, how much goes where.
        """
        deadline = time.monotonic() + self.patience_seconds
        while True:
            with self._changed:
                self._require_wanted(entry, job)
                if spread := self._spread(entry, needed):
                    return spread
                possible = self._is_possible(entry, needed)
                short = self._get_places().shortage(entry.key, needed, self._caches())
                if possible and short <= 0:
                    self._get_places().device_tier.hold(entry.key, needed)
                    return None
                victims = self._victims(short, entry) if possible else []
                for victim in victims:
                    victim.state = "leaving"
                if possible and not victims and time.monotonic() < deadline:
                    entry.state, entry.message = "waiting for room", f"{format_bytes(short)} more are needed"
                    self._changed.wait(min(CACHE_SECONDS, deadline - time.monotonic()))
                    continue
            if not victims:
                raise self._too_large(entry, needed)
            self._retire(victims, to_ram=True)

    def make_room_beside(self, key: ModelKey, needed: int) -> None:
        """Nothing, if the companions of a resident model may hold so many bytes in all; for `LoadedModel`.

        Models that nobody uses leave where that helps.

        Raises:
            BudgetError: there is no room; what is in the way and what would help.
        """
        from playground.models.tiers import choose_victims

        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or needed <= self._room_beside(key) or not self._anybody_leaves(), LEAVING_SECONDS
            )
            room = self._room_beside(key)
            idle = [one for one in self._entries.values() if one.idle and not one.pinned and one.key != key]
            victims = choose_victims(idle, needed - room) if needed > room else []
            for victim in victims:
                victim.state = "leaving"
        self._retire(victims, to_ram=True)
        if needed > room and not victims:
            raise self._no_room_beside(key, needed, room)

    def _no_room_beside(self, key: ModelKey, needed: int, room: int) -> BudgetError:
        places, others = self._get_places(), self._caches(apart_from=key)
        beside = f"{format_bytes(places.device_tier.used_bytes)} of weights"
        beside += f" and {format_bytes(others)} of other caches" if others else ""
        return BudgetError(
            f"With this request the KV cache may grow to {format_bytes(needed)}; beside {beside}, the memory budget of "
            f"{format_bytes(places.limit_bytes)} has {format_bytes(max(0, room))} for it.",
            "Lower max_new_tokens or num_beams, shorten the prompt, unload a model, or raise --memory-budget.",
        )

    def _room_beside(self, key: ModelKey) -> int:
        """What the limit leaves for one model's companions, after all weights and the other caches."""
        places = self._get_places()
        return places.limit_bytes - places.device_tier.used_bytes - self._caches(apart_from=key)

    def _caches(self, apart_from: ModelKey | None = None) -> int:
        """Bytes that companions hold or were promised."""
        others = [one.loaded for one in self._entries.values() if one.loaded and one.key != apart_from]
        return sum(loaded.reserved_bytes for loaded in others)

    def _require_wanted(self, entry: Entry, job: Job) -> None:
        if job.cancelled or self._closed:
            raise StoppedError(f"Loading {entry.spec.title} was stopped.", "Load it again when you need it.")

    def _victims(self, short: int, entry: Entry) -> list[Entry]:
        """Who leaves next; nobody while others are on their way out, because their bytes are about to be free."""
        from playground.models.tiers import choose_victims

        if self._anybody_leaves():
            return []
        everybody = self._entries.values()
        return choose_victims([one for one in everybody if one.idle and not one.pinned and one is not entry], short)

    def _anybody_leaves(self) -> bool:
        return any(one.state == "leaving" for one in self._entries.values())

    def _is_possible(self, entry: Entry, needed: int) -> bool:
        """Whether waiting can help: not if the model is too large even when only the pinned ones stay."""
        pinned = [one for one in self._entries.values() if one.pinned and one.state == "resident" and one is not entry]
        places = self._get_places()
        room = places.device_tier.budget_bytes - sum(one.held_bytes for one in pinned)
        return needed <= room or places.can_spread(entry.key.quantization, needed)

    def _spread(self, entry: Entry, needed: int) -> dict[int | str, int] | None:
        """How many bytes of a model larger than the GPU go where; holds them. None if it fits, or must wait."""
        places = self._get_places()
        busy = any(
            one.state in ("resident", "leaving", "loading") and one is not entry for one in self._entries.values()
        )
        if busy or not places.can_spread(entry.key.quantization, needed):
            return None
        share = places.spread_bytes
        places.device_tier.hold(entry.key, share)
        places.ram_tier.hold(entry.key, needed - share)
        return {places.device.index or 0: share, "cpu": places.ram_tier.budget_bytes}

    def _too_large(self, entry: Entry, needed: int) -> BudgetError:
        """What is needed, what is free, what is in the way, and what would help."""
        places = self._get_places()
        with self._lock:
            tier, others = places.device_tier, [one for one in self._entries.values() if one is not entry]
            free = max(0, min(tier.budget_bytes, places.free_bytes(self._caches()) + tier.held.get(entry.key, 0)))
        message = (
            f"{entry.spec.title} in {entry.key.quantization} needs {format_bytes(needed)}; "
            f"{format_bytes(free)} of the {format_bytes(tier.budget_bytes)} for models are free."
        )
        helps = []
        for name in ("8-bit", "4-bit"):
            count = self._guess(entry.spec, entry.key.task, name)
            if name != entry.key.quantization and count and count < needed and count <= tier.budget_bytes:
                helps.append(f"{name} needs {format_bytes(count)}")
        used = [one for one in others if one.state == "resident" and one.leases]
        pinned = [one for one in others if one.state == "resident" and one.pinned and not one.leases]
        helps += [f"{one.spec.title} ({format_bytes(one.held_bytes)}) is in use{_cache_of(one)}" for one in used]
        helps += [f"{one.spec.title} ({format_bytes(one.held_bytes)}) is pinned" for one in pinned]
        fix = f"What would help: {'; '.join(helps)}." if helps else "Choose a smaller model, or raise --memory-budget."
        error = BudgetError(message, fix)
        error.retryable = bool(used)
        return error

    def _retire(self, entries: list[Entry], to_ram: bool) -> None:
        """Takes models in state "leaving" off the device; without the lock, because companions take time to close."""
        for entry in entries:
            entry.loaded.close()
            parked = to_ram and self._park(entry)
            if not parked:
                self._drop(entry)
            with self._changed:
                places = self._get_places()
                places.device_tier.release(entry.key)
                if not parked:
                    places.ram_tier.release(entry.key)
                entry.state, entry.message = ("in RAM" if parked else "not loaded"), ""
                entry.evictions += to_ram
                entry.measured_bytes = entry.measured_bytes if parked else None
                self._changed.notify_all()

    def _park(self, entry: Entry) -> bool:
        """True if a model could be put into RAM; older ones there make room for it."""
        from playground.models.tiers import can_move, choose_victims, move

        places = self._get_places()
        if not places.parking or not can_move(entry.loaded.model):
            return False
        with self._lock:
            parked = [
                one for one in self._entries.values() if one.state == "in RAM" and not one.job and not one.waiting
            ]
            short = entry.held_bytes - places.ram_tier.free_bytes
            victims = choose_victims(parked, short) if short > 0 else []
            if short > 0 and not victims:
                return False
            for victim in victims:
                victim.state = "leaving"
            for victim in victims:
                places.ram_tier.release(victim.key)
            places.ram_tier.hold(entry.key, entry.held_bytes)
        self._retire(victims, to_ram=False)
        try:
            move(entry.loaded.model, places.parked_device)
        except RuntimeError:
            log.warning("%s couldn't be parked in RAM", entry.spec.title, exc_info=True)
            return False
        self.reclaim()
        return True

    def _drop(self, entry: Entry) -> None:
        """Frees a model. Python does that when the last reference goes, for which the last borrower has a moment.

        If the model is still there then, a reference cycle may hold it, and the collector is asked; as it stops
        everybody for a good part of a second, not more than once in a while.
        """
        from playground.models.memory import free_memory

        gone = weakref.ref(entry.loaded.model)
        entry.loaded = None
        for _ in range(5):
            if gone() is None:
                break
            time.sleep(0.01)
        else:
            if time.monotonic() - self._collected_at > COLLECT_SECONDS:
                self._collected_at = time.monotonic()
                gc.collect()
        free_memory(self._get_places().device)

    # Idle models

    def _watch_idle(self) -> None:
        """Starts the thread that unloads idle models, where the settings ask for it."""
        if self.settings.idle_unload <= 0:
            return
        with self._lock:
            if self._janitor is None and not self._closed:
                self._janitor = threading.Thread(target=self._unload_idle, name="idle models", daemon=True)
                self._janitor.start()

    def _unload_idle(self) -> None:
        limit = self.settings.idle_unload
        while True:
            with self._changed:
                if self._closed:
                    return
                now = time.monotonic()
                idle = [one for one in self._entries.values() if one.idle and not one.pinned]
                due = [one for one in idle if now - one.used_at >= limit]
                if not due:
                    self._changed.wait(min([limit, *(limit - (now - one.used_at) for one in idle)]))
                    continue
                for entry in due:
                    entry.state = "leaving"
            self._retire(due, to_ram=False)

    # Quantization

    def _option(self, spec: ModelSpec, task: str, name: str) -> QuantizationOption:
        from playground.models.loading import quantization_obstacle

        places = self._get_places()
        predicted = self._guess(spec, task, name)
        budget = places.device_tier.budget_bytes
        if obstacle := quantization_obstacle(name, places.device):
            return QuantizationOption(name, False, obstacle, predicted)
        if name not in spec.quantizations and name != "float32":
            return QuantizationOption(name, False, "The catalog doesn't offer it for this model.", predicted)
        if predicted and places.can_spread(name, predicted):
            return QuantizationOption(name, True, "Larger than the GPU: a part waits in RAM, which is slow.", predicted)
        if predicted and predicted > budget:
            room = f"It needs {format_bytes(predicted)}; the budget for models is {format_bytes(budget)}."
            return QuantizationOption(name, False, room, predicted)
        slow = name in ("float16", "8-bit") and places.device.type == "cpu"
        return QuantizationOption(name, True, "Works, but a CPU is faster in float32." if slow else "", predicted)

    def _guess(self, spec: ModelSpec, task: str, name: str) -> int | None:
        """Predicted bytes, exact where the model's config is on this machine; never waits for a load."""
        from playground.models.loading import BUILDING

        key = ModelKey(spec.id, task, name)
        if key not in self._predictions and BUILDING.acquire(blocking=False):
            try:
                with contextlib.suppress(PlaygroundError):
                    if folder := self._source.local_folder(spec):
                        self._predictions[key] = self._source.predict(
                            spec, folder, task, name, self._get_places().device
                        )
            finally:
                BUILDING.release()
        rough = int(spec.parameters * ROUGH_BYTES[name]) if spec.parameters else None
        return self._predictions.get(key, rough)


def _close_if_alive(reference: weakref.ref[ModelManager]) -> None:
    manager = reference()
    if manager is not None:
        manager.close(patience_seconds=1.0, join_seconds=LEFT_OPEN_SECONDS)


def _cache_of(entry: Entry) -> str:
    count = entry.loaded.reserved_bytes if entry.loaded else 0
    return f", and its KV cache may take {format_bytes(count)}" if count else ""
