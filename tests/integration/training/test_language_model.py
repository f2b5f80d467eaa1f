"""A language model from nothing, in a process of its own: then it is a model as any other, and its receipt is true."""

from __future__ import annotations

import pytest

import playground as pg
from playground.training.stories import example
from playground.wire import from_json

GRAMMAR = "name = Mia, Ben\nthing = ball, kite\n{name} has a {thing}.\n{name} sees a {thing}."
TINY = {"n_layer": 1, "n_head": 2, "hidden_size": 16, "context": 16}
OPTIONS = {"lines": 300, "per_device_train_batch_size": 4, "vocab_size": 40, "learning_rate": 0.01, "seed": 3}


def test_a_trained_model_writes_attends_and_is_looked_into_and_its_receipt_gives_the_same_losses(
    app_playground, client, home
):
    asked = {"grammar": GRAMMAR, "tokenizer": "bpe", "max_steps": 40, "prompt": "Mia", **TINY}
    job = client.submit(**asked, options=OPTIONS, api_name="/train_language_model")
    *told, last = [event for events in job for event in events]
    assert {one["type"] for one in told} == {
        "begins", "merges_learned", "corpus_read", "loss_logged", "checkpoint",
    }  # fmt: skip
    result = from_json(pg.LanguageModelTrained, last)
    assert result.steps == 40 and result.losses[-1][1] < result.losses[0][1] / 2
    written = app_playground.generate(
        pg.GenerateRequest("Mia", model_id=result.model_id, max_new_tokens=4, top=5)
    ).result()
    assert written.finished.text and len(written.steps) == 4 and len(written.steps[0].alternatives) == 5
    attended = app_playground.attend(pg.AttentionRequest("Mia has a ball.", result.model_id))
    assert attended.stacks and attended.tokens_shown > 3
    lens = app_playground.logit_lens(pg.LensRequest("Mia has a", model_id=result.model_id))
    assert lens.layers == 1 and len(lens.cells) == 2
    losses = home.numbers(app_playground.language_model_receipt(result).code)[0]
    assert [step for step, _ in losses] == [step for step, _ in result.losses]
    assert [loss for _, loss in losses] == pytest.approx([loss for _, loss in result.losses], abs=1e-4)


def test_the_example_is_ready_to_be_trained(app_playground):
    plan = app_playground.plan_language_model(pg.TrainLanguageModelRequest(grammar=example()))
    assert plan.possible_lines > 10_000 and 50_000 < plan.parameters < 1_000_000
    with pytest.raises(pg.PlaygroundError, match="nothing to learn from"):
        pg.TrainLanguageModelRequest()
