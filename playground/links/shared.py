"""All that can be asked and answered of what links hold, for those who check types; nothing imports it to run."""

from __future__ import annotations

from playground.attention.request import AttentionRequest
from playground.attention.result import AttentionResult
from playground.classification.request import AttributeRequest, ClassifyRequest, ClassifyTableRequest, PerturbRequest
from playground.classification.result import AttributeResult, ClassifyResult, PerturbResult, TableResult
from playground.generation.events import Finished, GenerationResult
from playground.generation.request import GenerateRequest, TwinRequest
from playground.generation.result import TwinResult
from playground.inside.map_request import ModelMapRequest
from playground.inside.map_result import ModelMapResult
from playground.inside.request import AttributeNextRequest, LensRequest
from playground.inside.result import AttributeNextResult, LensResult
from playground.pipelines.request import PipelineRequest
from playground.pipelines.result import PipelineResult
from playground.similarity.request import WordLossRequest, WordMatrixRequest, WordPairsRequest
from playground.similarity.result import WordLossResult, WordMatrixResult, WordPairsResult
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
    ChatTemplate,
    Comparison,
    EncodedBatch,
    MaskComparison,
    Split,
    Tokenization,
    VocabularyPage,
)

Asked = (
    ClassifyRequest
    | TokenizeRequest
    | EncodeRequest
    | MaskRequest
    | ChatTemplateRequest
    | CompareRequest
    | AttentionRequest
    | GenerateRequest
    | tuple[GenerateRequest, ...]
    | tuple[ClassifyRequest, ...]
    | tuple[VocabularyRequest, SplitRequest]
    | AttributeRequest
    | PerturbRequest
    | ClassifyTableRequest
    | LensRequest
    | AttributeNextRequest
    | ModelMapRequest
    | TwinRequest
    | VocabularyRequest
    | WordLossRequest
    | WordMatrixRequest
    | PipelineRequest
    | WordPairsRequest
)
Answered = (
    ClassifyResult
    | Tokenization
    | EncodedBatch
    | MaskComparison
    | ChatTemplate
    | Comparison
    | AttentionResult
    | GenerationResult
    | tuple[Finished, ...]
    | tuple[ClassifyResult, ...]
    | tuple[VocabularyPage, Split]
    | AttributeResult
    | PerturbResult
    | TableResult
    | LensResult
    | AttributeNextResult
    | ModelMapResult
    | TwinResult
    | VocabularyPage
    | WordLossResult
    | WordMatrixResult
    | PipelineResult
    | WordPairsResult
)
