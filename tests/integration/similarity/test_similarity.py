"""The similarity endpoints through gradio_client, and its receipts in a fresh process."""

from __future__ import annotations

import json
import math
import re

import pytest
from gradio_client.exceptions import AppError

import playground as pg
from playground.receipt import script
from playground.wire import from_json
from tabs.similarity.handlers import measure_ratings, rated_pairs, read_ratings

pytestmark = pytest.mark.embedded
SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.mark.parametrize("model_id", ["playground/word-association", SMOL])
def test_word_loss_gives_what_its_receipt_gives(client, app_playground, home, model_id):
    answer = client.predict(["man", "woman", "animal"], model_id, api_name="/word_loss")
    assert len(answer["losses"]) == 6
    for loss in answer["losses"]:
        assert loss["loss"] == pytest.approx(sum(p["loss"] for p in loss["pieces"]) / len(loss["pieces"]), rel=1e-6)
    result = from_json(pg.WordLossResult, answer)
    code = app_playground.word_loss_receipt(result).code
    assert f"words = {list(result.words)}" in code  # as asked
    assert "dtype=torch.float32" in code
    (expected,) = home.numbers(code)
    found = {f"{loss['source']} -> {loss['target']}": loss["perplexity"] for loss in answer["losses"]}
    assert found == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("model_id", ["playground/word-association", SMOL])
def test_matrix_and_pairs_give_what_their_receipts_give(app_playground, home, model_id):
    words, pairs = ("man", "woman", "playground"), (("man", "woman"), ("bread", "car"))
    *_, matrix = app_playground.word_matrix(pg.WordMatrixRequest(words, model_id, cosine=False))
    sums = matrix.distance(total=True)
    found = {f"{s} -> {t}": sums[i][j] for i, s in enumerate(words) for j, t in enumerate(words) if i != j}
    found |= {f" -> {word}": loss for word, loss in zip(words, matrix.baseline_sum, strict=True)}
    (expected,) = home.numbers(app_playground.word_matrix_receipt(matrix).code)
    assert found == pytest.approx(expected, rel=2e-4, abs=1e-3)
    *_, measured = app_playground.word_pairs(pg.WordPairsRequest(pairs, model_id, cosine=False))
    found = {f"{pair.word1} - {pair.word2}": pair.similarity for pair in measured.pairs}
    (expected,) = home.numbers(app_playground.word_pairs_receipt(measured).code)
    assert found == pytest.approx(expected, rel=2e-4, abs=2e-3)


def test_the_code_of_rated_pairs_says_how_far_the_model_agrees_with_people(app_playground, home):
    """As the page's headline does: Spearman's rho with its interval, recomputed in a fresh Python."""
    ratings = read_ratings()[::5]
    *_, measured = measure_ratings(app_playground, ratings, rated_pairs(ratings, "playground/word-association", ""))
    (said,) = home.outputs(script(measured.receipt))
    headline = measured.view.title.replace("\u00a0", " ")
    rho, interval = re.search(r"loss (\S+) \(95 % interval (.+?)\)", headline).groups()
    assert f"Spearman's rho {rho} (95 % interval {interval})" in said
    assert json.loads(said.strip().splitlines()[-1])["rho"] == pytest.approx(measured.view.rho, abs=0.02)
    assert " scipy==" in script(measured.receipt).splitlines()[0]


@pytest.mark.parametrize("model_id", ["playground/word-association", SMOL])
def test_word_map_gives_what_its_receipt_gives(client, app_playground, home, model_id):
    words = ["man", "woman", "king", "doctor", "nurse", "bread"]
    answer = client.predict(words, model_id, api_name="/word_map")
    result = from_json(pg.WordMapResult, answer)
    assert result.nearest == 2 and len(result.by_embedding.points) == len(words)
    (expected,) = home.numbers(app_playground.word_map_receipt(result).code)
    assert expected["kept by losses"] == pytest.approx(result.by_loss.kept, abs=1e-3)
    assert expected["kept by embeddings"] == pytest.approx(result.by_embedding.kept, abs=1e-5)
    for name, picture in (("losses", result.by_loss), ("embeddings", result.by_embedding)):
        found = [[math.dist(one, other) for other in picture.points] for one in picture.points]
        for row, known in zip(found, expected[name], strict=True):
            assert row == pytest.approx(known, rel=1e-3, abs=1e-3)


def test_words_that_the_embedded_tokenizer_does_not_know_get_no_number(client):
    """They are a word's beginning and an unknown token; any other such word would get the same perplexity."""
    with pytest.raises(AppError, match="knows no piece of “漢字”"):
        client.predict(["man", "漢字"], api_name="/word_loss")


def test_the_article_s_example_holds(client):
    answer = client.predict(["man", "woman", "animal"], api_name="/word_loss")
    perplexity = {(loss["source"], loss["target"]): loss["perplexity"] for loss in answer["losses"]}
    assert perplexity["man", "woman"] * 5 < perplexity["man", "animal"]


def test_word_matrix_agrees_with_word_loss(client):
    words = ["man", "woman", "animal"]
    matrix = client.predict(words, api_name="/word_matrix")
    assert matrix["words"] == words
    assert matrix["cosine"][0][0] == pytest.approx(1, abs=1e-5)
    for loss in client.predict(words, api_name="/word_loss")["losses"]:
        i, j = words.index(loss["source"]), words.index(loss["target"])
        assert matrix["loss"][i][j] == pytest.approx(loss["loss"], abs=1e-5)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "no words"),
        (["man"], "only one word"),
        (["a", "b", "c", "d"], "4 words; 3 fit"),
        (["man", "x" * 5000], "fit"),
    ],
)
def test_bad_input_is_answered_kindly(client, words, says):
    with pytest.raises(AppError, match=says):
        client.predict(words, api_name="/word_loss")
    assert client.predict(["man", "woman"], api_name="/word_loss")["losses"]


def test_a_model_without_words_to_label_is_refused(client):
    with pytest.raises(AppError):
        client.predict(["man", "woman"], "sentence-transformers/all-MiniLM-L6-v2", api_name="/word_loss")
