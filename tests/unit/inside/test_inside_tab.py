"""What the page makes of a look inside, without a page: texts that go on to another part of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

import playground as pg
from playground.errors import EmptyInputError, InputError
from playground.inside.attribute import attribute_next
from playground.inside.result import InsideToken, NextCandidate
from tabs.inside.format import ONE_GRADIENT, format_why
from tabs.inside.handlers import of_nobodys_choice, text_of
from tabs.inside.model_map import head_request, request_of, text_fields
from tests.unit.inside.inside_models import CAUSAL, OneModel, tiny


@pytest.mark.parametrize(("added", "text"), [((), "<s>Hi there"), ((1,), "Hi there"), ((1, 2), "Hi there")])
def test_a_text_that_was_read_has_no_token_twice_when_it_is_read_again(added, text):
    """With (1, 2) the tokenizer ends a text, too; what it puts before is all that goes."""
    playground = SimpleNamespace(tokenize=lambda request: SimpleNamespace(input_ids=added))
    tokens = (InsideToken(1, "<s>", True), InsideToken(7, "Hi", False), InsideToken(8, " there", False))
    assert text_of(playground, SimpleNamespace(request=pg.LensRequest("x", model_id="m"), tokens=tokens)) == text


def test_what_another_part_of_the_page_sends_fills_the_fields():
    sent = {"text": "a [MASK]", "model_id": "m", "task": "fill-mask", "quantization": "4-bit"}
    assert request_of(*text_fields(sent)) == pg.ModelMapRequest("a [MASK]", "m", "", "fill-mask", "4-bit", layer=0)
    assert text_fields({"text": None, "task": "no task"}) == ["", "", "", "", "auto"]


def test_lessons_are_answered_about_the_most_probable_token_alone():
    best, other = (NextCandidate(number, "a", 1.0, probability) for number, probability in ((1, 0.6), (2, 0.3)))
    found = SimpleNamespace(candidates=(other, best), target=best, contrast=None)
    assert of_nobodys_choice(found) is found
    for chosen in ({"target": other}, {"contrast": other}):
        assert of_nobodys_choice(SimpleNamespace(**{**vars(found), **chosen})) is None


def test_another_head_of_what_is_drawn_is_asked_for():
    drawn = SimpleNamespace(request=pg.ModelMapRequest("a cat", "m", layer=0))
    sent = {"stack": "cross", "layer": 3, "head": 2, "position": 1}
    assert head_request(drawn, sent) == pg.ModelMapRequest("a cat", "m", stack="cross", layer=3, head=2, position=1)
    with pytest.raises(EmptyInputError, match="Nothing is drawn"):
        head_request(None, sent)
    with pytest.raises(InputError, match="can't be unrolled"):
        head_request(drawn, {"layer": "top"})


def test_integrated_gradients_are_read_first_and_one_gradient_is_never_left_alone():
    *_, found = attribute_next(OneModel(tiny(*CAUSAL["llama"][:2])), pg.AttributeNextRequest("w5 w9 w60 w33"))
    gradient, integrated, _ = found.methods
    shown = format_why(found)
    assert [one["method"] for one in shown["methods"]] == ["integrated_gradients", "gradient_x_input", "occlusion"]
    assert "to gradient_x_input" in shown["agreement"] or "To every method" in shown["agreement"]
    for waiting in ((), ("integrated_gradients", "occlusion")):
        assert format_why(replace(found, methods=(gradient,)), waiting)["agreement"] == ONE_GRADIENT
    stopped = format_why(replace(found, methods=(gradient,), stopped=True))
    assert stopped["agreement"].startswith("Stopped") and stopped["agreement"].endswith(ONE_GRADIENT)
    half = format_why(replace(found, methods=(gradient, integrated)), ("occlusion",))
    assert half["methods"][0]["method"] == "integrated_gradients" and half["agreement"] == ""
