"""Text -> label probabilities, with every number between the text and the label.

``pipeline("text-classification")`` is four steps: the tokenizer turns text into ``input_ids``, the model turns those
into one logit per label, softmax (or sigmoid, or nothing) turns logits into probabilities, and ``id2label`` names
them. `classify` does these steps one by one, runs the real pipeline beside them and says how far the two are apart.

Leaves out many texts at once (`rows`), why a label was chosen (`attribution`) and how forward passes are shared
(`batching`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from playground.classification.batching import Classifier, classifier
from playground.errors import EmptyInputError
from playground.texts import usable_text

if TYPE_CHECKING:
    from transformers import BatchEncoding

    from playground.models.manager import ModelManager

TASK = "text-classification"
MAX_CHARACTERS = 200_000
PAIR_LABELS = {"ENTAILMENT", "NOT_ENTAILMENT", "CONTRADICTION", "DUPLICATE", "NOT_DUPLICATE", "PARAPHRASE"}
PAIR_TASKS = {"mnli", "qnli", "rte", "wnli", "snli", "anli", "xnli", "mrpc", "qqp", "stsb", "sts-b", "paws"}
PAIR_NAMES = ("nli", "cross-encoder", "rerank", "stsb", "qqp", "mrpc", "paraphrase")


@dataclass(frozen=True)
class ClassifyRequest:
    """One text, or a pair of texts, for one model; ``model_id`` None takes the catalog's first."""

    text: str
    text_pair: str | None = None
    model_id: str | None = None
    quantization: str = "auto"


@dataclass(frozen=True)
class ClassifierInfo:
    """What a classifier can be asked, known once it is loaded; ``source`` is what ``from_pretrained`` gets."""

    model_id: str
    source: str
    labels: tuple[str, ...]
    problem_type: str
    function_to_apply: Literal["softmax", "sigmoid", "none"]
    max_length: int
    pair_names: tuple[str, str] | None
    dtype: str
    device: str
    quantization: str


@dataclass(frozen=True)
class Token:
    """One token of an encoded text; ``start`` and ``end`` are character offsets into the text of its ``segment``."""

    token: str
    token_id: int
    attention_mask: int
    token_type_id: int | None
    special: bool
    segment: int | None
    word: int | None
    start: int | None
    end: int | None


@dataclass(frozen=True)
class LabelProbability:
    """One label with its logit and what became of it.

    ``probability`` is the softmax or sigmoid of the logit; a regression model's is the logit itself, as the pipeline
    returns it.
    """

    label_id: int
    label: str
    logit: float
    probability: float


@dataclass(frozen=True)
class PipelineLabel:
    """One entry of what ``pipeline()`` returns, in its own words."""

    label: str
    score: float


@dataclass(frozen=True)
class ClassifyResult:
    """Everything between a text and its label; ``labels`` in the order of their ids, ``pipeline`` best first."""

    request: ClassifyRequest
    info: ClassifierInfo
    tokens: tuple[Token, ...]
    labels: tuple[LabelProbability, ...]
    pipeline: tuple[PipelineLabel, ...]
    max_difference: float
    entropy_bits: float | None
    tokens_used: int
    tokens_total: int
    cut_at: int | None
    cut_pair_at: int | None

    @property
    def best(self) -> LabelProbability:
        """The label with the highest probability."""
        return max(self.labels, key=lambda label: label.probability)


def classify(manager: ModelManager, request: ClassifyRequest) -> ClassifyResult:
    """The label probabilities of one text, step by step, beside what ``pipeline()`` says.

    Raises:
        EmptyInputError, InputTooLongError, InputError: the text can't be used; the message says why.
        ModelError: the model can't be loaded, or has no classification head.
    """
    check_text(request.text)
    if request.text_pair:
        check_text(request.text_pair)
    model_id = request.model_id or manager.catalog.default_for(TASK).id
    with manager.lease(model_id, TASK, request.quantization) as loaded:
        machine = classifier(loaded)
        with machine.arriving():
            info = classifier_info(loaded, machine)
            encoding = machine.encode(request.text, request.text_pair or None)
            total = count_tokens(machine, encoding, request)
        pipeline_input = {"text": request.text} | ({"text_pair": request.text_pair} if request.text_pair else {})
        coming = machine.submit(encoding, pipeline_input)
        tokens = tokens_of(encoding)  # while the model works
        cut_at, cut_pair_at = _cuts(encoding, request, len(encoding["input_ids"]) < total)
        answer = coming.result()
    assert answer.pipeline is not None
    labels = label_probabilities(answer.logits, info)
    return ClassifyResult(
        request=request,
        info=info,
        tokens=tokens,
        labels=labels,
        pipeline=tuple(PipelineLabel(label, score) for label, score in answer.pipeline),
        max_difference=max_difference(labels, answer.pipeline),
        entropy_bits=entropy_bits([label.probability for label in labels])
        if info.function_to_apply == "softmax"
        else None,
        tokens_used=len(encoding["input_ids"]),
        tokens_total=total,
        cut_at=cut_at,
        cut_pair_at=cut_pair_at,
    )


def describe(manager: ModelManager, model_id: str | None = None, quantization: str = "auto") -> ClassifierInfo:
    """What a classifier can be asked; loads it if need be.

    Raises:
        ModelError: the model can't be loaded, or has no classification head.
    """
    with manager.lease(model_id or manager.catalog.default_for(TASK).id, TASK, quantization) as loaded:
        return classifier_info(loaded, classifier(loaded))


def classifier_info(loaded: Any, machine: Classifier) -> ClassifierInfo:
    """What a resident classifier can be asked."""
    config = loaded.model.config
    return ClassifierInfo(
        model_id=loaded.key.model_id,
        source=loaded.spec.id if loaded.spec.source == "hub" else str(loaded.folder),
        labels=tuple(config.id2label[number] for number in range(config.num_labels)),
        problem_type=problem_type(config),
        function_to_apply=function_to_apply(config),
        max_length=machine.max_length,
        pair_names=pair_names(config, loaded.key.model_id),
        dtype=loaded.dtype,
        device=loaded.device,
        quantization=loaded.key.quantization,
    )


def problem_type(config: Any) -> str:
    """The config's ``problem_type``; where it says nothing, what the pipeline takes it for."""
    if config.problem_type:
        return config.problem_type
    return "single_label_classification" if config.num_labels > 1 else "multi_label_classification"


def function_to_apply(config: Any) -> Literal["softmax", "sigmoid", "none"]:
    """``softmax``, ``sigmoid`` or ``none``: what turns this model's logits into what is shown.

    Source: ``TextClassificationPipeline.postprocess`` in transformers. One label without a problem type gets a
    sigmoid, not a softmax, which would always be 1.
    """
    if config.problem_type == "regression":
        return "none"
    if config.problem_type == "multi_label_classification" or config.num_labels == 1:
        return "sigmoid"
    return "softmax"


def pair_names(config: Any, model_id: str) -> tuple[str, str] | None:
    """What the two texts of a pair model are called, or None for a model of single texts.

    Nothing in a checkpoint says it outright, so its labels, its ``finetuning_task`` and its id are read.
    """
    labels = {str(label).upper().replace(" ", "_") for label in config.id2label.values()}
    task = str(getattr(config, "finetuning_task", None) or "").lower()
    name = model_id.lower()
    if labels & {"ENTAILMENT", "CONTRADICTION"} or task in ("mnli", "snli", "anli", "xnli", "rte", "wnli"):
        return ("premise", "hypothesis")
    if labels & PAIR_LABELS or task in PAIR_TASKS:
        return ("first text", "second text")
    if hasattr(config, "sentence_transformers") or any(part in name for part in PAIR_NAMES):
        return ("query", "passage") if "rerank" in name or "marco" in name else ("first text", "second text")
    return None


def check_text(text: str) -> None:
    """Nothing, if the text can be classified.

    Raises:
        EmptyInputError: there is no text.
        InputTooLongError: there are more than MAX_CHARACTERS characters.
        InputError: half of a character stands in it, which no tokenizer can read.
    """
    if not text.strip():
        raise EmptyInputError("There is no text yet.", "Type a sentence, or pick an example.")
    usable_text(text, MAX_CHARACTERS)


def count_tokens(machine: Classifier, encoding: BatchEncoding, request: ClassifyRequest) -> int:
    """How many tokens the text has before it is cut."""
    if len(encoding["input_ids"]) < machine.max_length:
        return len(encoding["input_ids"])
    return len(machine.encode(request.text, request.text_pair or None, truncate=False)["input_ids"])


def tokens_of(encoding: BatchEncoding) -> tuple[Token, ...]:
    """The tokens of an encoded text with all that the tokenizer says about them."""
    ids = encoding["input_ids"]
    fast = encoding.is_fast
    offsets = encoding["offset_mapping"] if fast else [(None, None)] * len(ids)
    segments = encoding.sequence_ids() if fast else [None] * len(ids)
    words = encoding.word_ids() if fast else [None] * len(ids)
    types = encoding.get("token_type_ids", [None] * len(ids))
    names = encoding.tokens() if fast else [str(token_id) for token_id in ids]
    return tuple(
        Token(
            token=names[n],
            token_id=ids[n],
            attention_mask=encoding["attention_mask"][n],
            token_type_id=types[n],
            special=bool(encoding["special_tokens_mask"][n]),
            segment=segments[n],
            word=words[n],
            start=offsets[n][0] if segments[n] is not None else None,
            end=offsets[n][1] if segments[n] is not None else None,
        )
        for n in range(len(ids))
    )


def label_probabilities(logits: Sequence[float], info: ClassifierInfo) -> tuple[LabelProbability, ...]:
    """Each label with its logit and the probability that comes of it."""
    probabilities = APPLY[info.function_to_apply](logits)
    return tuple(
        LabelProbability(number, label, logit, probability)
        for number, (label, logit, probability) in enumerate(zip(info.labels, logits, probabilities, strict=True))
    )


def softmax(logits: Sequence[float]) -> list[float]:
    """``exp(logit)`` as a share of the sum over all labels; the greatest logit is taken off first, so none overflows.

    >>> [round(p, 3) for p in softmax([2.0, 1.0, 0.0])]
    [0.665, 0.245, 0.09]
    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    greatest = max(logits)
    exps = [math.exp(logit - greatest) for logit in logits]
    return [value / sum(exps) for value in exps]


def sigmoid(logits: Sequence[float]) -> list[float]:
    """Each label's own probability, ``1 / (1 + exp(-logit))``: they don't compete, so they don't add up to 1.

    >>> [round(p, 3) for p in sigmoid([0.0, 2.0, -1000.0])]
    [0.5, 0.881, 0.0]
    """
    return [1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x)) for x in logits]


APPLY: dict[str, Callable[[Sequence[float]], list[float]]] = {"softmax": softmax, "sigmoid": sigmoid, "none": list}


def entropy_bits(probabilities: Sequence[float]) -> float:
    """How undecided the model is, in bits: 0 when one label has it all, log2(labels) when all are equal.

    >>> entropy_bits([0.25, 0.25, 0.25, 0.25]), entropy_bits([1.0, 0.0])
    (2.0, 0.0)
    """
    return sum(-p * math.log2(p) for p in probabilities if p > 0) + 0.0


def max_difference(labels: Sequence[LabelProbability], pipeline: Sequence[tuple[str, float]]) -> float:
    """The greatest distance between a probability of ours and the pipeline's for the same label.

    Both are sorted first: a model may give two labels the same name, and the pipeline sorts by probability.
    """
    ours = sorted((label.label, label.probability) for label in labels)
    theirs = sorted(pipeline)
    return max(abs(a[1] - b[1]) for a, b in zip(ours, theirs, strict=True))


def verdict(result: ClassifyResult) -> str:
    """One sentence in plain language: what the model says, and how sure it is."""
    best = result.best
    if result.info.function_to_apply == "none":
        numbers = ", ".join(f"{label.label} = {label.logit:.3g}" for label in result.labels)
        return f"This is a regression model: it answers with a number, {numbers}."
    if result.info.function_to_apply == "sigmoid":
        return _verdict_of_many(result)
    ranked = sorted(result.labels, key=lambda label: -label.probability)
    if best.probability < 0.5:
        return (
            f"The model is torn: {best.label} comes first with only {_percent(best.probability)}, "
            f"before {ranked[1].label} with {_percent(ranked[1].probability)}."
        )
    how = "very confident" if best.probability >= 0.9 else "fairly confident" if best.probability >= 0.7 else "leaning"
    joint = "towards" if how == "leaning" else "that the answer is"
    return f"The model is {how} {joint} {best.label} ({_percent(best.probability)})."


def _verdict_of_many(result: ClassifyResult) -> str:
    chosen = [label for label in result.labels if label.probability >= 0.5]
    named = ", ".join(f"{label.label} ({_percent(label.probability)})" for label in chosen)
    if len(result.labels) == 1:
        return f"The model has one label, {result.best.label}, and gives it {_percent(result.best.probability)}."
    if not chosen:
        nearest = f"{result.best.label} ({_percent(result.best.probability)})"
        return f"None of the {len(result.labels)} labels reaches 50 %; nearest is {nearest}."
    return f"{len(chosen)} of {len(result.labels)} labels apply: {named}. Each label is judged on its own."


def _percent(probability: float) -> str:
    """A probability as people write it; never 100 % unless it is."""
    shown = f"{probability * 100:.0f} %"
    return shown if shown != "100 %" or probability == 1 else ">99 %"


def _cuts(encoding: BatchEncoding, request: ClassifyRequest, cut: bool) -> tuple[int | None, int | None]:
    """The characters at which the text and its pair were cut, None where nothing is missing."""
    if not cut or not encoding.is_fast:
        return None, None
    ends = {0: 0, 1: 0}
    for segment, (_, end) in zip(encoding.sequence_ids(), encoding["offset_mapping"], strict=True):
        if segment is not None:
            ends[segment] = max(ends[segment], end)
    text, pair = request.text.rstrip(), (request.text_pair or "").rstrip()
    return ends[0] if ends[0] < len(text) else None, ends[1] if ends[1] < len(pair) else None
