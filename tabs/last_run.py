"""Of a page's runs that fill the same place, the last one wins: what an older, slower one answers is dropped."""

from __future__ import annotations

import functools
import inspect
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

PAGES = 1000


class LastRun:
    """One place of the page, which several events fill.

    Gradio runs each event's handler on its own: a press may still be answered after what was typed since.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._last: OrderedDict[str, tuple[int, Any]] = OrderedDict()

    def wins(
        self, handler: Callable[..., Any], about: Callable[..., Any] | None = None, ends: Sequence[LastRun] = ()
    ) -> Callable[..., Iterator[Any]]:
        """The same handler, a function or a generator, whose values and failures count until a later one begins.

        One whose first argument is ``event`` gets the event that it answers. ``about`` makes of the same arguments what
        the run is about, for `goes_on`. What this one answers ``ends`` runs about what stood there before.
        """

        def wrapper(request: gr.Request, *given: Any) -> Iterator[Any]:
            wanted = self.begin(request, about(*given) if about else None)
            try:
                found = handler(*given)
                for values in found if inspect.isgenerator(found) else (found,):
                    if not wanted():
                        break
                    for other in ends:
                        other.begin(request)
                    yield values
            except Exception:
                if wanted():
                    raise
            if not wanted():
                yield gr.skip()  # gradio would empty what a generator fills that gives nothing

        def of_event(request: gr.Request, event: gr.EventData, *given: Any) -> Iterator[Any]:
            yield from wrapper(request, event, *given)

        takes_event = next(iter(inspect.signature(handler).parameters), "") == "event"
        found: Any = of_event if takes_event else wrapper
        functools.update_wrapper(found, handler, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
        del found.__wrapped__  # gradio is to see this one's arguments
        found.__annotations__ = {"request": gr.Request} | ({"event": gr.EventData} if takes_event else {})
        return found

    def begin(self, request: gr.Request, about: Any = None) -> Callable[[], bool]:
        """A run begins; what comes back says whether it still is the last one of its page."""
        page = str(request.session_hash)
        with self._lock:
            mine = next(self._numbers)
            self._last[page] = mine, about
            self._last.move_to_end(page)
            while len(self._last) > PAGES:
                self._last.popitem(last=False)
        return lambda: self._last.get(page, (mine,))[0] == mine

    def none(self, values: Callable[..., Any], about: Callable[..., Any] | None = None) -> Callable[..., Any]:
        """A handler that gives these values, after which no run counts: for Stop; ``about`` as for `goes_on`.

        Without ``about`` the values are made of what the handler is given, such as how far the run has come.

        ``cancels`` alone isn't enough: a step that is under way still gives its values, after those of the handler.
        """

        def end(request: gr.Request, *given: Any) -> Any:
            if about and self.goes_on(request, about(*given)):
                return gr.skip()
            self.begin(request)
            return values() if about else values(*given)

        return end

    def goes_on(self, request: gr.Request, about: Any) -> bool:
        """Whether the page's last run is about this, and its answer stays; one about something else is dropped.

        For whoever hears that a field has changed: the page may tell of it after a press has asked about its new value.
        """
        if self._last.get(str(request.session_hash), (0, None))[1] == about:
            return True
        self.begin(request)
        return False
