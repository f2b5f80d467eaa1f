"""What sharing and opening ask of Python: links of answers, fields of links, verdicts, what a reload brings back."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import pytest

import playground as pg
from playground.errors import InputError
from playground.links.answers import Presence
from playground.links.compare import Verdict
from playground.links.kinds import PLACES_OF_LINKS
from tabs.lessons.watched import Shared, Watched
from tabs.links.handlers import (
    _fields,
    asked_fields,
    is_typed,
    kept_by,
    last_answer,
    opened,
    restored,
    shared_link,
    verdict,
)

OWN = "tokenizer's own"
BATCH = pg.EncodeRequest(
    ("a", "b"), ("", "c"), "a/model", padding="max_length", padding_side="left", max_length=9,
    return_token_type_ids=False,
)  # fmt: skip


class Playground:
    """What the page asks of a playground about links."""

    presence = Presence()

    def link(self, result, asked, seen):
        return pg.link_to(*asked, seen=seen)

    def link_presence(self, link):
        return self.presence

    def compare_link(self, link, result):
        return Verdict(True, "Same as when it was shared.")


@pytest.fixture
def playground():
    return Playground()


def place(name: str, controls: dict, shared: Shared | None = None, **more: object) -> Watched:
    return Watched(name, controls, SimpleNamespace(elem_id=f"{name}-view"), gr.State(), shared=shared, **more)


@pytest.fixture
def watched():
    with gr.Blocks():
        models = ["a/model", "another/model"]
        words = {"words": gr.Textbox(), "model_id": gr.Dropdown(models), "template": gr.Textbox()}
        batch = {
            "texts": gr.Textbox(),
            "model_id": gr.Dropdown(models, allow_custom_value=True),
            "padding": gr.Dropdown(["longest", "max_length"]),
            "max_length": gr.Slider(1, 128),
            "padding_side": gr.Dropdown([OWN, "left", "right"]),
            "return_token_type_ids": gr.Dropdown([OWN, "True", "False"]),
            "stride": gr.Slider(0, 64),
        }
        writes = {
            "mode": gr.Radio(["Complete", "Chat"]), "prompt": gr.Textbox(), "model_id": gr.Dropdown(models),
            "stop_strings": gr.Textbox(), "seed": gr.Number(), "do_sample": gr.Checkbox(),
        }  # fmt: skip
        yield [place("similarity", words), place("batch", batch), place("generation", writes)]


def test_a_link_says_which_fields_to_fill(playground, watched):
    found = opened(playground, watched, str(pg.link_to(pg.WordLossRequest(("man", "dog"), "a/model"))))
    assert (found["tabs"], found["button"]) == (["similarity", "words"], "Measure")
    assert found["fields"]["words"] == ["man", "dog"] and found["fields"]["model_id"] == "a/model"
    assert found["nodes"].keys() == {"words", "model_id", "template"} and found["state"] == "here"
    assert found["more"] == {} and found["asked"] == [] and found["within"] == ""


def test_controls_that_no_lesson_fills_are_filled_too(playground, watched):
    found = opened(playground, watched, str(pg.link_to(BATCH, seen={"part": "x"})))
    assert found["fields"]["texts"] == ["a", "b ||| c"] and found["within"] == "x"
    assert found["more"] == {"padding_side": "left", "return_token_type_ids": "False"}, "stride changes nothing"
    cut = pg.EncodeRequest(("a",), model_id="a/model", truncation="only_first", return_overflowing_tokens=True)
    assert opened(playground, watched, str(pg.link_to(cut)))["more"]["stride"] == 0
    plain = opened(playground, watched, str(pg.link_to(pg.EncodeRequest(("a",), model_id="a/model"))))
    assert plain["more"]["padding_side"] == plain["more"]["return_token_type_ids"] == OWN
    assert "max_length" not in plain["fields"], "nothing was asked, so what stands there stays"


def test_a_generation_is_asked_as_a_whole(playground, watched):
    asked = pg.GenerateRequest(
        messages=(pg.Message("user", "Hi"),), model_id="a/model", stop_strings=("a\nb", "c"), prefix_token_ids=(5,)
    )
    found = opened(playground, watched, str(pg.link_to(asked)))
    assert found["fields"]["mode"] == "Chat" and found["fields"]["prompt"] == "Hi"
    assert found["more"]["stop_strings"] == "a\\nb\nc"
    assert found["asked"][0]["prefix_token_ids"] == [5] and found["view"] == "generation-view"


def test_a_model_is_never_filled_in_where_nobody_could_pick_it(playground, watched):
    found = opened(playground, watched, str(pg.link_to(pg.WordLossRequest(("a", "b"), "someone/else"))))
    assert found["state"] == "refused" and "someone/else, which this page doesn't offer" in found["sentence"]
    typed_in = opened(playground, watched, str(pg.link_to(pg.EncodeRequest(("a",), model_id="someone/else"))))
    assert typed_in["state"] == "here", "any id can be typed there"
    playground.presence = Presence("load", "Not here yet.")
    waiting = opened(playground, watched, str(pg.link_to(pg.WordLossRequest(("a", "b"), "a/model"))))
    assert (waiting["state"], waiting["sentence"]) == ("load", "Not here yet.")


@pytest.mark.parametrize("text", ["", "#run=9.abc", str(pg.link_to(pg.ClassifyRequest("a"))), "#run=1.AAAA"])
def test_what_cannot_be_opened_is_said(playground, watched, text):
    with pytest.raises(InputError):
        opened(playground, watched, text)


def test_an_answer_is_compared_only_if_the_link_asked_it(playground, watched):
    similarity = watched[0]
    result = pg.WordLossResult(
        "a/model", "auto", None, (pg.WordLoss("man", "dog", 1.0, 1.0, 2.7, ()),), words=("man", "dog")
    )
    link = str(pg.link_to(pg.WordLossRequest(("man", "dog"), "a/model")))
    assert verdict(playground, similarity, result, link) == {"same": True, "sentence": "Same as when it was shared."}
    other = str(pg.link_to(pg.WordLossRequest(("man", "cat"), "another/model")))
    assert verdict(playground, similarity, result, other) == {"other": ["words", "model_id"]}
    assert verdict(playground, similarity, None, link) == {"other": None}
    batch = watched[1]
    shorter = pg.EncodeRequest(("a",), model_id="a/model", max_length=12, stride=2)
    question = str(pg.link_to(pg.EncodeRequest(("a",), model_id="a/model")))
    assert verdict(playground, batch, shorter, question)["same"], "neither changes anything here"


def test_share_gives_a_link_to_the_last_answer(playground, watched):
    similarity = watched[0]
    assert "no answer" in shared_link(playground, similarity, None, {})["error"]
    result = pg.WordLossResult(
        "a/model", "auto", None, (pg.WordLoss("man", "dog", 1.0, 1.0, 2.7, ()),), words=("man", "dog")
    )
    found = shared_link(playground, similarity, result, {"part": "words"})
    assert pg.open_link(found["text"]) == pg.WordLossRequest(("man", "dog"), "a/model") and not found["long"]
    assert shared_link(playground, watched[1], pg.EncodeRequest(tuple(map(str, range(9999)))), {})["long"]


def test_a_place_may_share_what_no_lesson_can_read():
    asked, state = pg.TokenizeRequest("a", "a/model"), gr.State()
    shared = Shared(
        SimpleNamespace(elem_id="share"), kept=state, answer=lambda kept: ((asked,), kept), seen=lambda *_: {"layer": 3}
    )
    one = place("tokens", {}, shared)
    assert kept_by(one, {state: "kept"}, "me") == "kept" and last_answer(one, "kept") == ((asked,), "kept")
    assert pg.read_link(shared_link(Playground(), one, "kept", {})["text"]).seen == {"layer": 3}
    by_session = Watched("generation", {}, SimpleNamespace(elem_id="view"), lambda person: f"of {person}")
    assert kept_by(by_session, {}, "me") == "of me"


def test_a_reload_brings_back_only_what_the_controls_take(watched):
    _, batch, writes = watched
    kept = {
        "batch": {"texts": "a", "model_id": "any/model", "padding": "sideways", "max_length": True, "unknown": 5},
        "generation": {"mode": "Chat", "prompt": 5, "model_id": "someone/else", "seed": 3, "do_sample": "yes"},
        "similarity": ["no", "object"],
        "nowhere": {},
    }
    values = restored(watched, kept)
    names = {control: name for one in (batch, writes) for name, control in one.controls.items()}
    assert {names[control]: value for control, value in values.items()} == {
        "texts": "a", "model_id": "any/model", "mode": "Chat", "seed": 3,
    }  # fmt: skip
    assert is_typed(values) and not is_typed({control: control.value for control in values})


def test_a_text_that_a_view_holds_is_kept_by_its_question():
    live = Watched("tokens", {}, gr.HTML(), None, drawn={"text": gr.HTML()})
    assert asked_fields(live, pg.TokenizeRequest("cats", "a/model")) == {"text": "cats"}
    assert asked_fields(live, None) == {}


def test_a_chat_of_many_turns_stands_in_the_page_as_any_chat():
    turns = tuple(pg.Message(role, "Hello") for role in ("user", "assistant", "user"))
    asked = pg.GenerateRequest(prompt=None, messages=turns, model_id="a/model")
    fields = _fields(PLACES_OF_LINKS["generation"], pg.link_to(asked))
    assert fields["mode"] == "Chat" and PLACES_OF_LINKS["generation"].field("mode").choices == ("Complete", "Chat")
