"""Spaces with ZeroGPU, where a GPU is lent for seconds: each call that needs one runs in a process forked for it.

``spaces.GPU`` forks for a decorated call (and keeps the process for the next call of the same method while it may):
what is asked and answered is pickled, and everything else is as it was in this process. So:

- Models are loaded in the main thread before the page is launched, on a GPU that ``spaces`` emulates there; in a fork
  their weights are on the real one. Later nothing is loaded any more (`ModelManager.seal`).
- What has threads is made anew in a fork (`playground.forks`); a generation has an engine there, of its own.
- Stop crosses as a byte of shared memory, a failure as a value: ``spaces`` would keep only the name of its class.
- Nothing here computes in this process, where weights are placeholders.

Elsewhere nothing changes.
"""

from __future__ import annotations

import importlib
import inspect
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from playground.crossing import failed, taken
from playground.errors import BusyError
from playground.forks import fork_one_at_a_time
from playground.registry import Declaration, declarations

MOST_CALLS = 1024  # at once, waiting ones included
MOST_SECONDS = 120.0  # what ZeroGPU lends a visitor at most in one go


def is_zero_gpu() -> bool:
    """Whether this is a Space with ZeroGPU, as the ``spaces`` package tells."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def put_on_gpu(owner: Any) -> bool:
    """Whether this is a Space with ZeroGPU; then the owner's methods that declare seconds on a GPU run there."""
    if not is_zero_gpu():
        return False
    spaces = importlib.import_module("spaces")
    fork_one_at_a_time()
    flags = Flags()
    for declared in declarations(type(owner)):
        if declared.gpu_seconds:
            setattr(owner, declared.method, _on_gpu(owner, declared, flags, spaces.GPU))
    return True


class Flags:
    """A byte for each running call, in memory that this process shares with its forks: 1 asks the call to end."""

    def __init__(self) -> None:
        self._bytes = mmap.mmap(-1, MOST_CALLS)
        self._lock = threading.Lock()
        self._free = list(range(MOST_CALLS))

    @contextmanager
    def one(self) -> Iterator[int]:
        """The number of a flag that is down, until the end of the ``with``.

        Raises:
            BusyError: there are too many calls.
        """
        with self._lock:
            if not self._free:
                raise BusyError("Too many people wait for the GPU already.", "Try again in a minute.")
            number = self._free.pop()
        self._bytes[number] = 0
        try:
            yield number
        finally:
            with self._lock:
                self._free.append(number)

    def raise_flag(self, number: int) -> None:
        """Asks a call to end."""
        self._bytes[number] = 1

    def is_up(self, number: int) -> bool:
        """Whether a call was asked to end."""
        return bool(self._bytes[number])


def _on_gpu(owner: Any, declared: Declaration, flags: Flags, decorate: Callable[..., Any]) -> Callable[..., Any]:
    """A method of the owner that does its work in a fork with a GPU."""
    method = getattr(owner, declared.method)
    many = inspect.isgeneratorfunction(method)
    there = (_all_there if many else _one_there)(owner, method, flags)
    there.__name__ = declared.method
    lent = decorate(there, duration=partial(_seconds, declared))

    def one(request: Any) -> Any:
        with _explained(), flags.one() as flag:
            return taken(lent(flag, request))

    def all_of_them(request: Any) -> Iterator[Any]:
        with _explained(), flags.one() as flag, owner.runs.begin(getattr(request, "run_id", "")) as run:
            run.on_cancel(partial(flags.raise_flag, flag))
            answers = lent(flag, request)
            try:
                yield from map(taken, answers)
            finally:
                flags.raise_flag(flag)  # closed early: the fork shouldn't go on
                answers.close()

    return all_of_them if many else one


def _one_there(owner: Any, method: Callable[..., Any], flags: Flags) -> Callable[..., Any]:
    """What a fork runs for a method with one answer."""

    def there(flag: int, request: Any) -> Any:
        owner.runs.renew(partial(flags.is_up, flag))
        try:
            return method(request)
        except Exception as error:
            return failed(error)

    return there


def _all_there(owner: Any, method: Callable[..., Any], flags: Flags) -> Callable[..., Any]:
    """What a fork runs for a method that yields its answers."""

    def there(flag: int, request: Any) -> Iterator[Any]:
        owner.runs.renew(partial(flags.is_up, flag))
        try:
            yield from method(request)
        except Exception as error:
            yield failed(error)

    return there


@contextmanager
def _explained() -> Iterator[None]:
    """Turns what ``spaces`` raises, gradio's own error, into ours: no GPU is free, the visitor's time is used up."""
    try:
        yield
    except Exception as error:
        if not any(kind.__module__ == "gradio.exceptions" for kind in type(error).__mro__):
            raise
        title, message = getattr(error, "title", "ZeroGPU"), getattr(error, "message", error)
        raise BusyError(f"{title}: {str(message).rstrip('.')}.", "Try again later.") from None


def _seconds(declared: Declaration, flag: int, request: Any) -> int:
    """How long a call may have the GPU."""
    seconds = declared.gpu_seconds
    return round(min(MOST_SECONDS, seconds(request) if callable(seconds) else seconds))
