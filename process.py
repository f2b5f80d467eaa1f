"""What the process sets for itself, each with its reason and its figure.

``python benchmarks/bench_process.py`` measures every figure again: its last line names them. What is set here is set
for the whole process, so it is set by the program (``app.py``), never by the library: who imports `playground` in a
notebook keeps the settings of the notebook.

Nothing is set for OpenMP: torch takes as many threads as there are cores. What a computation leaves behind is handed
back by ``playground/models/cpu/threads.py`` (figures ``step_over_alone_kept`` and ``step_over_alone_released``).
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import logging
import os
import signal
import sys
import threading
import time
from typing import NoReturn

SWITCH_SECONDS = 0.0002
LEAVING_SECONDS = 1.0
HEEDING_SECONDS = 0.5
HEAPS = 2
GIVING_BACK_SECONDS = 20.0
GRADIO = {
    "GRADIO_ANALYTICS_ENABLED": "False",  # else gradio asks its makers' server whether there is a newer version
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000",  # else each event makes a table of all events before it
}


def set_environment() -> None:
    """Sets what gradio reads when it is imported; a variable that a person has set stays."""
    for name, value in GRADIO.items():
        os.environ.setdefault(name, value)


def prepare() -> None:
    """Sets what helps until the first models are loaded, and the switch interval for good.

    A step of a model asks for Python's lock about a thousand times, and each time a busy thread may keep it for the
    switch interval: at Python's 5 ms a step takes many times as long as with 0.2 ms (``step_over_alone_5_ms`` and
    ``step_over_alone_0_2_ms``). Importing makes about a million objects that stay, and looking through them again and
    again for garbage takes ``import_seconds_saved``.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()
    share_heaps()


def share_heaps() -> None:
    """Lets all threads share two heaps, where glibc gives each of them one of its own, up to eight for each core.

    What a thread frees lies in its own heap, where the next thread doesn't find it: the server of a crowd, which has a
    hundred threads, took more and more memory (``resident_last_over_first`` of ``benchmarks/bench_crowd.py``).

    Source: mallopt(3), M_ARENA_MAX (-8). It counts for heaps that aren't there yet.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(-8, HEAPS)


def listen_to_signals() -> None:
    """From here on SIGTERM means the same as Ctrl+C: KeyboardInterrupt in the main thread; a second one ends all.

    Without a handler SIGTERM does nothing to the first process of a container, and SIGINT nothing to a process that a
    script has put in the background.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)

    def stop(number: int, frame: object) -> NoReturn:
        for each in numbers:
            signal.signal(each, lambda number, frame: os._exit(1))
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, stop)


def wait_for_signal() -> NoReturn:
    """Does nothing until a signal raises KeyboardInterrupt.

    Python heeds a signal between two of its operations. One that comes just before a wait has begun, or that the system
    gives to another thread, wakes nobody: a wait without an end would sleep through it.
    """
    while True:
        time.sleep(HEEDING_SECONDS)


def leave(status: int) -> NoReturn:
    """Ends the process at once, after what was registered for its end.

    An ordinary end waits for threads that compute or hold a connection, and aborts where one is in the middle of a
    computation of torch; by now everything of value has been closed.
    """
    watch = threading.Timer(LEAVING_SECONDS, os._exit, (status,))
    watch.daemon = True
    watch.start()
    logging.shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def settle() -> None:
    """From here on garbage is collected, but never looked for in what has been loaded so far.

    That makes a full collection, during which nobody is served, shorter (``collect_ms`` and ``collect_ms_settled``).
    What has been freed goes back to the system now and then.
    """
    gc.freeze()
    gc.enable()
    threading.Thread(target=_give_back, name="giving memory back", daemon=True).start()


def _give_back() -> None:
    """Hands free memory back to the system for as long as the process lives; it takes some milliseconds each time.

    By itself glibc hands back the end of a heap alone, and what a crowd has used for a moment lies in the middle: five
    minutes of it left a tenth more than its first one (``resident_last_over_first`` of ``benchmarks/bench_crowd.py``).

    Source: malloc_trim(3).
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            trim = ctypes.CDLL(None).malloc_trim
            while True:
                time.sleep(GIVING_BACK_SECONDS)
                trim(0)
