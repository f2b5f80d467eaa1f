"""When a request reached the server, and where from: what no client can say of itself.

In a crowd a handler starts later, since gradio's own line comes first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class ArrivalClock:
    """ASGI middleware that notes when a request reached the server, for `arrived_at`."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["arrived_at"] = time.perf_counter()
        await self._app(scope, receive, send)


def address_of(request: object) -> str:
    """The address that a ``gr.Request`` came from; behind a proxy that uvicorn trusts, the browser's."""
    client = getattr(request, "client", None)
    return str(getattr(client, "host", "") or "unknown")


def arrived_at(request: object) -> float | None:
    """When a ``gr.Request`` reached the server, by ``time.perf_counter``; None without an `ArrivalClock`."""
    state = getattr(request, "state", None)
    return getattr(state, "arrived_at", None)
