"""A sample of ``make sweep``: families that differ in what they know of positions, padding, caches and attention."""

from __future__ import annotations

import pytest

from tests.sweep.check import load_capabilities, outcome, sample_of
from tests.sweep.families import all_families

SAMPLE = (
    "bert/text-classification", "roberta/text-classification", "bart/text-classification", "xlnet/text-classification",
    "gpt2/text-classification", "fnet/text-classification", "llama/text-generation", "openai-gpt/text-generation",
    "mamba/text-generation", "t5/text2text-generation", "m2m_100/text2text-generation", "bart/feature-extraction",
    "funnel/feature-extraction", "longformer/feature-extraction", "canine/text-classification",
    "perceiver/text-classification", "reformer/text-classification", "reformer/text-generation",
    "t5/feature-extraction", "mra/text-classification",
)  # fmt: skip
REFUSED = {  # all else of these is equal
    "canine/text-classification": {"why", "attention", "masks"},
    "perceiver/text-classification": {"why", "attention", "masks"},
    "reformer/text-classification": {"why", "masks"},
    "reformer/text-generation": {"masks"},
    "t5/feature-extraction": set(),
    "mra/text-classification": {"classify", "attention", "masks"},  # classify: of a pair
}
FAMILIES = {family.name: family for family in all_families()}


@pytest.mark.parametrize("name", SAMPLE)
def test_every_capability_is_right_or_says_why_not(name, tmp_path):
    family, found = FAMILIES[name], {}
    with sample_of(family, tmp_path) as sample:
        for each in load_capabilities().values():
            if family.task in each.tasks:
                found[each.name] = outcome(each.check, sample)
    assert found
    assert not {capability: text for capability, text in found.items() if text.startswith("FAULT")}
    if name in REFUSED:
        assert {capability for capability, text in found.items() if text != "equal"} == REFUSED[name]
