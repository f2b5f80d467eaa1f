"""What the panel asks of Python: lessons that the page can drive, values of fields, facts of answers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import playground as pg
from playground.errors import InputError
from playground.lessons.places import place
from playground.lessons.shelf import read_lessons
from tabs.generation.runs import WHOLE, Runs
from tabs.lessons.handlers import contents, drivable, facts_of, filled, whole
from tabs.lessons.watched import Watched


class Control:
    """A component, as far as the panel needs one."""

    elem_id, value = "", "first/model"

    def __init__(self, number: int) -> None:
        self._id = number


def lent(*names: str) -> list[Watched]:
    """Places with a control for each of their fields."""
    watched = []
    for name in names:
        fields = [field.name for field in place(name).fields]
        controls = {field: Control(at) for at, field in enumerate(fields)}
        watched.append(Watched(name, controls, None, None))
    return watched


def test_only_lessons_that_the_page_can_drive_are_listed():
    lessons = read_lessons()
    every = drivable(lessons, lent("classification", "generation", "similarity"))
    assert "01-the-article-live" in {one.name for one in every}
    for one in drivable(lessons, lent("classification")):
        assert {step.tab for step in one.steps} == {"classification"}
    assert contents(lessons, ()) == {"lessons": [], "problems": []}


def test_a_field_that_isnt_lent_keeps_its_lessons_out():
    watched = lent("classification")
    del watched[0].controls["text"]
    assert drivable(read_lessons(), watched) == []


def test_a_lesson_says_where_its_fields_are():
    told = whole(read_lessons(), lent("classification", "generation", "similarity"), "01-the-article-live")
    about = told["places"]["classification"]
    assert (about["tab"], about["part"], about["nodes"]["text"]) == ("classification", "one-text", "component-0")
    assert told["lesson"]["steps"][0]["predict"]["kind"] == "choice"
    with pytest.raises(InputError, match="no longer there"):
        whole(read_lessons(), (), "01-the-article-live")


def test_fields_are_filled_as_the_page_writes_them():
    (similarity,) = lent("similarity")
    values = filled(similarity, {"words": ["man", "woman"], "model_id": None, "template": "{source} {target}"})
    assert list(values.values()) == ["man, woman", "first/model", "{source} {target}"]
    assert list(values) == [similarity.controls[name] for name in ("words", "model_id", "template")]


def test_facts_repeat_what_was_asked():
    assert facts_of("similarity", None) is None
    losses = [pg.WordLoss("man", "woman", 1.0, 1.0, 2.7, ()), pg.WordLoss("woman", "man", 2.0, 2.0, 7.4, ())]
    facts = facts_of("similarity", pg.WordLossResult("a/model", "auto", None, tuple(losses)))
    assert facts["words"] == ["man", "woman"] and facts["closest"] == {"man": "woman", "woman": "man"}


def _ended(runs: Runs, person: str) -> None:
    run = runs.enter(person, "1")
    run.requests = (pg.GenerateRequest(prompt="a"),)
    run.note([(0, SimpleNamespace())])
    assert runs.last(person) is None, "it is not over"
    runs.leave(person, run)


def test_the_last_run_of_a_page_can_be_read_whole_until_it_asks_anew(monkeypatch):
    monkeypatch.setattr(pg, "Finished", SimpleNamespace)
    runs = Runs(lambda run_id: None)
    _ended(runs, "me")
    assert runs.last("me").request.prompt == "a"
    assert runs.last("another") is None
    runs.enter("me", "2")
    assert runs.last("me") is None


def test_only_so_many_pages_keep_a_whole_run(monkeypatch):
    monkeypatch.setattr(pg, "Finished", SimpleNamespace)
    runs = Runs(lambda run_id: None)
    for number in range(WHOLE + 1):
        _ended(runs, str(number))
    assert runs.last("0") is None and runs.last(str(WHOLE)) is not None
    runs.forget(str(WHOLE))
    assert runs.last(str(WHOLE)) is None
