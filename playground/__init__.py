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
    from playground.generation import (
        Alternative,
        Beam,
        BeamNode,
        BeamStep,
        Candidate,
        Divergence,
        Finished,
        GenerateRequest,
        GenerationResult,
        Message,
        NextTokenResult,
        Started,
        Step,
        Waiting,
        after_sampler,
        as_dict,
        first_divergence,
    )
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
    from playground.streams import Generation

_HOMES = {
    "Alternative": "playground.generation",
    "AttentionRequest": "playground.attention",
    "AttentionResult": "playground.attention",
    "AttentionStack": "playground.attention",
    "Beam": "playground.generation",
    "BeamNode": "playground.generation",
    "BeamStep": "playground.generation",
    "Candidate": "playground.generation",
    "Divergence": "playground.generation",
    "Finished": "playground.generation",
    "GenerateRequest": "playground.generation",
    "Generation": "playground.streams",
    "GenerationResult": "playground.generation",
    "Message": "playground.generation",
    "NextTokenResult": "playground.generation",
    "PairMeasures": "playground.similarity",
    "PieceLoss": "playground.similarity",
    "Playground": "playground.service",
    "PlaygroundError": "playground.errors",
    "Settings": "playground.config",
    "Started": "playground.generation",
    "Step": "playground.generation",
    "Waiting": "playground.generation",
    "WarmUp": "playground.service",
    "WordLoss": "playground.similarity",
    "WordLossRequest": "playground.similarity",
    "WordLossResult": "playground.similarity",
    "WordMatrixRequest": "playground.similarity",
    "WordMatrixResult": "playground.similarity",
    "WordPairsRequest": "playground.similarity",
    "WordPairsResult": "playground.similarity",
    "after_sampler": "playground.generation",
    "as_dict": "playground.generation",
    "first_divergence": "playground.generation",
}

__all__ = [
    "Alternative",
    "AttentionRequest",
    "AttentionResult",
    "AttentionStack",
    "Beam",
    "BeamNode",
    "BeamStep",
    "Candidate",
    "Divergence",
    "Finished",
    "GenerateRequest",
    "Generation",
    "GenerationResult",
    "Message",
    "NextTokenResult",
    "PairMeasures",
    "PieceLoss",
    "Playground",
    "PlaygroundError",
    "Settings",
    "Started",
    "Step",
    "Waiting",
    "WarmUp",
    "WordLoss",
    "WordLossRequest",
    "WordLossResult",
    "WordMatrixRequest",
    "WordMatrixResult",
    "WordPairsRequest",
    "WordPairsResult",
    "after_sampler",
    "as_dict",
    "first_divergence",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'playground' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
