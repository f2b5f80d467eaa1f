"""Attention and masks of families that differ from BERT: equal to the plain call, or refused with the reason."""

from __future__ import annotations

import dataclasses
import re

import pytest
import torch

import playground as pg
from playground.attention.receipt import attention_receipt
from tabs.attention.format import format_notes
from tests.sweep.attention import attention
from tests.sweep.check import outcome, sample_of
from tests.sweep.families import all_families
from tests.sweep.tokens import masks

FAMILIES = {family.name: family for family in all_families()}
EQUAL = (
    "bart/text-classification", "mbart/text-classification", "t5/text-classification", "xlnet/text-classification",
    "gpt2/text-classification", "llama/text-classification", "bart/feature-extraction", "t5/feature-extraction",
    "mbart/feature-extraction", "m2m_100/text2text-generation", "roberta/text-classification",
    "gpt_neo/text-generation", "xlm/feature-extraction", "nllb-moe/feature-extraction", "fsmt/text2text-generation",
    "neomme/feature-extraction",
)  # fmt: skip
REFUSED = {
    "fnet/feature-extraction": ("returns no self attention", "takes no attention_mask"),
    "longformer/text-classification": ("windows, chunks or pooled",) * 2,
    "funnel/feature-extraction": ("windows, chunks or pooled",) * 2,
    "pegasus_x/feature-extraction": ("windows, chunks or pooled",) * 2,
    "mamba/text-generation": ("no self attention|no attention weights",) * 2,
    "canine/feature-extraction": ("windows, chunks or pooled",) * 2,
    "blip_2_qformer/feature-extraction": ("it needs query_embeds beside the tokens",) * 2,
    "bros/feature-extraction": ("it needs bbox beside the tokens",) * 2,
}


@pytest.mark.parametrize("name", EQUAL)
def test_attention_and_masks_equal_the_plain_call(name, tmp_path):
    with sample_of(FAMILIES[name], tmp_path) as sample:
        assert (outcome(attention, sample), outcome(masks, sample)) == ("equal", "equal")


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_family_has_not_is_said(name, tmp_path):
    with sample_of(FAMILIES[name], tmp_path) as sample:
        found = outcome(attention, sample), outcome(masks, sample)
    assert all(text.startswith("refused: ") for text in found), found
    assert all(re.search(says, text) for says, text in zip(REFUSED[name], found, strict=True)), found


@pytest.mark.parametrize(
    ("name", "attends"),
    [
        ("prophetnet/text2text-generation", "several streams"),  # its encoder and cross attentions are scores
        ("dpr/feature-extraction", "^equal$"),  # it gives one vector for a text
    ],
)
def test_one_may_work_where_the_other_can_t(name, attends, tmp_path):
    with sample_of(FAMILIES[name], tmp_path) as sample:
        found = outcome(attention, sample), outcome(masks, sample)
    assert re.search(attends, found[0]), found
    assert found[1] == "equal" or "gives no hidden state for every token" in found[1], found


def test_scores_that_transformers_returns_are_shown_as_the_weights_that_the_model_used(tmp_path):
    used = []
    with sample_of(FAMILIES["squeezebert/text-classification"], tmp_path) as sample:
        for layer in sample.eager.transformer.encoder.layers:
            layer.attention.softmax.register_forward_hook(lambda *call: used.append(call[2][0]))
        sample.eager(**sample.tokenizer(sample.text, return_tensors="pt"))
        result = sample.playground.attend(pg.AttentionRequest(sample.text, model_id=sample.model_id))
        sample.equal(result.stack().weights, torch.stack(used))
        assert outcome(masks, sample) == "equal"
    assert result.stack().from_scores
    assert any("scores before the softmax" in note for note in format_notes(result))
    assert (
        "torch.stack(outputs.attentions)[:, 0].float().cpu().softmax(-1)"
        in attention_receipt(result, "self", 0, 0).code
    )


def test_the_state_of_linear_attention_is_no_weight_where_it_has_the_shape_of_one(tmp_path):
    """MiniMax returns a matrix of 8 x 8 numbers for a head of width 8, whatever the text."""
    with sample_of(FAMILIES["minimax/text-generation"], tmp_path) as sample:
        words = "the film was very good " * 3
        cuts = (words[:end] for end in range(len(words)))
        text = next(cut for cut in cuts if len(sample.tokenizer(cut).input_ids) == 8)
        found = outcome(attention, dataclasses.replace(sample, text=text))
    assert "isn't weights: some of it is below 0" in found


def test_what_goes_to_a_sink_is_said(tmp_path):
    with sample_of(FAMILIES["gpt_oss/text-generation"], tmp_path) as sample:
        assert outcome(attention, sample) == "equal"
        result = sample.playground.attend(pg.AttentionRequest(sample.text, model_id=sample.model_id))
    assert result.stack().reads_more
    assert [note for note in format_notes(result) if "Rows sum to less than 1 here" in note]
