"""Which pages are being answered what a link asks: whoever opened it asks once more where the answer was lost."""

from __future__ import annotations

import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr


class Asking:
    """What one Share asks, for all pages.

    Filling in fields is told to the page a little later, and may then end a run or clear its answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def of(self, handler: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        """The same handler, known to run while it does. It takes the event, or the request and the event."""
        takes_request = next(iter(inspect.signature(handler).parameters)) == "request"

        def wrapper(request: gr.Request, event: gr.EventData) -> Iterator[Any]:
            page = str(request.session_hash)
            self._count(page, 1)
            try:
                found = handler(request, event) if takes_request else handler(event)
                yield from found if inspect.isgenerator(found) else (found,)
            finally:
                self._count(page, -1)

        wrapper.__annotations__ = {"request": gr.Request, "event": gr.EventData}
        return wrapper

    def runs(self, page: str) -> bool:
        """Whether this page is being answered."""
        with self._lock:
            return self._running[page] > 0

    def _count(self, page: str, change: int) -> None:
        with self._lock:
            self._running[page] += change
            if not self._running[page]:
                del self._running[page]
