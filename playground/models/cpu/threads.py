"""Hands the helper threads of a computation back, so that the next one has the processor to itself.

Every thread that computes on the CPU gets helpers of its own from OpenMP, and they stay until it ends. As soon as all
helpers together outnumber the cores, OpenMP lets each of them sleep between two operations instead of waiting awake:
on 2 cores that made every step of a generation a fifth slower and the reading of a prompt twice as slow, because some
other thread had once classified a text.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
from collections.abc import Callable
from pathlib import Path

_SOFT = 1  # of omp_pause_resource_t: what was set stays set


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
