"""What a resident classifier can be asked, and what its logits mean: read from its config, as the pipeline reads it.

Leaves out the texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.classification.labels import label_names
from playground.classification.result import ClassifierInfo, FunctionToApply, LabelProbability
from playground.models.limits import token_limit

if TYPE_CHECKING:
    from playground.classification.batching import Classifier
    from playground.models.manager import LoadedModel, ModelManager

TASK = "text-classification"
PAIR_LABELS = {"ENTAILMENT", "NOT_ENTAILMENT", "CONTRADICTION", "DUPLICATE", "NOT_DUPLICATE", "PARAPHRASE"}
PAIR_TASKS = {"mnli", "qnli", "rte", "wnli", "snli", "anli", "xnli", "mrpc", "qqp", "stsb", "sts-b", "paws"}
PAIR_NAMES = ("nli", "cross-encoder", "rerank", "stsb", "qqp", "mrpc", "paraphrase")


def describe(manager: ModelManager, model_id: str | None = None, quantization: str = "auto") -> ClassifierInfo:
    """What a classifier can be asked; loads it if need be.

    Raises:
        ModelError: the model can't be loaded, or has no classification head.
    """
    with manager.lease(model_id or manager.catalog.default_for(TASK).id, TASK, quantization) as loaded:
        return classifier_info(loaded, head_of(loaded))


@dataclass(frozen=True)
class Head:
    """What can be said of a classifier without computing anything."""

    labels: tuple[str, ...]
    labels_note: str
    max_length: int


def head_of(loaded: LoadedModel) -> Head:
    """The labels and the longest input of a resident classifier."""
    return Head(*label_names(loaded.model.config), token_limit(loaded.model, loaded.tokenizer))


def classifier_info(loaded: LoadedModel, machine: Classifier | Head) -> ClassifierInfo:
    """What a resident classifier can be asked."""
    config = loaded.model.config
    return ClassifierInfo(
        model_id=loaded.key.model_id,
        labels=machine.labels,
        problem_type=problem_type(config),
        function_to_apply=function_to_apply(config),
        max_length=machine.max_length,
        pair_names=pair_names(config, loaded.key.model_id),
        pretrained=loaded.pretrained,
        labels_note=machine.labels_note,
    )


def problem_type(config: Any) -> str:
    """The config's ``problem_type``; where it says nothing, what the pipeline takes it for."""
    if config.problem_type:
        return config.problem_type
    return "single_label_classification" if config.num_labels > 1 else "multi_label_classification"


def function_to_apply(config: Any) -> FunctionToApply:
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
