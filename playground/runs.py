"""Work that runs under an id: a request carries its ``run_id``, and whoever knows the id can end the work.

Nothing live crosses the facade for it. It leaves out what is run.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playground.errors import BusyError
from playground.forks import in_every_fork

MOST_OF_AN_ADDRESS = 60  # a class fits; well below what the page runs at once, so that others find a place


class Run:
    """One piece of work; its own thread asks for `cancelled`, or says what to call.

    ``elsewhere`` tells whether it was cancelled in the process that asked for it, which calls nothing here.
    """

    def __init__(self, elsewhere: Callable[[], bool] = lambda: False) -> None:
        self._lock = threading.Lock()
        self._calls: list[Callable[[], object]] = []
        self._cancelled, self._elsewhere = False, elsewhere

    @property
    def cancelled(self) -> bool:
        """Whether its end was asked for."""
        return self._cancelled or self._elsewhere()

    def on_cancel(self, call: Callable[[], object]) -> None:
        """Calls it when the run is cancelled; at once if it has been."""
        with self._lock:
            if not self._cancelled:
                self._calls.append(call)
                return
        call()

    def cancel(self) -> None:
        """Asks for the end."""
        with self._lock:
            self._cancelled = True
            calls, self._calls = self._calls, []
        for call in calls:
            call()


class Runs:
    """What runs now, by id; any number of runs may share one."""

    def __init__(self) -> None:
        self.renew()
        in_every_fork(self, Runs.renew)

    def renew(self, elsewhere: Callable[[], bool] = lambda: False) -> None:
        """Begins anew, in a process that was forked: nothing runs in it. ``elsewhere`` is that of all runs to come."""
        self._lock = threading.Lock()
        self._elsewhere = elsewhere
        self._running: dict[str, list[Run]] = {}
        self._addresses: Counter[str] = Counter()

    @contextmanager
    def begin(self, run_id: str, address: str = "") -> Iterator[Run]:
        """A run that can be cancelled by its id until the end of the ``with``; one without an id by nobody else.

        ``address`` is where it was asked from; programs in this process have none, and no limit.

        Raises:
            BusyError: so much runs for this address already that others might find no place.
        """
        run = Run(self._elsewhere)
        with self._lock:
            if address and self._addresses[address] >= MOST_OF_AN_ADDRESS:
                raise BusyError("Your address has too much running or waiting here.", "Try again in a minute.")
            self._addresses[address] += 1
            self._running.setdefault(run_id, []).append(run)
        try:
            yield run
        finally:
            with self._lock:
                self._addresses -= Counter([address])
                self._running[run_id].remove(run)
                if not self._running[run_id]:
                    del self._running[run_id]

    def cancel(self, run_id: str) -> bool:
        """Whether anything ran under this id; it has been asked to end."""
        with self._lock:
            found = list(self._running.get(run_id, ())) if run_id else []
        for run in found:
            run.cancel()
        return bool(found)
