"""Spaces with ZeroGPU: work on the GPU runs under the decorator of the ``spaces`` package; elsewhere nothing changes.

ZeroGPU runs a decorated call in a process that it forks for it: arguments and results travel, the playground with its
locks can't, so bound methods are decorated, whose arguments are plain requests. Models must be resident before the
first call (``--warm-up embedded``, the default), because what a forked process loads is gone with it. Generation is
left out: its engine serves all streams from one thread, which no fork takes along.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

METHODS = ("attend", "classify", "attribute", "perturb", "compare_masks", "word_loss")
STREAMS = ("classify_table", "word_matrix", "word_pairs")


def put_on_gpu(owner: object, spaces: ModuleType | None = None) -> bool:
    """Whether the ``spaces`` package is here; then the owner's methods that compute run under ``spaces.GPU``."""
    if spaces is None:
        try:
            spaces = importlib.import_module("spaces")
        except ImportError:
            return False
    for name in (*METHODS, *STREAMS):
        method = getattr(owner, name)
        setattr(owner, name, spaces.GPU(_as_generator(method) if name in STREAMS else method))
    return True


def _as_generator(method: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """A generator function, which is how the decorator knows that results come one by one."""

    @functools.wraps(method)
    def stream(*values: Any, **options: Any) -> Iterator[Any]:
        yield from method(*values, **options)

    return stream
