"""A Space, where the weights come from the Hub: the recipes' own download, against a stand-in for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import transformers

from playground.config import Settings
from playground.errors import HubOfflineError, PreparationError
from playground.models import embedded
from playground.models.catalog import Catalog
from playground.models.manager import ModelManager
from playground.models.recipes import RECIPES, Package
from tests.hub_stand_in import Repository, running_hub
from tests.tiny_models import make_model

pytestmark = pytest.mark.embedded
SMOLLM, MINILM = "smollm2-135m-instruct", "all-minilm-l6-v2"
UNINSTALLED = {
    name: replace(recipe, source=replace(recipe.source, name="not-installed")) if isinstance(recipe.source, Package)
    else recipe for name, recipe in RECIPES.items()
}  # fmt: skip


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub with both models at the recipes' revisions (of SmolLM2 the form alone), and a machine with neither."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    tiny = make_model(tmp_path / "tiny", "llama")
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        for name, folder in ((SMOLLM, tiny), (MINILM, embedded.locate(MINILM))):
            source = RECIPES[name].source
            files = Repository.of_folder(folder).files
            files.pop("manifest.json", None)
            assert set(source.hub_files) <= set(files)
            hub.repositories[source.hub_id] = Repository(files, revisions=(source.hub_revision,))
        yield hub


def prepare(home):
    return embedded.prepare_all(home, recipes=UNINSTALLED)


def weights(folder):
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True)
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_all_embedded_models_are_made_of_what_the_hub_has(hub, tmp_path):
    folders = prepare(tmp_path / "home")
    assert folders.keys() == RECIPES.keys()
    here, there = weights(embedded.locate("sentiment-5-stars")), weights(folders["sentiment-5-stars"])
    assert all(torch.equal(here[name], there[name]) for name in here | there)
    tiny = transformers.AutoModelForCausalLM.from_pretrained(folders[SMOLLM], local_files_only=True)
    assert tiny.dtype == torch.float32
    # What `preload_from_hub` leaves behind is enough: another start asks nobody, and needs no network.
    for repository in hub.repositories.values():
        repository.requests.clear()
        repository.failing = 503
    assert prepare(tmp_path / "another").keys() == RECIPES.keys()
    assert not any(repository.requests for repository in hub.repositories.values())


def test_without_the_hub_each_model_says_so_once_and_none_waits_for_the_next(hub, tmp_path, monkeypatch):
    asked = []

    def snapshot_download(*values, **options):
        asked.append(values)
        raise ConnectionError("Connection refused")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.setattr(embedded, "RECIPES", UNINSTALLED)
    for function in (embedded.locate, embedded.asks_hub):
        monkeypatch.setattr(function, "__kwdefaults__", {"recipes": UNINSTALLED})
    settings = Settings(device="cpu", home=tmp_path / "home", public=True)
    manager = ModelManager(settings, Catalog.read(None))
    ids = {spec.location: spec.id for spec in manager.catalog if spec.source == "embedded"}
    with pytest.raises(PreparationError, match=r"This model isn't ready here\. Pick another model\."):
        manager.tokenizer(ids[MINILM])
    for name in (SMOLLM, MINILM, "sentiment-5-stars"):
        with pytest.raises(HubOfflineError, match="couldn't be reached a moment ago"):
            manager.tokenizer(ids[name])
    assert manager.tokenizer(ids["word-association"]), "it needs nothing from there"
    assert len(asked) == 1
    manager.close()
