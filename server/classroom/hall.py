"""All rooms of this server with those who look at them, and who may do what: the door of every request.

A wrong code counts against its address, whatever was wanted. Who has a seat or the key in a room gets in all the same,
so that one who guesses doesn't lock out a class behind the same address.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from starlette.requests import Request

from playground.classroom.room import Seat
from playground.classroom.rooms import Rooms, read_code
from playground.errors import BusyError, NotAllowedError
from server.arrival import address_of
from server.classroom.guesses import Guesses
from server.classroom.live import Live

MOST_OF_ONE_ADDRESS = 10


class Hall:
    """Open rooms. ``clock`` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._rooms = Rooms(clock)
        self._guesses = Guesses(clock)
        self._live: dict[str, Live] = {}
        self._watching = False

    def open(self, address: str = "") -> tuple[str, str]:
        """(code, teacher's key) of a new room; one of no address was opened with the server, and waits for its class.

        Raises:
            BusyError: too many are open here, or of this address.
        """
        if address and sum(one.opened_from == address for one in self._live.values()) >= MOST_OF_ONE_ADDRESS:
            raise BusyError(f"You have {MOST_OF_ONE_ADDRESS} rooms.", "End one of them first.")
        room, key = self._rooms.open()
        room.touched = self.clock() if address else math.inf
        self._live[room.code] = Live(room, self.clock, address)
        return room.code, key

    def enter(self, request: Request) -> Live:
        """The room that a request names.

        Raises:
            NotAllowedError: there is none.
            BusyError: this address has been wrong too often.
        """
        self._watch()
        address = address_of(request)
        live = self._live.get(read_code(request.path_params["code"]))
        if self._guesses.too_many(address) and (live is None or not self._belongs(request, live)):
            raise BusyError("Too many wrong codes came from here.", "Wait a minute, then look at the board.")
        if live is None:
            self._guesses.note(address)
            raise NotAllowedError("There is no room with this code.", "Look at the board: six signs.")
        return live

    def teach(self, request: Request) -> Live:
        """The room that a request moves.

        Raises:
            NotAllowedError: it doesn't bear the teacher's key.
            As `enter`.
        """
        live = self.enter(request)
        if not live.room.is_teacher(bearer(request)):
            self._guesses.note(address_of(request))
            raise NotAllowedError("Only the teacher can do this.", "Open the teacher's address.")
        live.room.touched = self.clock()
        return live

    def sit(self, request: Request) -> tuple[Live, Seat]:
        """The room and the seat of a student.

        Raises:
            NotAllowedError: it bears no seat of this room.
            As `enter`.
        """
        live = self.enter(request)
        seat = live.room.seat(bearer(request), self.clock())
        live.room.touched = self.clock()
        return live, seat

    def end(self, live: Live) -> None:
        """Ends a class."""
        self._rooms.end(live.room)
        self._forget_ended()

    def _belongs(self, request: Request, live: Live) -> bool:
        given = bearer(request)
        return live.room.is_teacher(given) or live.room.has_seat(given)

    def _watch(self) -> None:
        """Sees to it that silent rooms end, also when nobody ever asks again."""
        if not self._watching:
            self._watching = True
            self._sweep()

    def _sweep(self) -> None:
        seconds = self._rooms.sweep()
        self._forget_ended()
        asyncio.get_running_loop().call_later(max(1.0, seconds), self._sweep)

    def _forget_ended(self) -> None:
        for code, live in list(self._live.items()):
            if live.room.ended:
                live.ring()
                del self._live[code]


def bearer(request: Request) -> str:
    """The secret that a request bears; empty if it bears none."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""
