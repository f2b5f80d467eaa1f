"""How much of the cores other programs have, such as the browser and the projector on a teacher's laptop.

Nothing runs for it in the background: whoever is about to compute looks at the clocks of the cores and of this process,
and what passed between two such looks says it.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable

SECONDS = 0.5  # at least so much lies between two looks: the cores' clocks go on in steps of 10 ms

Times = Callable[[], tuple[float, float]]  # seconds so far: of all cores that are not idle, of this process


class OtherPrograms:
    """What other programs take of so many cores."""

    def __init__(self, cores: int, times: Times, clock: Callable[[], float] = time.monotonic) -> None:
        self._cores, self._times, self._clock = cores, times, clock
        self._lock = threading.Lock()
        self._at, self._before, self._share = clock(), times(), 0.0

    def share(self) -> float:
        """The share of the cores that others had between the last two looks, 0 to 1; 0 at first."""
        with self._lock:
            passed = self._clock() - self._at
            if passed >= SECONDS:
                now = self._times()
                every, own = (after - before for after, before in zip(now, self._before, strict=True))
                self._share = min(1.0, max(0.0, (every - own) / passed / self._cores))
                self._at, self._before = self._at + passed, now
            return self._share


def taken_elsewhere() -> float:
    """The share of the cores of this process that other programs have had lately, 0 to 1."""
    return _programs().share()


@functools.cache
def _programs() -> OtherPrograms:
    import psutil

    may_use = getattr(os, "sched_getaffinity", lambda process: range(psutil.cpu_count() or 1))
    cores, process = sorted(may_use(0)), psutil.Process()

    def times() -> tuple[float, float]:
        every = psutil.cpu_times(percpu=True)
        own = process.cpu_times()
        return sum(_worked(every[core]) for core in cores if core < len(every)), own.user + own.system

    return OtherPrograms(len(cores), times)


def _worked(core: object) -> float:
    """Seconds in which a core had something to do, or a machine beside this one had it; all that a system tells."""
    return sum(getattr(core, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))
