"""Rooms that are in another process: what a server needs to hand its requests on to it. It knows HTTP by ASGI alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol


class RoomsElsewhere(Protocol):
    """The rooms of a class in another process."""

    def open(self) -> tuple[str, str]:
        """(code, teacher's key) of a new room, which waits for its class."""

    def ask(self, scope: dict[str, Any], body: bytes) -> AsyncGenerator[dict[str, Any], None]:
        """The messages that answer a request; closing it ends what answers."""
