"""Words under a Hub id that somebody typed in: nobody knows before whether it answers or only goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import transformers

import playground as pg
from playground.config import Settings
from playground.errors import WrongTaskError
from playground.models import loading
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import ModelManager
from playground.models.sources import Source
from tests.sweep.families import all_families, build

FAMILIES = {family.name: family for family in all_families()}
CATALOG = Catalog((ModelSpec("listed", "text2text-generation", "folder", "nowhere"),))
SETTINGS = Settings(device="cpu", hub="any", warm_up=("none",))


@dataclass(frozen=True)
class Downloaded(Source):
    """A Hub on which every id leads to one folder."""

    at: Path = Path()

    def folder(self, spec, report):
        return self.at

    def check(self, spec, task, quantization, device):
        return self.predict(spec, self.at, task, quantization, device)

    def tokenizer(self, spec, report):
        return loading.load_tokenizer(self.at)


def open_with(name: str, folder: Path) -> pg.Playground:
    source = Downloaded(SETTINGS, CATALOG, at=build(FAMILIES[name], folder))
    return pg.Playground(SETTINGS, ModelManager(SETTINGS, CATALOG, source=source))


def test_a_model_that_only_goes_on_is_asked_with_the_template(tmp_path):
    with open_with("gpt2/text-generation", tmp_path) as playground:
        request = pg.WordLossRequest(("man", "woman"), "org/goes-on", template="the {source} is the {target}")
        result = playground.word_loss(request)
        assert "AutoModelForCausalLM" in playground.word_loss_receipt(result).code
    assert result.template == "the {source} is the {target}"
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    for loss in result.losses:
        before, ids = (
            tokenizer(f"the {loss.source} is the").input_ids,
            tokenizer(f"the {loss.source} is the {loss.target}"),
        )
        labels = torch.tensor([[-100] * len(before) + ids.input_ids[len(before) :]])
        with torch.no_grad():
            expected = model(torch.tensor([ids.input_ids]), labels=labels).loss.item()
        assert loss.loss == pytest.approx(expected, abs=1e-4)


def test_a_model_that_answers_needs_no_template(tmp_path):
    with open_with("bart/text2text-generation", tmp_path) as playground:
        result = playground.word_loss(pg.WordLossRequest(("man", "woman"), "org/answers", template=""))
    assert result.template is None


def test_a_model_that_does_neither_says_what_it_can_do(tmp_path):
    with (
        open_with("bert/text-classification", tmp_path) as playground,
        pytest.raises(WrongTaskError, match="It can do text-classification"),
    ):
        playground.word_loss(pg.WordLossRequest(("man", "woman"), "org/judges"))
