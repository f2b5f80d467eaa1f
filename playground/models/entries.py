"""What the manager remembers: one entry per model, and the one lock under which entries change.

It leaves out every decision: who gets room (`room`), how a model comes (`loads`) and goes (`eviction`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from playground.config import Settings
from playground.errors import PlaygroundError, StoppedError
from playground.models.catalog import ModelSpec
from playground.models.lending import LoadedModel, ModelKey, shutting_down
from playground.models.report import ModelReport

if TYPE_CHECKING:
    from playground.models.places import Places

REMEMBERED = 500  # models that were asked for once; beyond it those that aren't loaded are forgotten


@dataclass(eq=False)
class Job:
    """One load, shared by all who wait for it."""

    done: bool = False
    cancelled: bool = False
    failure: PlaygroundError | None = None
    thread: threading.Thread | None = None


@dataclass(eq=False)
class Entry:
    """What the manager knows about one model; changed only under the lock of its `Books`.

    ``state`` is "not loaded", "downloading", "waiting for room", "loading", "resident", "in RAM" (parked beside a full
    GPU), "leaving" or "failed".
    """

    key: ModelKey
    spec: ModelSpec
    state: str = "not loaded"
    loaded: Any = None
    job: Job | None = None
    leases: int = 0
    waiting: int = 0
    loads: int = 0
    evictions: int = 0
    used_at: float = 0.0
    pinned: bool = False
    predicted_bytes: int | None = None
    measured_bytes: int | None = None
    progress: float | None = None
    message: str = ""
    load_seconds: float | None = None

    @property
    def held_bytes(self) -> int:
        """Bytes on the device: measured, or predicted while it loads."""
        return self.measured_bytes or self.predicted_bytes or 0

    @property
    def idle(self) -> bool:
        """Resident, and nobody holds it or waits for it."""
        return self.state == "resident" and not self.leases and not self.waiting

    @property
    def forgettable(self) -> bool:
        """Nothing of it is loaded, and nobody wants it."""
        return self.loaded is None and self.job is None and not self.waiting


class Books:
    """All entries, by key, and the lock under which they change; `changed` tells those who wait of every change."""

    def __init__(self, settings: Settings, parking: bool | None) -> None:
        self._renew_locks()
        self.closed = False
        self._settings, self._parking = settings, parking
        self._entries: dict[ModelKey, Entry] = {}
        self._aliases: dict[ModelKey, Entry] = {}  # also finds the entry of a key that says "auto"

    def _renew_locks(self) -> None:
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self._measuring = threading.Lock()

    def renew(self) -> None:
        """Forgets, in a process that was forked, what threads did that aren't there: loads, leases, companions."""
        self._renew_locks()
        for entry in self:
            entry.job, entry.leases, entry.waiting = None, 0, 0
            if entry.state not in ("resident", "in RAM"):
                entry.state, entry.loaded, entry.message = "not loaded", None, ""
                if "_places" in vars(self):
                    self._places.release(entry.key)
            if entry.loaded is not None:
                entry.loaded.renew()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def places(self) -> Places:
        """The device and the budgets, measured when they are first needed: before that torch isn't even imported."""
        with self._measuring:
            return self._places

    @cached_property
    def _places(self) -> Places:
        from playground.models.places import Places

        return Places.measure(self._settings, self._parking)

    def find(self, key: ModelKey) -> Entry | None:
        """The entry of a key, which may say "auto", if there is one."""
        return self._aliases.get(key)

    def add(self, asked: ModelKey, exact: ModelKey, spec: ModelSpec) -> Entry:
        """The entry of the exact key, made if need be; found from now on under the key that was asked for, too."""
        with self.lock:
            if len(self._entries) >= REMEMBERED:
                self._forget(lambda one: True)
            entry = self._entries.setdefault(exact, Entry(exact, spec))
            self._aliases[asked] = self._aliases[exact] = entry
        return entry

    def drop(self, model_id: str) -> None:
        """Nothing is known any more of a model, unless it is used."""
        with self.lock:
            self._forget(lambda one: one.key.model_id == model_id)

    def _forget(self, chosen: Callable[[Entry], bool]) -> None:
        gone = {id(one) for one in self if one.forgettable and chosen(one)}
        self._entries = {key: one for key, one in self._entries.items() if id(one) not in gone}
        self._aliases = {key: one for key, one in self._aliases.items() if id(one) not in gone}

    def evictable(self, apart_from: ModelKey | None = None) -> list[Entry]:
        """Models that may leave: nobody uses or waits for them, and they aren't pinned. Needs the lock."""
        return [one for one in self if one.idle and not one.pinned and one.key != apart_from]

    @property
    def anybody_leaves(self) -> bool:
        """Whether bytes are about to be free. Needs the lock."""
        return any(one.state == "leaving" for one in self)

    def cache_bytes(self, apart_from: ModelKey | None = None) -> int:
        """Bytes that companions hold or were promised, apart from what they keep in case somebody needs it."""
        loaded: list[LoadedModel] = [one.loaded for one in self if one.loaded and one.key != apart_from]
        return sum(one.reserved_bytes for one in loaded)

    def kept_bytes(self) -> int:
        """Bytes that companions keep in case somebody needs them."""
        loaded: list[LoadedModel] = [one.loaded for one in self if one.loaded]
        return sum(one.kept_bytes for one in loaded)

    def forget(self) -> None:
        """Makes all companions give up what they keep: this leaves before any model does."""
        for one in self:
            if one.loaded:
                one.loaded.forget()

    def require_open(self) -> None:
        """Nothing, unless the manager was closed.

        Raises:
            StoppedError: it was.
        """
        if self.closed:
            raise shutting_down()

    def require_wanted(self, entry: Entry, job: Job) -> None:
        """Nothing, unless a load was stopped.

        Raises:
            StoppedError: it was.
        """
        if job.cancelled or self.closed:
            raise StoppedError(f"Loading {entry.spec.title} was stopped.", "Load it again when you need it.")


def report_of(entry: Entry, clock_offset: float) -> ModelReport:
    """The immutable row for an entry; ``clock_offset`` turns the monotonic clock into the time of day."""
    loaded = entry.loaded
    running, in_line = loaded.streams if loaded else (0, 0)
    return ModelReport(
        model_id=entry.key.model_id,
        title=entry.spec.title,
        task=entry.key.task,
        quantization=entry.key.quantization,
        state=entry.state,
        device=("cpu" if entry.state == "in RAM" else loaded.device) if loaded else "",
        dtype=loaded.dtype if loaded else "",
        predicted_bytes=entry.predicted_bytes,
        measured_bytes=entry.measured_bytes,
        leases=entry.leases,
        loads=entry.loads,
        evictions=entry.evictions,
        last_used=entry.used_at + clock_offset if entry.used_at else None,
        pinned=entry.pinned,
        progress=entry.progress,
        message=entry.message,
        waiting=entry.waiting,
        load_seconds=entry.load_seconds,
        cache_bytes=loaded.cache_bytes if loaded else 0,
        running=running,
        in_line=in_line,
    )
