"""The rooms of a class for several fronts: in one process (`home`), which answers the requests of all of them."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from playground.cluster.calls import Call
from playground.crossing import taken

if TYPE_CHECKING:
    from playground.cluster.fleet import Fleet
    from playground.service import Playground

Message = dict[str, Any]


class RoomsOfFleet:
    """In a front: asks that process; see `playground.classroom.elsewhere.RoomsElsewhere`."""

    def __init__(self, home: Fleet) -> None:
        self._home = home

    def open(self) -> tuple[str, str]:
        """(code, teacher's key) of a new room."""
        (opened,) = map(taken, self._home.stream(Call("open_room")))
        code, key = opened
        return code, key

    async def ask(self, scope: Message, body: bytes) -> AsyncGenerator[Message, None]:
        """The messages that answer a request."""
        call, ended = Call("ask_rooms", (scope, body)), False
        try:
            async for message in self._home.stream_async(call):
                yield message
            ended = True
        finally:
            if not ended:
                self._home.leave("", call.call_id)


class RoomsHere:
    """In that process: answers requests as the server of one process would."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    @cached_property
    def _classroom(self) -> Any:
        """It is of the floor above, and comes when somebody opens a room."""
        return importlib.import_module("server.classroom.routes").Classroom(self._playground)

    @cached_property
    def _app(self) -> Callable[..., Any]:
        app: Callable[..., Any] = importlib.import_module("starlette.applications").Starlette(
            routes=self._classroom.routes()
        )
        return app

    async def open_room(self) -> AsyncGenerator[tuple[str, str], None]:
        """(code, teacher's key) of a new room, in the event loop, where rooms are changed."""
        yield self._classroom.open_room()

    async def ask(self, scope: Message, body: bytes) -> AsyncGenerator[Message, None]:
        """The messages that answer a request; who asked is there until the generator is closed."""
        messages: asyncio.Queue[Message | None] = asyncio.Queue()
        gone = asyncio.Event()
        given = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if given:
                return given.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def run() -> None:
            try:
                await self._app({**scope, "asgi": {"version": "3.0"}, "state": {}}, receive, messages.put)
            finally:
                messages.put_nowait(None)

        running = asyncio.create_task(run())
        try:
            while (message := await messages.get()) is not None:
                yield message
            await running
        finally:
            gone.set()
            running.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await running
