"""``/metrics``: the meters of a playground, for those who run it and nobody else.

Counts tell how busy a place is, so strangers don't get them: whoever asks bears the key; without a key only programs of
this machine are answered. A proxy or a tunnel on this machine makes everybody look local, so what has come through one
needs the key, and a page that is public or shared isn't served without one.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from playground.errors import ConfigError
from server.origin import is_loopback, name_of
from server.requests import address_of, refusal

if TYPE_CHECKING:
    from playground.config import Settings
    from playground.metrics.meters import Meters

PATH = "/metrics"
PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


class Metrics:
    """The endpoint over some meters.

    Raises:
        ConfigError: everybody reaches this page, and there is no key.
    """

    def __init__(self, meters: Meters, settings: Settings) -> None:
        if not settings.metrics_key and (settings.public or settings.share):
            raise ConfigError(
                "--metrics on a public page wants a key, since strangers reach it.",
                "Set PLAYGROUND_METRICS_KEY, and have Prometheus send it (authorization: credentials).",
            )
        self._meters = meters
        self._key = settings.metrics_key.encode()
        self._reading = asyncio.Lock()

    def routes(self) -> list[BaseRoute]:
        """What is served."""
        return [Route(PATH, self._answer, methods=["GET"])]

    async def _answer(self, request: Request) -> Response:
        if not self._may_read(request):
            wants = "its key: Authorization: Bearer KEY" if self._key else "a program of its own machine to ask"
            return refusal(401 if self._key else 403, f"This server wants {wants}.")
        async with self._reading:  # a fleet is asked once at a time
            text, kind = await asyncio.to_thread(self._meters.text, request.headers.get("accept", ""))
        return Response(text, media_type=kind, headers={"Cache-Control": "no-store"})

    def _may_read(self, request: Request) -> bool:
        if self._key:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            return scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), self._key)
        here = is_loopback(address_of(request.scope)) and is_loopback(name_of(request.headers.get("host", "")))
        return here and not any(name in request.headers for name in PASSED_ON)
