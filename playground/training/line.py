"""Who trains: one training at a time, the others wait in line; each may be followed, left, found again and stopped.

A training belongs to no page: it runs on a thread of its own, which hears its process, and keeps all that was said, so
that whoever comes back is told everything. What nobody has followed for a minute ends, unless it is to be kept.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from playground.errors import (
    BusyError,
    InputError,
    NotAllowedError,
    PlaygroundError,
    StoppedError,
    TrainingError,
    said_by,
)
from playground.forks import in_every_fork
from playground.models.entries import Job
from playground.training.desk import Done, Training
from playground.training.events import RunningTraining, TrainingBegins, TrainingWaits

if TYPE_CHECKING:
    from playground.models.manager import ModelManager
    from playground.training.child import Child

log = logging.getLogger(__name__)
LONGEST_LINE = 20
LEFT_SECONDS = 60.0
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 20.0  # from Stop to the end of a process that gives no answer
REMEMBERED = 8  # trainings that are over


class Run:
    """One training, from the line to its end. ``job`` is what the manager asks whether it is wanted still."""

    def __init__(self, training: Training, changed: threading.Condition) -> None:
        self.training, self.changed = training, changed
        self.job = Job()
        self.events: list[Any] = []
        self.failure: PlaygroundError | None = None
        self.over = self.stopping = self.unwanted = False
        self.followers = 0
        self.left_at = time.monotonic()
        self.child: Child | None = None

    def tell(self, event: Any) -> None:
        """Everybody who follows is told."""
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def has_more(self, told: int) -> bool:
        """Whether there is something for whoever was told so many events."""
        return told < len(self.events) or self.over

    def stop(self) -> None:
        """It shall end: with what is best so far, if it works already."""
        with self.changed:
            self.stopping = self.job.cancelled = True
            self.changed.notify_all()
            child = self.child
        if child is not None:
            child.stop()

    def end(self) -> None:
        """It shall end now, with nothing."""
        self.unwanted = True
        self.stop()
        if (child := self.child) is not None:
            child.end()

    @property
    def abandoned(self) -> bool:
        """Whether nobody has followed it for so long that it ends."""
        if self.training.keep or self.followers or self.stopping:
            return False
        return time.monotonic() - self.left_at > LEFT_SECONDS


class Trainings:
    """All trainings of a playground, the one that works first."""

    def __init__(self, manager: ModelManager, device: str = "") -> None:
        self._manager, self._device = manager, device
        self.renew()
        in_every_fork(self, Trainings.renew)

    def renew(self) -> None:
        """Begins anew, in a process that was forked: nothing is trained in it."""
        self._changed = threading.Condition()
        self._line: list[Run] = []
        self._over: list[Run] = []
        self._closed = False

    def run(self, training: Training, pause_seconds: float | None = None) -> Iterator[Any]:
        """Begins a training, and all that is said of it; its result is the last. Leaving it doesn't end it at once.

        Where nothing is said for ``pause_seconds``, None comes in between: an iterator can be left only where it gives
        something.

        Raises:
            BusyError: the line is full, or this visitor trains already. NotAllowedError: visitors can't train here.
            As ``work``; `TrainingError` and `DeviceMemoryError` where the process ended, `BudgetError` without room.
        """
        training = replace(training, run_id=training.run_id or secrets.token_hex(8))
        self._enter(Run(training, self._changed))
        yield from self.follow(training.run_id, pause_seconds)

    def follow(self, run_id: str, pause_seconds: float | None = None) -> Iterator[Any]:
        """All that was said and is still to be said of a training; ``pause_seconds`` as for `run`.

        Raises:
            InputError: there is none, or none any more. As `run`.
        """
        run = self._find(run_id)
        with self._changed:
            run.followers += 1
        told = 0
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(partial(run.has_more, told), pause_seconds)
                    new, over = run.events[told:], run.over
                yield from new if new or over else (None,)
                told += len(new)
                if over and told == len(run.events):
                    break
            if run.failure is not None:
                raise run.failure.again()
        finally:
            with self._changed:
                run.followers -= 1
                run.left_at = time.monotonic()

    def stop(self, run_id: str) -> bool:
        """Whether such a training was there; it ends within a step, with what is best so far."""
        run = self._in_line(run_id)
        if run is not None:
            run.stop()
        return run is not None

    def end(self, run_id: str) -> bool:
        """Whether such a training was there; it ends now, and nothing is left of it."""
        run = self._in_line(run_id)
        if run is not None:
            run.end()
        return run is not None

    def of(self, person: str) -> tuple[RunningTraining, ...]:
        """What a person trains now, or waits to."""
        with self._changed:
            own = [one.training for one in self._line if one.training.person == person]
        return tuple(RunningTraining(one.run_id, one.title, one.task) for one in own)

    def asked(self, run_id: str) -> Any:
        """The request that a training came from.

        Raises:
            InputError: there is no such training.
        """
        request = self._find(run_id).training.request
        return getattr(request, "asked", request)

    def close(self) -> None:
        """All processes are gone."""
        with self._changed:
            self._closed = True
            runs = list(self._line)
        for run in runs:
            run.end()
        with self._changed:
            self._changed.wait_for(lambda: not self._line, 5)

    def _in_line(self, run_id: str) -> Run | None:
        with self._changed:
            return next((one for one in self._line if run_id and one.training.run_id == run_id), None)

    def _find(self, run_id: str) -> Run:
        with self._changed:
            for run in [*self._line, *self._over]:
                if run_id and run.training.run_id == run_id:
                    return run
        raise InputError("There is no such training any more.", "Start it again.")

    def _enter(self, run: Run) -> None:
        """Takes a place in the line."""
        training, public = run.training, self._manager.settings.public
        if public and not self._manager.settings.public_training_seconds:
            raise NotAllowedError(
                "Visitors of this public page can't train.", "Run the playground on a machine of your own."
            )
        with self._changed:
            if self._closed:
                raise StoppedError("The playground is shutting down.", "Start it again.")
            own = [one for one in self._line if _is_same(one.training, training)]
            if own and (public or any(one.training.person == training.person != "" for one in own)):
                raise BusyError("You train already.", "Stop that one, or wait for its end.")
            if len(self._line) >= LONGEST_LINE:
                raise BusyError(f"{len(self._line)} trainings wait already.", "Try again in some minutes.")
            self._line.append(run)
        name = f"training {training.title}"
        threading.Thread(target=self._live, args=(run,), name=name, daemon=True).start()

    def _live(self, run: Run) -> None:
        """The whole life of a training."""
        try:
            self._wait_for_turn(run)
            with self._room(run):
                self._work(run)
        except PlaygroundError as error:
            run.failure = error
        except Exception as error:  # such as a process that can't be started, or a full disk
            log.exception("A training ended here, not in its process.")
            run.failure = TrainingError(f"The training failed ({said_by(error)}).", "Try again.")
        finally:
            with self._changed:
                run.over, run.child = True, None
                self._line.remove(run)
                self._over = [*self._over, run][-REMEMBERED:]
                self._changed.notify_all()

    def _wait_for_turn(self, run: Run) -> None:
        place = -1
        while True:
            with self._changed:
                if run.stopping or run.abandoned or self._closed:
                    raise StoppedError("The training was stopped before it began.", "Start it again.")
                now = self._line.index(run)
                if not now:
                    return
                if now == place:
                    self._changed.wait(LOOK_SECONDS)
                    continue
            place = now
            run.tell(TrainingWaits(now, f"One training at a time works here; {_before(now)}."))

    def _room(self, run: Run) -> Any:
        training, share = run.training, threads_for(self._where()) / _cores()
        return self._manager.room.set_aside(f"Training {training.title}", run.job, training.size.total, share)

    def _where(self) -> str:
        from playground.models.loading import pick_device

        return self._device or str(pick_device(self._manager.settings.device))

    def _work(self, run: Run) -> None:
        from playground.training.child import Child

        training, trained = run.training, self._manager.trained
        device = self._where()
        threads = threads_for(device)
        folder = trained.new_folder()
        run.tell(TrainingBegins(training.run_id, device, threads, training.size))
        child = Child(training, device, folder, threads)
        try:
            with self._changed:
                run.child = child
            if run.unwanted:  # in between
                child.end()
            elif run.stopping:
                child.stop()
            done = self._hear(run, child)
            child.end()
            made = trained.add(
                folder, training.title, training.task, training.parameters, training.person, training.first_text
            )
            run.tell(replace(done.result, model_id=made.model_id, title=made.title))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            child.end()

    def _hear(self, run: Run, child: Child) -> Done:
        """What the process says until its end; stops it when its time is up or everybody has left.

        One that still reads transformers, and has said nothing yet, has nothing to keep: it needn't be waited for.
        """
        settings = self._manager.settings
        limit = settings.public_training_seconds if settings.public else float("inf")
        began = time.monotonic()
        ending, silent = 0.0, True  # when it was asked to stop; whether it has said nothing
        while True:
            said = child.next(LOOK_SECONDS)
            if isinstance(said, Done):
                return said
            if isinstance(said, PlaygroundError):
                if run.stopping and not isinstance(said, StoppedError):
                    raise StoppedError("The training was stopped.", "Start it again.") from said
                raise said
            if said is not None:
                silent = False
                run.tell(said)
            elif silent and run.stopping:
                raise StoppedError("The training was stopped before its first step.", "Start it again.")
            now = time.monotonic()
            if not run.stopping and (run.abandoned or now - began > limit):
                run.stop()
            ending = ending or (now if run.stopping else 0.0)
            if ending and now - ending > PATIENCE_SECONDS:
                child.end()


def threads_for(device: str) -> int:
    """How many threads a training computes with: half of the cores, so that others find one free at any time."""
    return max(1, _cores() // 2) if device == "cpu" else 1


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_same(one: Training, other: Training) -> bool:
    """Whether two trainings are asked for by one visitor."""
    return one.person == other.person if not other.address else one.address == other.address


def _before(count: int) -> str:
    return "one is before you" if count == 1 else f"{count} are before you"
