"""The twin of the embedded model through gradio_client, in the quantizations that need no network, and its receipt."""

from __future__ import annotations

import re

import pytest
from gradio_client.exceptions import AppError

import playground as pg
from playground.wire import from_json

pytestmark = pytest.mark.embedded
TEXT = "The capital of France is Paris. Water boils at 100 degrees"


@pytest.mark.parametrize(
    ("quantization", "most"), [("bfloat16", 0.05), ("8-bit", 0.1), ("fast-8-bit", 0.03), ("4-bit", 0.6)]
)
def test_fewer_bits_cost_something_and_less_than_everything(client, quantization, most):
    answer = client.predict(TEXT, "", "float32", "", quantization, 4, api_name="/quantization_twin")
    result = from_json(pg.TwinResult, answer)
    assert (result.first.quantization, result.second.quantization) == ("float32", quantization)
    assert 0 < result.mean_kl_divergence < most
    assert result.second.measured_bytes < 0.6 * result.first.measured_bytes
    assert result.second.perplexity == pytest.approx(result.first.perplexity, rel=most + 0.1)
    assert [len(side.reply.token_ids) for side in (result.first, result.second)] == [4, 4]


def test_the_receipt_gives_the_same_numbers(app_playground, home):
    # Of the fourth token's two likeliest the logits are one bfloat16 apart: which wins is up to the CPU.
    result = app_playground.twin(pg.TwinRequest(TEXT, other_quantization="bfloat16", max_new_tokens=3))
    (found,) = home.numbers(app_playground.twin_receipt(result).code)
    for name in ("kl_divergence", "probability", "other_probability"):
        assert [getattr(token, name) for token in result.tokens] == pytest.approx(found[name], rel=1e-3, abs=1e-4)
    assert [token.changed for token in result.tokens] == found["changed"]
    assert [result.first.perplexity, result.second.perplexity] == pytest.approx(found["perplexity"], rel=1e-3)
    assert [list(side.reply.token_ids) for side in (result.first, result.second)] == found["replies"]


def test_two_ways_to_hold_a_model_have_their_own_headings_and_differ_as_little_as_is_said(app_playground, home):
    """The model is named once; fast-8-bit's logits come as near to the code's as its comment says."""
    result = app_playground.twin(pg.TwinRequest(TEXT, None, "fast-8-bit", None, "4-bit", 0))
    receipt = app_playground.twin_receipt(result)
    assert re.findall("^# %% (.*)", receipt.code, re.M) == [
        "The model",
        "Both read the same tokens",
        "The same numbers as JSON",
    ]
    (found,) = home.numbers(receipt.code)
    for token, there in zip(result.tokens, found["probability"], strict=True):
        # One percent of logits around 20, of which a probability is the power.
        assert token.probability == pytest.approx(there, rel=0.2, abs=0.02)


@pytest.mark.parametrize(("text", "other", "says"), [("", "8-bit", "no text"), ("One two.", "3-bit", "3-bit")])
def test_what_cannot_be_compared_is_said(client, text, other, says):
    with pytest.raises(AppError, match=says):
        client.predict(text, "", "float32", "", other, 2, api_name="/quantization_twin")
