"""Results of pipelines -> what the view draws: the answer first, then every step that leads there.

What is particular to a task stands in `answers_format`; here is what all share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import playground as pg
from playground.pipelines.result import ModelPass, TensorShape
from playground.texts import shown_text
from playground.units import format_difference
from playground.wire import to_json
from tabs.pipelines.answers_format import Told, tell

MOST_TOKENS = 400  # that are shown of one pass
PREVIEW = {
    "feature-extraction": ("a vector for each token", "their mean → length 1 → cosine"),
    "fill-mask": ("a logit for every token of the vocabulary, at each mask", "softmax → the most probable tokens"),
    "zero-shot-classification": ("text and “This example is …” → entailment or contradiction", "softmax over labels"),
    "token-classification": ("a logit for every label, at each token", "softmax → tokens joined to names by offsets"),
    "question-answering": ("a start and an end logit for each token", "the best pair: end behind start, not too long"),
}
LOOP = ("the encoder reads once; the decoder gives a logit for every token", "the best is written, and read again")


def format_result(result: pg.PipelineResult, title: str, asked: Sequence[Any] = ()) -> dict[str, Any]:
    """The view's value for a result; ``asked`` are the fields that it came from: others make it an old one."""
    told = tell(result)
    held = result.pretrained
    return {
        "task": result.request.task,
        "asked": list(asked),
        "title": told.headline,
        "origin": f"{title} · {held.dtype} · {held.device}",
        "notes": list(result.notes),
        "hero": told.hero,
        "heading": "Without a pipeline" if result.removed else "In one line",
        "call": _call(result, told),
        "said": list(result.pipeline[:12]),
        "more": max(0, len(result.pipeline) - 12),
        "removed": result.removed,
        **_difference(result),
        "passes": [_pass(one) for one in result.passes],
        "opens": told.opens,
        "model": held.auto_class,
        "steps": told.steps,
        "after": told.after,
        "rows": told.rows,
        "json": to_json(result.answer, short=True),
    }


def format_preview(task: str, advice: Any) -> dict[str, Any]:
    """What stands in place of an answer: what the task does, and which model it takes where none is here."""
    model, after = PREVIEW.get(task, LOOP)
    return {
        "task": task,
        "preview": ["text → tokens, each with its id", model, after],
        "state": advice.state,
        "sentence": advice.sentence,
        "command": advice.command,
    }


def _difference(result: pg.PipelineResult) -> dict[str, str | None]:
    """How far apart the two ways are, where there are two."""
    if result.max_difference is None:
        return {"difference": None, "comment": ""}
    difference, comment = format_difference(result.max_difference, result.pretrained.dtype)
    return {"difference": difference, "comment": comment}


def _call(result: pg.PipelineResult, told: Told) -> str:
    """The one line; of a task that has none any more the Auto class."""
    held, task = result.pretrained, result.request.task
    if result.removed:
        needed = {held.auto_class, "AutoTokenizer"} if told.given else {held.auto_class}
        lines = [f"{held.imports(*needed)}name = {held.expression}", f"model = {held.auto_class}.from_pretrained(name)"]
        if told.given:
            lines += ["tokenizer = AutoTokenizer.from_pretrained(name)", f"ids = model.generate({told.given})"]
            lines += ["tokenizer.decode(ids[0], skip_special_tokens=True)"]
        return "\n".join(lines)
    return f'{held.imports("pipeline")}pipeline("{task}",\n  model={held.expression})(\n  {told.given})'


def _pass(one: ModelPass) -> dict[str, Any]:
    """A run of the model; of a long text the first tokens."""
    return {
        "about": one.about,
        "inputs": [_shape(shape) for shape in one.inputs],
        "outputs": [_shape(shape) for shape in one.outputs],
        "tokens": [
            {"text": shown_text(token.token), "id": token.token_id, "special": token.special, "segment": token.segment}
            for token in one.tokens[:MOST_TOKENS]
        ],
        "count": len(one.tokens),
    }


def _shape(one: TensorShape) -> str:
    return f"{one.name} [{', '.join(map(str, one.shape))}] {one.dtype}"
