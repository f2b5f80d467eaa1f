"""The Classification tab's handlers without a page: plain names stand for the components that they fill."""

from __future__ import annotations

from contextvars import copy_context
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
import transformers
from gradio.context import LocalContext

import playground as pg
from playground.config import Settings
from playground.errors import CorruptModelError, InputError, UnsupportedOptionError, WrongTaskError
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import ModelManager
from playground.service import Playground
from tabs.classification.examples import FIRST, MODEL_ID, what_it_shows
from tabs.classification.handlers import OneText, Parts, about_fields, about_result
from tabs.classification.table_handlers import (
    NO_COLUMN,
    TableOfTexts,
    TableParts,
    about_columns,
    about_link,
    source_of,
)
from tests.tiny_classifiers import SMALL, tiny_model, tiny_tokenizer

TEXT = "the film was good"
PAGE: gr.Request = SimpleNamespace(session_hash="a page")  # type: ignore[assignment]


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    """A model of moods, one of pairs, one with five stars, one without a head."""
    folder = tmp_path_factory.mktemp("models")
    kinds = {
        "mood": named(tiny_model(), ["bad", "fair", "good"]),
        "nli": named(tiny_model(), ["contradiction", "neutral", "entailment"]),
        "stars": named(tiny_model(labels=5), ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]),
        "headless": transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=120, **SMALL)),
    }
    specs = []
    for name, model in kinds.items():
        model.save_pretrained(folder / name)
        tiny_tokenizer().save_pretrained(folder / name)
        specs.append(ModelSpec(name, "text-classification", "folder", str(folder / name)))
    settings = Settings(device="cpu", hub="off", warm_up=("none",))
    with Playground(settings, ModelManager(settings, Catalog(tuple(specs)))) as playground:
        yield playground


def named(model, labels):
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: n for n, label in enumerate(labels)}
    return model


def one_text(playground):
    names = [name for name in Parts.__dataclass_fields__ if name != "codes"]
    return OneText(
        playground, Parts(**{name: name for name in names}, codes=["code", "notebook", "code 2", "notebook 2"])
    )


def table_of_texts(playground):
    return TableOfTexts(playground, TableParts(**{name: name for name in TableParts.__dataclass_fields__}))


def fill(page, steps):
    """What stands on the page after all steps of a handler, or after those that came before it failed."""
    for step in steps:
        page |= step
    return page


def merged(steps):
    """The same on an empty page."""
    return fill({}, steps)


def failing(error):
    def fail(*_):
        raise error

    return SimpleNamespace(describe_classifier=fail, classify=fail, attribute=fail, classify_table=fail)


def drawn(value):
    """Whether a view draws an answer, not only a sentence."""
    return value is not None and value.keys() != {"said"}


# One text


def test_a_run_fills_the_answer_and_its_code_where_that_is_seen(playground):
    handlers = one_text(playground)
    page = merged(handlers.run(TEXT, None, "mood", False, None))
    assert page["result"].request.text == TEXT and page["bars"]["verdict"] == pg.verdict(page["result"])
    assert "code" not in page
    page = merged(handlers.run(TEXT, None, "mood", True, None))
    assert "from transformers import pipeline" in page["code"] and page["notebook"].endswith(".ipynb")


def test_what_was_tried_with_another_text_goes_and_with_the_same_stays(playground):
    handlers = one_text(playground)
    first = merged(handlers.run(TEXT, None, "mood", False, None))["result"]
    tried = {"changed", "tried", "pressed", "toggles", "edited"}
    assert not tried & merged(handlers.run(TEXT, None, "mood", False, first)).keys()
    other = merged(handlers.run("bad food", None, "mood", False, first))
    assert tried <= other.keys() and other["changed"] is None and other["edited"] == "bad food"


ASIDES = {
    "whys": ("attribution", lambda one: one.whys.wins(one.why, about_fields), (TEXT, None, "mood", -1)),
    "edits": ("edited_bars", lambda one: one.edits.wins(one.compare_texts, about_fields), (TEXT, "", "bad", "mood")),
    "seconds": (
        "second_bars",
        lambda one: one.seconds.wins(one.ask_second, about_fields),
        (TEXT, None, "mood", "stars", "auto"),
    ),
    "tries": ("changed", lambda one: one.tries.wins(one.perturb, about_result), ((2,), "mask")),
}


@pytest.mark.parametrize(("place", "event", "given"), ASIDES.values(), ids=ASIDES)
def test_an_aside_about_another_text_is_dropped_wherever_it_stands_and_one_about_this_text_stays(
    playground, place, event, given
):
    me, forgets = SimpleNamespace(session_hash="me"), []

    class Slow:
        """The playground; while it computes, the page may tell of another text."""

        def __getattr__(self, name):
            for forget in forgets:
                forget("another text", None, me)
            return getattr(playground, name)

    handlers = one_text(Slow())
    if place == "changed":
        given = (merged(handlers.run(TEXT, None, "mood", False, None))["result"], *given)
    ask = event(handlers)
    assert merged(ask(me, *given))[place]
    assert place not in handlers.forget_asides(TEXT, "", me)
    assert not drawn(handlers.forget_asides("another text", None, me)[place])
    forgets.append(handlers.forget_asides)
    late = [*ask(me, *given)]
    assert late[-1] == gr.skip() and not [name for step in late for name in step if name.endswith("code")]


@pytest.mark.parametrize("error", [CorruptModelError("Damaged.", "Mend it."), RuntimeError("odd"), MemoryError()])
def test_whatever_meets_a_new_model_nothing_of_the_old_one_stays(playground, error):
    """The old verdict must not stand under the new name, not even while the new model is loading."""
    before = merged(one_text(playground).run(TEXT, None, "mood", False, None))
    handlers = one_text(failing(error))
    steps = handlers.describe("new", None, "")
    begun = before | next(steps)
    assert begun["bars"] is None and begun["result"] is None and begun["info"] == ""
    with pytest.raises(type(error)):
        begun |= merged(steps)
    for name in ("bars", "steps", "toggles", "changed", "attribution", "edited_bars", "second_bars", "result"):
        assert not drawn(begun[name]), name
    page, steps = dict(before), handlers.run(TEXT, None, "new", False, before["result"])
    page |= next(steps)
    with pytest.raises(type(error)):
        next(steps)
    assert not drawn(page["bars"]) and page["steps"] is None and page["result"] is None
    assert (page["bars"] or {}).get("said") == (str(error) if isinstance(error, CorruptModelError) else None)


def test_a_model_without_a_head_says_so_in_place_of_its_facts(playground):
    steps, page = one_text(playground).describe("headless", None, ""), {}
    with pytest.raises(WrongTaskError):
        fill(page, steps)
    assert "No answer from this model" in page["shows"] and "BertForMaskedLM" in page["shows"]


def test_a_second_text_is_kept_while_a_model_of_single_texts_is_looked_at(playground):
    handlers = one_text(playground)
    page = merged(handlers.describe("nli", "", "i hate it"))
    assert page["pair"].visible and page["pair"].value == "i hate it" and page["pair"].label == "hypothesis"
    page = merged(handlers.describe("mood", "i hate it", ""))
    assert not page["pair"].visible and page["pair"].value == "" and page["kept_pair"] == "i hate it"


def test_learning_of_a_model_asks_it_nothing(playground):
    def in_an_event():  # where gradio makes no component, only what is new about one
        LocalContext.in_event_listener.set(True)
        return merged(one_text(playground).describe_first("mood", None, ""))

    page = copy_context().run(in_an_event)
    new = page["pair"]._constructor_args[0]
    assert new == {"label": "text_pair", "visible": False}, "a new value would be answered, as one typed in is"
    assert "bars" not in page and "result" not in page
    steps, page = one_text(playground).describe_first("headless", None, ""), {}
    with pytest.raises(WrongTaskError):
        fill(page, steps)
    assert "No answer from this model" in page["shows"]


@pytest.mark.parametrize("place", ["attribution", "edited_bars", "second_bars", "bars"])
def test_what_can_not_be_answered_says_so_where_the_answer_would_stand(place):
    error, page = InputError("Too long.", "Use less."), {}
    handlers = one_text(failing(error))
    asking = {
        "attribution": lambda: handlers.why(TEXT, None, "mood", -1),
        "edited_bars": lambda: handlers.compare_texts(TEXT, None, "bad", "mood"),
        "second_bars": lambda: handlers.ask_second(TEXT, None, "mood", "stars", "auto"),
        "bars": lambda: handlers.run(TEXT, None, "mood", False, None),
    }
    with pytest.raises(InputError):
        fill(page, asking[place]())
    assert page[place] == {"said": "Too long. Use less."}


def test_an_emptied_field_is_no_mistake(playground):
    assert merged(one_text(playground).follow("  ", None, "mood", False, None))["bars"] is None


def test_reasons_come_one_method_at_a_time_and_a_refused_one_is_named(playground):
    handlers = one_text(playground)
    steps = [*handlers.why(TEXT, None, "mood", -1)]
    assert [len(step["attribution"]["waiting"]) for step in steps] == [3, 2, 1, 0, 0]
    assert "integrated_gradients" in steps[-1]["why_code"] and steps[-1]["why_notebook"].endswith(".ipynb")
    attribute = playground.attribute

    def picky(request):
        if request.methods[0] != "occlusion":
            raise UnsupportedOptionError("It gives no gradients.", "Look at occlusion.")
        return attribute(request)

    half = SimpleNamespace(attribute=picky, attribution_receipt=playground.attribution_receipt)
    last = [*one_text(half).why(TEXT, None, "mood", -1)][-1]["attribution"]
    assert [one["method"] for one in last["methods"]] == ["occlusion"] and last["waiting"] == []
    assert "No integrated_gradients here: It gives no gradients." in last["caution"]
    steps, page = one_text(failing(UnsupportedOptionError("Nothing.", "Go on."))).why(TEXT, None, "mood", -1), {}
    with pytest.raises(UnsupportedOptionError):
        fill(page, steps)
    assert page["attribution"] == {"said": "Nothing. Go on."}


def test_what_if_shows_bars_that_moved_and_clears_what_it_can_not_answer(playground):
    handlers = one_text(playground)
    result = merged(handlers.run(TEXT, None, "mood", False, None))["result"]
    changed = handlers.perturb(result, (2,), "mask")["changed"]
    assert changed["verdict"] == "With “film” replaced by [MASK]" and changed["bars"][0]["before"] is not None
    assert handlers.perturb(result, (), "mask") == {"changed": None, "tried": None}
    page = merged(handlers.compare_texts(TEXT, None, "bad food", "mood"))
    assert len(page["edited_bars"]["bars"]) == 3 and "bad food" in page["what_if_code"]
    assert merged(handlers.compare_texts(TEXT, None, TEXT, "mood")) == {"edited_bars": None, "beside": None}
    assert merged(handlers.compare_pressed(TEXT, None, "bad food", "mood"))["edited_bars"] == page["edited_bars"]
    same, none = (merged(handlers.compare_pressed(TEXT, None, copy, "mood"))["edited_bars"] for copy in (TEXT, " "))
    assert "still the same" in same["said"] and "no text" in none["said"]  # a press is never without an answer
    second = merged(handlers.ask_second(TEXT, None, "mood", "stars", "auto"))["second_bars"]
    assert "stars in float32" in second["facts"]
    steps, page = handlers.ask_second(TEXT, None, "mood", "headless", "auto"), {"second_bars": second}
    with pytest.raises(WrongTaskError):
        fill(page, steps)
    assert not drawn(page["second_bars"]) and "BertForMaskedLM" in page["second_bars"]["said"]


def event_of(*asked):
    """What Share brings of a link to this."""
    return gr.EventData(None, {"link": str(pg.link_to(*asked))})


def test_a_link_asks_why_and_what_if_exactly(playground):
    handlers, text = one_text(playground), pg.ClassifyRequest(TEXT, None, "mood")
    page = merged(handlers.why_again(event_of(pg.AttributeRequest(TEXT, None, 0, "mood", methods=("occlusion",)))))
    assert page["label"] == 0 and page["explained"].request.methods == ("occlusion",)
    page = handlers.try_again(event_of(pg.PerturbRequest(text, (1, 3), "delete")))
    assert page["tried"].request.positions == page["pressed"] == (1, 3) and page["action"] == "delete"
    assert page["toggles"]["pressed"] == [1, 3] and page["changed"]["verdict"].endswith("deleted")
    page = merged(handlers.beside_again(event_of(text, pg.ClassifyRequest("bad food", None, "mood"))))
    assert page["edited"] == "bad food" and [one.request.text for one in page["beside"]] == [TEXT, "bad food"]
    page = merged(handlers.beside_again(event_of(text, pg.ClassifyRequest(TEXT, None, "stars"))))
    assert (page["second"], page["quantization"]) == ("stars", "auto") and page["second_bars"]
    with pytest.raises(InputError, match="two texts, or two models"):
        merged(handlers.beside_again(event_of(text, pg.ClassifyRequest("bad food", None, "stars"))))


def test_a_link_asks_for_a_table_and_shows_where_it_came_from(playground):
    handlers = table_of_texts(playground)
    pasted = pg.ClassifyTableRequest(pg.read_lines("the film was good\nbad food"), "text", None, "mood")
    page = merged(handlers.run_again(event_of(pasted)))
    assert len(page["result"].rows) == 2 and page["result"].request.table == pasted.table
    assert source_of(pasted) == (None, "the film was good\nbad food")
    rows = (("7", "good, bad", "good"), ("8", "bad\nfood", "bad"))
    filed = pg.ClassifyTableRequest(pg.Table(("id", "said", "mood"), rows, (2, 3)), "said", "mood", "mood")
    page = merged(handlers.run_again(event_of(filed)))
    assert (page["text_column"].value, page["label_column"].value) == ("said", "mood")
    assert [row.gold for row in page["result"].rows] == [2, 0]
    path, _ = source_of(filed)
    assert pg.read_file(Path(path)).rows == rows


def test_what_a_sentence_shows_is_said_of_the_examples_alone(playground):
    handlers = one_text(playground)
    page = merged(handlers.run(FIRST.text, None, "mood", False, None))
    assert page["shows"] == "" and page["edited"] == FIRST.text and "**3 labels**" in page["info"]
    assert what_it_shows(FIRST.text, MODEL_ID) == FIRST.shows
    again = merged(handlers.run(FIRST.text, None, "mood", False, page["result"]))
    assert "edited" not in again  # what was edited of the same text stays


# A table


def write(folder, content, name="rows.csv"):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_columns_are_guessed_and_second_texts_asked_for_by_pair_models_alone(playground, tmp_path):
    handlers = table_of_texts(playground)
    path = write(tmp_path, "id,premise,hypothesis,label\n1,a film,a poor film,neutral\n2,food,no food,entailment\n")
    page = handlers.read_columns(path, None, "nli")
    assert (page["text_column"].value, page["pair_column"].value, page["label_column"].value) == (
        "premise", "hypothesis", "label",
    )  # fmt: skip
    assert page["pair_column"].visible
    page = handlers.read_columns(path, None, "mood")
    assert page["pair_column"].value == NO_COLUMN and not page["pair_column"].visible
    for path in (None, write(tmp_path, "", "empty.csv")):  # the reading says that there are no rows, and no toast
        assert not handlers.read_columns(path, None, "mood")["text_column"].visible


def test_pairs_are_judged_as_pairs_counted_and_shown(playground, tmp_path):
    handlers = table_of_texts(playground)
    path = write(
        tmp_path, "premise,hypothesis,label\na good film,a poor film,neutral\nfood,no food,entailment\nx,,neutral\n"
    )
    page = merged(handlers.run("", path, None, "premise", "hypothesis", "label", "nli", None))
    result = page["result"]
    for row in result.rows:
        alone = playground.classify(pg.ClassifyRequest(row.text, row.text_pair, "nli"))
        assert row.probabilities == pytest.approx([label.probability for label in alone.labels], abs=1e-5)
    assert "2 pairs" in page["progress"]["text"] and "nli" in page["progress"]["text"]
    assert page["rows"].value["data"][0][1] == "a good film\n→ a poor film"
    assert "line 4: its second text: There is no text yet" in page["notes"].value
    assert page["metrics"]["count"] == 2


def test_half_a_pair_is_given_no_accuracy(playground, tmp_path):
    path = write(tmp_path, "premise,hypothesis,label\na good film,a poor film,neutral\n")
    page = merged(table_of_texts(playground).run("", path, None, "premise", NO_COLUMN, "label", "nli", None))
    assert page["metrics"] is None and "has only one text" in page["notes"].value


def test_labels_that_can_be_read_in_two_ways_are_asked_for(playground, tmp_path):
    handlers = table_of_texts(playground)
    path = write(tmp_path, "text,label\ngood film,1\nbad food,4\n")
    asked = handlers.ask_reading(path, None, "text", NO_COLUMN, "label", "stars")["reading"]
    assert asked.visible and [value for _, value in asked.choices] == ["names", "label ids"] and asked.value is None
    assert "'1' is '1 star'" in asked.choices[0][0] and "'1' is '2 stars'" in asked.choices[1][0]
    with pytest.raises(InputError, match="can be read as"):
        merged(handlers.run("", path, None, "text", NO_COLUMN, "label", "stars", None))
    page = merged(handlers.run("", path, None, "text", NO_COLUMN, "label", "stars", "label ids"))
    assert [row.gold for row in page["result"].rows] == [1, 4]
    assert "as label ids, counted from 0: '1' is '2 stars'" in page["notes"].value
    cards = dict(page["metrics"]["cards"])
    assert cards["by guessing"] == "20.0\u00a0%" and "labels away from the right one, on average" in cards
    assert not handlers.ask_reading(path, None, "text", NO_COLUMN, NO_COLUMN, "stars")["reading"].visible
    clear = write(tmp_path, "text,label\ngood film,0\nbad food,4\n", "clear.csv")
    assert not handlers.ask_reading(clear, None, "text", NO_COLUMN, "label", "stars")["reading"].visible


def test_a_file_puts_pasted_lines_aside(playground, tmp_path):
    handlers = table_of_texts(playground)
    beside = handlers.show_source(write(tmp_path, "text\ngood\n"))
    assert not beside.interactive and "not used" in beside.label
    alone = handlers.show_source(None)
    assert alone.interactive and alone.label == "texts, one per line"


def test_a_new_model_ends_the_run_and_takes_the_old_result_away(playground):
    handlers = table_of_texts(playground)
    page = merged(handlers.run("good\nbad", None, None, None, None, None, "mood", None))
    assert page["rows"].visible and "mood" in page["progress"]["text"]
    steps = handlers.run("\n".join(["good film"] * 2000), None, None, None, None, None, "mood", None)
    page |= next(steps) | next(steps) | next(steps)
    page |= handlers.other_question("good", None, None, "mood", page["run_id"], PAGE)
    assert [step["result"].stopped for step in steps if "result" in step] == [True]
    assert page["result"] is None and page["progress"]["text"].startswith("Press") and not page["rows"].visible


def test_what_the_page_tells_late_of_a_runs_own_rows_leaves_it_alone(playground, tmp_path):
    handlers, path = table_of_texts(playground), write(tmp_path, "text\ngood film\nbad food\n")
    pasted = pg.ClassifyTableRequest(pg.read_lines("good\nbad"), "text", None, "mood")
    filed = pg.ClassifyTableRequest(pg.read_file(Path(path)), "text", None, "mood")
    for asked in (pasted, filed):
        file, lines = source_of(asked)
        lines = lines if isinstance(lines, str) else "something else"
        open_link = handlers.runs.wins(handlers.run_again, about_link)
        again = open_link(PAGE, event_of(asked))
        next(again)
        late = handlers.other_question(lines, file, None, "mood", "", PAGE)
        assert late == gr.skip() and "result" in merged(again)
        again = open_link(PAGE, event_of(asked))
        next(again)
        assert handlers.other_question(lines, file, None, "stars", "", PAGE)["result"] is None
        assert list(again) == [gr.skip()], "another model was asked"
    given = ("good\nbad", None, None, None, None, None, "mood", None)
    run = handlers.runs.wins(handlers.run, about_columns)(PAGE, *given)
    next(run)
    assert handlers.other_question("good\nbad", None, None, "mood", "", PAGE) == gr.skip()
    assert handlers.read_otherwise("", PAGE)["result"] is None and list(run) == [gr.skip()]
    assert about_columns("", *given[1:]) == ("mood", None)


def test_a_failed_run_leaves_no_older_result(playground):
    handlers = table_of_texts(playground)
    page = merged(handlers.run("good\nbad", None, None, None, None, None, "mood", None))
    steps = handlers.run("good", None, None, None, None, None, "headless", None)
    with pytest.raises(WrongTaskError):
        fill(page, steps)
    assert page["result"] is None and page["metrics"] is None
    assert "BertForMaskedLM" in page["progress"]["text"] and page["progress"]["percent"] is None, "says why, no bar"
