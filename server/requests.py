"""What one request may cost: the length of its body, and a turn of its own where gradio's queue isn't asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.turns import Crowded, Superseded, Turns

Answer = TypeVar("Answer")
LONGEST_BODY = 8_000_000  # bytes; the longest text that any field takes is a tenth of it
MODEL_UPLOAD = "/training/model"  # where the file of a model comes in, see `model_upload`
SERVER_FUNCTIONS = ("/component_server", "/component_server/")


def refusal(status: int, sentence: str) -> JSONResponse:
    """An answer that says why, to clients of gradio and of OpenAI alike; in a crowd also when to ask again."""
    headers = {"Retry-After": "1"} if status == 429 else None
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    error = {"message": sentence, "type": kind, "param": None, "code": None}
    return JSONResponse({"detail": sentence, "error": error}, status_code=status, headers=headers)


def address_of(scope: Scope) -> str:
    """The address that a request came from; behind a proxy that uvicorn trusts, the browser's."""
    client = scope.get("client")
    return client[0] if client else "unknown"


class BodyTooLong(Exception):
    """A body is longer than allowed."""


class Gone(Exception):
    """Who asked has closed the connection."""


async def read_body(receive: Receive, most: int) -> bytes:
    """A request's whole body.

    Raises:
        BodyTooLong: it has more than ``most`` bytes.
        Gone: the connection ended before the body did.
    """
    pieces, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        piece = message.get("body", b"")
        length += len(piece)
        if length > most:
            raise BodyTooLong
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


def replay(body: bytes, receive: Receive) -> Receive:
    """``receive`` for whoever comes next: the body that has been read, then what the connection says."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def names_an_address(body: bytes) -> bool:
    """Whether a JSON body names a file by an address, which gradio would fetch.

    >>> names_an_address(b'{"data": [{"path": "http://a.test/x.csv", "meta": {"_type": "gradio.FileData"}}]}')
    True
    >>> names_an_address(b'{"data": ["http://a.test/x.csv"]}')
    False
    """
    if b"FileData" not in body:
        return False
    try:
        left: list[Any] = [json.loads(body)]
    except (ValueError, RecursionError):
        return False
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if "meta" in value and "://" in str(value.get("path", "")):
                return True
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return False


class BoundedRequests:
    """ASGI middleware: JSON bodies are bounded, and server functions, which pass gradio's queue by, take turns.

    Of what one person asks while typing (functions named ``live_...``) only the newest waits; what it replaced is
    answered with 409.
    """

    def __init__(self, app: ASGIApp, running: int = 2) -> None:
        self._app = app
        self._turns = Turns(running)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").rstrip("/")
        if scope["type"] != "http" or scope["method"] != "POST" or path.endswith(("/upload", MODEL_UPLOAD)):
            return await self._app(scope, receive, send)
        try:
            body = await read_body(receive, LONGEST_BODY)
        except BodyTooLong:
            return await refusal(413, f"A request may have {LONGEST_BODY // 10**6} MB; upload a file instead.")(
                scope, receive, send
            )
        except Gone:
            return None
        if names_an_address(body):
            return await refusal(400, "Upload the file itself: addresses aren't fetched.")(scope, receive, send)
        if not scope["path"].endswith(SERVER_FUNCTIONS):
            return await self._app(scope, replay(body, receive), send)
        return await self._in_turn(scope, body, receive, send)

    async def _in_turn(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        asked = _server_call(body)
        if asked is None:
            return await refusal(400, "A server function takes component_id, fn_name, session_hash and data.")(
                scope, receive, send
            )
        gone = asyncio.ensure_future(until_gone(receive))
        turn = self._turns.turn(address_of(scope), *asked)
        entering = asyncio.ensure_future(turn.__aenter__())
        await asyncio.wait({gone, entering}, return_when=asyncio.FIRST_COMPLETED)
        if not entering.done():  # nobody is left to answer
            entering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await entering
            return
        gone.cancel()
        try:
            entering.result()
        except Superseded:
            return await refusal(409, "A newer request of yours took this one's place.")(scope, receive, send)
        except Crowded:
            return await refusal(429, "Many people are asking right now. Try again in a moment.")(scope, receive, send)
        try:
            await self._app(scope, replay(body, receive), send)
        finally:
            await turn.__aexit__(None, None, None)


async def while_there(receive: Receive, work: Awaitable[Answer]) -> Answer:
    """What some work gives, which is cancelled when its asker goes.

    Raises:
        Gone: the asker has gone.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(until_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Gone
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})


async def until_gone(receive: Receive) -> None:
    """Returns when whoever asked has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _server_call(body: bytes) -> tuple[str, str] | None:
    """(person, what is asked for) of a server function's body; None if it isn't one."""
    try:
        call: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(call, dict) or not {"component_id", "fn_name", "session_hash", "data"} <= call.keys():
        return None
    if not isinstance(call["session_hash"], str) or not isinstance(call["component_id"], int):
        return None
    name = str(call["fn_name"])
    newest_wins = name.startswith("live_")  # asked at each keystroke
    return call["session_hash"], f"{call['component_id']}/{name}" if newest_wins else body.decode("utf-8", "replace")
