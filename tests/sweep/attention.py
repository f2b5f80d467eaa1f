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
        sample.equal(stack.weights, torch.stack([layer[0] for layer in outputs[name]]))


def _plain(sample: Sample, inputs: dict[str, Any]) -> Any:
    try:
        return sample.eager(**inputs, output_attentions=True)
    except ValueError:  # a bare T5 gives its decoder nothing by itself
        start = torch.full((1, 1), sample.eager.config.decoder_start_token_id)
        shifted = torch.cat([start, inputs["input_ids"][:, :-1]], dim=1)
        return sample.eager(**inputs, decoder_input_ids=shifted, output_attentions=True)
