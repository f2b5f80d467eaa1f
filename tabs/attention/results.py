"""The results that open pages look at: kept on the server, because a page asks for one head at a time."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict

import playground as pg
from playground.errors import InputError


class Results:
    """The latest result of each open page, within a budget of bytes; forgotten when the page closes.

    A result is found by its ticket, which only the page that asked for it knows.
    """

    def __init__(self, budget_bytes: int = 512 * 1024**2) -> None:
        self.budget_bytes = budget_bytes
        self._lock = threading.Lock()
        self._results: OrderedDict[str, tuple[str, pg.AttentionResult]] = OrderedDict()

    def put(self, person: str, result: pg.AttentionResult) -> str:
        """The ticket of a result; the person's earlier one is dropped, and the oldest of others if room is needed."""
        ticket = secrets.token_urlsafe(12)
        self.forget(person)
        with self._lock:
            self._results[ticket] = (person, result)
            while len(self._results) > 1 and self._size() > self.budget_bytes:
                self._results.popitem(last=False)
        return ticket

    def get(self, ticket: str) -> pg.AttentionResult:
        """The result of a ticket.

        Raises:
            InputError: it was put away.
        """
        with self._lock:
            if ticket not in self._results:
                raise InputError("These weights were put away to make room.", "Press Show attention again.")
            self._results.move_to_end(ticket)
            return self._results[ticket][1]

    def forget(self, person: str) -> None:
        """Drops what a person has here."""
        with self._lock:
            for ticket in [ticket for ticket, (owner, _) in self._results.items() if owner == person]:
                del self._results[ticket]

    def __len__(self) -> int:
        return len(self._results)

    def _size(self) -> int:
        return sum(result.size_bytes for _, result in self._results.values())
