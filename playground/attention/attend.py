"""One text -> attention weights per layer and head: self, encoder, decoder and cross.

Attention weights say where a head read from, not why the model answered as it did: a head may look hard at a token
whose value vector is nearly nothing ("Attention is not Explanation", Jain and Wallace 2019). This module leaves out
the values, gradients and attributions, the drawing, and batches of several texts.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from playground.attention.inputs import Inputs, check_request, described, inputs_of, reading_decoder
from playground.attention.request import AttentionRequest
from playground.attention.result import AttentionResult, AttentionStack, AttentionToken
from playground.attention.summary import masks_of, summaries_of
from playground.errors import UnsupportedOptionError
from playground.models.families import decoder_start, explaining, gives_scores, returns_attention, weights_of
from playground.models.pretrained import Pretrained

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from playground.models.manager import ModelManager


def attend(manager: ModelManager, request: AttentionRequest) -> AttentionResult:
    """The attention of a model in the catalog, computed on the eager view of its weights.

    Only eager attention has weights to show: the fused kernels of ``sdpa`` never write them down.

    Raises:
        EmptyInputError: there is no text.
        InputTooLongError: the text is far too long to tokenize.
        UnsupportedOptionError: the model has no attention weights.
        ModelError: the model can't be used.
    """
    check_request(request)
    spec = manager.spec(request.model_id or None)
    request = replace(request, model_id=spec.id)
    with manager.lease(spec.id, spec.task) as loaded:
        with explaining(loaded.model):
            model = loaded.eager
        return attend_model(model, loaded.tokenizer, request, loaded.pretrained)


def attend_model(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: AttentionRequest, pretrained: Pretrained
) -> AttentionResult:
    """The attention of a model that you hold; it must have been loaded with ``attn_implementation="eager"``.

    ``pretrained`` says how it was loaded; only the receipt needs it.

    Raises:
        UnsupportedOptionError: this family has no attention weights of one per query and key, or can't be run like
            this; the message says which.
    """
    check_request(request)
    name = type(model).__name__
    if not returns_attention(model):
        raise UnsupportedOptionError(f"{name} has no attention weights to return.", "Pick another model.")
    inputs, outputs = _run(model, tokenizer, request)
    return _result(model, tokenizer, request, pretrained, inputs, outputs)


@torch.inference_mode()
def _run(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: AttentionRequest) -> tuple[Inputs, Any]:
    """The inputs, and what the model returns for them."""
    inputs = inputs_of(model, tokenizer, request)
    options: dict[str, Any] = {"output_attentions": True, "return_dict": True}
    if "use_cache" in inspect.signature(model.forward).parameters:
        options["use_cache"] = False
    if inputs.decoder_reads != "input":
        with explaining(model):
            return inputs, model(**inputs.tensors, **options)
    with explaining(model), reading_decoder(model) as read:
        try:
            outputs = model(**inputs.tensors, **options)
            inputs.decoder_ids = list(read)
        except (ValueError, TypeError):  # a bare T5 or NLLB-MoE gives its decoder nothing by itself
            inputs.decoder_ids = [decoder_start(model), *inputs.tensors["input_ids"][0].tolist()[:-1]]
            inputs.tensors["decoder_input_ids"] = torch.tensor([inputs.decoder_ids], device=model.device)
            outputs = model(**inputs.tensors, **options)
    return inputs, outputs


def _result(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    request: AttentionRequest,
    pretrained: Pretrained,
    inputs: Inputs,
    outputs: Any,
) -> AttentionResult:
    """Every kind of attention that the model returned, with its tokens."""
    encoder = inputs.tokens
    sides = {"": (encoder, encoder)}
    if inputs.decoder_reads:
        decoder = described(tokenizer, inputs.decoder_ids, [1] * len(inputs.decoder_ids))
        sides = {"encoder_": (encoder, encoder), "decoder_": (decoder, decoder), "cross_": (decoder, encoder)}
    separators = {tokenizer.sep_token_id, tokenizer.eos_token_id} - {None}
    stacks = [
        _stack(f"{prefix}attentions", outputs, queries, keys, model, separators)
        for prefix, (queries, keys) in sides.items()
    ]
    return AttentionResult(
        request=request,
        model_type=model.config.model_type,
        pretrained=pretrained,
        stacks=tuple(stacks),
        tokens_given=inputs.given,
        tokens_shown=len(encoder) - request.padding,
        pad_token_id=inputs.pad_token_id,
        decoder_reads=inputs.decoder_reads,
        written=inputs.written,
    )


def _stack(
    name: str,
    outputs: Any,
    queries: tuple[AttentionToken, ...],
    keys: tuple[AttentionToken, ...],
    model: PreTrainedModel,
    separators: set[int],
) -> AttentionStack:
    """One kind of attention, taken from what the model returned."""
    kind = name.removesuffix("attentions").rstrip("_") or "self"
    weights = weights_of(model, outputs, name, len(queries), len(keys))[:, 0]
    masks, mask_of_layer = masks_of(weights, queries, keys, kind, model.config)
    layers, heads = weights.shape[:2]
    return AttentionStack(
        kind=kind,
        queries=queries,
        keys=keys,
        layers=layers,
        heads=heads,
        data=weights.cpu().contiguous().numpy().astype("<f4", copy=False).tobytes(),
        masks=masks,
        mask_of_layer=mask_of_layer,
        summaries=summaries_of(weights, queries, keys, kind != "cross", separators),
        from_scores=gives_scores(model, name),
    )
