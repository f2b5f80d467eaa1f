"""What a pipeline answers, with the numbers of every step; plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from playground.models.pretrained import Pretrained
from playground.pipelines.request import PipelineRequest


@dataclass(frozen=True)
class TensorShape:
    """A tensor that goes into the model, or comes out of it."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class PipelineToken:
    """A token that the model reads: ``start`` and ``end`` are its characters, ``segment`` which text of a pair."""

    token: str
    token_id: int
    special: bool
    segment: int | None
    start: int | None
    end: int | None


@dataclass(frozen=True)
class ModelPass:
    """One run of the model: ``about`` says what it reads; ``cut`` is how many tokens of the text it doesn't."""

    about: str
    tokens: tuple[PipelineToken, ...]
    inputs: tuple[TensorShape, ...]
    outputs: tuple[TensorShape, ...]
    cut: int = 0


@dataclass(frozen=True)
class MaskGuess:
    """A token that may stand for a mask, and the text with it."""

    token_id: int
    token_str: str
    logit: float
    score: float
    sequence: str


@dataclass(frozen=True)
class FilledMask:
    """One mask: ``log_sum`` is log(sum(exp(logit))) of the whole vocabulary, so score = exp(logit - log_sum)."""

    position: int
    log_sum: float
    guesses: tuple[MaskGuess, ...]


@dataclass(frozen=True)
class FillMaskAnswer:
    """What may stand for each mask."""

    type: ClassVar[Literal["fill-mask"]] = "fill-mask"
    vocabulary: int
    masks: tuple[FilledMask, ...]


@dataclass(frozen=True)
class CandidateLabel:
    """One label as a hypothesis: the logits of the NLI model in the order of its labels, and the label's score."""

    label: str
    hypothesis: str
    logits: tuple[float, ...]
    score: float


@dataclass(frozen=True)
class ZeroShotAnswer:
    """Labels in the order in which they were given.

    ``contradiction_id`` is None where entailment logits compete with each other (a softmax over the labels); else each
    label's entailment competes with its own contradiction.
    """

    type: ClassVar[Literal["zero-shot-classification"]] = "zero-shot-classification"
    nli_labels: tuple[str, ...]
    entailment_id: int
    contradiction_id: int | None
    labels: tuple[CandidateLabel, ...]


@dataclass(frozen=True)
class TokenLabel:
    """A token's best label: ``window`` and ``position`` say which token, ``scores`` are those of all labels."""

    window: int
    position: int
    label: str
    score: float
    scores: tuple[float, ...]
    joins: bool


@dataclass(frozen=True)
class Entity:
    """Characters of the text with one label."""

    label: str
    score: float
    word: str
    start: int
    end: int


@dataclass(frozen=True)
class TokenClassificationAnswer:
    """Labels of tokens, of words (empty where the strategy has no such step), and what they are joined to."""

    type: ClassVar[Literal["token-classification"]] = "token-classification"
    labels: tuple[str, ...]
    tokens: tuple[TokenLabel, ...]
    words: tuple[Entity, ...]
    entities: tuple[Entity, ...]


@dataclass(frozen=True)
class AnswerSpan:
    """A candidate: tokens ``first`` to ``last`` of a window are characters ``start`` to ``end`` of the text."""

    window: int
    first: int
    last: int
    start: int
    end: int
    answer: str
    start_logit: float
    end_logit: float
    score: float


@dataclass(frozen=True)
class AnswerWindow:
    """A part of the text: a start and an end logit for each token; ``context`` are the tokens that may be an answer."""

    start_logits: tuple[float, ...]
    end_logits: tuple[float, ...]
    context: tuple[int, int]
    spans_tried: int
    no_answer: float


@dataclass(frozen=True)
class QuestionAnsweringAnswer:
    """The best spans of all windows; ``no_answer`` is the score of the empty one, None where it isn't allowed."""

    type: ClassVar[Literal["question-answering"]] = "question-answering"
    windows: tuple[AnswerWindow, ...]
    spans: tuple[AnswerSpan, ...]
    no_answer: float | None


@dataclass(frozen=True)
class WrittenGuess:
    """A token that could have been written next."""

    token_id: int
    piece: str
    probability: float


@dataclass(frozen=True)
class WrittenToken:
    """One step of the loop. ``ruled`` says that a rule of the generation config chose, not the largest logit."""

    token_id: int
    piece: str
    logit: float
    probability: float
    ruled: bool
    best: tuple[WrittenGuess, ...]


@dataclass(frozen=True)
class Seq2SeqAnswer:
    """A text that was written token by token; ``begins`` are the tokens that the decoder is given."""

    type: ClassVar[Literal["seq2seq"]] = "seq2seq"
    prefix: str
    begins: tuple[str, ...]
    steps: tuple[WrittenToken, ...]
    text: str
    ended: Literal["eos", "length", "stopped"]


@dataclass(frozen=True)
class TextFeatures:
    """A text as numbers: a row of hidden states for each of its first tokens, their mean over all tokens, and its size.

    Of each row the first ``len(states[0])`` numbers are here; ``vector`` is whole, of length 1.
    """

    states: tuple[tuple[float, ...], ...]
    mean: tuple[float, ...]
    norm: float
    vector: tuple[float, ...]


@dataclass(frozen=True)
class FeaturesAnswer:
    """Texts as vectors, and the cosine of every two."""

    type: ClassVar[Literal["feature-extraction"]] = "feature-extraction"
    dimensions: int
    texts: tuple[TextFeatures, ...]
    cosines: tuple[tuple[float, ...], ...]


Answer = (
    FillMaskAnswer
    | ZeroShotAnswer
    | TokenClassificationAnswer
    | QuestionAnsweringAnswer
    | Seq2SeqAnswer
    | FeaturesAnswer
)


@dataclass(frozen=True)
class PipelineResult:
    """A task on a text: what went into the model and came out, what was made of it, and what ``pipeline()`` says.

    ``pipeline`` are its entries as JSON, empty where transformers has no such pipeline (``removed`` says so in a
    sentence). ``max_difference`` is the greatest distance between the two ways; None where there is only one.
    """

    request: PipelineRequest
    model_id: str
    pretrained: Pretrained
    passes: tuple[ModelPass, ...]
    answer: Answer
    pipeline: tuple[str, ...]
    removed: str
    max_difference: float | None
    max_length: int
    notes: tuple[str, ...] = ()
