"""Loading, limits and padding of every family."""

from __future__ import annotations

import torch

from playground.models.families import explaining
from playground.models.limits import position_limit, token_limit
from tests.sweep.check import Different, Sample, capability


@capability("load")
def load(sample: Sample) -> None:
    """What the manager lends computes what the plain model computes, and takes the bytes that were predicted."""
    with explaining(sample.model):
        expected = sample.plain(sample.text)
    with sample.playground.manager.lease(sample.model_id, sample.family.task) as loaded:
        inputs = loaded.tokenizer(sample.text, return_tensors="pt")
        if loaded.model.config.is_encoder_decoder and sample.family.task != "text-classification":
            inputs["decoder_input_ids"] = inputs["input_ids"][:, :2]
        with torch.no_grad():
            found = loaded.model(**inputs)
        sample.equal(found[0], expected[0])
    row = sample.playground.snapshot().models[0]
    if row.predicted_bytes != row.measured_bytes:
        raise Different(f"{row.predicted_bytes} bytes were predicted, {row.measured_bytes} it takes")


@capability("limits")
def limits(sample: Sample) -> None:
    """A text of as many tokens as are said to fit runs through the model."""
    with explaining(sample.model):
        sample.plain(sample.text)
    with sample.playground.manager.lease(sample.model_id, sample.family.task) as loaded:
        count = token_limit(loaded.model, loaded.tokenizer) if position_limit(loaded.model) else 100
        ids = torch.full((1, count), 7)
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if loaded.model.config.is_encoder_decoder and sample.family.task != "text-classification":
            inputs["decoder_input_ids"] = ids
        if sample.family.task == "text-classification":
            inputs["input_ids"][:, -1] = loaded.tokenizer.eos_token_id  # BART's kin classify at the last </s>
        with torch.no_grad():
            loaded.model(**inputs)


@capability("padding")
def padding(sample: Sample) -> None:
    """The side that was found by trying is one where a row stays what it is alone."""
    with sample.playground.manager.lease(sample.model_id, sample.family.task) as loaded:
        if loaded.safe_padding not in (None, "left", "right"):
            raise Different(f"safe_padding is {loaded.safe_padding!r}")
