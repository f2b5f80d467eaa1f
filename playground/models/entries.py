"""What the manager remembers about one model: its state, who uses it, and the load that is under way.

It leaves out every decision (`manager`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from playground.errors import PlaygroundError
from playground.models.catalog import ModelSpec
from playground.models.lending import ModelKey
from playground.models.report import ModelReport


@dataclass(eq=False)
class Job:
    """One load, shared by all who wait for it."""

    done: bool = False
    cancelled: bool = False
    failure: PlaygroundError | None = None
    thread: threading.Thread | None = None


@dataclass(eq=False)
class Entry:
    """What the manager knows about one model; changed only under the manager's lock."""

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


def report_of(entry: Entry, clock_offset: float) -> ModelReport:
    """The immutable row for an entry; ``clock_offset`` turns the monotonic clock into the time of day."""
    loaded = entry.loaded
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
    )
