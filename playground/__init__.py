"""Transformers Playground as a library: what the app computes, for a notebook or a script of your own.

>>> import playground
>>> "Playground" in playground.__all__
True

Names are imported when they are first used, so that ``import playground`` itself costs next to nothing.
"""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playground.attention import AttentionRequest, AttentionResult, AttentionStack
    from playground.attribution import AttributeRequest, AttributeResult, PerturbRequest, PerturbResult
    from playground.bulk_classification import (
        ClassifyTableRequest,
        TableProgress,
        TableResult,
        evaluate_rows,
        predictions,
    )
    from playground.chat_template import ChatMessage, ChatTemplate, ChatTemplateRequest, RoleSpan
    from playground.classification import ClassifierInfo, ClassifyRequest, ClassifyResult, verdict
    from playground.config import Settings
    from playground.encoding import EncodedBatch, EncodedRow, EncodeRequest
    from playground.errors import PlaygroundError
    from playground.evaluation import Evaluation
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
        Reading,
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
    from playground.tables import BadRow, Table, read_file, read_lines, table_to_csv
    from playground.tokenization import (
        CompareRequest,
        Comparison,
        Counts,
        Segment,
        Token,
        TokenColumns,
        Tokenization,
        TokenizeRequest,
    )
    from playground.tokenizer_rules import TokenizerShelf
    from playground.vocabulary import Split, SplitRequest, VocabularyPage, VocabularyRequest

_HOMES = {
    "Alternative": "playground.generation",
    "AttentionRequest": "playground.attention",
    "AttentionResult": "playground.attention",
    "AttentionStack": "playground.attention",
    "AttributeRequest": "playground.attribution",
    "AttributeResult": "playground.attribution",
    "BadRow": "playground.tables",
    "Beam": "playground.generation",
    "BeamNode": "playground.generation",
    "BeamStep": "playground.generation",
    "Candidate": "playground.generation",
    "ChatMessage": "playground.chat_template",
    "ChatTemplate": "playground.chat_template",
    "ChatTemplateRequest": "playground.chat_template",
    "ClassifierInfo": "playground.classification",
    "ClassifyRequest": "playground.classification",
    "ClassifyResult": "playground.classification",
    "ClassifyTableRequest": "playground.bulk_classification",
    "CompareRequest": "playground.tokenization",
    "Comparison": "playground.tokenization",
    "Counts": "playground.tokenization",
    "Divergence": "playground.generation",
    "EncodeRequest": "playground.encoding",
    "EncodedBatch": "playground.encoding",
    "EncodedRow": "playground.encoding",
    "Evaluation": "playground.evaluation",
    "Finished": "playground.generation",
    "GenerateRequest": "playground.generation",
    "Generation": "playground.streams",
    "GenerationResult": "playground.generation",
    "MaskComparison": "playground.masking",
    "MaskRequest": "playground.masking",
    "Message": "playground.generation",
    "NextTokenResult": "playground.generation",
    "PairMeasures": "playground.similarity",
    "PerturbRequest": "playground.attribution",
    "PerturbResult": "playground.attribution",
    "PieceLoss": "playground.similarity",
    "Playground": "playground.service",
    "PlaygroundError": "playground.errors",
    "RoleSpan": "playground.chat_template",
    "Segment": "playground.tokenization",
    "Settings": "playground.config",
    "Split": "playground.vocabulary",
    "SplitRequest": "playground.vocabulary",
    "Reading": "playground.generation",
    "Started": "playground.generation",
    "Step": "playground.generation",
    "Table": "playground.tables",
    "TableProgress": "playground.bulk_classification",
    "TableResult": "playground.bulk_classification",
    "Token": "playground.tokenization",
    "TokenColumns": "playground.tokenization",
    "Tokenization": "playground.tokenization",
    "TokenizeRequest": "playground.tokenization",
    "TokenizerShelf": "playground.tokenizer_rules",
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
    "evaluate_rows": "playground.bulk_classification",
    "first_divergence": "playground.generation",
    "predictions": "playground.bulk_classification",
    "read_file": "playground.tables",
    "read_lines": "playground.tables",
    "spearman": "playground.similarity",
    "table_to_csv": "playground.tables",
    "verdict": "playground.classification",
}

__all__ = [
    "Alternative",
    "AttentionRequest",
    "AttentionResult",
    "AttentionStack",
    "AttributeRequest",
    "AttributeResult",
    "BadRow",
    "Beam",
    "BeamNode",
    "BeamStep",
    "Candidate",
    "ChatMessage",
    "ChatTemplate",
    "ChatTemplateRequest",
    "ClassifierInfo",
    "ClassifyRequest",
    "ClassifyResult",
    "ClassifyTableRequest",
    "CompareRequest",
    "Comparison",
    "Counts",
    "Divergence",
    "EncodeRequest",
    "EncodedBatch",
    "EncodedRow",
    "Evaluation",
    "Finished",
    "GenerateRequest",
    "Generation",
    "GenerationResult",
    "MaskComparison",
    "MaskRequest",
    "Message",
    "NextTokenResult",
    "PairMeasures",
    "PerturbRequest",
    "PerturbResult",
    "PieceLoss",
    "Playground",
    "PlaygroundError",
    "Reading",
    "RoleSpan",
    "Segment",
    "Settings",
    "Split",
    "SplitRequest",
    "Started",
    "Step",
    "Table",
    "TableProgress",
    "TableResult",
    "Token",
    "TokenColumns",
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
    "evaluate_rows",
    "first_divergence",
    "predictions",
    "read_file",
    "read_lines",
    "spearman",
    "table_to_csv",
    "verdict",
]


# transformers replaces its own module while it is imported: a second thread importing it meanwhile keeps an empty one.
IMPORTING = threading.RLock()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'playground' has no attribute {name!r}")
    with IMPORTING:
        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
