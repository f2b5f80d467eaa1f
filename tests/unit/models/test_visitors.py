"""What visitors of a public playground may cause to be loaded: the manager decides, whoever asks."""

from __future__ import annotations

import pytest

from playground.errors import (
    BudgetError,
    BusyError,
    CorruptModelError,
    GatedModelError,
    HubOfflineError,
    ModelNotFoundError,
    NotAllowedError,
    PreparationError,
)
from playground.models import loading
from playground.models import visitors as visitors_module
from playground.models.catalog import ModelSpec
from playground.models.manager import ModelKey
from playground.pipelines.tasks import advice
from tests.unit.models.fake_models import SIZE, TASK, rows, wait_for


def load(manager, name="a", quantization="auto"):
    with manager.lease(name, TASK, quantization) as loaded:
        return loaded.key.quantization


def test_nothing_is_refused_where_the_playground_is_private(make):
    manager, _ = make(public_models=(), public_copies=("auto",), public_bytes=1, public_minutes=0)
    assert load(manager, quantization="4-bit") == "4-bit"
    assert manager.visitor_rules == ""
    assert all(option.available for option in manager.quantizations("a"))


def test_only_named_models_are_loaded_and_only_their_tokenizers_read(make):
    manager, source = make(public=True, public_models=("embedded", "b"))
    assert load(manager, "b") == "float32"
    for ask in (lambda: load(manager, "a"), lambda: manager.tokenizer("a"), lambda: manager.folder(manager.spec("a"))):
        with pytest.raises(NotAllowedError, match="can't have a loaded"):
            ask()
    assert source.loads == ["b"]
    assert "the embedded models, b in any copy" in manager.visitor_rules


def test_only_named_copies_are_loaded(make):
    manager, source = make(public=True, public_copies=("auto", "4-bit"))
    assert [load(manager, quantization=name) for name in ("float32", "4-bit")] == ["float32", "4-bit"]
    with pytest.raises(NotAllowedError, match="can have auto, 4-bit, not 8-bit"):
        load(manager, quantization="8-bit")
    assert source.loads == ["a", "a"]
    available = {option.name: option.available for option in manager.quantizations("a")}
    assert available == {
        "float32": True,
        "bfloat16": False,
        "float16": False,
        "8-bit": False,
        "fast-8-bit": False,
        "4-bit": True,
    }


def test_visitors_read_of_no_command_where_a_copy_can_not_work_or_a_model_is_not_here(make, monkeypatch):
    why = "bitsandbytes can't be used here (ImportError): pip install bitsandbytes."
    monkeypatch.setattr(loading, "quantization_obstacle", lambda name, device: why if name == "8-bit" else "")
    far = ModelSpec("org/far", "summarization", "hub", "org/far", title="Far")
    for public in (False, True):
        manager, _ = make(public=public)
        (option,) = [one for one in manager.quantizations("a") if one.name == "8-bit"]
        assert not option.available
        assert option.reason == ("It isn't available here." if public else why)
        monkeypatch.setattr(manager, "spec", lambda model_id, task="": far)
        monkeypatch.setattr(manager, "local_folder", lambda spec: None)
        said = advice(manager, "summarization", "org/far")
        assert said.state == "refused" and "This copy downloads nothing" in said.sentence
        assert ("--" in said.sentence) is ("fetch" in said.sentence) is bool(said.command) is (not public)


def test_a_copy_has_a_largest_size(make):
    manager, source = make(public=True, public_bytes=SIZE // 2)
    with pytest.raises(NotAllowedError, match="It needs 1\u00a0kB; visitors of this public page can load up to 500"):
        load(manager)
    assert load(manager, quantization="8-bit") == "8-bit"
    assert source.loads == ["a"]


def test_a_size_that_shows_only_when_the_files_are_here_counts_too(make, monkeypatch):
    manager, source = make(public=True, public_bytes=SIZE // 2)
    monkeypatch.setattr(manager._estimates, "guess", lambda spec, task, name: None)
    with pytest.raises(NotAllowedError, match="can load up to 500"):
        load(manager)
    assert source.loads == []


def test_loads_of_an_hour_have_so_many_minutes(make, monkeypatch):
    manager, source = make(public=True, public_minutes=1, warm_up=("c",))
    load(manager, "a")
    clock = visitors_module.time.monotonic
    manager._visitors._ended.append((clock(), 60.0))
    load(manager, "a")  # it is here already
    with pytest.raises(BusyError, match="for 1 minute within an hour"):
        load(manager, "b")
    load(manager, "c")  # the owner has named it
    monkeypatch.setattr(visitors_module.time, "monotonic", lambda: clock() + 3601)
    load(manager, "b")
    assert source.loads == ["a", "c", "b"]


def test_a_load_that_takes_longer_than_that_is_ended(make):
    manager, _ = make(public=True, public_minutes=1, seconds=0.05)
    manager._visitors._ended.append((visitors_module.time.monotonic(), 59.99))
    with pytest.raises(BusyError, match="within an hour"):
        load(manager)
    wait_for(lambda: rows(manager)["a"].state == "failed")
    assert manager.snapshot().devices[0].used_bytes == 0


def test_what_the_owner_loads_at_start_is_always_there(make):
    manager, _ = make(public=True, public_models=(), public_bytes=1, public_minutes=0, warm_up=("a",))
    assert load(manager, "a") == "float32"
    with pytest.raises(NotAllowedError):
        load(manager, "a", "4-bit")
    assert manager._visitors.is_free(ModelKey("a", TASK, "float32"), manager.spec("a"))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PreparationError("The package x is missing.", "Run: python -m pip install x"),
         "This model isn't ready here. Pick another model."),
        (HubOfflineError("A isn't here (HF_HUB_OFFLINE).", "Pick an embedded model."),
         "A isn't here. Pick an embedded model."),
        (HubOfflineError("The Hub can't be reached.", "Check the id and the network. Embedded models need no Hub."),
         "The Hub can't be reached. Embedded models need no Hub."),
        (CorruptModelError("A is damaged.", "Download it again: hf cache rm model/a, then load it."),
         "A is damaged. Pick another model."),
        (CorruptModelError("A is damaged.", "Check the files in /srv/models/a."),
         "A is damaged. Pick another model."),
        (ModelNotFoundError("There is no model in /srv/models/a: it has no config.json.", "Check the folder's path."),
         "This model isn't ready here. Pick another model."),
        (GatedModelError("A is gated.", "Accept it, then start the playground with your token in HF_TOKEN."),
         "A is gated. Pick another model."),
        (BudgetError("A needs 2 GB.", "Shorten the prompt, unload a model, or raise --memory-budget."),
         "A needs 2 GB. Pick another model."),
        (BudgetError("A needs 2 GB.", "What would help: 4-bit needs 1 GB."),
         "A needs 2 GB. What would help: 4-bit needs 1 GB."),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_visitors_read_nothing_of_commands_and_settings_and_owners_do(make, error, told):
    for public, expected in ((True, told), (False, str(error))):
        manager, source = make(public=public)
        source.failures.append(error)
        with pytest.raises(type(error)) as caught:
            load(manager)
        assert str(caught.value) == expected
        assert caught.value.retryable == error.retryable
        assert rows(manager)["a"].message == expected
