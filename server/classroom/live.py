"""One room with those who look at it: whoever follows it hears of every change, and of many at once only once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import orjson

from playground.classroom.room import Room
from playground.classroom.screens import for_board, for_students, for_teacher

ROLES = ("student", "board", "teacher")
PING_SECONDS = 5.0  # a page that hears nothing for twelve takes the line for one that holds events back
GATHER_SECONDS = 0.1  # answers that come together are told together


class Live:
    """A room and its listeners. ``lock`` is held by whoever moves the class and waits for a model."""

    def __init__(self, room: Room, clock: Callable[[], float], opened_from: str = "") -> None:
        self.room = room
        self.opened_from = opened_from
        self.lock = asyncio.Lock()
        self._clock = clock
        self._changed = {role: asyncio.Event() for role in ROLES}
        self._rung = room.changed
        self._students = (-1, b"")

    def ring(self) -> None:
        """Tells those whose screens have changed: of an answer, students needn't hear."""
        quiet = ("student",) if self.room.changed == self._rung else ()
        self._rung = self.room.changed
        for role in ROLES:
            if role not in quiet:
                self._changed[role].set()
                self._changed[role] = asyncio.Event()

    def screen(self, role: str) -> bytes:
        """What the screens of a role show, as JSON; that of the students is written once for all of them."""
        if role != "student":
            shown: dict[str, Any] = (for_teacher if role == "teacher" else for_board)(self.room, self._clock())
            return orjson.dumps(shown)
        if self._students[0] != self.room.changed:
            self._students = (self.room.changed, orjson.dumps(for_students(self.room)))
        return self._students[1]

    async def events(
        self, role: str, seen: Callable[[], None], gone: Callable[[], None]
    ) -> AsyncGenerator[bytes, None]:
        """The screen as server-sent events: at once, and at each change.

        ``seen`` is called while somebody looks, and ``gone`` once nobody does.
        """
        try:
            async with aclosing(self._screens(role, seen)) as screens:
                async for one in screens:
                    yield one
        finally:
            gone()

    async def _screens(self, role: str, seen: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        last, silent = b"", False
        while True:
            seen()
            changed = self._changed[role]
            now = self.screen(role)
            if now != last:
                yield b"data: " + now + b"\n\n"
            elif silent:
                yield b": still here\n\n"
            last = now
            if self.room.ended:
                return
            try:
                await asyncio.wait_for(changed.wait(), PING_SECONDS)
            except TimeoutError:
                silent = True
                continue
            silent = False
            if role != "student":
                await asyncio.sleep(GATHER_SECONDS)
