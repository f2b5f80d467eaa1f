"""A text and any labels -> a score per label, by a model that only knows whether one text implies another (NLI).

Each label becomes a hypothesis ("This example is sports."), the text is the premise, and the logit of *entailment*
speaks for the label. Source: ``ZeroShotClassificationPipeline`` of transformers; Yin et al. 2019.
"""

from __future__ import annotations

from typing import Any

import torch

from playground.classification.labels import label_names
from playground.errors import InputTooLongError, UnsupportedOptionError
from playground.models.families import check_finite
from playground.pipelines.reading import Reader, cut_tokens, entries
from playground.pipelines.request import PipelineRequest
from playground.pipelines.result import CandidateLabel, ModelPass, ZeroShotAnswer


def zero_shot(reader: Reader, request: PipelineRequest) -> dict[str, Any]:
    """The fields of the result.

    Raises:
        UnsupportedOptionError: the model has no label that means entailment.
        InputTooLongError: a hypothesis leaves no room for the text.
    """
    names, _ = label_names(reader.model.config)
    entailment = _entailment_id(reader, names)
    labels = tuple(label.strip() for label in request.candidate_labels or ())
    template = str(request.option("hypothesis_template"))
    alone = bool(request.option("multi_label")) or len(labels) == 1
    contradiction = (-1 if entailment == 0 else 0) % len(names) if alone else None
    passes, logits = [], []
    for label in labels:
        one, row = _pair(reader, request.text, template.format(label))
        passes.append(one)
        logits.append(row)
    table = torch.tensor(logits, dtype=torch.float32)
    if alone:
        scores = table[:, [contradiction, entailment]].softmax(-1)[:, 1].tolist()
    else:
        scores = table[:, entailment].softmax(-1).tolist()
    found = tuple(
        CandidateLabel(label, template.format(label), tuple(row), score)
        for label, row, score in zip(labels, logits, scores, strict=True)
    )
    said = _pipeline(reader, request, labels, template)
    cut = max(one.cut for one in passes)
    used = min(len(one.tokens) for one in passes)
    return {
        "passes": tuple(passes),
        "answer": ZeroShotAnswer(tuple(names), entailment, contradiction, found),
        "pipeline": entries([{"label": name, "score": score} for name, score in said]),
        "max_difference": _distance(found, said),
        "notes": (cut_tokens(used + cut, used),) if cut else (),
    }


def _entailment_id(reader: Reader, names: tuple[str, ...]) -> int:
    """The label that means that the text implies the hypothesis."""
    for number, name in enumerate(names):
        if name.lower().startswith("entail") and len(names) > 1:
            return number
    raise UnsupportedOptionError(
        f"{reader.name} doesn't say whether one text implies another: its labels are {', '.join(names[:6])}.",
        "Pick a model made for NLI, with a label entailment, such as cross-encoder/nli-distilroberta-base.",
    )


def _pair(reader: Reader, text: str, hypothesis: str) -> tuple[ModelPass, list[float]]:
    """One run of the model on the text and one hypothesis, and its logits."""
    own = len(reader.tokenizer(hypothesis, verbose=False)["input_ids"])
    if own + 4 >= reader.limit:
        raise InputTooLongError(
            f"A hypothesis has {own:,} tokens.", f"{reader.name} reads {reader.limit:,}: shorten it."
        )
    whole = len(reader.tokenizer(text, hypothesis, verbose=False)["input_ids"])
    cut = {"truncation": "only_first", "max_length": reader.limit} if whole > reader.limit else {}
    encoding = reader.encode(text, hypothesis, **cut)
    inputs = reader.tensors(encoding)
    logits = reader.run(inputs).logits
    check_finite(reader.model, logits)
    lost = whole - len(encoding["input_ids"])
    return reader.one_pass(hypothesis, reader.tokens(encoding), inputs, {"logits": logits}, lost), (
        logits[0].float().tolist()
    )


def _pipeline(
    reader: Reader, request: PipelineRequest, labels: tuple[str, ...], template: str
) -> list[tuple[str, float]]:
    with reader.pipeline("zero-shot-classification") as pipeline:
        said = pipeline(
            request.text,
            candidate_labels=list(labels),
            hypothesis_template=template,
            multi_label=bool(request.option("multi_label")),
        )
    return list(zip(said["labels"], said["scores"], strict=True))


def _distance(found: tuple[CandidateLabel, ...], said: list[tuple[str, float]]) -> float:
    """Both are sorted first: a label may be given twice."""
    ours = sorted((one.label, one.score) for one in found)
    return max(abs(a[1] - b[1]) for a, b in zip(ours, sorted(said), strict=True))
