"""What the panel asks of Python: lessons that the page can drive, values of fields, facts of answers."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

import playground as pg
from playground.errors import InputError
from playground.lessons.places import PLACES, place
from playground.lessons.shelf import read_lessons
from playground.models.catalog import Catalog
from playground.service import Playground
from tabs.generation.runs import WHOLE, Runs
from tabs.lessons.handlers import contents, drivable, driven, filled, heard, whole
from tabs.lessons.panel import _wire
from tabs.lessons.watched import Watched
from tabs.page import view

ALL = tuple(one.name for one in PLACES)


class Control:
    """A component, as far as the panel needs one."""

    elem_id, value = "", "first/model"

    def __init__(self, number: int, models: Sequence[str]) -> None:
        self._id, self.choices = number, [(name, name) for name in models]


def lent(
    *names: str, models: Sequence[str] = tuple(spec.id for spec in Catalog.read()), views: bool = True
) -> list[Watched]:
    """Places with a control for each of their fields, and their views."""
    watched = []
    for name in names:
        fields = [field.name for field in place(name).fields]
        controls = {field: Control(at, models) for at, field in enumerate(fields)}
        watched.append(Watched(name, controls, Control(99, ()), None, beside=beside(name) if views else {}))
    return watched


def beside(name: str) -> dict[str, Control]:
    return {view: Control(98, ()) for view in place(name).beside}


def playground_with(models=None, public=False):
    """A playground's catalog and settings."""
    catalog = Catalog.read() if models is None else Catalog(tuple(one for one in Catalog.read() if one.id in models))
    return SimpleNamespace(catalog=catalog, settings=SimpleNamespace(public=public))


def test_only_lessons_that_the_page_can_drive_are_listed():
    lessons = read_lessons()
    every = drivable(lessons, lent("classification", "generation", "similarity"))
    assert "01-the-article-live" in {one.name for one in every}
    for one in drivable(lessons, lent("classification")):
        assert {step.tab for step in one.steps} == {"classification"}
    assert contents(lessons, (), playground_with())["lessons"] == []


def test_the_page_offers_every_lesson():
    import gradio as gr

    from tabs import TABS

    with gr.Blocks(), Playground() as playground:
        watched = driven([one for tab in TABS for one in tab.build_tab(playground) or ()])
        found = contents(read_lessons(), watched, playground)
    assert [one["name"] for one in found["lessons"]] == [one.name for one in read_lessons().lessons]
    assert all(not one["needs"] and not one["elsewhere"] for one in found["lessons"])
    assert {one.place for one in watched} == set(ALL)


def test_what_is_folded_away_has_a_way_to_it():
    import gradio as gr

    with gr.Blocks() as page:
        with gr.Tab("Outer", id="outer"), gr.Accordion("More") as more, gr.Row(), gr.Tab("Inner", id="inner"):
            text = gr.Textbox()
        shown = gr.HTML()
    assert page
    watched = Watched("classification", {"text": text}, shown, None)
    assert watched.where()["ways"] == {"text": ["outer", "pg-classification-more", "inner"]}
    assert more.elem_id == "pg-classification-more"


def test_a_view_beside_the_answer_is_lent_too():
    names = lambda **more: {one.name for one in drivable(read_lessons(), lent(*ALL, **more))}  # noqa: E731
    assert names() - names(views=False) == {"01-the-article-live"}


def test_a_field_that_isnt_lent_keeps_its_lessons_out():
    watched = lent("classification")
    del watched[0].controls["text"]
    assert drivable(read_lessons(), watched) == []


def test_a_page_without_a_lessons_model_says_so():
    few = ["sentence-transformers/all-MiniLM-L6-v2", "another/model"]
    told = contents(read_lessons(), lent(*ALL, models=few), playground_with(few))["lessons"]
    about = {one["name"]: one for one in told}
    assert about["02-tokens-are-not-words"]["needs"] == ["HuggingFaceTB/SmolLM2-135M-Instruct"]
    assert about["04-how-sure-is-sure"]["needs"] == []
    assert about["04-how-sure-is-sure"]["elsewhere"] == ["playground/sentiment-5-stars"]
    none = contents(read_lessons(), lent(*ALL, models=[]), playground_with([]))["lessons"]
    assert about.keys() == {one["name"] for one in none} and all(one["needs"] for one in none)
    with pytest.raises(InputError, match="no longer there"):
        whole(read_lessons(), lent(*ALL, models=few), playground_with(few).catalog, "02-tokens-are-not-words")


def test_what_is_wrong_in_a_file_is_for_its_teacher_alone(tmp_path):
    (tmp_path / "mine.md").write_text("## No front matter", encoding="utf-8")
    lessons = read_lessons(tmp_path)
    (problem,) = contents(lessons, lent(*ALL), playground_with())["problems"]
    assert problem.startswith("mine.md:1: The front matter is missing.")
    assert contents(lessons, lent(*ALL), playground_with(public=True))["problems"] == []


def test_a_lesson_says_where_its_fields_are():
    told = whole(read_lessons(), lent(*ALL), Catalog.read(), "01-the-article-live")
    about = told["places"]["classification"]
    assert (about["tab"], about["part"], about["nodes"]["text"]) == (
        "classification",
        "one-text",
        "pg-classification-text",
    )
    assert told["lesson"]["steps"][0]["predict"]["kind"] == "choice"
    with pytest.raises(InputError, match="no longer there"):
        whole(read_lessons(), (), Catalog.read(), "01-the-article-live")


def test_fields_are_filled_as_the_page_writes_them():
    (similarity,) = lent("similarity")
    values = filled(similarity, {"words": ["man", "woman"], "model_id": None, "template": "{source} {target}"})
    assert list(values.values()) == ["man, woman", "first/model", "{source} {target}"]
    assert list(values) == [similarity.controls[name] for name in ("words", "model_id", "template")]


def test_a_stage_takes_back_what_somebody_chose_beside_its_fields():
    import gradio as gr

    with gr.Blocks() as page:
        text, chosen, shown = gr.Textbox(), gr.Dropdown([("none", -1), ("a", 5)]), gr.HTML(elem_id="why")
        panel = view("lessons/panel", events=["fill", "look"], elem_id="pg-lessons")
        _wire(panel, [Watched("why", {"text": text}, shown, gr.State(), resets={chosen: -1})])
    fill = next(event for event in page.fns.values() if event.name == "fill")
    filled = fill.fn(SimpleNamespace(_data={"tab": "why", "fields": {"text": "Hi"}, "fill": 1}))
    assert filled[text] == "Hi" and filled[chosen] == -1 and chosen in fill.outputs


def test_what_is_heard_repeats_what_was_asked():
    (similarity,) = lent("similarity")
    assert heard(similarity, None) == {"facts": None, "asked": {}}
    losses = [pg.WordLoss("man", "woman", 1.0, 1.0, 2.7, ()), pg.WordLoss("woman", "man", 2.0, 2.0, 7.4, ())]
    found = heard(similarity, pg.WordLossResult("a/model", "auto", None, tuple(losses)))
    assert found["asked"] == {"words": ["man", "woman"], "model_id": "a/model"}
    assert found["facts"]["closest"] == {"man": "woman", "woman": "man"}


def test_a_question_that_is_kept_is_answered_when_somebody_listens(app_playground):
    question = pg.TokenizeRequest(" strawberry", "HuggingFaceTB/SmolLM2-135M-Instruct")
    found = heard(Watched("tokens", {}, Control(0, ()), None, app_playground.tokenize), question)
    assert found["asked"] == {"text": " strawberry", "model_id": question.model_id, "add_special_tokens": True}
    assert found["facts"]["own_count"] == 1


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
