"""The public endpoint of pipelines; its answer is the result of `playground.pipelines`."""

from __future__ import annotations

from typing import Any

import gradio as gr

import playground as pg
from playground.errors import InputError
from playground.pipelines.request import OPTIONS
from server.arrival import address_of
from tabs.page import publish
from tabs.pipelines.examples import FIRST


class PipelinesApi:
    """The endpoint over one playground."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds it to the page that is being built."""
        publish(self.pipeline, examples={"text": FIRST.text}, concurrency_id="pipelines", concurrency_limit=2)

    def pipeline(
        self,
        request: gr.Request,
        task: str = "feature-extraction",
        text: str = "",
        model_id: str = "",
        quantization: str = "auto",
        texts: list[str] | None = None,
        candidate_labels: list[str] | None = None,
        question: str = "",
        options: dict[str, Any] | None = None,
    ) -> pg.PipelineResult:
        """What a task makes of a text, with the tensors of every step, beside what pipeline(task) says.

        Args:
            task: one of feature-extraction, fill-mask, zero-shot-classification, token-classification,
                question-answering, summarization, translation and text2text-generation.
            text: what is read: with [MASK] in it for fill-mask, the context for question-answering.
            model_id: a model of the catalog; empty is the first for the task.
            quantization: how the weights are held.
            texts: for feature-extraction: what the text is compared with.
            candidate_labels: for zero-shot-classification: the labels.
            question: for question-answering: the question.
            options: what else the task takes, by name. fill-mask: top_k, targets; zero-shot-classification:
                hypothesis_template, multi_label; token-classification: aggregation_strategy, stride;
                question-answering: max_answer_len, max_seq_len, doc_stride, handle_impossible_answer, top_k;
                summarization and its like: prefix, max_new_tokens.

        Returns:
            answer (its type says of which task), passes (the runs of the model with tokens and tensor shapes), pipeline
            (what pipeline() returned) and max_difference, the greatest distance between the two.
        """
        own = {"texts": texts, "candidate_labels": candidate_labels, "question": question}
        more = _known(task, options or {})
        asked = pg.PipelineRequest(task, text, model_id, quantization, address=address_of(request), **own | more)  # type: ignore[arg-type]
        return self._playground.pipeline(asked)


def _known(task: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options, if they are such of any task; that the task has them is checked with the rest.

    Raises:
        InputError: a name is none.
    """
    known = {name for one in OPTIONS.values() for name in one}
    if unknown := sorted(options.keys() - known):
        raise InputError(f"{task} has no option {unknown[0][:40]}.", f"It has {', '.join(OPTIONS.get(task, known))}.")
    return options
