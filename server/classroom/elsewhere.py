"""The rooms of a class where another process has them, for several web processes: every request is handed on whole."""

from __future__ import annotations

from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from playground.errors import LostError
from server.classroom.bodies import LONGEST_BODY
from server.classroom.routes import API
from server.requests import BodyTooLong, Gone, read_body, refusal, while_there

if TYPE_CHECKING:
    from playground.classroom.elsewhere import RoomsElsewhere

TOLD = (
    "type", "http_version", "method", "scheme", "path", "raw_path", "root_path", "query_string", "headers", "client",
    "server",
)  # fmt: skip


class ClassroomElsewhere:
    """Does for the server what `Classroom` does, by another one."""

    def __init__(self, rooms: RoomsElsewhere) -> None:
        self._rooms = rooms

    def routes(self) -> list[BaseRoute]:
        """The HTTP interface."""
        return [Route(API + "/{rest:path}", _HandsOn(self._rooms), methods=["GET", "POST"])]

    def open_room(self) -> tuple[str, str]:
        """(code, teacher's key) of a new room, which waits for its class."""
        return self._rooms.open()


class _HandsOn:
    """ASGI app that asks the other process."""

    def __init__(self, rooms: RoomsElsewhere) -> None:
        self._rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive, LONGEST_BODY)
        except BodyTooLong:
            return await refusal(413, "That is too long for a class. Shorten it.")(scope, receive, send)
        except Gone:
            return
        told = {name: scope[name] for name in TOLD if name in scope}
        begun = False

        async def hand_on() -> None:
            nonlocal begun
            async with aclosing(self._rooms.ask(told, body)) as messages:
                async for message in messages:
                    begun = True
                    await send(message)

        try:
            with suppress(Gone):
                await while_there(receive, hand_on())
        except LostError as error:
            if begun:
                return  # cut off: the page comes back by itself
            await refusal(503, str(error))(scope, receive, send)
