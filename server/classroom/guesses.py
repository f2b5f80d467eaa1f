"""How often an address may be wrong: codes are short, so that they can't be tried one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MOST_WRONG = 30  # in a minute; a whole class that mistypes stays below it
MINUTE = 60.0
MOST_ADDRESSES = 10_000


class Guesses:
    """Wrong codes of the last minute, by address; ``clock`` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float], most: int = MOST_WRONG) -> None:
        self._clock = clock
        self._most = most
        self._wrong: dict[str, deque[float]] = {}

    def note(self, address: str) -> None:
        """Remembers a wrong one."""
        self._wrong.setdefault(address, deque(maxlen=self._most)).append(self._clock())
        if len(self._wrong) > MOST_ADDRESSES:
            self._forget()

    def too_many(self, address: str) -> bool:
        """Whether this address has to wait before it may try again."""
        times = self._wrong.get(address)
        if times is None:
            return False
        while times and times[0] < self._clock() - MINUTE:
            times.popleft()
        if not times:
            del self._wrong[address]
        return len(times) >= self._most

    def _forget(self) -> None:
        """Lets go of those that weren't wrong lately, and else of the one that was first."""
        old = self._clock() - MINUTE
        self._wrong = {address: times for address, times in self._wrong.items() if times[-1] >= old}
        while len(self._wrong) > MOST_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
