"""A model -> the whole of it in one picture: its modules, what they cost, a text on its way, and one head unrolled.

It is drawn from the model's own modules, for any family. It leaves out what the tensors mean (`lens`, `attribute`).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from playground.attention.inputs import Inputs, inputs_of, reading_decoder
from playground.attention.request import AttentionRequest
from playground.errors import UnsupportedOptionError
from playground.inside.inputs import tokens_of
from playground.inside.map_flow import Flow, flow_of
from playground.inside.map_head import HeadWatch, chosen, unfit, unrolled
from playground.inside.map_parts import parts_of, shares_of
from playground.inside.map_request import MAX_MAP_TOKENS, ModelMapRequest
from playground.inside.map_result import HeadUnrolled, MapAttention, MapPart, ModelMapResult
from playground.inside.map_run import Run, attentions_of
from playground.models.families import check_finite, decoder_start, explaining, is_classifier
from playground.models.private_view import private_view

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from playground.models.lending import LoadedModel
    from playground.models.manager import ModelManager

PROBE = "a"  # what a model reads where there is no text, to find the order of its parts


def model_map(manager: ModelManager, request: ModelMapRequest) -> ModelMapResult:
    """A model of the catalog, drawn from its own modules.

    Raises:
        InputError: the text, or the head that is asked for, can't be used.
        ModelError: the model can't be used.
    """
    spec = manager.spec(request.model_id) if request.model_id else manager.catalog.default_for("text-generation")
    task = request.task or spec.task
    with manager.lease(spec.id, task, request.quantization) as loaded:
        return _drawn(loaded, replace(request, model_id=spec.id, task=task))


def _drawn(loaded: LoadedModel, request: ModelMapRequest) -> ModelMapResult:
    """All that is known of a resident model; what it can't do on a text is a note."""
    model = loaded.model
    parts = parts_of(model)
    result = ModelMapResult(
        request=request,
        model_class=type(model).__name__,
        model_type=model.config.model_type,
        pretrained=loaded.pretrained,
        parameters=parts[0].parameters,
        bytes=parts[0].bytes,
        ran=False,
        parts=parts,
        shares=shares_of(parts),
    )
    try:
        return _followed(loaded, result)
    except UnsupportedOptionError as error:
        note = f"Its parts stand in the order of its class: {error.message}"
        return replace(result, unfit=error.message, notes=(note,))


def _followed(loaded: LoadedModel, result: ModelMapResult) -> ModelMapResult:
    """The same with the order of the parts and, with a text, what they return for it."""
    request, model = result.request, loaded.model
    has_text = bool(request.text.strip())
    inputs = _inputs(loaded, request if has_text else replace(request, text=PROBE, decoder_text=PROBE))
    run = Run(view := private_view(model), result.parts)
    decoder_ids = _run(view, inputs, run)
    attentions = attentions_of(run, model, result.parts)
    flows = {name: flow_of(call, run.is_block) for name, call in run.kept.items()}
    found = replace(
        result,
        ran=True,
        parts=tuple(_ordered(part, run, flows) for part in result.parts),
        attentions=attentions,
        unfit="" if attentions else unfit(model).message,
    )
    if not has_text:
        return found
    ids = tuple(one.token_id for one in inputs.tokens)
    lengths = {one.stack: len(decoder_ids if one.stack in ("decoder", "cross") else ids) for one in attentions}
    found = replace(
        found,
        tokens=tokens_of(loaded.tokenizer, ids),
        decoder_tokens=tokens_of(loaded.tokenizer, decoder_ids),
        decoder_reads=inputs.decoder_reads,
        states=tuple(run.states.values()),
        notes=tuple(_notes(inputs, request)),
    )
    if request.layer is None or not attentions:
        return found
    try:
        return replace(found, head=_head(model, inputs, found, lengths))
    except UnsupportedOptionError as error:
        return replace(found, unfit=error.message)


def _notes(inputs: Inputs, request: ModelMapRequest) -> Iterator[str]:
    if inputs.given > len(inputs.tokens):
        yield f"The text has {inputs.given:,} tokens; its first {len(inputs.tokens)} are read."
    if request.decoder_text.strip() and not inputs.decoder_reads:
        yield "This model has no decoder: what one should read is left out."


def _inputs(loaded: LoadedModel, request: ModelMapRequest) -> Inputs:
    """What the model gets; a body of two sides that can't write gets the text, shifted, for its decoder."""
    model = loaded.model
    second = request.decoder_text if model.config.is_encoder_decoder else ""
    asked = AttentionRequest(request.text, second_text=second, max_tokens=MAX_MAP_TOKENS)
    inputs = inputs_of(model, loaded.tokenizer, asked)
    if inputs.decoder_reads == "input" and not is_classifier(model):
        shifted = [decoder_start(model), *inputs.tensors["input_ids"][0].tolist()[:-1]]
        inputs.tensors["decoder_input_ids"] = torch.tensor([shifted], device=model.device)
    return inputs


def _run(view: PreTrainedModel, inputs: Inputs, watch: Run | HeadWatch) -> tuple[int, ...]:
    """The ids that the decoder read, if there is one; the model has read its inputs under the eyes of a watch."""
    options: dict[str, Any] = {"return_dict": True}
    if "use_cache" in inspect.signature(view.forward).parameters:
        options["use_cache"] = False
    read: list[int] = []
    with torch.inference_mode(), explaining(view):
        if not inputs.decoder_reads:
            with watch:
                answer = view(**inputs.tensors, **options)
        else:
            with reading_decoder(view) as read, watch:
                answer = view(**inputs.tensors, **options)
        check_finite(view, next(iter(answer.values())))
    return tuple(read)


def _ordered(part: MapPart, run: Run, flows: dict[str, Flow]) -> MapPart:
    """A part with its place in the run, and what flows through it; a list reads what its first member does."""
    order = run.order.get(part.name)
    if part.kind in ("stack", "list"):
        inside = [place for name, place in run.order.items() if name.startswith(f"{part.name}.")]
        order = min(inside, default=None)
    flow = flows.get(part.name, Flow())
    own = (
        part.name if part.name in run.order else next((one for one in run.order if one.startswith(f"{part.name}.")), "")
    )
    reads = next((one.reads[own] for one in flows.values() if own in one.reads), "")
    return replace(part, order=order, calls=run.calls.get(part.name, 0), reads=reads, joins=tuple(flow.joins))


def _head(model: PreTrainedModel, inputs: Inputs, found: ModelMapResult, lengths: dict[str, int]) -> HeadUnrolled:
    """The head that is asked for, from a second run that keeps its numbers."""
    place = chosen(found.request, found.attentions, lengths)
    attention: MapAttention = found.attentions[place]
    watch = HeadWatch(view := private_view(model), place, attention)
    _run(view, inputs, watch)
    return unrolled(watch, model, attention, found.request)
