"""A crowd that presses Start: those who arrive together start together.

To read the first prompt while thirty requests come in would take three times as long, and so would taking them in; and
thirty prompts that are read in one pass take a third of the time that each takes on its own.

It leaves out who comes first of those who have arrived (`line`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

CALM = 3  # times that the event loop comes back at once: between two of a crowd's requests it may do so once
SOON = 0.05  # seconds in which whoever is on the way has arrived, unless a model is loaded for it first


class Arrivals:
    """How many are ``coming`` now: their requests are here, their streams aren't in line yet. Any thread may ask."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.coming, self._until = 0, 0.0

    def comes(self) -> Callable[[], None]:
        """Somebody is on the way from now on, until what comes back is called."""
        with self._changed:
            self.coming += 1
            self._until = time.monotonic() + SOON
        return self._arrived

    def _arrived(self) -> None:
        with self._changed:
            self.coming -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Returns when nobody is on the way any more, or those who are have taken their time."""
        with self._changed:
            while self.coming and (left := self._until - time.monotonic()) > 0:
                self._changed.wait(left)


ARRIVALS = Arrivals()


async def lull(most_seconds: float = 0.25) -> None:
    """Returns when the event loop isn't busy any more, as it is when a class presses Start."""
    loop, calm = asyncio.get_running_loop(), 0
    end = loop.time() + most_seconds
    while calm < CALM and (asleep := loop.time()) < end:
        await asyncio.sleep(0.001)
        calm = calm + 1 if loop.time() - asleep < 0.003 else 0
