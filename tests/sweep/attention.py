"""Attention weights of every family."""

from __future__ import annotations

import inspect
from typing import Any

import torch

import playground as pg
from tests.sweep.check import Sample, capability


@capability("attention")
def attention(sample: Sample) -> None:
    """Every weight is that of the plain model, loaded with eager attention."""
    result = sample.playground.attend(pg.AttentionRequest(sample.text, model_id=sample.model_id))
    inputs: dict[str, Any] = dict(sample.tokenizer(sample.text, return_tensors="pt"))
    known = inspect.signature(sample.eager.forward).parameters
    inputs = {name: row for name, row in inputs.items() if name in known}
    if result.decoder_reads == "written":
        read = torch.tensor([[token.token_id for token in result.stack("decoder").queries]])
        written = sample.eager.generate(**inputs, max_new_tokens=24, do_sample=False, num_beams=1)
        sample.equal(read, written[:, : read.shape[1]])
        inputs["decoder_input_ids"] = read
    with torch.no_grad():
        outputs = _plain(sample, inputs)
    for stack in result.stacks:
        name = "attentions" if stack.kind == "self" else f"{stack.kind}_attentions"
        sample.equal(stack.weights, torch.stack([as_weights(layer)[0] for layer in outputs[name]]))
        assert float(stack.weights.min()) >= 0 and float(stack.weights.sum(axis=-1).max()) <= 1 + 1e-4


def as_weights(layer: torch.Tensor) -> torch.Tensor:
    """What a layer returned, as weights: SqueezeBERT and ProphetNet return the scores of which they are the softmax."""
    return layer.softmax(dim=-1) if bool((layer < 0).any()) else layer


def _plain(sample: Sample, inputs: dict[str, Any]) -> Any:
    whole = {"use_cache": False} if sample.family.model_type == "fsmt" else {}  # its cache is for one token alone
    try:
        return sample.eager(**inputs, **whole, output_attentions=True)
    except (ValueError, TypeError):  # a bare T5 or NLLB-MoE gives its decoder nothing by itself
        start = torch.full((1, 1), sample.eager.config.decoder_start_token_id)
        shifted = torch.cat([start, inputs["input_ids"][:, :-1]], dim=1)
        return sample.eager(**inputs, decoder_input_ids=shifted, output_attentions=True)
