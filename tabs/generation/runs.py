"""What each open page generates, and what it has lately generated, so that a receipt is written from what has run."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import playground as pg
from playground.errors import InputError

PAGES = 1000
WHOLE = 50  # with every token's alternatives a run takes a megabyte
RUNS_OF_A_PAGE = 4


@dataclass
class PageRun:
    """One run: ``name`` is what the view calls it, ``run_id`` what nobody can guess; one ``finished`` per request.

    ``events`` are those of the first request.
    """

    name: str
    run_id: str = field(default_factory=lambda: secrets.token_hex(8))
    requests: tuple[pg.GenerateRequest, ...] = ()
    finished: dict[int, pg.Finished] = field(default_factory=dict)
    events: list[pg.Event] = field(default_factory=list)
    stopped: bool = False

    def note(self, batch: list[tuple[int, pg.Event]]) -> None:
        """Keeps the figures of what has ended."""
        self.finished |= {index: event for index, event in batch if isinstance(event, pg.Finished)}
        self.events += [event for index, event in batch if index == 0]

    def result(self) -> pg.GenerationResult | None:
        """All of the first request's stream; None while it has not ended."""
        if 0 not in self.finished:
            return None
        steps = tuple(event for event in self.events if isinstance(event, pg.Step))
        beams = tuple(event for event in self.events if isinstance(event, pg.BeamStep))
        started = next((event for event in self.events if isinstance(event, pg.Started)), None)
        return pg.GenerationResult(self.requests[0], started, steps, beams, self.finished[0])


def answered(run: PageRun) -> tuple[tuple[pg.GenerateRequest, ...], Any] | None:
    """What a run was asked and has answered, of several requests how each ended; None while one has not."""
    if not run.requests or len(run.finished) < len(run.requests):
        return None
    ends = tuple(run.finished[index] for index in range(len(run.requests)))
    return run.requests, (run.result() if len(ends) == 1 else ends)


class Runs:
    """The runs of every open page. Used from the event loop alone, so it needs no lock.

    ``cancel`` ends what runs under an id. Of the pages that asked last, the last runs are kept.
    """

    def __init__(self, cancel: Callable[[str], object]) -> None:
        self._cancel = cancel
        self._running: dict[str, PageRun] = {}
        self._kept: OrderedDict[str, list[PageRun]] = OrderedDict()
        self._whole: OrderedDict[str, PageRun] = OrderedDict()
        self._stopped_early: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._running)

    def enter(self, person: str, name: str) -> PageRun:
        """A new run for the page; ends the one it has."""
        self.stop(person)
        run = self._running[person] = PageRun(name, stopped=self._stopped_early.pop(person, None) == name)
        kept = self._kept.pop(person, [])
        self._kept[person] = [*kept[1 - RUNS_OF_A_PAGE :], run]
        while len(self._kept) > PAGES:
            self._kept.popitem(last=False)
        return run

    def leave(self, person: str, run: PageRun) -> None:
        """The run is over; what it made can still be found."""
        if self._running.get(person) is run:
            del self._running[person]
            self._let_go(person)
            self._whole[person] = run
            if len(self._whole) > WHOLE:
                self._let_go(next(iter(self._whole)))
        else:
            run.events.clear()

    def last(self, person: str) -> pg.GenerationResult | None:
        """What the page's last run made, if that was lately and there was one request that came to its end."""
        run = self.last_run(person)
        return run.result() if run and len(run.requests) == 1 else None

    def last_run(self, person: str) -> PageRun | None:
        """The page's last run, if that was lately and nothing runs now."""
        return None if person in self._running else self._whole.get(person)

    def _let_go(self, person: str) -> None:
        """Keeps no single tokens of a page's run."""
        if run := self._whole.pop(person, None):
            run.events.clear()

    def stop(self, person: str, name: str = "") -> None:
        """Ends the page's run within one step, if it has one; its last event still comes.

        A run of this name that has not begun yet, since its request is still on the way, won't begin.
        """
        run = self._running.get(person)
        if run and name in ("", run.name):
            run.stopped = True
            self._cancel(run.run_id)
        elif name and all(one.name != name for one in self._kept.get(person, ())):
            self._stopped_early[person] = name
            while len(self._stopped_early) > PAGES:
                self._stopped_early.popitem(last=False)

    def find(self, person: str, name: str) -> PageRun:
        """A run of this page.

        Raises:
            InputError: there was none of this name, or it was put away.
        """
        for run in self._kept.get(person, ()):
            if run.name == name:
                return run
        raise InputError("This run was put away to make room.", "Press Start again.")

    def forget(self, person: str) -> None:
        """Ends and drops what a page has here: it was closed."""
        self.stop(person)
        self._stopped_early.pop(person, None)
        self._kept.pop(person, None)
        self._let_go(person)
