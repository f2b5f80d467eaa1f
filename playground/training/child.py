"""The process of a training as its parent sees it: begun, heard, told to stop, ended."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from playground import errors
from playground.errors import DeviceMemoryError, PlaygroundError, TrainingError
from playground.training.desk import LENGTH, STOP, Done, Failure, Training

ROOT = Path(__file__).resolve().parents[2]


class Child:
    """One process; `next` gives what it says, one after the other, and then how it ended."""

    def __init__(self, training: Training, device: str, folder: Path, threads: int) -> None:
        there = os.environ.get("PYTHONPATH")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), *([there] if there else [])]),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "OMP_NUM_THREADS": str(threads),
            "OMP_WAIT_POLICY": "passive",  # who waits for another thread leaves the core to others
        }
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "playground.training.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
        )  # fmt: skip
        self._said: queue.Queue[Any] = queue.Queue()
        with contextlib.suppress(OSError):  # killed so early, it is told of below
            assert self._process.stdin is not None
            asked = pickle.dumps((training.work, training.request, device, folder, threads))
            self._process.stdin.write(LENGTH.pack(len(asked)) + asked)
            self._process.stdin.flush()
        threading.Thread(target=self._read, name=f"training {self._process.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def next(self, seconds: float) -> Any:
        """The next event; a `Done` or a `PlaygroundError` is the last. None if nothing came in that time."""
        with contextlib.suppress(queue.Empty):
            return self._said.get(timeout=seconds)
        return None

    def stop(self) -> None:
        """Asks for what is best so far."""
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(STOP)
            self._process.stdin.flush()

    def end(self) -> None:
        """The process is gone, and its memory with it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                assert pipe is not None
                pipe.close()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with contextlib.suppress(
            OSError, ValueError, EOFError, pickle.UnpicklingError
        ):  # killed in the middle of a word
            while len(head := pipe.read(LENGTH.size)) == LENGTH.size:
                said = pickle.loads(pipe.read(LENGTH.unpack(head)[0]))
                self._said.put(_as_error(said) if isinstance(said, Failure) else said)
                if isinstance(said, Failure | Done):
                    return
        self._said.put(_ended(self._process.wait()))


def _as_error(failure: Failure) -> PlaygroundError:
    kind = getattr(errors, failure.kind, TrainingError)
    return kind(failure.message, failure.fix)  # type: ignore[no-any-return]


def _ended(status: int) -> PlaygroundError:
    """Why a process ended without a word."""
    if status == -9:
        return DeviceMemoryError(
            "The training's process was ended by the system (signal 9), most often because memory runs out.",
            "Take a smaller batch, shorter rows or a smaller model, and try again; everything else goes on.",
        )
    return TrainingError(f"The training's process ended by itself (status {status}).", "Try again.")
