"""Work for processes of tests: it tells, waits, saves, fails or is too slow, as it is asked."""

from __future__ import annotations

import os
import pickle
import signal
import time
from dataclasses import dataclass

from playground.errors import InputError
from playground.training.desk import LENGTH, Desk


@dataclass(frozen=True)
class Order:
    """What shall happen."""

    what: str = "save"


@dataclass(frozen=True)
class Told:
    """An event."""

    number: int


@dataclass(frozen=True)
class Made:
    """A result."""

    model_id: str
    steps: int
    title: str = "Mine"


def work(order: Order, desk: Desk) -> Made:
    """Tells of some steps, and ends as it was asked."""
    steps = 0
    while order.what == "until stopped" and not desk.stopped.is_set():
        desk.send(Told(steps))
        steps += 1
        time.sleep(0.02)
    if order.what == "kill":
        desk.send(Told(0))
        os.kill(os.getpid(), signal.SIGKILL)
    if order.what == "half a word":
        answers = desk.send.__self__
        answers._file.write(LENGTH.pack(100) + pickle.dumps(Told(0))[:-9])
        answers._file.flush()
        os._exit(3)
    if order.what == "refuse":
        raise InputError("These rows can't teach.", "Give others.")
    if order.what == "memory":
        import torch

        assert torch.get_num_threads() > 0
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")
    if order.what == "fail":
        raise ValueError("a fault of ours")
    print("what libraries print reaches nobody's events")
    (desk.folder / "config.json").write_text("{}", encoding="utf-8")
    return Made("", steps)
