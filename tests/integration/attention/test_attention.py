"""Attention through the running app: the API, its errors, and receipts run in a process of their own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from gradio_client.exceptions import AppError

import playground as pg
from playground.attention.habits import habits_of
from tabs.attention.format import format_result
from tabs.attention.results import Results
from tabs.attention.tab import EXAMPLES

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
TEXT = "The cat sat on the mat."
pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def result(app_playground):
    return app_playground.attend(pg.AttentionRequest(TEXT))


def test_the_api_returns_what_transformers_computes(client, result):
    answer = client.predict(TEXT, api_name="/attention")
    assert answer["queries"] == ["[CLS]", "the", "cat", "sat", "on", "the", "mat", ".", "[SEP]"]
    assert answer["model_id"] == DEFAULT_MODEL
    assert np.abs(np.array(answer["attentions"], dtype=np.float32) - result.stack().weights).max() <= 1e-7
    assert np.array(answer["masked"]).sum() == 0


def test_the_api_gives_one_head_with_padding(client):
    answer = client.predict(TEXT, DEFAULT_MODEL, "", "", 2, 5, 3, api_name="/attention")
    assert (answer["layers"], answer["heads"]) == ([2], [5])
    assert answer["attention_mask"] == [1] * 9 + [0] * 3
    weights, masked = np.array(answer["attentions"])[0, 0], np.array(answer["masked"])[0]
    assert (weights[:9, 9:] == 0).all()
    assert masked[0].tolist() == [0] * 9 + [1] * 3
    assert weights.sum(1) == pytest.approx(1, abs=1e-5)


def test_the_api_is_typed_and_documented(client):
    described = client.view_api(return_format="dict")["named_endpoints"]["/attention"]
    parameters = [parameter["parameter_name"] for parameter in described["parameters"]]
    assert parameters == ["text", "model_id", "text_pair", "kind", "layer", "head", "padding"]
    assert "eager attention" in described["description"]
    shown = client.view_api(return_format="dict")["named_endpoints"]
    assert not [name for name in shown if name.startswith(("/show", "/choose_head", "/attention_"))]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["  "], "Type a sentence"),
        ([TEXT, "no/such-model"], "no/such-model"),
        ([TEXT, DEFAULT_MODEL, "", "cross"], "It has: self"),
        ([TEXT, DEFAULT_MODEL, "", "", 99], "The layers are 0 to 5"),
        ([TEXT, DEFAULT_MODEL, "", "", None, None, 400], "Add 0 to 16"),
        (["cat " * 300], "Ask for one layer or one head"),
    ],
)
def test_bad_input_gets_a_message_that_says_the_fix(client, given, says):
    with pytest.raises(AppError, match=says):
        client.predict(*given, api_name="/attention")


def test_a_receipt_run_at_home_prints_the_numbers_of_the_page(app_playground, result, home):
    receipt = app_playground.attention_receipt(result, "self", 0, 2)
    (printed,) = home.numbers(receipt.code)
    stack = result.stack()
    largest = np.sort(stack.head(0, 2).flatten())[::-1][:5]
    assert [pair["weight"] for pair in printed["largest"]] == pytest.approx(largest.tolist(), abs=1e-5)
    assert printed["entropy_nats"] == pytest.approx(stack.summaries[0][2].entropy_nats, abs=1e-4)


def shown(playground, number: int) -> pg.AttentionResult:
    _, task, text, second, padding, _ = EXAMPLES[number]
    return playground.attend(pg.AttentionRequest(text, playground.catalog.for_task(task)[0].id, second, padding))


def test_it_looks_at_cls_and_of_the_words_a_little_more_at_cat(app_playground):
    stack = shown(app_playground, 0).stack()
    words = [key.text for key in stack.keys]
    row = stack.head(stack.layers - 1, None)[words.index("it")]
    order = [words[at] for at in np.argsort(-row)]
    assert order[:2] == ["[CLS]", "cat"] and set(order[2:4]) == {"tired", "mat"}
    assert row[words.index("cat")] == pytest.approx(0.17, abs=0.02)
    assert row[words.index("tired")] == pytest.approx(0.14, abs=0.02)


def test_two_segments_look_at_each_other(app_playground):
    stack = shown(app_playground, 1).stack()
    border = [key.text for key in stack.keys].index("[SEP]") + 1
    average = stack.weights.mean(axis=(0, 1))
    assert min(average[1:border, border:].sum(axis=1).min(), average[border:, 1:border].sum(axis=1).min()) > 0.05


def test_nobody_looks_at_padding_or_ahead(app_playground):
    padded, causal = shown(app_playground, 2).stack(), shown(app_playground, 3).stack()
    assert (padded.weights[..., [not key.attended for key in padded.keys]] == 0).all()
    assert (np.triu(causal.weights, k=1) == 0).all()
    habits = [habit for layer in habits_of(causal) for habit in layer[:-1]]
    assert habits.count("the first token (The)") > len(habits) / 2


def test_rows_of_cross_attention_are_what_is_written(app_playground):
    result = shown(app_playground, 4)
    written = "".join(token.text for token in result.stack("cross").queries)
    assert "eats" in written and "bakes" not in written
    assert "bakes" in "".join(token.text for token in result.stack("cross").keys)
    assert "bakes" in "".join(token.text for token in result.stack("encoder").queries)
    assert EXAMPLES[4][-1].startswith("In Cross, rows are the tokens that are written")  # the page has three kinds


def test_a_head_of_the_token_before_is_called_so_and_isnt_what_the_page_opens_with(app_playground):
    result = shown(app_playground, 0)
    assert habits_of(result.stack())[0][2] == "the token before"
    value = json.loads(format_result(result, "t", "MiniLM"))
    assert (value["first"]["layer"], value["first"]["head"]) == (5, 12)
    assert value["kinds"][0]["habitsInWords"].startswith("Of the 72 heads, these")
    assert "to the token before: 1" in value["kinds"][0]["habitsInWords"]


def test_results_of_a_page_replace_each_other_and_are_forgotten(result):
    shelf = Results(budget_bytes=result.size_bytes * 3)
    tickets = [shelf.put("one", result) for _ in range(20)]
    assert len(shelf) == 1
    assert shelf.get(tickets[-1]) is result
    for person in "abcdefgh":
        shelf.put(person, result)
    assert len(shelf) == 3
    for person in "abcdefgh":
        shelf.forget(person)
    assert len(shelf) == 0
    with pytest.raises(pg.PlaygroundError, match="Press Show attention again"):
        shelf.get(tickets[-1])


def test_what_is_sent_to_the_page_is_compact(app_playground):
    result = app_playground.attend(pg.AttentionRequest("The cat sat on the warm mat and looked at the bird. " * 30))
    assert result.tokens_shown == 256
    value = format_result(result, "ticket", "MiniLM")
    assert len(value) < 800_000
    assert "first 256 were given to the model" in value
