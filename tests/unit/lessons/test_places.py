"""The tabs and fields of lessons are those of the page and of the requests: one list, and it is true."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import playground as pg
from playground.lessons.form import read_lesson
from playground.lessons.places import PLACES
from playground.lessons.shelf import read_lessons
from playground.lessons.stages import check_value, fields_of, request_of
from playground.service import Playground

ROOT = Path(__file__).parents[3]
BY_NAME = {place.name: place for place in PLACES}
FILLED = {
    "flips": [[0, 0]],
    "model_ids": ["a", "b"],
    "messages": [{"role": "user", "content": "x"}],
    "prompt": "x",
    "text": "x",
}


@pytest.fixture(scope="module")
def blocks():
    """Every component of the page, with the ids of the tabs that it is in."""
    import gradio as gr

    import app

    def tabs_of(block):
        while (block := block.parent) is not None:
            if isinstance(block, gr.Tab):
                yield block.id

    return [(block, tuple(tabs_of(block))) for block in app.build_app(Playground()).blocks.values()]


@pytest.fixture(scope="module")
def controls(blocks):
    """(id of a tab, label) -> the control of the page, the first one where there are more."""
    return {(tab, getattr(block, "label", None)): block for block, tabs in reversed(blocks) for tab in tabs}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_what_is_asked_exists(place):
    assert callable(getattr(Playground, place.runs))
    if not place.request:
        return
    known = {field.name for field in fields(getattr(pg, place.request))}
    batch = {f"batch.{field.name}" for field in fields(pg.EncodeRequest)} if "batch" in known else set()
    assert {field.request_field for field in place.fields} - {""} <= known | batch


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_page_has_every_field_with_its_label_and_its_value(place, controls):
    assert any(tab == place.tab for tab, _ in controls)
    for field in place.fields:
        if not field.label:
            continue
        control = controls.get((place.part, field.label)) or controls[place.tab, field.label]
        if field.choices:
            assert {value for _, value in control.choices} >= set(field.choices)
        if field.kind in ("choice", "flag", "number"):
            assert control.value == field.default, field.name
        if field.kind == "lines":
            assert control.value == "\n".join(field.default)
        if field.kind == "words":
            assert control.value == ", ".join(field.default)
        if field.kind == "number" and hasattr(control, "maximum") and control.maximum is not None:
            assert (control.minimum, control.maximum) == (field.low, field.high), field.name


@pytest.mark.parametrize("place", [one for one in PLACES if one.button or one.buttons], ids=lambda place: place.name)
def test_buttons_are_those_of_the_page(place, blocks):
    values = [getattr(block, "value", None) for block, tabs in blocks if {place.tab, place.part} & set(tabs)]
    drawn = [path.read_text(encoding="utf-8") for path in (ROOT / "assets" / "views").rglob("*.html")]
    drawn += [path.read_text(encoding="utf-8") for path in (ROOT / "assets" / "views").rglob("toolbar.js")]
    for name in filter(None, [place.button, *place.buttons.values()]):
        assert name in values or any(f">{name}<" in text or f'"{name}"' in text for text in drawn), name


@pytest.mark.parametrize("place", [place for place in PLACES if place.request], ids=lambda place: place.name)
def test_fields_become_the_request(place):
    request = request_of(place, {**place.defaults(), **{k: v for k, v in FILLED.items() if place.field(k)}})
    assert type(request).__name__ == place.request
    for field in place.fields:
        if field.kind in ("choice", "flag") and field.request_field:
            value = request
            for step in field.request_field.split("."):
                value = getattr(value, step)
            assert value == field.default


@pytest.mark.parametrize("lesson", read_lessons().lessons, ids=lambda lesson: lesson.name)
def test_the_fields_of_every_stage_come_back_from_its_request(lesson):
    for step in lesson.steps:
        if step.stage and (place := BY_NAME[step.tab]).request and step.stage.fields.get("flips") != []:
            filled = {name: value for name, value in step.stage.fields.items() if value is not None}
            if filled.get("mode") == "Complete":
                del filled["system"]
            found = fields_of(place, request_of(place, step.stage.fields))
            assert {name: found.get(name, value) for name, value in filled.items()} == filled


def test_a_chat_comes_back_as_the_page_has_it():
    asked = {**BY_NAME["generation"].defaults(), "mode": "Chat", "prompt": "Hello", "system": "Be brief."}
    found = fields_of(BY_NAME["generation"], request_of(BY_NAME["generation"], asked))
    assert {name: found[name] for name in ("mode", "prompt", "system")} == {
        "mode": "Chat",
        "prompt": "Hello",
        "system": "Be brief.",
    }


def test_a_chat_is_asked_as_messages():
    place = BY_NAME["generation"]
    asked = {**place.defaults(), "mode": "Chat", "prompt": "Hello", "system": "Be brief.", "top_k": 5.0}
    request = request_of(place, asked)
    assert request.prompt is None and request.top_k == 5
    assert request.messages == (pg.Message("system", "Be brief."), pg.Message("user", "Hello"))


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_defaults_may_stand_where_they_stand(place):
    for field in place.fields:
        check_value(field, field.default)
        assert field.about.endswith(".")


@pytest.mark.parametrize("path", sorted((ROOT / "assets/lessons").glob("*.md")), ids=lambda path: path.stem)
def test_of_two_choices_none_is_the_most_of_all(path):
    """The page may show a third one that has more, or less."""
    for step in read_lesson(path)[0].steps:
        if step.predict and len(step.predict.choices) == 2:
            assert not re.search(r"\b(least|most|best|worst)\?", step.predict.ask)
