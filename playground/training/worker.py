"""``python -m playground.training.worker``: the process in which one training runs; `child` begins it.

It is told by its standard input what to do, and answers on what was its standard output: each is its length in 4 bytes
and a pickle. What libraries print goes to standard error. When its input ends, because the parent has, so does it,
wherever it is.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import sys
import threading
from typing import Any, BinaryIO

from playground.errors import PlaygroundError, StoppedError, said_by
from playground.training.desk import LENGTH, STOP, Desk, Done, Failure

NICE = 10  # others get about nine tenths of a core that both want


class Answers:
    """Sends answers, from any thread."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._lock = file, threading.Lock()

    def send(self, answer: Any) -> None:
        """Nothing, once the answer is on its way."""
        content = pickle.dumps(answer)
        with self._lock:
            self._file.write(LENGTH.pack(len(content)) + content)
            self._file.flush()


def main() -> None:
    """Never returns; the exit status is 0 where an answer was sent, also about a failure."""
    sys.modules["bitsandbytes"] = None  # type: ignore[assignment]  # no training has 4 bits: a fifth of the start saved
    answers = Answers(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    _be_quiet()
    stopped = threading.Event()
    try:
        asked = sys.stdin.buffer.read(LENGTH.unpack(sys.stdin.buffer.read(LENGTH.size))[0])
        threading.Thread(target=_listen, args=(stopped,), daemon=True).start()
        work, request, device, folder, threads = pickle.loads(asked)
        module, _, name = work.partition(":")
        function = getattr(importlib.import_module(module), name)
        if stopped.is_set():
            raise StoppedError("The training was stopped before its first step.", "Start it again.")
        _set_up(threads)
        answers.send(Done(function(request, Desk(device, folder, answers.send, stopped))))
    except BaseException as error:
        answers.send(_failure(error))
    sys.stderr.flush()
    os._exit(0)


def _be_quiet() -> None:
    """Ctrl+C is for the parent, and the processor is for others first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, OSError):
        os.nice(NICE)


def _listen(stopped: threading.Event) -> None:
    """Hears that the training shall stop, or that nobody is there any more."""
    while sys.stdin.buffer.read(1) == STOP:
        stopped.set()
    os._exit(1)


def _set_up(threads: int) -> None:
    """Few threads and few words, of what the module of ``work`` has imported."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
    if transformers := sys.modules.get("transformers"):
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()


def _failure(error: BaseException) -> Failure:
    if isinstance(error, PlaygroundError):
        return Failure(type(error).__name__, error.message, error.fix)
    if _is_out_of_memory(error):
        return Failure(
            "DeviceMemoryError", "The training ran out of memory.", "Take a smaller batch, shorter rows or fewer."
        )
    import traceback

    traceback.print_exception(error)
    return Failure("TrainingError", f"The training failed ({type(error).__name__}: {said_by(error)}).", "Try again.")


def _is_out_of_memory(error: BaseException) -> bool:
    if "torch" not in sys.modules:
        return isinstance(error, MemoryError)
    from playground.models.memory import is_out_of_memory

    return is_out_of_memory(error)


if __name__ == "__main__":
    main()
