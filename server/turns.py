"""Whose turn it is: a few pieces of work run at once, and those who wait are served by turns, not by how much they ask.

A turn goes to the address that has the least running, then to its person who has; so one person with two hundred
requests, or with forty made-up sessions, delays another by one piece of work and not by two hundred.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class Superseded(Exception):
    """The same person has asked the same thing anew: only the newest is worth an answer."""


class Crowded(Exception):
    """Too much is waiting already, of this person or of all."""


@dataclass(frozen=True, eq=False)
class Place:
    """One who waits. ``asked`` says what is asked for: of one person's equal ones, the newest takes the turn."""

    address: str
    person: str
    asked: str
    number: int
    turn: asyncio.Future[None] = field(repr=False)


class Turns:
    """At most ``running`` pieces of work at once; ``per_person`` of one person and ``waiting`` in all may wait.

    For one event loop; it needs no lock.
    """

    def __init__(self, running: int, per_person: int = 8, waiting: int = 512) -> None:
        self._free = running
        self._per_person = per_person
        self._most = waiting
        self._waiting: list[Place] = []
        self._running: Counter[tuple[str, ...]] = Counter()
        self._served: dict[tuple[str, ...], int] = {}
        self._numbers = itertools.count()

    @asynccontextmanager
    async def turn(self, address: str, person: str, asked: str) -> AsyncIterator[None]:
        """Holds one turn, as soon as there is one.

        Raises:
            Superseded: a newer request of the same person for the same thing came while this one waited.
            Crowded: too much waits already.
        """
        place = self._enter(address, person, asked)
        try:
            await place.turn
        except BaseException:
            if place in self._waiting:
                self._waiting.remove(place)
            elif place.turn.done() and not place.turn.cancelled() and place.turn.exception() is None:
                self._leave(place)  # the turn came in the very moment in which its owner went
            raise
        try:
            yield
        finally:
            self._leave(place)

    def _enter(self, address: str, person: str, asked: str) -> Place:
        own = [place for place in self._waiting if (place.address, place.person) == (address, person)]
        for older in own:
            if older.asked == asked:
                self._waiting.remove(older)
                older.turn.set_exception(Superseded())
        if sum(place.asked != asked for place in own) >= self._per_person or len(self._waiting) >= self._most:
            raise Crowded
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = Place(address, person, asked, next(self._numbers), turn)
        self._waiting.append(place)
        self._serve()
        return place

    def _serve(self) -> None:
        while self._free and self._waiting:
            place = min(self._waiting, key=self._rank)
            self._waiting.remove(place)
            self._free -= 1
            number = next(self._numbers)
            for party in ((place.address,), (place.address, place.person)):
                self._running[party] += 1
                self._served[party] = number
            place.turn.set_result(None)

    def _rank(self, place: Place) -> tuple[int, ...]:
        address, person = (place.address,), (place.address, place.person)
        ranks = ((self._running[party], self._served.get(party, -1)) for party in (address, person))
        return (*itertools.chain.from_iterable(ranks), place.number)

    def _leave(self, place: Place) -> None:
        self._free += 1
        for party in ((place.address,), (place.address, place.person)):
            self._running[party] -= 1
            if not self._running[party]:
                del self._running[party]
        present = {(place.address,) for place in self._waiting} | {(p.address, p.person) for p in self._waiting}
        for gone in [party for party in self._served if party not in present and party not in self._running]:
            del self._served[gone]
        self._serve()
