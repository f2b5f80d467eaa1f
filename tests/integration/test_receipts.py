"""Receipts as a person takes them home: no folder of the server, versions, and notebooks that read like a page.

That each receipt's numbers are the page's is tested in the folder of its capability, with the same `home`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import playground as pg
from playground.config import Settings
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import ModelManager
from playground.models.recipes import RECIPES, Package
from playground.receipt import Receipt, notebook, script
from playground.service import Playground
from tests.at_home import bare_home
from tests.hub_stand_in import Repository
from tests.tiny_models import make_model

pytestmark = pytest.mark.embedded
TEXT = "What a wonderful film!"
MODELS = ("sentence-transformers/all-MiniLM-L6-v2", "HuggingFaceTB/SmolLM2-135M-Instruct")


def receipts_of(playground: Playground) -> list[Receipt]:
    """One of each kind, all with the models that the page begins with."""
    written = playground.generate(pg.GenerateRequest(prompt="Once upon a time", max_new_tokens=3))
    generate = pg.GenerateRequest(prompt="Once upon a time", max_new_tokens=3)
    masks = pg.MaskRequest(pg.EncodeRequest(("a cat", "the cat sat on the mat")), "no mask")
    return [
        *playground.classification_receipts(playground.classify(pg.ClassifyRequest(TEXT))),
        playground.attention_receipt(playground.attend(pg.AttentionRequest(TEXT)), "self", 0, 2),
        playground.generation_receipt(generate, written.result().finished),
        playground.lens_receipt(playground.logit_lens(pg.LensRequest("Once upon"))),
        playground.model_map_receipt(playground.model_map(pg.ModelMapRequest("Once upon", layer=1))),
        playground.attribute_next_receipt(playground.attribute_next(pg.AttributeNextRequest("Once upon", n_steps=4))),
        *playground.pipeline_receipts(playground.pipeline(pg.PipelineRequest(text=TEXT, texts=("a cat",)))),
        playground.word_loss_receipt(playground.word_loss(pg.WordLossRequest(("man", "woman")))),
        playground.token_receipt(pg.TokenizeRequest(TEXT)),
        playground.token_receipt(pg.EncodeRequest((TEXT, "a cat"))),
        playground.token_receipt(pg.ChatTemplateRequest((pg.Message("user", "Hi"),))),
        playground.token_receipt(pg.CompareRequest(TEXT, MODELS)),
        playground.token_receipt(playground.compare_masks(masks)),
        playground.vocabulary_receipt(pg.VocabularyRequest("ground"), pg.SplitRequest("playgrounds")),
    ]


@pytest.fixture(scope="module")
def receipts(app_playground) -> list[Receipt]:
    return receipts_of(app_playground)


def test_a_public_page_names_no_folder_of_its_machine(tmp_path):
    with Playground(Settings(public=True, warm_up=("none",))) as public:
        for receipt in receipts_of(public):
            assert str(Path.home()) not in receipt.code, receipt.title
        held = public.classify(pg.ClassifyRequest(TEXT)).info.pretrained
        assert str(Path.home()) not in json.dumps([held.source, held.tokenizer_source, *held.notes])


def test_a_page_of_ones_own_names_the_folder_in_a_comment(receipts, app_playground):
    folder = app_playground.manager.folder(app_playground.manager.spec("playground/sentiment-5-stars"))
    assert f"# On the page's machine: {folder}\n" in receipts[0].code


def test_a_folder_of_a_teacher_is_for_the_reader_to_copy(tmp_path):
    spec = ModelSpec("class/tiny", "text-generation", "folder", str(make_model(tmp_path / "secret", "llama")))
    for public, named in ((True, "MODEL = 'class/tiny'"), (False, f"MODEL = {spec.location!r}")):
        settings = Settings(public=public, warm_up=("none",))
        with Playground(settings, ModelManager(settings, Catalog((spec,)))) as playground:
            code = playground.token_receipt(pg.TokenizeRequest("w1 w2", "class/tiny")).code
            assert named in code
            assert ("secret" in code) is not public
            assert ("write the path of your copy here" in code) is public


def test_the_hubs_own_numbers_come_from_the_hub_at_a_revision(receipts):
    minilm = receipts[2].code
    assert "MODEL = 'sentence-transformers/all-MiniLM-L6-v2'" in minilm
    assert len(re.findall(r"revision='[0-9a-f]{40}'", minilm)) == 2


def test_without_the_project_a_receipt_goes_on_with_the_hubs_model_at_its_whole_revision(receipts, tmp_path):
    """The page's SmolLM2 was rounded, so its folder is named first; whoever has none of it gets the Hub's."""
    source = RECIPES["smollm2-135m-instruct"].source
    assert isinstance(source, Package)
    alike = {"num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "hidden_size": 36}
    folder = make_model(tmp_path / "hub", "llama", vocab_size=49_152, **alike)
    tiny = Repository.of_folder(folder, revisions=(source.hub_revision,))
    codes = [one.code for one in receipts if "MODEL, REVISION = " in one.code and "chat" not in one.title.lower()]
    assert len(codes) >= 4
    (tmp_path / "home").mkdir()
    with bare_home(tmp_path / "home", {MODELS[1]: tiny}) as python:
        for output in python.outputs(*codes):
            assert output.startswith("Going on with the Hub's model, whose weights were not rounded")
            assert json.loads(output.strip().splitlines()[-1])
    kept = tmp_path / "home/.cache/huggingface/hub/models--HuggingFaceTB--SmolLM2-135M-Instruct/snapshots"
    assert [one.name for one in kept.iterdir()] == [source.hub_revision]


def test_versions_are_those_that_made_the_numbers(receipts):
    import torch
    import transformers

    for receipt in receipts:
        first = script(receipt).splitlines()[0]
        assert f"transformers=={transformers.__version__}" in first
        if "import torch" in receipt.code:
            assert f"torch=={torch.__version__.partition('+')[0]}" in first


def test_notebooks_are_cells_with_headings_and_end_in_words(receipts, home):
    notebooks = [notebook(receipt)["cells"] for receipt in receipts]
    runs = []
    for receipt, cells in zip(receipts, notebooks, strict=True):
        kinds = [cell["cell_type"] for cell in cells]
        assert kinds[2:] == ["markdown", "code"] * ((len(kinds) - 2) // 2), receipt.title
        assert len(kinds) >= 6, f"{receipt.title}: one lump of code"
        assert "".join(cells[1]["source"]).startswith("%pip install -q ")
        assert "json.dumps" not in cells[-1]["source"]
        runs.append("\n".join(cell["source"] for cell in cells[2:] if cell["cell_type"] == "code"))
    for receipt, output in zip(receipts, home.outputs(*runs), strict=True):
        assert output.strip(), f"{receipt.title}: the notebook shows nothing"
        headings = re.findall("^# %% (.*)", receipt.code, re.M)
        assert len(set(headings)) == len(headings), f"{receipt.title}: two headings are the same"
        if "entropy" in " ".join(headings):
            assert re.search(r"\d\.\d+ nats$", output.strip()), f"{receipt.title}: what the heading names isn't shown"
