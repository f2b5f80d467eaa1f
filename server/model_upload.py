"""``POST /training/model``: the file of a trained model comes in, which is larger than what may be dropped elsewhere.

Its bytes go straight into a folder of its own, never elsewhere on the disk; the answer is a token, with which the page
asks to load it. The body is the zip file itself, of a kind that no form of another page can send.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from playground.config import Settings
from playground.training.arrivals import Arrivals
from server.requests import MODEL_UPLOAD, refusal
from server.uploads import BoundedUploads

AT_ONCE = 4  # as many of the largest size may lie there, half of them from one address in an hour
PIECE = 1 << 20


def model_upload_route(arrivals: Arrivals, settings: Settings) -> Route:
    """The route; one file, one address in an hour and the folder as a whole are bounded."""
    most = settings.most_model_upload
    bounded = BoundedUploads(_Receiver(arrivals), arrivals.home, most, AT_ONCE * most, MODEL_UPLOAD)
    return Route(MODEL_UPLOAD, bounded, methods=["POST"])


class _Receiver:
    """ASGI app that writes a body into a file of its own."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.headers.get("content-type", "") != "application/zip":
            return await refusal(415, "Send a zip file, as application/zip.")(scope, receive, send)
        token, path = self._arrivals.begin(unquote(request.headers.get("x-file-name", "")))
        try:
            await _write(request, path)
        except BaseException as error:
            self._arrivals.drop(token)
            if isinstance(error, ClientDisconnect):
                return None
            raise
        return await JSONResponse({"file": token})(scope, receive, send)


async def _write(request: Request, path: Path) -> None:
    with path.open("wb") as file:
        gathered = bytearray()
        async for part in request.stream():
            gathered += part
            if len(gathered) >= PIECE:
                await asyncio.to_thread(file.write, bytes(gathered))
                gathered.clear()
        await asyncio.to_thread(file.write, bytes(gathered))
