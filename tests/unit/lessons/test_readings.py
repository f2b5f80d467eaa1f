"""Readings: a path is checked against the declared facts, walks JSON, and says what the page's script says, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from playground.errors import InputError
from playground.lessons.facts import FACTS
from playground.lessons.places import PLACES
from playground.lessons.readings import condition, holds, listed, reading, sentence, value_of, written

CASES = json.loads((Path(__file__).parents[2] / "data" / "lesson_readings.json").read_text(encoding="utf-8"))
LIVE, KEPT = CASES["live"], CASES["kept"]


@pytest.mark.parametrize(("name", "value"), CASES["readings"])
def test_a_reading_walks_json(name, value):
    found = value_of(reading(name, KEPT), LIVE)
    assert found == value and isinstance(found, bool) == isinstance(value, bool)


@pytest.mark.parametrize(("text", "true"), CASES["conditions"])
def test_a_condition_holds_or_not(text, true):
    assert holds(condition(text, KEPT), LIVE) is true


@pytest.mark.parametrize(("text", "said"), CASES["sentences"])
def test_a_sentence_has_live_values(text, said):
    assert written(sentence(text, KEPT), LIVE) == said


@pytest.mark.parametrize(
    ("name", "helps"),
    [
        ("classification.best.labl", "label"),
        ("clasification.best.label", "classification"),
        ("classification", ".best"),
        ("classification.best", ".label"),
        ("classification.labels", "[0]"),
        ("classification.labels.label", "[0]"),
        ("classification.labels(3).label", "[0]"),
        ("similarity.closest", "(word)"),
        ("similarity.closest[0]", "(word)"),
        ("classification.count.x", "one value"),
        ("classification.best label", "[0]"),
        ("generation.steps[3].alternatives[0].piece", "token"),
        ("classification.__class__", "label"),
        ("", "classification"),
    ],
)
def test_an_unknown_reading_names_what_there_is(name, helps):
    with pytest.raises(InputError) as caught:
        reading(name)
    assert helps in caught.value.fix


@pytest.mark.parametrize(
    ("text", "helps"),
    [
        ("classification.best.label", "is"),
        ("classification.best.label = 5", "is"),
        ("classification.best.label > many", "number"),
        ("classification.tokens contains", "quotes"),
        ("classification.best.labels is 5", "label"),
        ("classification.best.label is classification.best.lable", "label"),
    ],
)
def test_a_condition_that_is_none_says_what_is_allowed(text, helps):
    with pytest.raises(InputError) as caught:
        condition(text)
    assert helps in caught.value.fix


@pytest.mark.parametrize("text", ["{classification.best}", "{nothing.at.all}", "{classification.count:x}", "{}"])
def test_a_sentence_with_a_wrong_reading_is_refused(text):
    with pytest.raises(InputError):
        sentence(text)


def test_every_tab_of_a_lesson_has_facts():
    assert set(FACTS) == {place.name for place in PLACES}


def test_every_listed_reading_is_one_and_says_what_it_is():
    found = list(listed())
    assert {"classification.best.label", "similarity.closest(word)", "generation.steps[0].alternatives[0].token"} <= {
        one.name for one in found
    }
    for one in found:
        assert reading(one.name).name == one.name
        assert one.about.endswith(".") and one.kind in ("word", "number", "flag", "list")
