"""How many threads compute on the CPU, and how they are handed back.

Every thread that computes on the CPU gets helpers of its own from OpenMP, and they stay until it ends. As soon as all
helpers together outnumber the cores, OpenMP lets each of them sleep between two operations instead of waiting awake:
on 2 cores that made every step of a generation a fifth slower and the reading of a prompt twice as slow, because some
other thread had once classified a text. So whoever has computed hands its helpers back, and the next one has the
processor to itself.

A step of a generation is hundreds of products, and at the end of each all threads wait for the last one. Where another
program has one of two cores, the thread that shares it makes every product wait until the system gives it a turn: the
step takes three times as long, with one thread less it hardly does. What is right now is found by trying.

A single answer is over before anything could be tried. But it is known how many cores a training has, which is this
program's own, and measured what other programs take (`elsewhere`): whoever computes meanwhile leaves them these.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import mean

_SOFT = 1  # of omp_pause_resource_t: what was set stays set
RECENT, TRIED = 6, 3  # steps that are compared
SUDDEN = 2  # slow steps, one after the other, after which fewer threads are tried at once
PAUSES = (8, 128)  # steps between two trials: the fewest, and the most after trials that were no better
AWAY = 32  # the most while a core is left to another program, which may have gone
SLOW, WORSE, BETTER, MUCH_BETTER = 1.4, 1.1, 0.9, 0.75


class StepThreads:
    """The number of threads with which a step is quickest now: one more or less is tried now and then.

    Trials get rarer while they are no better, and end at the first step that is worse; one is made at once when steps
    suddenly take much longer. So they cost some percent at most where nothing changes, and a few steps where it does.
    More than ``busy`` leaves, the share of the cores that something else of ours has now, aren't even tried.
    """

    def __init__(self, most: int, use: Callable[[int], object], busy: Callable[[], float] = lambda: 0.0) -> None:
        self.count = most
        self._all, self._use, self._busy = most, use, busy
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._tried: list[float] = []
        self._trial = 0
        self._pause, self._left = PAUSES[0], PAUSES[0]
        self._fewer = True

    @property
    def _most(self) -> int:
        return beside(self._all, self._busy())

    def begin(self) -> None:
        """For a thread that begins to compute."""
        self._trial, self._tried = 0, []
        self.count = min(self.count, self._most)
        self._use(self.count)

    def heed(self) -> bool:
        """Whether the next step has fewer threads, since something of ours has just begun."""
        if max(self.count, self._trial) <= self._most:
            return False
        self._recent.clear()
        self.begin()
        return True

    def took(self, rows: int, seconds: float) -> None:
        """Learns what a step of so many rows took, and sets how many threads the next one has."""
        cost = seconds / (16 + rows)  # a step of 32 rows takes about three times as long as one of a single row
        if self.heed():
            return
        if self._trial:
            self._tried.append(cost)
            self._judge(mean(self._recent))
            return
        self._recent.append(cost)
        self._left -= 1
        if self._most > 1 and self.count > 1 and self._is_suddenly_slow():
            self._recent = deque(list(self._recent)[-SUDDEN:], RECENT)
            self._pause = PAUSES[0]
            self._try(fewer=True)
        elif self._most > 1 and self._left <= 0 and len(self._recent) == RECENT:
            if self.count in (1, self._most):
                self._fewer = self.count > 1
            self._try(self._fewer)
            self._fewer = not self._fewer

    def _is_suddenly_slow(self) -> bool:
        before, now = list(self._recent)[:-SUDDEN], list(self._recent)[-SUDDEN:]
        return len(before) > SUDDEN and min(now) > SLOW * mean(before)

    def _try(self, fewer: bool) -> None:
        """Begins a trial, with one thread less or more."""
        self._trial, self._tried = self.count - 1 if fewer else self.count + 1, []
        self._use(self._trial)

    def _judge(self, usual: float) -> None:
        """Ends a trial as soon as it is clear how it went."""
        tried = mean(self._tried)
        better = tried < (BETTER if len(self._tried) == TRIED else MUCH_BETTER) * usual and len(self._tried) > 1
        if not better and len(self._tried) < TRIED and tried < WORSE * usual:
            return
        if better:
            self.count = self._trial
            self._recent.clear()
        most = PAUSES[1] if self.count == self._most else AWAY
        found = AWAY if self.count == 1 else PAUSES[0]  # another program hardly ever ends at once
        self._pause = found if better else min(2 * self._pause, most)
        self._left, self._trial = self._pause, 0
        self._use(self.count)


def threads_of_cpu() -> int:
    """How many threads torch computes with, where a thread can have fewer for itself; else 1: there is no choice."""
    import torch

    return getattr(_note(), "whole", 0) or torch.get_num_threads() if _torch_library() else 1


def leave_cores(busy: float) -> Callable[[], None]:
    """What gives the calling thread its threads back; from now on it leaves a share of the cores to others.

    Two threads on two cores, of which somebody else has one, wait for each other in every layer: a short text took five
    times as long to classify, the loss of a word many times.
    """
    note, thread = _note(), threading.get_ident()
    whole = getattr(note, "whole", 0)
    if not busy and not whole:
        return lambda: None
    import torch

    before = torch.get_num_threads()
    note.whole = threads_of_cpu() if busy else 0
    use_threads(beside(note.whole or whole, busy))

    def give_back() -> None:
        if threading.get_ident() == thread:  # another one has left none
            use_threads(before)
            note.whole = whole

    return give_back


@functools.cache
def _note() -> threading.local:
    """Beside what OpenMP keeps of each thread: ``whole``, how many threads it had before it left cores to others."""
    return threading.local()


def beside(threads: int, busy: float) -> int:
    """How many threads of so many compute, where a share of the cores is taken.

    >>> beside(2, 0.5), beside(16, 0.5), beside(1, 0.5), beside(2, 0.0)
    (1, 8, 1, 2)
    """
    return max(1, round(threads * (1 - busy)))


def use_threads(count: int) -> None:
    """Nothing; the calling thread alone computes with so many threads (`torch.set_num_threads` means later ones too).

    Source: ATen/ParallelOpenMP.cpp, ``set_num_threads``.
    """
    import torch

    if library := _torch_library():
        torch.get_num_threads()  # torch first gives a new thread the number of all, whatever was set before
        library.omp_set_num_threads(count)
        with contextlib.suppress(AttributeError):  # built without MKL
            library.MKL_Set_Num_Threads_Local(count)


@functools.cache
def _torch_library() -> ctypes.CDLL | None:
    """torch's library for the CPU, if OpenMP can be reached through it."""
    import torch

    for path in sorted((Path(torch.__file__).parent / "lib").glob("libtorch_cpu.*")):
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(str(path))
            if library.omp_set_num_threads:
                return library
    return None


def release_helpers() -> None:
    """Nothing; the calling thread's helpers have ended. Its next computation gets new ones, within 0.1 ms.

    Source: OpenMP 5.0, section 3.2.44 (omp_pause_resource_all).
    """
    if "torch" in sys.modules:
        _pause()(_SOFT)


@functools.cache
def _pause() -> Callable[[int], object]:
    """The function of the OpenMP library that came with torch; one that does nothing where it has none."""
    import torch

    for library in sorted((Path(torch.__file__).parent / "lib").glob("lib*omp*")):
        with contextlib.suppress(OSError, AttributeError):
            function: Callable[[int], object] = ctypes.CDLL(str(library)).omp_pause_resource_all
            return function
    return lambda kind: None
