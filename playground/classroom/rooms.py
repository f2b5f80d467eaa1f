"""All rooms of a server: opened under codes that can't be guessed, forgotten when they end or have long been silent."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from playground.classroom.room import Room
from playground.errors import BusyError

SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another one on a projector
CODE_LENGTH = 6  # 31 ** 6: nine hundred million
MOST_ROOMS = 60
SILENT_SECONDS = 4 * 3600.0


class Rooms:
    """Open rooms by their codes; ``clock`` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._rooms: dict[str, Room] = {}

    def open(self) -> tuple[Room, str]:
        """A new room and its teacher's key, which nothing gives back later.

        Raises:
            BusyError: too many rooms are open.
        """
        self.sweep()
        if len(self._rooms) >= MOST_ROOMS:
            raise BusyError(f"{MOST_ROOMS} rooms are open here.", "Try again when a class is over.")
        code = self._free_code()
        key = secrets.token_urlsafe(24)
        self._rooms[code] = Room(code, key, self.clock())
        return self._rooms[code], key

    def end(self, room: Room) -> None:
        """Ends a room; its code is free."""
        room.end()
        self._rooms.pop(room.code, None)

    def sweep(self) -> float:
        """Ends the rooms that have been silent too long; in how many seconds there may be another one."""
        now = self.clock()
        for room in list(self._rooms.values()):
            if now - room.touched >= SILENT_SECONDS:
                self.end(room)
        left = (SILENT_SECONDS - (now - room.touched) for room in self._rooms.values())
        return min([SILENT_SECONDS, *left])

    def __len__(self) -> int:
        return len(self._rooms)

    def _free_code(self) -> str:
        while True:
            code = "".join(secrets.choice(SIGNS) for _ in range(CODE_LENGTH))
            if code not in self._rooms:
                return code


def read_code(text: str) -> str:
    """A code as it was typed: without spaces and dashes, in capitals.

    >>> read_code(" abc-234 ")
    'ABC234'
    """
    return "".join(sign for sign in text[:40].upper() if sign.isalnum())
