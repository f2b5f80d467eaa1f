"""What a teacher asks her class from her own screen: of each place, what stands in its fields."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from playground.classroom.answers import Prepared
from playground.classroom.questions import (
    Choice,
    CloserPair,
    GreedyReply,
    Label,
    NextWord,
    Number,
    OneOfTop,
    Slider,
    TokenCount,
    Word,
)
from playground.classroom.result import ModelSays, Said
from playground.errors import InputError
from playground.lessons.shelf import read_lessons
from playground.links.kinds import PLACES_OF_LINKS
from playground.models.tokenizers import Message
from playground.wire import from_json, to_json
from tabs.classroom.handlers import ASKABLE, question_of

GENERATION = {
    "mode": "Complete", "prompt": "Once upon", "model_id": "lm", "quantization": "8-bit", "system": "",
    "max_new_tokens": 12, "split_special_tokens": False,
}  # fmt: skip
CHAT = GENERATION | {"mode": "Chat", "prompt": "Hi", "system": "Be kind."}
TALK = (Message("system", "Be kind."), Message("user", "Hi"))
TEXT = {"text": "good", "text_pair": "", "model_id": "stars"}
CHOSEN = {
    "prompt": "Once", "messages": None, "model_id": "other", "quantization": "auto", "split_special_tokens": False,
    "prefix_token_ids": [5, 6],
}  # fmt: skip
HERE = [
    ("generation", "next_word", GENERATION, None, NextWord("Once upon", "lm", "8-bit")),
    ("generation", "one_of_top", GENERATION, None, OneOfTop("Once upon", "lm", "8-bit", top=4)),
    ("generation", "greedy_reply", GENERATION, None, GreedyReply("Once upon", "lm", "8-bit", max_new_tokens=12)),
    ("generation", "next_word", CHAT, None, NextWord(model_id="lm", quantization="8-bit", messages=TALK)),
    ("generation", "next_word", GENERATION, CHOSEN, NextWord("Once", "other", "auto", reply_ids=(5, 6))),
    ("inside", "next_word", {"text": "The sky", "model_id": "lm"}, None, NextWord("The sky", "lm")),
    ("classification", "label", TEXT, None, Label("good", model_id="stars")),
    ("classification", "label", TEXT | {"text_pair": "bad"}, None, Label("good", "bad", "stars")),
    ("tokens", "token_count", {"model_id": "t", "add_special_tokens": True}, {"text": "cats"},
     TokenCount("cats", "t", True)),
    ("similarity", "closer_pair", {"words": "man, woman, dog", "model_id": "t5", "template": ""}, None,
     CloserPair("man", ("woman", "dog"), "t5")),
]  # fmt: skip


def never(question):
    raise AssertionError("no model is asked for this")


@pytest.mark.parametrize(("place", "kind", "fields", "chosen", "asked"), HERE)
def test_what_stands_in_the_fields_is_asked(place, kind, fields, chosen, asked):
    assert question_of(place, kind, fields, chosen, never) == (asked, None)
    assert from_json(type(asked), to_json(asked)) == asked, "the room reads what the page sends"


def test_how_probable_the_models_own_answer_is():
    def prepare(question):
        assert question == NextWord("Once", "other", "auto", reply_ids=(5, 6))
        prepared = SimpleNamespace(text="Once", reply=" upon")
        return Prepared(prepared, ModelSays((Said("a", 0.25), Said("the", 0.5))))

    asked = question_of("generation", "slider", GENERATION, CHOSEN, prepare)
    assert asked == (Slider("How probable is the likeliest next token?", text="Once upon"), 50.0)


def test_what_cannot_be_asked_is_said():
    with pytest.raises(InputError, match="no such question"):
        question_of("batch", "next_word", {}, None, never)
    with pytest.raises(InputError, match=r"The unit has 61 characters\. Use at most 12\."):
        Slider("How long?", unit="m" * 61)
    with pytest.raises(InputError, match="There are 2 words"):
        question_of("similarity", "closer_pair", {"words": "a, b", "model_id": "", "template": ""}, None, never)
    with pytest.raises(InputError, match="no text"):
        question_of("generation", "next_word", GENERATION | {"prompt": " "}, None, never)


def test_all_that_can_be_asked_is_in_a_place_of_the_page():
    assert ASKABLE.keys() <= PLACES_OF_LINKS.keys()
    assert {(place, kind) for place, kind, *_ in HERE} | {("generation", "slider")} <= {
        (place, kind) for place, kinds in ASKABLE.items() for kind in kinds
    }


def test_every_question_of_every_lesson_can_be_asked():
    """As `assets/views/lessons/to_class.js` makes them; it has a test of its own."""
    steps = [step for lesson in read_lessons().lessons for step in lesson.steps if step.predict]
    assert {step.predict.kind for step in steps} == {"choice", "number", "word"}
    for predict in (step.predict for step in steps):
        if predict.kind == "choice":
            assert Choice(predict.ask, tuple(one.say for one in predict.choices)).ask == predict.ask
        else:
            kind = Word if predict.kind == "word" else Slider if predict.form == "%" else Number
            assert kind(predict.ask).ask == predict.ask
