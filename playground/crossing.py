"""Failures that cross to another process: as values, since what carries answers keeps no exception as it was.

>>> taken(failed(PlaygroundError("No.", "Try again.")))
Traceback (most recent call last):
playground.errors.PlaygroundError: No. Try again.
>>> taken(failed(type("Odd", (Exception,), {})("from nowhere")))
Traceback (most recent call last):
RuntimeError: Odd: from nowhere
>>> taken(5)
5
"""

from __future__ import annotations

import logging
import pickle
from dataclasses import dataclass
from typing import Any

from playground.errors import PlaygroundError, said_by

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failed:
    """A call's failure as a value."""

    error: Exception


def failed(error: Exception) -> Failed:
    """A failure that can be pickled."""
    if not isinstance(error, PlaygroundError):
        log.error("A call from another process failed", exc_info=error)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its class does
        return Failed(RuntimeError(f"{type(error).__name__}: {said_by(error)}"))
    return Failed(error)


def taken(answer: Any) -> Any:
    """An answer of another process.

    Raises:
        Exception: the answer is a failure.
    """
    if isinstance(answer, Failed):
        raise answer.error
    return answer
