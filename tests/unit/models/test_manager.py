"""What the manager can be asked."""

from __future__ import annotations

import threading
from dataclasses import FrozenInstanceError

import pytest
import torch

from playground.config import Settings
from playground.errors import (
    ModelNotFoundError,
    UnsupportedOptionError,
)
from playground.models.catalog import Catalog
from playground.models.cpu.threads import threads_of_cpu
from playground.models.entries import Job, ModelKey
from playground.models.manager import ModelManager
from playground.models.memory import measure_bytes
from tests.unit.models.fake_models import SIZE, TASK, rows, spec_of


def test_unknown_models_and_options(make):
    manager, _ = make()
    for name in ("nobody/knows", "../secret", ""):
        with pytest.raises(ModelNotFoundError, match="Pick one from the list"), manager.lease(name, TASK):
            pass
    with pytest.raises(UnsupportedOptionError), manager.lease("a", TASK, "2-bit"):
        pass


def test_a_model_may_go_as_soon_as_it_is_given_back(make, monkeypatch):
    manager, _ = make()
    lease = manager.lease("a", TASK)
    lender, give_back = lease._lender, lease._lender.give_back

    def give_back_and_unload(held):
        give_back(held)
        manager.unload(ModelKey("a", TASK))

    monkeypatch.setattr(lender, "give_back", give_back_and_unload)
    with lease as loaded:
        assert loaded.model is not None
    assert manager.snapshot().devices[0].used_bytes == 0


def test_whoever_holds_a_model_leaves_the_cores_that_work_beside_it_has(make):
    if threads_of_cpu() < 2:
        pytest.skip("there is one core")
    whole, (manager, _) = torch.get_num_threads(), make()
    torch.set_num_threads(4)
    try:
        with manager.room.set_aside("Training", Job(), 1, cores=0.5), manager.lease("a", TASK) as loaded:
            assert torch.get_num_threads() == 2 and loaded.busy() == 0.5
        with manager.lease("a", TASK):
            assert torch.get_num_threads() == 4
        with pytest.raises(OSError, match="full"), manager.room.set_aside("Training", Job(), 1, cores=0.5):
            raise OSError("the disk is full")
        assert manager.room.busy() == 0
    finally:
        torch.set_num_threads(whole)


def test_typed_ids_need_the_setting_and_a_sound_form():
    catalog = Catalog((spec_of("a"),))
    anybody = ModelManager(Settings(hub="any"), catalog)
    assert anybody.spec("org/model").source == "hub"
    for name in (
        "../secret",
        "/etc/passwd",
        "a/b/c",
        "a b",
        "x" * 200,
        "~/model",
        "https://huggingface.co/a/b",
        "a--b",
    ):
        with pytest.raises(ModelNotFoundError, match="can't be the id"):
            anybody.spec(name)
    for settings in (Settings(hub="catalog"), Settings(hub="off"), Settings(hub="any", public=True)):
        with pytest.raises(ModelNotFoundError, match="in the catalog"):
            ModelManager(settings, catalog).spec("org/model")


def test_quantizations_say_what_they_take_and_why_not(make):
    manager, _ = make(sizes={"big": 10 * SIZE})
    options = {option.name: option for option in manager.quantizations("big")}
    assert list(options) == ["float32", "bfloat16", "float16", "8-bit", "fast-8-bit", "4-bit"]
    assert not options["float32"].available
    assert options["float32"].reason == "It needs 10\u00a0kB; the budget for models is 3\u00a0kB."
    assert options["4-bit"].available
    assert options["4-bit"].predicted_bytes == 2.5 * SIZE


def test_a_snapshot_never_changes(make):
    manager, _ = make()
    before = manager.snapshot()
    with manager.lease("a", TASK):
        during = manager.snapshot()
    assert before.models == ()
    assert during.resident[0].leases == 1
    with pytest.raises(FrozenInstanceError):
        during.models[0].leases = 0


def test_asking_for_ever_new_models_does_not_fill_the_memory(make, monkeypatch):
    monkeypatch.setattr("playground.models.entries.REMEMBERED", 5)
    monkeypatch.setattr("playground.models.loads.MOST_TOKENIZERS", 3)
    manager, _ = make(names="abcdefghijklmnop")
    with manager.lease("a", TASK):
        first = manager.tokenizer("a")
        for name in "bcdefghijklmnop":
            with manager.lease(name, TASK):
                assert manager.tokenizer(name) is manager.tokenizer(name)
            assert manager.tokenizer("a") is first, "what is in use stays"
        assert len(manager._tokenizers._read) == 3
        assert len(manager.snapshot().models) <= 6
        assert rows(manager)["a"].leases == 1


def test_an_embedded_model_is_prepared_while_no_load_builds_and_repaired_once(tmp_path, monkeypatch):
    """Preparing runs from_pretrained too; and files that turn out damaged are made again, once."""
    from playground.models import embedded, loading, sources
    from tests.tiny_models import make_model

    prepared, verified = [], []

    def locate(name, home, progress=None):
        free = []
        other = threading.Thread(target=lambda: free.append(loading.BUILDING.acquire(blocking=False)))
        other.start()
        other.join()
        assert free == [False], "another load could build meanwhile"
        prepared.append(name)
        return make_model(tmp_path / "made", "llama")

    monkeypatch.setattr(embedded, "locate", locate)
    monkeypatch.setattr(embedded, "verify", lambda name, home: bool(verified.append(name)))
    source = sources.Source(Settings(device="cpu", home=tmp_path))
    spec = spec_of("x", source="embedded", location="made")
    folder = source.folder(spec, lambda what, fraction: None)
    (folder / "model.safetensors").write_bytes(b"damaged")
    model = source.load(spec, folder, TASK, "float32", torch.device("cpu"), lambda what, fraction: None)
    assert measure_bytes(model) > 50_000
    assert (prepared, verified) == (["made", "made"], ["made"])
