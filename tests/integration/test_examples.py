"""Every example that the page offers shows, with the embedded models, what its sentence says."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import playground as pg
from tabs.classification import examples as classification
from tabs.similarity import examples as similarity
from tabs.similarity.format import origin_of
from tabs.similarity.handlers import split_words

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("example", classification.EXAMPLES, ids=lambda example: example.name)
def test_classification(app_playground, example):
    result = app_playground.classify(pg.ClassifyRequest(example.text, model_id=classification.MODEL_ID))
    assert result.best.label == example.label
    assert example.low <= result.best.probability <= example.high
    assert (result.tokens_used < result.tokens_total) == example.cut
    if said := re.search(r"\bfairly sure\b|\bconfident\b", example.shows):
        assert said[0] in pg.verdict(result), "the example and the headline have one word for it"


def test_the_model_of_the_classification_examples_is_the_first_on_the_list(app_playground):
    assert app_playground.catalog.default_for("text-classification").id == classification.MODEL_ID


def test_what_is_cut_off_would_have_been_praise(app_playground):
    text = next(example.text for example in classification.EXAMPLES if example.cut)
    end = app_playground.classify(pg.ClassifyRequest(text[text.index("But the cake") :]))
    assert end.best.label == "5 stars"


def test_one_word_changes_the_answer(app_playground):
    """What two examples say of *terrible* and *not*, and the first one's word is what counts by each method heard."""
    first = classification.FIRST.text
    texts = (first, first.replace("wonderful", "terrible"), "This is good.", "This is not good.")
    labels = [app_playground.classify(pg.ClassifyRequest(text)).best.label for text in texts]
    assert labels == ["5 stars", "1 star", "4 stars", "2 stars"]


@pytest.mark.parametrize("example", similarity.EXAMPLES, ids=lambda example: example.words)
def test_similarity(app_playground, example):
    request = pg.WordLossRequest(split_words(example.words), similarity.MODEL_ID)
    losses = {(loss.source, loss.target): loss.loss_sum for loss in app_playground.word_loss(request).losses}
    assert math.exp(losses[example.far] - losses[example.near]) >= example.times


def test_measured_words_say_how_the_weights_were_held(app_playground):
    matrix = pg.WordMatrixRequest(("man", "woman", "lamp"), cosine=False)
    results = [
        app_playground.word_loss(pg.WordLossRequest(("man", "woman"))),
        list(app_playground.word_matrix(matrix))[-1],
        list(app_playground.word_pairs(pg.WordPairsRequest((("man", "woman"),))))[-1],
        app_playground.map_words(matrix),
    ]
    dtype = app_playground.manager.pretrained(similarity.MODEL_ID, "text2text-generation", "auto").dtype
    assert {origin_of(one) for one in results} == {f"Measured with {similarity.MODEL_ID} in {dtype}."}


def test_a_class_is_first_asked_what_the_model_has_an_opinion_on_and_no_certainty(app_playground):
    kinds = Path("assets/views/classroom/kinds.js").read_text(encoding="utf-8")
    [text] = re.findall(r'^const text = \["text", "Text", "text", "(.+)"\];$', kinds, re.MULTILINE)
    first, second = app_playground.next_token(pg.GenerateRequest(text)).candidates[:2]
    assert (first.piece, second.piece) == (" coffee", " tea")
    assert 0.4 < first.before < 0.6 and second.before > 0.05
