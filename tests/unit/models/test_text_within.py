"""Checkpoints of text and pictures, named after the whole: the model of text is taken out, as AutoModel does it."""

from __future__ import annotations

import pytest
import torch
import transformers

from playground.errors import WrongTaskError
from tests.sweep.check import outcome, sample_of
from tests.sweep.families import all_families
from tests.sweep.generation import next_token
from tests.sweep.models import load

FAMILIES = {family.name: family for family in all_families()}


@pytest.mark.parametrize("name", ["qwen3_5/text-generation", "llama4/text-generation"])
def test_it_loads_takes_the_bytes_that_were_said_and_goes_on_as_the_whole_would(name, tmp_path):
    with sample_of(FAMILIES[name], tmp_path) as sample:
        config = transformers.AutoConfig.from_pretrained(tmp_path)
        assert config.architectures[0].endswith("ForConditionalGeneration") and config.vision_config
        assert (outcome(load, sample), outcome(next_token, sample)) == ("equal", "equal")
        whole = getattr(transformers, config.architectures[0]).from_pretrained(tmp_path, dtype=torch.float32).eval()
        ids = sample.tokenizer(sample.text, return_tensors="pt").input_ids
        with torch.no_grad():
            sample.equal(sample.plain(sample.text).logits, whole(input_ids=ids).logits)
        with (
            pytest.raises(WrongTaskError, match="has no head for text-classification"),
            sample.playground.manager.lease(sample.model_id, "text-classification"),
        ):
            pass
