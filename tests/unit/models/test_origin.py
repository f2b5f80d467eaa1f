"""Where models come from: the page and receipts say alike which copy was rounded, and what has to be made first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from playground.models.catalog import Catalog, ModelSpec
from playground.models.origin import Origin, about_model, first_lines, models_lines, origin_of, rounding_of
from playground.models.recipes import Package

ROUNDED = "was rounded to 4 bits per number"
SMOLLM, MINILM = "HuggingFaceTB/SmolLM2-135M-Instruct", "sentence-transformers/all-MiniLM-L6-v2"


def spec_of(model_id: str) -> ModelSpec:
    spec = Catalog.read().find(model_id)
    assert spec
    return spec


def test_what_is_said_of_a_copy_that_was_rounded_is_said_in_its_receipts_too(tmp_path, monkeypatch):
    smollm = spec_of(SMOLLM)
    assert about_model(smollm) == f"{smollm.note} This copy {ROUNDED}; the Hub's was not."
    assert ROUNDED in origin_of(smollm, tmp_path, public=True).lines()
    for same in (spec_of(MINILM), replace(smollm, source="hub", location=smollm.id)):
        assert about_model(same) == same.note and not rounding_of(same)
    monkeypatch.setattr(Package, "_distribution", lambda self: None)
    assert not rounding_of(smollm), "without the package the numbers are the Hub's"


def test_a_receipt_stops_with_what_to_do_where_its_folder_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    trained = ModelSpec("trained/my-words-1a2b3c4d", "text-generation", "trained", str(tmp_path / "x"))
    origins = [origin_of(spec, tmp_path, public=True) for spec in (spec_of("playground/word-association"), trained)]
    both = first_lines(tuple(origins), f"MODELS = [{', '.join(one.expression for one in origins)}]")
    for code, missing in ((origins[0].lines(), "association"), (origins[1].lines(), "my-words"), (both, "association")):
        with pytest.raises(SystemExit, match=f"no folder .*{missing} yet. First do what the comment"):
            exec(code, {})
    for origin in origins:
        Path(origin.source).expanduser().mkdir(parents=True)
    for code in (*(one.lines() for one in origins), both):
        exec(code, {})


def test_where_the_hub_has_one_that_answers_alike_a_receipt_names_it_with_its_whole_revision(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    origin = origin_of(spec_of(SMOLLM), tmp_path, public=True)
    revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
    one, many = origin.lines(), models_lines((origin, Origin("org/name", "v1")))
    for model, revision_there in ((SMOLLM, revision), (str(tmp_path / origin.source[2:]), "main")):
        names: dict = {}
        exec(one, names)
        assert (names["MODEL"], names["REVISION"]) == (model, revision_there)
        exec(many, names)
        assert names["MODELS"] == [(model, revision_there), ("org/name", "v1")]
        (tmp_path / origin.source[2:]).mkdir(parents=True, exist_ok=True)
    assert origin.revision_argument == ", revision=REVISION" and not origin.to_be_made


def test_what_is_there_already_is_not_looked_for():
    for origin in (
        Origin("org/name"),
        origin_of(ModelSpec("a/b", "text-generation", "folder", "/x"), Path("/x"), True),
    ):
        assert "isdir" not in origin.lines()
