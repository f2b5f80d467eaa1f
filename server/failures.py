"""What becomes of requests that the routes can't read: 4xx and a sentence, instead of 500 and a traceback in the log.

Failures of the app's own handlers don't come here: those are answered where they happen, kindly.
"""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api_list import SUMMARY
from server.requests import refusal

log = logging.getLogger(__name__)
# Routes of gradio that this page doesn't use: each is one thing less that can be commanded.
CLOSED = (
    "vibe-", "undo-vibe-", "dev/", "deep_link", "runs", "run-history", "proxy=", "process_recording",
    "custom_component", "stream/",
)  # fmt: skip
CLOSED_PAGES = ("/monitoring", "/pwa_icon", "/gradio_api/deep_link")
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, RecursionError)  # UnicodeError is a ValueError


def is_closed(path: str) -> bool:
    """Whether a path is one of the routes that aren't served.

    >>> [is_closed(path) for path in ("/gradio_api/vibe-edit/", "/monitoring/x", "/gradio_api/queue/join", "/")]
    [True, True, False, False]
    """
    route = path.removeprefix("/gradio_api/")
    return (route != path and route.startswith(CLOSED)) or (path != SUMMARY and path.startswith(CLOSED_PAGES))


class KindFailures:
    """ASGI middleware: closed routes are 404; a request that a route fails to read is answered with 400."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if is_closed(scope["path"]):
            return await refusal(404, "There is nothing here.")(scope, receive, send)
        started = False

        async def note_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except Exception as error:
            if started:  # a stream that ends early: there is nobody to tell
                log.warning("%s broke off: %s", scope["path"][:80], type(error).__name__)
                return await send({"type": "http.response.body", "body": b""})
            status, sentence = self._say(scope, error)
            await refusal(status, sentence)(scope, receive, send)

    @staticmethod
    def _say(scope: Scope, error: Exception) -> tuple[int, str]:
        """(status, sentence); what isn't the asker's fault goes into the log whole."""
        if isinstance(error, UNREADABLE) or type(error).__module__.startswith("gradio."):
            log.info("A request to %s could not be read: %s", scope["path"][:80], type(error).__name__)
            return 400, "No such endpoint, or arguments that don't fit it: /gradio_api/info lists them."
        log.error("%s failed", scope["path"][:80], exc_info=error)
        return 500, "The server could not answer this. Please try again."
