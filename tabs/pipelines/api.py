"""The public endpoint of pipelines; its answer is the result of `playground.pipelines`."""

from __future__ import annotations

import gradio as gr

import playground as pg
from server.arrival import address_of
from tabs.page import publish


class PipelinesApi:
    """The endpoint over one playground."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds it to the page that is being built."""
        publish(self.pipeline, concurrency_id="pipelines", concurrency_limit=2)

    def pipeline(
        self,
        request: gr.Request,
        task: str = "feature-extraction",
        text: str = "",
        model_id: str = "",
        quantization: str = "auto",
        texts: list[str] | None = None,
        top_k: int | None = None,
        targets: list[str] | None = None,
        candidate_labels: list[str] | None = None,
        hypothesis_template: str | None = None,
        multi_label: bool | None = None,
        aggregation_strategy: str | None = None,
        stride: int | None = None,
        question: str | None = None,
        max_answer_len: int | None = None,
        max_seq_len: int | None = None,
        doc_stride: int | None = None,
        handle_impossible_answer: bool | None = None,
        prefix: str | None = None,
        max_new_tokens: int | None = None,
    ) -> pg.PipelineResult:
        """What a task makes of a text, with the tensors of every step, beside what pipeline(task) says.

        Args:
            task: feature-extraction, fill-mask, zero-shot-classification, token-classification, question-answering,
                summarization, translation or text2text-generation.
            text: what is read: with [MASK] in it for fill-mask, the context for question-answering.
            model_id: a model of the catalog; empty is the first for the task.
            quantization: how the weights are held.
            texts: feature-extraction: what the text is compared with.
            top_k: fill-mask: how many words for each mask; question-answering: how many answers.
            targets: fill-mask: the only words that may be chosen.
            candidate_labels: zero-shot-classification: the labels.
            hypothesis_template: zero-shot-classification: the sentence that a label becomes, {} for the label.
            multi_label: zero-shot-classification: each label for itself.
            aggregation_strategy: token-classification: none, simple, first, average or max.
            stride: token-classification: reads a long text in windows that overlap by so many tokens.
            question: question-answering: the question.
            max_answer_len: question-answering: the longest answer, in tokens.
            max_seq_len: question-answering: the longest window, in tokens.
            doc_stride: question-answering: by how many tokens windows overlap.
            handle_impossible_answer: question-answering: whether the text may have no answer.
            prefix: summarization and its like: what stands before the text; by default what the model's config says.
            max_new_tokens: summarization and its like: the most tokens that are written.

        Returns:
            the answer (its type says of which task), the runs of the model with their tokens and tensor shapes, what
            pipeline() returned and the greatest difference between the two.
        """
        asked = {name: value for name, value in locals().items() if name not in ("self", "request")}
        lists = ("texts", "targets", "candidate_labels")
        asked |= {name: tuple(asked[name]) for name in lists if asked[name] is not None}
        return self._playground.pipeline(pg.PipelineRequest(**asked, address=address_of(request)))
