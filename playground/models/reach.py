"""Whether the Hub can be reached: after one failure nobody waits for the same again for a while.

Nobody answers within 10 seconds, or a download that has begun tries for up to 46 more. It leaves out what else can go
wrong with a download (`hub`), and imports nothing heavy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from playground.errors import HubOfflineError, PlaygroundError

REMEMBERED_SECONDS = 60.0


class HubReach:
    """What is known about the way to the Hub; shared by all that may download."""

    def __init__(self) -> None:
        self._until = 0.0

    @contextmanager
    def asking(self, what: str, needed: bool = True) -> Iterator[None]:
        """Around whatever downloads ``what``; nothing happens where the Hub isn't ``needed``.

        Raises:
            HubOfflineError: the Hub couldn't be reached a moment ago.
        """
        if needed and time.monotonic() < self._until:
            raise HubOfflineError(
                f"{what} must be downloaded, and the Hub couldn't be reached a moment ago.",
                "Pick a model that is here already, or try again in a minute.",
            )
        try:
            yield
        except PlaygroundError as error:
            if is_unreachable(error):
                self._until = time.monotonic() + REMEMBERED_SECONDS
            raise


def is_unreachable(error: BaseException) -> bool:
    """Whether an exception, or what it came from, says that nobody answered; not if a download had begun.

    >>> is_unreachable(ConnectionRefusedError(111, "Connection refused"))
    True
    >>> is_unreachable(OSError("peer closed connection without sending complete message body"))
    False
    """
    said = [f"{type(one).__name__} {one}" for one in chain(error)]
    return any("timed out" in one or "onnect" in one for one in said) and not any("peer closed" in one for one in said)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
