"""A request -> its result: the model of the task is lent, and the task's own module does the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playground.errors import StoppedError
from playground.pipelines.features import features
from playground.pipelines.fill_mask import fill_mask
from playground.pipelines.question_answering import question_answering
from playground.pipelines.reading import Reader, reader, unknown_tokens
from playground.pipelines.request import SEQ2SEQ, PipelineRequest
from playground.pipelines.result import PipelineResult
from playground.pipelines.seq2seq import seq2seq
from playground.pipelines.tasks import default_model, head_of, removed
from playground.pipelines.token_classification import token_classification
from playground.pipelines.zero_shot import zero_shot

if TYPE_CHECKING:
    from playground.models.manager import ModelManager

STEPS: dict[str, Callable[[Reader, PipelineRequest], dict[str, Any]]] = {
    "feature-extraction": features,
    "fill-mask": fill_mask,
    "zero-shot-classification": zero_shot,
    "token-classification": token_classification,
    "question-answering": question_answering,
}


def run_pipeline(
    manager: ModelManager, request: PipelineRequest, stopped: Callable[[], bool] = lambda: False
) -> PipelineResult:
    """What a task makes of a text, step by step, beside what ``pipeline()`` says.

    Raises:
        InputError: the text can't be used; the message says why.
        ModelError: the model can't be loaded, or has no head for the task.
        StoppedError: it was stopped, and the task is one of a single pass, of which nothing can be shown.
    """
    model_id = request.model_id or default_model(manager.catalog, request.task)
    with manager.lease(model_id, head_of(request.task), request.quantization) as loaded:
        one = reader(loaded)
        found = seq2seq(one, request, stopped) if request.task in SEQ2SEQ else STEPS[request.task](one, request)
        if stopped() and request.task not in SEQ2SEQ:
            raise StoppedError("Stopped before the answer was there.", "Run begins anew.")
        # Of a search each text is a pass; of other tasks the first pass has read what the others read.
        unknown = unknown_tokens(one, found["passes"], each=request.task == "feature-extraction")
        return PipelineResult(
            request=request,
            model_id=loaded.key.model_id,
            pretrained=loaded.pretrained,
            removed=removed(request.task),
            max_length=one.limit,
            **found | {"notes": (*found["notes"], *unknown)},
        )
