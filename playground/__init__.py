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
    from playground.chat_template import ChatMessage, ChatTemplate, ChatTemplateRequest, RoleSpan
    from playground.config import Settings
    from playground.encoding import EncodedBatch, EncodedRow, EncodeRequest
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
    from playground.masking import MaskComparison, MaskRequest
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
        spearman,
    )
    from playground.streams import Generation
    from playground.tokenization import (
        CompareRequest,
        Comparison,
        Segment,
        Token,
        Tokenization,
        TokenizeRequest,
        TokenizerShelf,
    )
    from playground.vocabulary import Split, SplitRequest, VocabularyPage, VocabularyRequest

_HOMES = {
    "Alternative": "playground.generation",
    "AttentionRequest": "playground.attention",
    "AttentionResult": "playground.attention",
    "AttentionStack": "playground.attention",
    "Beam": "playground.generation",
    "BeamNode": "playground.generation",
    "BeamStep": "playground.generation",
    "Candidate": "playground.generation",
    "ChatMessage": "playground.chat_template",
    "ChatTemplate": "playground.chat_template",
    "ChatTemplateRequest": "playground.chat_template",
    "CompareRequest": "playground.tokenization",
    "Comparison": "playground.tokenization",
    "Divergence": "playground.generation",
    "EncodeRequest": "playground.encoding",
    "EncodedBatch": "playground.encoding",
    "EncodedRow": "playground.encoding",
    "Finished": "playground.generation",
    "GenerateRequest": "playground.generation",
    "Generation": "playground.streams",
    "GenerationResult": "playground.generation",
    "MaskComparison": "playground.masking",
    "MaskRequest": "playground.masking",
    "Message": "playground.generation",
    "NextTokenResult": "playground.generation",
    "PairMeasures": "playground.similarity",
    "PieceLoss": "playground.similarity",
    "Playground": "playground.service",
    "PlaygroundError": "playground.errors",
    "RoleSpan": "playground.chat_template",
    "Segment": "playground.tokenization",
    "Settings": "playground.config",
    "Split": "playground.vocabulary",
    "SplitRequest": "playground.vocabulary",
    "Started": "playground.generation",
    "Step": "playground.generation",
    "Token": "playground.tokenization",
    "Tokenization": "playground.tokenization",
    "TokenizeRequest": "playground.tokenization",
    "TokenizerShelf": "playground.tokenization",
    "VocabularyPage": "playground.vocabulary",
    "VocabularyRequest": "playground.vocabulary",
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
    "spearman": "playground.similarity",
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
    "ChatMessage",
    "ChatTemplate",
    "ChatTemplateRequest",
    "CompareRequest",
    "Comparison",
    "Divergence",
    "EncodeRequest",
    "EncodedBatch",
    "EncodedRow",
    "Finished",
    "GenerateRequest",
    "Generation",
    "GenerationResult",
    "MaskComparison",
    "MaskRequest",
    "Message",
    "NextTokenResult",
    "PairMeasures",
    "PieceLoss",
    "Playground",
    "PlaygroundError",
    "RoleSpan",
    "Segment",
    "Settings",
    "Split",
    "SplitRequest",
    "Started",
    "Step",
    "Token",
    "Tokenization",
    "TokenizeRequest",
    "TokenizerShelf",
    "VocabularyPage",
    "VocabularyRequest",
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
    "spearman",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'playground' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
