"""What a playground answers about pipelines.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from playground.models.catalog import ModelSpec
    from playground.pipelines.request import PipelineRequest
    from playground.pipelines.result import PipelineResult
    from playground.pipelines.tasks import ModelAdvice
    from playground.receipt import Receipt


class PipelinesWing(Wing):
    """What a playground answers about pipelines."""

    @heavy("playground.pipelines.run", gpu_seconds=30)
    def pipeline(self, request: PipelineRequest) -> PipelineResult:
        """What a task makes of a text, step by step, beside what ``pipeline(task)`` says."""
        from playground.pipelines.run import run_pipeline

        with self.runs.begin(request.run_id, request.address) as run:
            return run_pipeline(self.manager, request, lambda: run.cancelled)

    def pipeline_models(self, task: str) -> tuple[ModelSpec, ...]:
        """Models of the catalog to offer for a task, those that need no network first."""
        from playground.pipelines.tasks import models_for

        return models_for(self.catalog, task)

    def pipeline_advice(self, task: str, model_id: str = "") -> ModelAdvice:
        """Whether a model can answer at once, and what gets it where it can't."""
        from playground.pipelines.tasks import advice

        return advice(self.manager, task, model_id)

    def pipeline_receipts(self, result: PipelineResult) -> tuple[Receipt, ...]:
        """The plain-transformers Python for a result: by ``pipeline()`` alone where there is one, and step by step."""
        from playground.links.form import linked
        from playground.pipelines.receipt import pipeline_receipts

        link = self.link(result)
        return tuple(linked(receipt, link) for receipt in pipeline_receipts(result))
