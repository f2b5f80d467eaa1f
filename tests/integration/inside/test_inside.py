"""Looking inside SmolLM2 through the running app: the API against plain transformers, its errors, and receipts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from gradio_client.exceptions import AppError

import playground as pg
from playground.wire import from_json
from tabs.inside.examples import EXAMPLES, MODEL

pytestmark = pytest.mark.embedded
TEXT = EXAMPLES[0].text


@pytest.fixture(scope="module")
def lens(app_playground):
    return app_playground.logit_lens(pg.LensRequest(TEXT))


@pytest.fixture(scope="module")
def why(app_playground, lens):
    paris, the = (one.token_id for one in lens.tracks[-1][:2])
    asked = pg.AttributeNextRequest(TEXT, token_id=paris, contrast_token_id=the, n_steps=16)
    return app_playground.attribute_next(asked)


def test_the_last_layer_says_what_the_model_says_and_early_ones_do_not(app_playground, client, lens):
    with app_playground.manager.lease(MODEL, "text-generation") as smol, torch.inference_mode():
        out = smol.model(**smol.tokenizer(TEXT, return_tensors="pt"), output_hidden_states=True)
        shares = out.logits[0].softmax(-1)
        earlier = smol.model.lm_head(smol.model.model.norm(out.hidden_states[20]))[0].softmax(-1)
    assert lens.layers == 30 and lens.final_norm == ("model.norm",) and lens.last_block == "model.layers.29"
    for column, (last, middle) in enumerate(zip(lens.cells[30], lens.cells[20], strict=True)):
        assert last.best[0].token_id == int(shares[column].argmax()) and last.rank == 1
        assert last.best[0].probability == pytest.approx(float(shares[column].max()), abs=1e-5)
        assert middle.best[0].token_id == int(earlier[column].argmax())
        assert middle.best[0].probability == pytest.approx(float(earlier[column].max()), abs=1e-5)
    assert lens.winners[-1].piece == " Paris" and lens.cells[20][-1].rank > 1000
    answer = client.predict(TEXT, api_name="/logit_lens")
    assert from_json(pg.LensResult, answer).cells == lens.cells


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.label)
def test_an_example_shows_what_it_is_there_for(app_playground, example):
    result = app_playground.logit_lens(pg.LensRequest(example.text, model_id=MODEL))
    ranks = [row[-1].rank for row in result.cells]
    assert result.winners[-1].piece == example.wins
    assert ranks[example.leads - 1] > 1 and set(ranks[example.leads :]) == {1}
    assert f"“{result.winners[-1].piece.strip()}” comes out best" in example.shows
    last = f"the last of {result.layers} layers"
    after = last if example.leads == result.layers else f"layer {example.leads} of {result.layers}"
    assert example.shows.endswith(f"leads only after {after}.")


def test_the_capital_of_france_speaks_for_paris(client, why):
    gradient, integrated, occlusion = why.methods
    lost = {word.text: value for word, value in zip(why.words, occlusion.word_values, strict=True)}
    assert sorted(lost, key=lost.__getitem__)[-2:] == ["France", "capital"] and lost["France"] > 1
    assert integrated.delta == pytest.approx(sum(integrated.values) - (why.explained - why.neutral), abs=1e-3)
    assert abs(integrated.delta) < 0.1 * abs(why.explained - why.neutral), "few steps follow the way"
    given = {"token_id": why.target.token_id, "contrast_token_id": why.contrast.token_id}
    answer = client.predict(TEXT, **given, methods=["gradient_x_input"], api_name="/attribute_next")
    (alone,) = from_json(pg.AttributeNextResult, answer).methods
    assert alone.values == pytest.approx(gradient.values, abs=1e-4)


def test_receipts_print_the_same_numbers(app_playground, home, lens, why):
    layers, attributions = home.numbers(
        app_playground.lens_receipt(lens).code, app_playground.attribute_next_receipt(why).code
    )
    for row, printed in zip(lens.cells, layers, strict=True):
        assert printed["probability"] == pytest.approx([one.best[0].probability for one in row], abs=1e-4)
        assert printed["entropy_nats"] == pytest.approx([one.entropy_nats for one in row], abs=1e-3)
    assert [one.best[0].token_id for one in lens.cells[-1]] == layers[-1]["token_id"]
    for method in why.methods:
        assert attributions[method.method] == pytest.approx(method.values, abs=1e-3)


def test_a_norm_is_not_said_to_leave_all_vectors_of_one_length(app_playground):
    """Each number is multiplied by a learned one, so lengths differ. A block of MiniLM ends in a norm."""
    asked = pg.ModelMapRequest(TEXT, "sentence-transformers/all-MiniLM-L6-v2")
    norms = {one.name: one.norms for one in app_playground.model_map(asked).states}["encoder.layer.0"]
    assert max(norms) > 1.4 * min(norms)
    said = (Path(__file__).parents[3] / "assets" / "views" / "inside" / "map_state.js").read_text(encoding="utf-8")
    assert "to one size, then multiplies each of its numbers by one that was learned" in said


@pytest.mark.parametrize(
    "asked",
    [
        pg.ModelMapRequest(TEXT, layer=5, head=4, position=3),
        pg.ModelMapRequest("king", "playground/word-association", "queen", stack="cross", layer=1, head=1, position=0),
    ],
    ids=["rotary and grouped", "position bias"],
)
def test_a_head_is_the_same_over_the_api_and_in_its_receipt(app_playground, client, home, asked):
    found = app_playground.model_map(asked)
    given = {name: getattr(asked, name) for name in ("text", "model_id", "decoder_text", "stack", "layer", "head")}
    answer = from_json(pg.ModelMapResult, client.predict(**given, position=asked.position, api_name="/model_map"))
    assert answer.parts == found.parts and answer.head.output == pytest.approx(found.head.output, abs=1e-5)
    (numbers,) = home.numbers(app_playground.model_map_receipt(found).code)
    assert (numbers["parameters"], numbers["bytes"]) == (found.parameters, found.bytes)
    norms = {one.name: one.norms for one in found.states}
    for name, each in numbers["norms"].items():
        assert each == pytest.approx(norms[name], rel=1e-3)
    assert numbers["head"]["weights"] == pytest.approx([one.weight for one in found.head.keys], abs=1e-5)
    assert numbers["head"]["output"] == pytest.approx(found.head.output, abs=1e-4)


@pytest.mark.parametrize(
    ("endpoint", "given", "says"),
    [
        ("/logit_lens", {"prompt": " "}, "Type a sentence"),
        ("/logit_lens", {"prompt": TEXT, "positions": [5]}, "they are 0 to 4"),
        ("/logit_lens", {"prompt": TEXT, "model_id": "google/t5-efficient-tiny"}, "no head|no model|can't|isn't"),
        ("/model_map", {"text": TEXT, "layer": 99}, "They are 0 to 29"),
        ("/attribute_next", {"prompt": TEXT, "token_id": 10**6}, "the model knows only"),
        ("/attribute_next", {"prompt": TEXT, "methods": ["lime"]}, "Choose among"),
    ],
)
def test_bad_input_gets_a_message_that_says_the_fix(client, endpoint, given, says):
    with pytest.raises(AppError, match=says):
        client.predict(**given, api_name=endpoint)
