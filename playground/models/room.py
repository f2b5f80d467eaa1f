"""Who gets how many bytes of the device: weights within the budget, weights and caches together within the limit.

A load that doesn't fit makes models leave that nobody uses, and waits for those that are used; what can never fit is
refused at once, with what is in the way and what would help. It leaves out how models leave (`eviction`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playground.errors import BudgetError
from playground.models.catalog import ModelSpec
from playground.models.entries import Books, Entry, Job
from playground.models.eviction import Eviction
from playground.models.lending import SET_ASIDE, ModelKey
from playground.units import format_bytes

CACHE_SECONDS = 0.5  # a load that waits for room looks again so often: caches shrink without telling anybody
LEAVING_SECONDS = 2.0

Estimate = Callable[[ModelSpec, str, str], int | None]  # (model, task, quantization) -> bytes, where they can be told


class Room:
    """Holds bytes for loads and for the companions of resident models."""

    def __init__(self, books: Books, eviction: Eviction, estimate: Estimate, patience_seconds: float) -> None:
        self._books, self._eviction, self._estimate = books, eviction, estimate
        self._patience_seconds = patience_seconds
        self._cores: dict[ModelKey, float] = {}

    def busy(self) -> float:
        """The share of this machine's cores that work beside the models has now."""
        return min(1.0, sum(list(self._cores.values())))

    def make(self, entry: Entry, job: Job, needed: int, passing: int = 0) -> dict[int | str, int] | None:
        """Holds ``needed`` bytes for an entry, evicting and waiting as need be; ``passing`` see `Places.shortage`.

        None if they are all on the device; for a model larger than the GPU, how much goes where.
        """
        deadline = time.monotonic() + self._patience_seconds
        places = self._books.places
        while True:
            with self._books.changed:
                self._books.require_wanted(entry, job)
                if spread := self._spread(entry, needed):
                    return spread
                possible = self.is_possible(entry, needed)
                kept, caches = self._books.kept_bytes(), self._books.cache_bytes()
                if kept and places.shortage(entry.key, needed, caches + kept, passing) > 0:
                    self._books.forget()
                short = places.shortage(entry.key, needed, caches, passing)
                if possible and short <= 0:
                    places.device_tier.hold(entry.key, needed)
                    return None
                victims = self._victims(short, entry) if possible else []
                for victim in victims:
                    victim.state = "leaving"
                if possible and not victims and time.monotonic() < deadline:
                    entry.state, entry.message = "waiting for room", f"{format_bytes(short)} more are needed"
                    self._books.changed.wait(min(CACHE_SECONDS, deadline - time.monotonic()))
                    continue
            if not victims:
                raise self.too_large(entry, needed, passing)
            self._eviction.retire(victims, to_ram=True)

    @contextmanager
    def set_aside(self, title: str, job: Job, needed: int, cores: float = 0.0) -> Iterator[None]:
        """Around work beside the models, such as a training: so many bytes of the device are held for it.

        ``cores`` is the share of them that it takes; whoever asks a model meanwhile computes with the others.

        Raises:
            BudgetError: there is no room, now or ever. StoppedError: the job was cancelled meanwhile.
        """
        entry = Entry(ModelKey(f"{id(job)}", "", SET_ASIDE), ModelSpec(title, "", "", ""))
        self.make(entry, job, needed)
        self._cores[entry.key] = cores
        try:
            yield
        finally:
            del self._cores[entry.key]
            with self._books.changed:
                self._books.places.release(entry.key)
                self._books.changed.notify_all()

    def make_beside(self, key: ModelKey, needed: int) -> None:
        """Nothing, if the companions of a resident model may hold so many bytes in all.

        Models that nobody uses leave where that helps.

        Raises:
            BudgetError: there is no room; what is in the way and what would help.
        """
        from playground.models.tiers import choose_victims

        books = self._books
        with books.changed:
            books.changed.wait_for(
                lambda: books.closed or needed <= self._beside(key) or not books.anybody_leaves, LEAVING_SECONDS
            )
            room = self._beside(key)
            if needed + books.kept_bytes() > room:
                books.forget()
            victims = choose_victims(books.evictable(apart_from=key), needed - room) if needed > room else []
            for victim in victims:
                victim.state = "leaving"
        self._eviction.retire(victims, to_ram=True)
        if needed > room and not victims:
            raise self._none_beside(key, needed, room)

    def spare(self) -> int:
        """Bytes of the limit that nobody holds, was promised or keeps; below 0 where what is kept is too much."""
        books = self._books
        with books.lock:
            places = books.places
            taken = places.device_tier.used_bytes + books.cache_bytes() + books.kept_bytes()
            return places.limit_bytes - taken

    def is_possible(self, entry: Entry, needed: int) -> bool:
        """Whether waiting can help: not if the model is too large even when only the pinned ones stay."""
        pinned = [one for one in self._books if one.pinned and one.state == "resident" and one is not entry]
        places = self._books.places
        room = places.device_tier.budget_bytes - sum(one.held_bytes for one in pinned)
        return needed <= room or places.can_spread(entry.key.quantization, needed)

    def too_large(self, entry: Entry, needed: int, passing: int = 0) -> BudgetError:
        """What is needed, what is free, what is in the way, and what would help."""
        places = self._books.places
        with self._books.lock:
            tier, others = places.device_tier, [one for one in self._books if one is not entry]
            room = places.free_bytes(self._books.cache_bytes()) + tier.held.get(entry.key, 0)
            free = max(0, min(tier.budget_bytes, room))
        message = (
            f"{entry.spec.title} {_how(entry)}needs {format_bytes(needed)}; "
            f"{format_bytes(free)} of the {format_bytes(tier.budget_bytes)} for models are free."
        )
        message += f" While it is loaded, it takes {format_bytes(passing)} more." if passing else ""
        used = [one for one in others if one.state == "resident" and one.leases]
        pinned = [one for one in others if one.state == "resident" and one.pinned and not one.leases]
        helps = self._smaller(entry, needed, tier.budget_bytes)
        helps += [f"{one.spec.title} ({format_bytes(one.held_bytes)}) is in use{_cache_of(one)}" for one in used]
        helps += [f"{one.spec.title} ({format_bytes(one.held_bytes)}) is pinned" for one in pinned]
        fix = f"What would help: {'; '.join(helps)}." if helps else "Choose a smaller model, or raise --memory-budget."
        error = BudgetError(message, fix)
        error.retryable = bool(used)
        return error

    def _smaller(self, entry: Entry, needed: int, budget_bytes: int) -> list[str]:
        """The quantizations in which the model would fit, in words."""
        if entry.key.quantization == SET_ASIDE:
            return []
        counts = {name: self._estimate(entry.spec, entry.key.task, name) for name in ("8-bit", "4-bit")}
        return [
            f"{name} needs {format_bytes(count)}"
            for name, count in counts.items()
            if count and name != entry.key.quantization and count < needed and count <= budget_bytes
        ]

    def _beside(self, key: ModelKey) -> int:
        """What the limit leaves for one model's companions, after all weights and the other caches."""
        places = self._books.places
        return places.limit_bytes - places.device_tier.used_bytes - self._books.cache_bytes(apart_from=key)

    def _none_beside(self, key: ModelKey, needed: int, room: int) -> BudgetError:
        places, others = self._books.places, self._books.cache_bytes(apart_from=key)
        beside = f"{format_bytes(places.device_tier.used_bytes)} of weights"
        beside += f" and {format_bytes(others)} of other caches" if others else ""
        return BudgetError(
            f"With this request the KV cache may grow to {format_bytes(needed)}; beside {beside}, the memory budget of "
            f"{format_bytes(places.limit_bytes)} has {format_bytes(max(0, room))} for it.",
            "Lower max_new_tokens or num_beams, shorten the prompt, unload a model, or raise --memory-budget.",
        )

    def _victims(self, short: int, entry: Entry) -> list[Entry]:
        """Who leaves next; nobody while others are on their way out, because their bytes are about to be free."""
        from playground.models.tiers import choose_victims

        return [] if self._books.anybody_leaves else choose_victims(self._books.evictable(entry.key), short)

    def _spread(self, entry: Entry, needed: int) -> dict[int | str, int] | None:
        """How many bytes of a model larger than the GPU go where; holds them. None if it fits, or must wait."""
        places, states = self._books.places, ("resident", "leaving", "loading")
        busy = any(one.state in states and one is not entry for one in self._books)
        if busy or not places.can_spread(entry.key.quantization, needed):
            return None
        share = places.spread_bytes
        places.device_tier.hold(entry.key, share)
        places.ram_tier.hold(entry.key, needed - share)
        return {places.device.index or 0: share, "cpu": places.ram_tier.budget_bytes}


def _how(entry: Entry) -> str:
    return "" if entry.key.quantization == SET_ASIDE else f"in {entry.key.quantization} "


def _cache_of(entry: Entry) -> str:
    count = entry.loaded.reserved_bytes if entry.loaded else 0
    return f", and its KV cache may take {format_bytes(count)}" if count else ""
