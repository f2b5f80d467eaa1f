"""Right and wrong masks of every family."""

from __future__ import annotations

import inspect
from typing import Any

import torch

import playground as pg
from tests.sweep.attention import as_weights
from tests.sweep.check import Sample, capability

TEXTS = ("the film was very good", "i love this food and hate that film")


@capability("masks")
def masks(sample: Sample) -> None:
    """Both answers are those of the plain model, called with these masks."""
    batch = pg.EncodeRequest(TEXTS, model_id=sample.model_id)
    result = sample.playground.compare_masks(pg.MaskRequest(batch, flips=((0, 1), (1, 2)), attention_row=1))
    right, right_attention = _plain(sample, result.right_mask)
    wrong, wrong_attention = _plain(sample, result.wrong_mask)
    for row, difference in zip(result.rows, (right - wrong).abs().amax(dim=1).tolist(), strict=True):
        sample.equal(row.largest_difference, difference)
    sample.equal(result.attention.right, right_attention[:, 1])
    sample.equal(result.attention.wrong, wrong_attention[:, 1])


@torch.no_grad()
def _plain(sample: Sample, mask: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Answers per row, and attention averaged over heads."""
    inputs: dict[str, Any] = dict(sample.tokenizer(list(TEXTS), padding=True, return_tensors="pt"))
    inputs["attention_mask"] = torch.tensor(mask)
    model, task = sample.eager, sample.family.task
    if task == "feature-extraction" and model.config.is_encoder_decoder:
        model = model.get_encoder()
    known = inspect.signature(model.forward).parameters
    inputs = {name: row for name, row in inputs.items() if name in known or name == "input_ids"}
    if task == "text2text-generation":
        start = sample.eager.generation_config.decoder_start_token_id
        inputs["decoder_input_ids"] = torch.full((2, 1), start)
    output = model(**inputs, output_attentions=True)
    attentions = output.get("attentions") or output["encoder_attentions"]
    attention = torch.stack([as_weights(layer).mean(dim=1) for layer in attentions])
    if task == "feature-extraction":
        weights = inputs["attention_mask"].unsqueeze(-1).float()
        return (output.last_hidden_state * weights).sum(1) / weights.sum(1).clamp(min=1e-9), attention
    if task == "text2text-generation":
        return output.logits[:, 0], attention
    if task == "text-classification":
        return output.logits, attention
    last = [max(k for k, bit in enumerate(row) if bit) for row in result_mask(sample)]
    return output.logits[torch.arange(2), torch.tensor(last)], attention


def result_mask(sample: Sample) -> list[list[int]]:
    """The right mask: a causal model's answer is read at its last one in both runs."""
    return sample.tokenizer(list(TEXTS), padding=True)["attention_mask"]
