"""All that can be asked and answered of what links hold, for those who check types; nothing imports it to run."""

from __future__ import annotations

from playground.attention.request import AttentionRequest
from playground.attention.result import AttentionResult
from playground.classification.request import ClassifyRequest
from playground.classification.result import ClassifyResult
from playground.generation.events import Finished, GenerationResult
from playground.generation.request import GenerateRequest
from playground.pipelines.request import PipelineRequest
from playground.pipelines.result import PipelineResult
from playground.similarity.request import WordLossRequest, WordMatrixRequest
from playground.similarity.result import WordLossResult, WordMatrixResult
from playground.tokens.request import (
    ChatTemplateRequest,
    CompareRequest,
    EncodeRequest,
    MaskRequest,
    TokenizeRequest,
)
from playground.tokens.result import ChatTemplate, Comparison, EncodedBatch, MaskComparison, Tokenization

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
    | WordLossRequest
    | WordMatrixRequest
    | PipelineRequest
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
    | WordLossResult
    | WordMatrixResult
    | PipelineResult
)
