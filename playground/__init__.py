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

from playground.forks import no_fork_while_held

if TYPE_CHECKING:
    from playground.attention.request import AttentionRequest
    from playground.attention.result import AttentionResult, AttentionStack
    from playground.classification.columns import guess_columns
    from playground.classification.evaluation import evaluate_table, predictions
    from playground.classification.labels import describe_reading
    from playground.classification.request import (
        AttributeRequest,
        ClassifyRequest,
        ClassifyTableRequest,
        PerturbRequest,
    )
    from playground.classification.result import (
        AttributeResult,
        ClassifierInfo,
        ClassifyResult,
        Evaluation,
        LabelReading,
        PerturbResult,
        TableProgress,
        TableResult,
    )
    from playground.classification.verdict import verdict
    from playground.config import Settings
    from playground.errors import PlaygroundError
    from playground.generation.events import (
        Alternative,
        Beam,
        BeamNode,
        BeamStep,
        Candidate,
        Event,
        Finished,
        GenerationResult,
        NextTokenResult,
        Reading,
        Started,
        Step,
        Waiting,
    )
    from playground.generation.request import GenerateRequest, TwinRequest
    from playground.generation.result import TwinProgress, TwinReply, TwinResult, TwinSide, TwinToken
    from playground.generation.running import Generation
    from playground.inside.map_request import ModelMapRequest
    from playground.inside.map_result import ModelMapResult
    from playground.inside.request import AttributeNextRequest, LensRequest
    from playground.inside.result import AttributeNextProgress, AttributeNextResult, LensResult
    from playground.links.compare import Verdict
    from playground.links.form import Link, link_to, open_link, read_link
    from playground.models.tokenizers import Message
    from playground.models.trained import TrainedModel
    from playground.pipelines.request import PipelineRequest
    from playground.pipelines.result import PipelineResult
    from playground.service import Playground, WarmUp
    from playground.similarity.measures import clustered_order, spearman, spearman_interval
    from playground.similarity.request import EmbedRequest, WordLossRequest, WordMatrixRequest, WordPairsRequest
    from playground.similarity.result import (
        EmbedResult,
        FlatPicture,
        PairMeasures,
        PieceLoss,
        WordLoss,
        WordLossResult,
        WordMapResult,
        WordMatrixResult,
        WordPairsResult,
    )
    from playground.tables import BadRow, Table, TableFormat, read_file, read_lines, write_csv
    from playground.tokens.request import (
        ChatTemplateRequest,
        CompareRequest,
        EncodeRequest,
        MaskRequest,
        SplitRequest,
        TokenizeRequest,
        VocabularyRequest,
    )
    from playground.tokens.result import (
        ChatNext,
        ChatTemplate,
        Comparison,
        Counts,
        EncodedBatch,
        EncodedRow,
        MaskComparison,
        NextPiece,
        RoleSpan,
        Segment,
        Split,
        Token,
        TokenColumns,
        Tokenization,
        VocabularyPage,
    )
    from playground.training.events import (
        ClassifierPlan,
        HeldOut,
        HeldRow,
        SplitSaid,
        TrainedClassifier,
        TrainingBegins,
        TrainingBytes,
        TrainingStep,
        TrainingWaits,
    )
    from playground.training.language_model.events import (
        CorpusRead,
        LanguageModelTrained,
        LossLogged,
        MergesLearned,
        TrainingCheckpoint,
    )
    from playground.training.language_model.request import TrainLanguageModelRequest
    from playground.training.request import TrainClassifierRequest

_HOMES = {
    "Alternative": "playground.generation.events",
    "AttentionRequest": "playground.attention.request",
    "AttentionResult": "playground.attention.result",
    "AttentionStack": "playground.attention.result",
    "AttributeNextProgress": "playground.inside.result",
    "AttributeNextRequest": "playground.inside.request",
    "AttributeNextResult": "playground.inside.result",
    "AttributeRequest": "playground.classification.request",
    "AttributeResult": "playground.classification.result",
    "BadRow": "playground.tables",
    "Beam": "playground.generation.events",
    "BeamNode": "playground.generation.events",
    "BeamStep": "playground.generation.events",
    "Candidate": "playground.generation.events",
    "ChatNext": "playground.tokens.result",
    "ChatTemplate": "playground.tokens.result",
    "ChatTemplateRequest": "playground.tokens.request",
    "ClassifierInfo": "playground.classification.result",
    "ClassifierPlan": "playground.training.events",
    "ClassifyRequest": "playground.classification.request",
    "ClassifyResult": "playground.classification.result",
    "ClassifyTableRequest": "playground.classification.request",
    "CompareRequest": "playground.tokens.request",
    "Comparison": "playground.tokens.result",
    "CorpusRead": "playground.training.language_model.events",
    "Counts": "playground.tokens.result",
    "EmbedRequest": "playground.similarity.request",
    "EmbedResult": "playground.similarity.result",
    "EncodeRequest": "playground.tokens.request",
    "EncodedBatch": "playground.tokens.result",
    "EncodedRow": "playground.tokens.result",
    "Evaluation": "playground.classification.result",
    "Event": "playground.generation.events",
    "Finished": "playground.generation.events",
    "FlatPicture": "playground.similarity.result",
    "GenerateRequest": "playground.generation.request",
    "Generation": "playground.generation.running",
    "GenerationResult": "playground.generation.events",
    "HeldOut": "playground.training.events",
    "HeldRow": "playground.training.events",
    "LabelReading": "playground.classification.result",
    "LanguageModelTrained": "playground.training.language_model.events",
    "LensRequest": "playground.inside.request",
    "LensResult": "playground.inside.result",
    "Link": "playground.links.form",
    "LossLogged": "playground.training.language_model.events",
    "MaskComparison": "playground.tokens.result",
    "MaskRequest": "playground.tokens.request",
    "MergesLearned": "playground.training.language_model.events",
    "Message": "playground.models.tokenizers",
    "ModelMapRequest": "playground.inside.map_request",
    "ModelMapResult": "playground.inside.map_result",
    "NextPiece": "playground.tokens.result",
    "NextTokenResult": "playground.generation.events",
    "PairMeasures": "playground.similarity.result",
    "PerturbRequest": "playground.classification.request",
    "PerturbResult": "playground.classification.result",
    "PieceLoss": "playground.similarity.result",
    "PipelineRequest": "playground.pipelines.request",
    "PipelineResult": "playground.pipelines.result",
    "Playground": "playground.service",
    "PlaygroundError": "playground.errors",
    "Reading": "playground.generation.events",
    "RoleSpan": "playground.tokens.result",
    "Segment": "playground.tokens.result",
    "Settings": "playground.config",
    "Split": "playground.tokens.result",
    "SplitRequest": "playground.tokens.request",
    "SplitSaid": "playground.training.events",
    "Started": "playground.generation.events",
    "Step": "playground.generation.events",
    "Table": "playground.tables",
    "TableFormat": "playground.tables",
    "TableProgress": "playground.classification.result",
    "TableResult": "playground.classification.result",
    "Token": "playground.tokens.result",
    "TokenColumns": "playground.tokens.result",
    "Tokenization": "playground.tokens.result",
    "TokenizeRequest": "playground.tokens.request",
    "TrainClassifierRequest": "playground.training.request",
    "TrainLanguageModelRequest": "playground.training.language_model.request",
    "TrainedClassifier": "playground.training.events",
    "TrainedModel": "playground.models.trained",
    "TrainingBegins": "playground.training.events",
    "TrainingBytes": "playground.training.events",
    "TrainingCheckpoint": "playground.training.language_model.events",
    "TrainingStep": "playground.training.events",
    "TrainingWaits": "playground.training.events",
    "TwinProgress": "playground.generation.result",
    "TwinReply": "playground.generation.result",
    "TwinRequest": "playground.generation.request",
    "TwinResult": "playground.generation.result",
    "TwinSide": "playground.generation.result",
    "TwinToken": "playground.generation.result",
    "Verdict": "playground.links.compare",
    "VocabularyPage": "playground.tokens.result",
    "VocabularyRequest": "playground.tokens.request",
    "Waiting": "playground.generation.events",
    "WarmUp": "playground.service",
    "WordLoss": "playground.similarity.result",
    "WordLossRequest": "playground.similarity.request",
    "WordLossResult": "playground.similarity.result",
    "WordMapResult": "playground.similarity.result",
    "WordMatrixRequest": "playground.similarity.request",
    "WordMatrixResult": "playground.similarity.result",
    "WordPairsRequest": "playground.similarity.request",
    "WordPairsResult": "playground.similarity.result",
    "clustered_order": "playground.similarity.measures",
    "describe_reading": "playground.classification.labels",
    "evaluate_table": "playground.classification.evaluation",
    "guess_columns": "playground.classification.columns",
    "link_to": "playground.links.form",
    "open_link": "playground.links.form",
    "predictions": "playground.classification.evaluation",
    "read_file": "playground.tables",
    "read_lines": "playground.tables",
    "read_link": "playground.links.form",
    "show": "tabs.notebook",  # a view is of the floor above: it comes with the page's parts, when it is asked for
    "spearman": "playground.similarity.measures",
    "spearman_interval": "playground.similarity.measures",
    "verdict": "playground.classification.verdict",
    "write_csv": "playground.tables",
}

__all__ = [
    "Alternative",
    "AttentionRequest",
    "AttentionResult",
    "AttentionStack",
    "AttributeNextProgress",
    "AttributeNextRequest",
    "AttributeNextResult",
    "AttributeRequest",
    "AttributeResult",
    "BadRow",
    "Beam",
    "BeamNode",
    "BeamStep",
    "Candidate",
    "ChatNext",
    "ChatTemplate",
    "ChatTemplateRequest",
    "ClassifierInfo",
    "ClassifierPlan",
    "ClassifyRequest",
    "ClassifyResult",
    "ClassifyTableRequest",
    "CompareRequest",
    "Comparison",
    "CorpusRead",
    "Counts",
    "EmbedRequest",
    "EmbedResult",
    "EncodeRequest",
    "EncodedBatch",
    "EncodedRow",
    "Evaluation",
    "Event",
    "Finished",
    "FlatPicture",
    "GenerateRequest",
    "Generation",
    "GenerationResult",
    "HeldOut",
    "HeldRow",
    "LabelReading",
    "LanguageModelTrained",
    "LensRequest",
    "LensResult",
    "Link",
    "LossLogged",
    "MaskComparison",
    "MaskRequest",
    "MergesLearned",
    "Message",
    "ModelMapRequest",
    "ModelMapResult",
    "NextPiece",
    "NextTokenResult",
    "PairMeasures",
    "PerturbRequest",
    "PerturbResult",
    "PieceLoss",
    "PipelineRequest",
    "PipelineResult",
    "Playground",
    "PlaygroundError",
    "Reading",
    "RoleSpan",
    "Segment",
    "Settings",
    "Split",
    "SplitRequest",
    "SplitSaid",
    "Started",
    "Step",
    "Table",
    "TableFormat",
    "TableProgress",
    "TableResult",
    "Token",
    "TokenColumns",
    "Tokenization",
    "TokenizeRequest",
    "TrainClassifierRequest",
    "TrainLanguageModelRequest",
    "TrainedClassifier",
    "TrainedModel",
    "TrainingBegins",
    "TrainingBytes",
    "TrainingCheckpoint",
    "TrainingStep",
    "TrainingWaits",
    "TwinProgress",
    "TwinReply",
    "TwinRequest",
    "TwinResult",
    "TwinSide",
    "TwinToken",
    "Verdict",
    "VocabularyPage",
    "VocabularyRequest",
    "Waiting",
    "WarmUp",
    "WordLoss",
    "WordLossRequest",
    "WordLossResult",
    "WordMapResult",
    "WordMatrixRequest",
    "WordMatrixResult",
    "WordPairsRequest",
    "WordPairsResult",
    "clustered_order",
    "describe_reading",
    "evaluate_table",
    "guess_columns",
    "link_to",
    "open_link",
    "predictions",
    "read_file",
    "read_lines",
    "read_link",
    "show",
    "spearman",
    "spearman_interval",
    "verdict",
    "write_csv",
]


# transformers replaces its own module while it is imported: a second thread importing it meanwhile keeps an empty one.
IMPORTING = threading.RLock()
no_fork_while_held(IMPORTING)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'playground' has no attribute {name!r}")
    with IMPORTING:
        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
