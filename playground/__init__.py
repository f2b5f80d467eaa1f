"""Transformers Playground as a library: what the app computes, for a notebook or a script of your own.

>>> import playground
>>> "Playground" in playground.__all__
True

Names are imported when they are first used, so that ``import playground`` itself costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playground.attention import AttentionRequest, AttentionResult, AttentionStack
    from playground.config import Settings
    from playground.errors import PlaygroundError
    from playground.service import Playground, WarmUp
    from playground.similarity import (
        PairMeasures,
        PieceLoss,
        WordLoss,
        WordLossRequest,
        WordLossResult,
        WordMatrixRequest,
        WordMatrixResult,
        WordPairsRequest,
        WordPairsResult,
    )

_HOMES = {
    "AttentionRequest": "playground.attention",
    "AttentionResult": "playground.attention",
    "AttentionStack": "playground.attention",
    "PairMeasures": "playground.similarity",
    "PieceLoss": "playground.similarity",
    "Playground": "playground.service",
    "PlaygroundError": "playground.errors",
    "Settings": "playground.config",
    "WarmUp": "playground.service",
    "WordLoss": "playground.similarity",
    "WordLossRequest": "playground.similarity",
    "WordLossResult": "playground.similarity",
    "WordMatrixRequest": "playground.similarity",
    "WordMatrixResult": "playground.similarity",
    "WordPairsRequest": "playground.similarity",
    "WordPairsResult": "playground.similarity",
}

__all__ = [
    "AttentionRequest",
    "AttentionResult",
    "AttentionStack",
    "PairMeasures",
    "PieceLoss",
    "Playground",
    "PlaygroundError",
    "Settings",
    "WarmUp",
    "WordLoss",
    "WordLossRequest",
    "WordLossResult",
    "WordMatrixRequest",
    "WordMatrixResult",
    "WordPairsRequest",
    "WordPairsResult",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'playground' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
