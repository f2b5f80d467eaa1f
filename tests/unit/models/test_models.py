"""The Models tab's formatting, the catalog file, and bytes: everything that needs no page."""

from __future__ import annotations

import doctest
import json

import pytest

from playground.config import Settings
from playground.errors import ConfigError, ModelNotFoundError
from playground.models import catalog as catalog_module
from playground.models.catalog import Catalog, ModelSpec, typed_in
from playground.models.report import DeviceReport, ModelReport, Snapshot
from playground.units import format_bytes, parse_bytes
from playground.wire import to_json
from tabs.models.format import format_models

SPEC = ModelSpec("a/b", "text-generation", "folder", "/x", title="A", parameters=7)
REPORT = ModelReport("a/b", "A", "text-generation", "float32", "resident", "cpu", "float32", 10, 12, 2, 1, 0, 5.0,
                     cache_bytes=4)  # fmt: skip
DEVICE = DeviceReport("cpu", "CPU memory", 100, 80, 12, 70, 20, 4, 100)


def test_rows_join_the_catalog_and_what_is_in_memory():
    typed = ModelReport("x/typed", "x/typed", "text-generation", "4-bit", "failed", "", "", None, None, 0, 0, 0, None)
    snapshot = Snapshot((REPORT, typed), (DEVICE,))
    value = to_json(format_models(Catalog((SPEC,)), snapshot, Settings(), asked_for=["x/typed"]))
    first, second = value["models"]
    assert (first["id"], first["title"], first["parameters"]) == ("a/b", "A", 7)
    assert [(one["state"], one["measured_bytes"], one["leases"]) for one in first["variants"]] == [("resident", 12, 2)]
    assert (second["id"], second["variants"][0]["state"]) == ("x/typed", "failed")
    assert first["variants"][0]["cache_bytes"] == 4
    assert value["devices"][0]["reserve_bytes"] == 20
    assert (value["devices"][0]["cache_bytes"], value["devices"][0]["limit_bytes"]) == (4, 100)
    assert value["typing"]
    json.dumps(value)


def test_an_id_that_never_became_a_model_is_shown_to_those_who_asked_for_it_alone():
    def shown(state: str, loads: int = 0, asked_for: tuple[str, ...] = ()) -> bool:
        typed = ModelReport("x/y", "x/y", "text-generation", "4-bit", state, "", "", None, None, 0, loads, 0, None)
        listed = format_models(Catalog((SPEC,)), Snapshot((typed,), ()), Settings(), asked_for=asked_for)
        return "x/y" in [row.id for row in listed.models]

    assert not shown("failed")
    assert not shown("not loaded")
    assert shown("failed", asked_for=("x/y",))
    assert shown("downloading")
    assert shown("not loaded", loads=1)  # it was there, and was evicted


def test_a_model_that_was_trained_here_is_not_said_to_be_of_the_hub():
    mine = ModelReport("trained/manners-1a2b", "Manners", "text-classification", "float32", "resident", "cpu",
                       "float32", 10, 12, 0, 1, 0, 5.0)  # fmt: skip
    row = format_models(Catalog((SPEC,)), Snapshot((mine,), ()), Settings()).models[1]
    assert (row.title, row.source, row.licence) == ("Manners", "trained", "of who trained it")
    assert "Trained on this playground." in row.note


def test_before_anything_is_measured_the_rows_are_there():
    value = to_json(format_models(Catalog((SPEC,)), None, Settings(public=True)))
    assert [row["variants"] for row in value["models"]] == [[]]
    assert value["devices"] == []
    assert (value["public"], value["typing"]) == (True, False)
    assert not format_models(Catalog((SPEC,)), None, Settings(hub="off")).typing


def test_the_catalog_that_comes_along_is_sound():
    found = Catalog.read()
    for wanted in ("distilbert/distilbert-base-uncased-finetuned-sst-2-english", "FacebookAI/roberta-large-mnli",
                   "nlptown/bert-base-multilingual-uncased-sentiment", "openlm-research/open_llama_7b",
                   "google/flan-t5-small"):  # fmt: skip
        spec = found.find(wanted)
        assert spec is not None
        assert spec.note
        assert spec.licence != "unknown"
        assert spec.parameters
    assert "4-bit" in found.find("openlm-research/open_llama_7b").quantizations
    embedded = ("text-classification", "feature-extraction", "text-generation", "text2text-generation")
    for task in catalog_module.TASKS:  # there is one to try for each, and four come along
        assert (found.default_for(task).source == "embedded") == (task in embedded)
    with pytest.raises(ModelNotFoundError, match="no model for fill-mask"):
        Catalog(found.for_task("text-generation")).default_for("fill-mask")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: 3", "no list 'models'"),
        ("models: [", "can't be read"),
        ("models: [{task: text-generation}]", "Entry 1 .* no 'id'"),
        ("models: [{id: a, task: juggling}]", "task is 'juggling'"),
        ("models: [{id: a, task: text-generation, colour: red}]", "'colour' is not a field"),
        ("models: [{id: a, task: text-generation, source: moon}]", "source is 'moon'"),
        ("models: [{id: a, task: text-generation, source: folder}]", "needs a 'location'"),
        ("models: [{id: a, task: text-generation, quantizations: [2-bit]}]", "quantizations are"),
        ("models: [{id: a, task: text-generation, parameters: many}]", "parameters is 'many'"),
        ("models: [{id: a, task: text-generation}, {id: a, task: text-generation}]", "names 'a' twice"),
        (b"\xff\xfe\x00", "can't be read"),
    ],
)
def test_a_models_file_that_is_wrong_says_where(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=words):
        Catalog.read(path)


def test_a_teacher_s_own_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("models:\n  - {id: my/model, task: text-classification, source: folder, location: /data/m}\n")
    (spec,) = Catalog.read(path)
    assert (spec.title, spec.location, spec.quantizations) == ("my/model", "/data/m", ("auto",))


def test_sizes_are_read_as_they_are_written():
    for text in ("538\u00a0MB", "5.1\u00a0GB", "27.0\u00a0GB", "999\u00a0bytes", "2\u00a0kB"):
        if "bytes" not in text:
            assert format_bytes(parse_bytes(text)) == text
    assert format_bytes(999_600) == "1.0\u00a0MB"


def test_examples_in_the_docstrings():
    from playground.models import loading, memory, tiers

    for module in (catalog_module, loading, memory, tiers):
        assert doctest.testmod(module).failed == 0


def test_typed_ids():
    assert typed_in("gpt2", "text-generation").source == "hub"
    with pytest.raises(ModelNotFoundError, match="owner, a slash and a name"):
        typed_in("file:///etc/passwd", "text-generation")


def test_memory_of_a_container_is_what_it_may_use(tmp_path, monkeypatch):
    import torch

    from playground.models import memory

    for name, text in (
        ("memory.max", "1000000"),
        ("memory.current", "900000"),
        ("memory.stat", "inactive_file 200000"),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    found = memory.device_memory(torch.device("cpu"))
    assert (found.total_bytes, found.free_bytes) == (1_000_000, 300_000)
    (tmp_path / "memory.max").write_text("max")
    assert memory.device_memory(torch.device("cpu")).total_bytes > 10**8
