"""Spaces with ZeroGPU: work on the GPU runs under the decorator of the ``spaces`` package; elsewhere nothing changes.

ZeroGPU runs a decorated call in a process that it forks for it: arguments and results travel, the playground with its
locks can't, so bound methods are decorated, whose arguments are plain requests. Models must be resident before the
first call (``--warm-up embedded``, the default), because what a forked process loads is gone with it. Generation is
left out: its engine serves all streams from one thread, which no fork takes along.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from playground.registry import declarations


def put_on_gpu(owner: object, spaces: ModuleType | None = None) -> bool:
    """Whether the ``spaces`` package is here; then the owner's methods that declare it run under ``spaces.GPU``."""
    if spaces is None:
        try:
            spaces = importlib.import_module("spaces")
        except ImportError:
            return False
    for declared in declarations(type(owner)):
        if declared.on_gpu:
            setattr(owner, declared.method, spaces.GPU(getattr(owner, declared.method)))
    return True
