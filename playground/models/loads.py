"""How a model comes: from the Hub or a folder onto the device, or back from RAM; on a thread of its own.

It leaves out where files come from and how they are read (`sources`), and who makes room for it (`room`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from playground.errors import DeviceMemoryError, ModelError, PlaygroundError, said_by
from playground.models.catalog import ModelSpec
from playground.models.cpu.elsewhere import taken_elsewhere
from playground.models.entries import Books, Entry, Job
from playground.models.estimates import Estimates
from playground.models.eviction import Eviction, IdleWatch
from playground.models.lending import LoadedModel, shutting_down
from playground.models.room import Room
from playground.models.shared_tokenizer import renew_turn
from playground.models.visitors import Visitors

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from playground.models.sources import Source

log = logging.getLogger(__name__)
MOST_TOKENIZERS = 24  # a large one takes tens of megabytes


class Tokenizers:
    """Tokenizers by model, the latest ones, each read once; they need no lease and no memory on the device."""

    def __init__(self, source: Callable[[], Source]) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._gates: dict[str, threading.Lock] = {}
        self._read: dict[str, PreTrainedTokenizerBase] = {}

    def of(self, spec: ModelSpec) -> PreTrainedTokenizerBase:
        """The tokenizer of a model; of a Hub model only its small files are downloaded."""
        with self._lock:
            gate = self._gates.setdefault(spec.id, threading.Lock())
        with gate:
            found = self._read.get(spec.id)
            if found is None:
                found = self._source().tokenizer(spec, lambda what, fraction: None)
        with self._lock:
            self._read.pop(spec.id, None)
            self._read[spec.id] = found
            if len(self._read) > MOST_TOKENIZERS:
                self._drop(next(iter(self._read)))
        return found

    def drop(self, model_id: str) -> None:
        """Forgets that of a model."""
        with self._lock:
            self._drop(model_id)

    def _drop(self, model_id: str) -> None:
        self._read.pop(model_id, None)
        self._gates.pop(model_id, None)

    def renew(self) -> None:
        """Makes all of them free, in a process that was forked."""
        self._lock, self._gates = threading.Lock(), {}
        for tokenizer in self._read.values():
            renew_turn(tokenizer)

    def clear(self) -> None:
        """Forgets all of them."""
        self._read.clear()


class Loads:
    """Starts loads and brings them to their end, whatever happens."""

    def __init__(
        self,
        books: Books,
        source: Callable[[], Source],
        tokenizers: Tokenizers,
        estimates: Estimates,
        room: Room,
        eviction: Eviction,
        idle: IdleWatch,
        visitors: Visitors,
    ) -> None:
        self._books, self._source, self._tokenizers = books, source, tokenizers
        self._estimates, self._room, self._eviction, self._idle = estimates, room, eviction, idle
        self._visitors = visitors

    def start(self, entry: Entry) -> Job:
        """A load on a thread of its own: it goes on when the person who asked first goes away. Needs the lock."""
        job = self.begin(entry)
        name = f"load {entry.key.model_id}"
        job.thread = threading.Thread(target=self.run, args=(entry, job), name=name, daemon=True)
        job.thread.start()
        return job

    def begin(self, entry: Entry) -> Job:
        """A load that is still to be run. Needs the lock."""
        entry.job = Job()
        entry.state, entry.message, entry.progress = "loading", "", None
        return entry.job

    def run(self, entry: Entry, job: Job) -> None:
        """The whole life of a load; everybody who waits hears how it ended."""
        began, loaded, failure = time.monotonic(), None, None
        try:
            with self._visitors.timed(entry.key, entry.spec):
                loaded = self._bring(entry, job)
        except BaseException as error:
            failure = self._visitors.tell(_failure(entry, error))
        if failure is not None:
            self._eviction.reclaim()  # only now that the error and its frames, which hold half a model, are gone
        with self._books.changed:
            if self._books.closed:
                loaded, failure = None, shutting_down()
            if loaded is None:
                self._books.places.release(entry.key)
                entry.state, entry.loaded = ("not loaded" if job.cancelled else "failed"), None
                entry.message, entry.measured_bytes = "" if job.cancelled else str(failure), None
            else:
                entry.loads += entry.loaded is None
                entry.state, entry.loaded, entry.message = "resident", loaded, ""
                entry.used_at, entry.load_seconds = time.monotonic(), time.monotonic() - began
            entry.job, entry.progress = None, None
            job.done, job.failure = True, failure
            self._books.changed.notify_all()
        self._idle.begin()

    def _bring(self, entry: Entry, job: Job) -> LoadedModel:
        """The model on the device, from wherever it is."""
        if entry.loaded is not None:
            return self._promote(entry, job)
        from playground.models.memory import measure_bytes

        key, spec, places, source = entry.key, entry.spec, self._books.places, self._source()
        report = self._reporter(entry, job)
        self._refuse_early(entry)
        folder = source.folder(spec, report)
        entry.state = "loading"
        tokenizer = self._tokenizers.of(spec)
        entry.predicted_bytes = predicted = self._estimates.exact(key, spec, folder)
        self._visitors.require(key, spec, predicted)
        max_memory = self._room.make(entry, job, predicted, self._estimates.passing(key, spec, folder))
        entry.state = "loading"
        model = source.load(spec, folder, key.task, key.quantization, places.device, report, max_memory)
        entry.measured_bytes = measured = measure_bytes(model)
        if not max_memory:
            self._room.make(entry, job, measured)
        dtype = str(model.dtype).removeprefix("torch.")
        beside = self._visitors.told()(partial(self._room.make_beside, key))
        public = self._visitors.public
        return LoadedModel(
            key, spec, folder, model, tokenizer, str(places.device), dtype, measured, beside, self._room.spare, public,
            self._busy,
        )  # fmt: skip

    def _busy(self) -> float:
        """The share of the cores that others have now; a training, a process too, is known before it is felt."""
        return max(self._room.busy(), taken_elsewhere())

    def _refuse_early(self, entry: Entry) -> None:
        """Refuses a Hub model that can't fit before anything large is downloaded."""
        entry.state = "downloading" if entry.spec.source == "hub" else "loading"
        key, device = entry.key, self._books.places.device
        early = self._source().check(entry.spec, key.task, key.quantization, device)
        if early is not None:
            entry.predicted_bytes = early
            self._visitors.require(key, entry.spec, early)
            if not self._room.is_possible(entry, early):
                raise self._room.too_large(entry, early)

    def _promote(self, entry: Entry, job: Job) -> LoadedModel:
        """Back from RAM to the device: no disk, no conversion."""
        from playground.models.tiers import move

        places = self._books.places
        self._room.make(entry, job, entry.held_bytes)
        entry.state = "loading"
        move(entry.loaded.model, places.device)
        with self._books.lock:
            places.ram_tier.release(entry.key)
        return entry.loaded

    def _reporter(self, entry: Entry, job: Job) -> Callable[[str, float | None], None]:
        counts = not self._visitors.is_free(entry.key, entry.spec)

        def report(what: str, fraction: float | None) -> None:
            self._books.require_wanted(entry, job)
            if counts:
                self._visitors.require_time()
            entry.message, entry.progress = what, fraction

        return report


def _failure(entry: Entry, error: BaseException) -> PlaygroundError:
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
    why = f"{type(error).__name__}: {said_by(error)}"
    return ModelError(f"{entry.spec.title} can't be loaded ({why}).", "Try again, or another model.")
