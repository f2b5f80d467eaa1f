"""What makes it safe to fork a process that has threads: a fork has one thread, and the others' locks as they were.

``multiprocessing`` forks, servers that load first and fork then, and Spaces with ZeroGPU for every call. It leaves out
what an object does about it: each renews its own locks and forgets what its threads did.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401  (see `no_fork_while_held`)
import logging  # noqa: F401
import os
import threading
import weakref
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

Owner = TypeVar("Owner")


def in_every_fork(owner: Owner, renew: Callable[[Owner], object]) -> None:
    """Calls ``renew(owner)`` first of all in every process that is forked from this one while the owner lives."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=partial(_renew, weakref.ref(owner), renew))


def _renew(reference: weakref.ref[Any], renew: Callable[[Any], object]) -> None:
    if (owner := reference()) is not None:
        renew(owner)


def no_fork_while_held(lock: Any) -> None:
    """Lets a fork wait for whoever holds a lock: for work during which the whole process is in a state of its own.

    The locks that Python's own modules take for a fork must be taken after it, or that work would wait for them and the
    fork for that work. What was registered first is taken last, so those modules are imported above.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


def fork_one_at_a_time() -> None:
    """From here on one thread forks after the other.

    filelock refuses a fork while another thread forks ("os.fork is unsafe while filelock is changing descriptor
    ownership"): of five visitors at once every second one got that.
    """
    fork, turn = os.fork, threading.Lock()
    if hasattr(fork, "__wrapped__"):
        return

    @wraps(fork)
    def in_turn() -> int:
        with turn:
            return fork()

    os.fork = in_turn
