"""Attention and masks of families that differ from BERT: equal to the plain call, or refused with the reason."""

from __future__ import annotations

import re

import pytest

from tests.sweep.attention import attention
from tests.sweep.check import outcome, sample_of
from tests.sweep.families import all_families
from tests.sweep.tokens import masks

FAMILIES = {family.name: family for family in all_families()}
EQUAL = (
    "bart/text-classification", "mbart/text-classification", "t5/text-classification", "xlnet/text-classification",
    "gpt2/text-classification", "llama/text-classification", "bart/feature-extraction", "t5/feature-extraction",
    "mbart/feature-extraction", "m2m_100/text2text-generation", "roberta/text-classification",
    "gpt_neo/text-generation", "xlm/feature-extraction",
)  # fmt: skip
REFUSED = {
    "fnet/feature-extraction": ("returns no self attention", "takes no attention_mask"),
    "longformer/text-classification": ("windows, chunks or pooled",) * 2,
    "funnel/feature-extraction": ("windows, chunks or pooled",) * 2,
    "pegasus_x/feature-extraction": ("windows, chunks or pooled",) * 2,
    "prophetnet/text2text-generation": ("windows, chunks or pooled", "answers with NaN"),
    "mamba/text-generation": ("no self attention|no attention weights",) * 2,
}


@pytest.mark.parametrize("name", EQUAL)
def test_attention_and_masks_equal_the_plain_call(name, tmp_path):
    with sample_of(FAMILIES[name], tmp_path) as sample:
        assert (outcome(attention, sample), outcome(masks, sample)) == ("equal", "equal")


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_family_has_not_is_said(name, tmp_path):
    with sample_of(FAMILIES[name], tmp_path) as sample:
        found = outcome(attention, sample), outcome(masks, sample)
    assert all(text.startswith("refused: ") for text in found)
    assert all(re.search(says, text) for says, text in zip(REFUSED[name], found, strict=True)), found
