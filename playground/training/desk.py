"""What a training has at hand in its process, and what the line is told of it."""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.errors import TrainingError
from playground.training.events import TrainingBytes

PROCESS_BYTES = 450_000_000  # Python with torch and transformers; a context of CUDA is about as large
FLOAT = 4  # bytes: trained numbers are float32, so that small changes aren't rounded away
LENGTH = struct.Struct("<I")  # before each answer of the process
STOP = b"s"


@dataclass(frozen=True)
class Desk:
    """What ``work(request, desk)`` has at hand in the process; see the wing's own text."""

    device: str
    folder: Path
    send: Callable[[Any], None]
    stopped: threading.Event


@dataclass(frozen=True)
class Training:
    """What the line takes.

    ``work`` names a function as module:function and ``request`` is what it gets, see the wing's own text; ``task`` is
    that of the model in the folder and ``title`` how the page names it; ``parameters`` are all its numbers, and
    ``first_text`` is what it may be asked first, where not every text will do. ``person`` is who asks (a session) and
    ``run_id`` what ends or follows it. ``keep``: it goes on when nobody follows any more.
    """

    work: str
    request: Any
    task: str
    title: str
    size: TrainingBytes
    parameters: int
    person: str = ""
    address: str = ""
    run_id: str = ""
    keep: bool = False
    first_text: str = ""


@dataclass(frozen=True)
class Done:
    """What ``work`` returned; the last answer of a process."""

    result: Any


@dataclass(frozen=True)
class Failure:
    """How ``work`` ended early, as the last answer: an error of `playground.errors` by its name."""

    kind: str
    message: str
    fix: str = ""


def finite(loss: float, step: int) -> float:
    """The loss of a step.

    Raises:
        TrainingError: it isn't finite; nothing that follows would be a model.
    """
    if not math.isfinite(loss):
        raise TrainingError(
            f"At step {step:,} the loss is no number any more ({loss}): the steps are far too large.",
            "Take a smaller learning_rate.",
        )
    return loss
