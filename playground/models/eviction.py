"""How models leave: off the device, into RAM where there is room beside a GPU, or away; and when idle ones do.

It leaves out who must leave for whom (`room`).
"""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref

from playground.models.entries import Books, Entry

log = logging.getLogger(__name__)

COLLECT_SECONDS = 5.0


class Eviction:
    """Takes models off the device."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._collected_at = 0.0

    def retire(self, entries: list[Entry], to_ram: bool) -> None:
        """Takes models in state "leaving" off the device; without the lock, because companions take time to close."""
        for entry in entries:
            entry.loaded.close()
            parked = to_ram and self._park(entry)
            if not parked:
                self._drop(entry)
            with self._books.changed:
                places = self._books.places
                places.device_tier.release(entry.key)
                if not parked:
                    places.ram_tier.release(entry.key)
                entry.state, entry.message = ("in RAM" if parked else "not loaded"), ""
                entry.evictions += to_ram
                entry.measured_bytes = entry.measured_bytes if parked else None
                self._books.changed.notify_all()

    def reclaim(self) -> None:
        """Gives back the memory that nobody uses right now, without unloading anything."""
        from playground.models.memory import free_memory

        free_memory(self._books.places.device)

    def _park(self, entry: Entry) -> bool:
        """True if a model could be put into RAM; older ones there make room for it."""
        from playground.models.tiers import can_move, move

        places = self._books.places
        if not places.parking or not can_move(entry.loaded.model) or not self._make_room_in_ram(entry):
            return False
        try:
            move(entry.loaded.model, places.parked_device)
        except RuntimeError:
            log.warning("%s couldn't be parked in RAM", entry.spec.title, exc_info=True)
            return False
        self.reclaim()
        return True

    def _make_room_in_ram(self, entry: Entry) -> bool:
        from playground.models.tiers import choose_victims

        places = self._books.places
        with self._books.lock:
            parked = [one for one in self._books if one.state == "in RAM" and not one.job and not one.waiting]
            short = entry.held_bytes - places.ram_tier.free_bytes
            victims = choose_victims(parked, short) if short > 0 else []
            if short > 0 and not victims:
                return False
            for victim in victims:
                victim.state = "leaving"
                places.ram_tier.release(victim.key)
            places.ram_tier.hold(entry.key, entry.held_bytes)
        self.retire(victims, to_ram=False)
        return True

    def _drop(self, entry: Entry) -> None:
        """Frees a model. Python does that when the last reference goes, for which the last borrower has a moment.

        If the model is still there then, a reference cycle may hold it, and the collector is asked; as it stops
        everybody for a good part of a second, not more than once in a while.
        """
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
        self.reclaim()


class IdleWatch:
    """Unloads models that nobody has used for some seconds; 0 seconds: never."""

    def __init__(self, books: Books, eviction: Eviction, idle_seconds: float) -> None:
        self._books, self._eviction, self._seconds = books, eviction, idle_seconds
        self.thread: threading.Thread | None = None

    def begin(self) -> None:
        """Starts the thread that looks, where there is anything to look for and none looks yet."""
        if self._seconds <= 0:
            return
        with self._books.lock:
            if self.thread is None and not self._books.closed:
                self.thread = threading.Thread(target=self._watch, name="idle models", daemon=True)
                self.thread.start()

    def _watch(self) -> None:
        while True:
            with self._books.changed:
                if self._books.closed:
                    return
                now, idle = time.monotonic(), self._books.evictable()
                due = [one for one in idle if now - one.used_at >= self._seconds]
                if not due:
                    ages = (now - one.used_at for one in idle)
                    self._books.changed.wait(min([self._seconds, *(self._seconds - age for age in ages)]))
                    continue
                for entry in due:
                    entry.state = "leaving"
            self._eviction.retire(due, to_ram=False)
