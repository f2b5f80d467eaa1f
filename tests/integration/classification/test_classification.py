"""The classification endpoints through gradio_client, on the embedded model."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

import playground as pg
from playground.classification.request import AttributeRequest

pytestmark = pytest.mark.embedded
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_receipts_run_at_home_give_the_numbers_of_the_page(app_playground, home):
    result = app_playground.classify(pg.ClassifyRequest("What a wonderful film!"))
    expected = {label.label: label.probability for label in result.labels}
    for printed in home.numbers(*(receipt.code for receipt in app_playground.classification_receipts(result))):
        assert printed == pytest.approx(expected, abs=1e-5)


def test_one_text(client):
    found = client.predict(text="What a wonderful film!", api_name="/classify")
    assert found["labels"] == ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
    assert found["label"] in ("4 stars", "5 stars")
    total = sum(math.exp(logit) for logit in found["logits"])
    assert found["probabilities"] == pytest.approx([math.exp(logit) / total for logit in found["logits"]])
    assert {entry["label"]: entry["score"] for entry in found["pipeline"]} == pytest.approx(
        dict(zip(found["labels"], found["probabilities"], strict=True)), abs=1e-5
    )
    assert found["max_difference"] < 1e-5
    assert found["tokens"][0] == "[CLS]" and found["tokens_used"] == found["tokens_total"] == len(found["input_ids"])


def test_a_crowd_gets_the_answers_that_each_gets_alone(client):
    texts = [f"I would {'not ' * (n % 3)}go there again in {n} years." for n in range(12)]
    with ThreadPoolExecutor(12) as pool:
        crowd = list(pool.map(lambda text: client.predict(text=text, api_name="/classify"), texts))
    for text, found in list(zip(texts, crowd, strict=True))[::4]:
        alone = client.predict(text=text, api_name="/classify")
        assert found["logits"] == pytest.approx(alone["logits"], abs=1e-4)


def test_truncation_is_said(client):
    found = client.predict(text="good " * 733, api_name="/classify")
    assert (found["tokens_used"], found["tokens_total"]) == (512, 735)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "  "}, "no text yet"),
        ({"text": "x" * 200_001}, "at most 200,000"),
        ({"text": "good", "model_id": SMOLLM}, "head"),
    ],
)
def test_what_can_not_be_classified_is_refused_kindly(client, arguments, message):
    with pytest.raises(AppError, match=message) as caught:
        client.predict(**arguments, api_name="/classify")
    assert "Traceback" not in str(caught.value)


def test_a_file_with_labels_and_bad_rows(client, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text('stars,review\n5,"Wonderful, truly."\n1,Awful\nbroken\n2,\n3,It was fine.\n')
    found = client.predict(
        file=handle_file(str(path)), text_column="review", label_column="stars", model_id="", api_name="/classify_table"
    )
    assert [row["line"] for row in found["rows"]] == [2, 3, 6]
    assert [bad["line"] for bad in found["bad_rows"]] == [4, 5]
    assert found["metrics"]["count"] == 3
    assert sum(map(sum, found["metrics"]["confusion"])) == 3
    one = client.predict(text="Wonderful, truly.", api_name="/classify")
    assert found["rows"][0]["probabilities"] == pytest.approx(one["probabilities"], abs=1e-4)
    assert (found["format"]["separator"], found["format"]["header"], found["notes"]) == (",", True, [])


def test_how_a_file_was_read_is_said_and_can_be_chosen(client, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_bytes("Ужасно;плохо\nОтлично;хорошо\nУжасно;плохо\n".encode("cp1251"))
    ask = {"file": handle_file(str(path)), "text_column": "", "label_column": "", "model_id": ""}
    found = client.predict(**ask, api_name="/classify_table")
    assert (found["format"]["encoding"], found["format"]["separator"], found["format"]["header"]) == (
        "cp1251",
        ";",
        False,
    )
    assert found["notes"] == ["No line names the columns."] and found["rows"][1]["text"] == "Отлично"
    found = client.predict(**ask, separator=",", header="yes", encoding="koi8-r", api_name="/classify_table")
    assert len(found["rows"]) == 2 and found["format"]["encoding"] == "koi8-r"
    with pytest.raises(AppError, match="There is no separator"):
        client.predict(**ask, separator="#", api_name="/classify_table")


def test_the_real_model_is_explained(app_playground):
    """Integrated gradients add up, and every method of the three sees that the telling words tell."""
    text = "The food was wonderful and the service was wonderful."
    result = app_playground.attribute(AttributeRequest(text, label_id=4, methods=("integrated_gradients", "occlusion")))
    gradients, occlusion = result.methods
    assert sum(gradients.values) == pytest.approx(result.logit - result.neutral_logit + gradients.delta, abs=1e-3)
    assert abs(gradients.delta) < 0.05
    words = [word.text for word in result.words]
    for method in (gradients, occlusion):
        assert sum(v for w, v in zip(words, method.word_values, strict=True) if w == "wonderful") > 0
