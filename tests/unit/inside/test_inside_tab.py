"""What the page makes of a look inside, without a page: texts that go on to another part of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest

import playground as pg
from playground.errors import EmptyInputError, InputError
from playground.inside.attribute import attribute_next
from playground.inside.result import InsideToken, NextCandidate
from tabs.inside.format import ONE_METHOD, format_why
from tabs.inside.handlers import explain_at_once, of_nobodys_choice, text_of
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


def test_integrated_gradients_are_read_first_and_what_is_noisy_last():
    *_, found = attribute_next(OneModel(tiny(*CAUSAL["llama"][:2])), pg.AttributeNextRequest("w5 w9 w60 w33"))
    gradient, integrated, _ = found.methods
    shown = format_why(found)
    assert [one["method"] for one in shown["methods"]] == ["integrated_gradients", "occlusion", "gradient_x_input"]
    assert "to gradient_x_input" in shown["agreement"] or "To every method" in shown["agreement"]
    alone = replace(found, methods=(integrated,))
    assert format_why(alone)["agreement"] == ONE_METHOD and format_why(alone, ("occlusion",))["agreement"] == ""
    assert format_why(replace(alone, stopped=True))["agreement"].startswith("Stopped")
    still = replace(integrated, word_values=tuple(0.0 for _ in integrated.word_values))
    assert (
        "To integrated_gradients no word speaks for it. What"
        in format_why(replace(found, methods=(gradient, still)))["agreement"]
    )
    half = format_why(replace(found, methods=(gradient, integrated)), ("occlusion",))
    assert half["methods"][0]["method"] == "integrated_gradients" and half["agreement"] == ""


@pytest.mark.parametrize(("count", "is_quick"), [(4, True), (40, False)])
def test_at_once_comes_what_is_not_noisy_or_how_to_ask_for_it(count, is_quick):
    model = OneModel(tiny(*CAUSAL["llama"][:2]))
    playground = SimpleNamespace(
        attribute_next_steps=partial(attribute_next, model), attribute_next_receipt=lambda result: None
    )
    request = pg.AttributeNextRequest(" ".join(["w5"] * count))
    found = [*explain_at_once(playground, request)]
    drawn = [one["method"] for step in found for one in step.value.get("methods", ())]
    assert drawn == ["integrated_gradients"] * is_quick and found[0].candidates
    assert is_quick or "press “Compare three methods”" in found[-1].value["said"]
