"""What labels are called, and what a column of right labels means; a question where two readings fit."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from playground.classification.classify import classify
from playground.classification.evaluation import evaluate_table
from playground.classification.labels import are_ordered, chosen_reading, label_names, label_readings
from playground.classification.receipt import pipeline_receipt, steps_receipt
from playground.classification.request import ClassifyRequest, ClassifyTableRequest
from playground.classification.table import classify_table, readings
from playground.config import Settings
from playground.errors import CorruptModelError, InputError, UnsupportedOptionError
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import ModelManager
from playground.service import Playground
from playground.tables import Table
from tests.tiny_classifiers import TinyManager, lend, managed, tiny_model, tiny_tokenizer

STARS = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
TOPICS = ["world", "sports", "business", "science"]


def read(values, labels):
    return {way.reading.name: list(way.label_ids) for way in label_readings(values, labels)}


@pytest.mark.parametrize(
    ("values", "labels", "expected"),
    [
        (["0", "1", "2", "3", "4"], STARS, {"label ids": [0, 1, 2, 3, 4]}),
        (["1", "2", "3", "4", "5"], STARS, {"names": [0, 1, 2, 3, 4]}),
        (["1", "2", "3", "4"], TOPICS, {"counted from 1": [0, 1, 2, 3]}),
        (["0", "3"], TOPICS, {"label ids": [0, 3]}),
        (["0", "1"], ["negative", "positive"], {"label ids": [0, 1]}),
        (["1", "2"], ["negative", "positive"], {"counted from 1": [0, 1]}),
        ([" Very_Negative", "very-negative"], ["very negative", "positive"], {"names": [0, 0]}),
        (["LABEL_1", "label 0"], ["negative", "positive"], {"label ids": [1, 0]}),
        (["2", "7"], ["2", "7", "9"], {"names": [0, 1]}),
        (["NEG", "pos", "?"], ["neg", "pos"], {"names": [0, 1, None]}),
    ],
)
def test_a_column_is_read_considering_all_its_values(values, labels, expected):
    assert read(values, labels) == expected


@pytest.mark.parametrize(
    ("values", "labels", "expected"),
    [
        (["1", "4"], STARS, {"names": [0, 3], "label ids": [1, 4]}),
        (["1", "2", "3"], TOPICS, {"label ids": [1, 2, 3], "counted from 1": [0, 1, 2]}),
        (["1", "1"], ["1", "0"], {"names": [0, 0], "label ids": [1, 1]}),
    ],
)
def test_where_two_readings_fit_both_are_offered_and_neither_is_taken(values, labels, expected):
    assert read(values, labels) == expected
    with pytest.raises(InputError, match="can be read as") as caught:
        chosen_reading(values, labels, None)
    for name, label_ids in expected.items():
        assert name in caught.value.message and repr(labels[label_ids[0]]) in caught.value.message
        assert list(chosen_reading(values, labels, name).label_ids) == label_ids


def test_a_reading_shows_what_its_first_values_mean():
    [way] = label_readings(["4", "1 star", "4", "?", "5", "2"], STARS)
    assert way.reading.first == (("4", "4 stars"), ("1 star", "1 star"), ("5", "5 stars"))
    assert way.reading.fits == 5


def test_unknown_readings_and_columns_that_fit_nothing_are_refused():
    with pytest.raises(InputError, match="spam"):
        label_readings(["spam", "ham"], ["negative", "positive"])
    with pytest.raises(InputError, match="no reading 'alphabet'"):
        chosen_reading(["0"], TOPICS, "alphabet")


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        (STARS, True),
        (STARS[::-1], True),
        (["Negative", "Neutral", "Positive"], True),
        (["positive", "neutral", "negative"], True),
        (TOPICS, False),
        (["negative", "positive"], False),
        (["LABEL_0", "LABEL_1", "LABEL_2"], False),
        (["area 51", "studio 54", "catch 22"], False),
    ],
)
def test_labels_on_a_scale_are_told_from_others(labels, ordered):
    assert are_ordered(labels) is ordered


def star_manager():
    model = tiny_model(labels=5)
    model.config.id2label = dict(enumerate(STARS))
    return TinyManager(tiny=lend(model, tiny_tokenizer()))


def rows(*pairs):
    return Table(("text", "label"), pairs, tuple(range(2, 2 + len(pairs))))


def test_gold_ids_of_the_star_model_are_not_shifted():
    """0 to 4 are ids, though 1 to 4 stand in names as well."""
    manager = star_manager()
    try:
        texts = ["good film", "bad food", "i love it", "never again", "fine"]
        table = rows(*((text, str(n)) for n, text in enumerate(texts)))
        *_, result = classify_table(manager, ClassifyTableRequest(table, "text", "label"))
        assert [row.gold for row in result.rows] == [0, 1, 2, 3, 4]
        metrics = evaluate_table(result)
        assert metrics.count == 5 and metrics.chance == pytest.approx(0.2) == metrics.majority
        steps = [abs(row.label_id - row.gold) for row in result.rows]
        assert metrics.mean_distance == pytest.approx(sum(steps) / 5)
        ambiguous = ClassifyTableRequest(rows(("good film", "1"), ("bad food", "4")), "text", "label")
        assert [reading.name for reading in readings(manager, ambiguous)] == ["names", "label ids"]
        with pytest.raises(InputError, match="labels_read_as"):
            list(classify_table(manager, ambiguous))
        told = ClassifyTableRequest(ambiguous.table, "text", "label", labels_read_as="label ids")
        *_, result = classify_table(manager, told)
        assert [row.gold for row in result.rows] == [1, 4] and result.read_as.name == "label ids"
    finally:
        manager.close()


# id2label


def named_manager(id2label, folder=None, **options):
    model = tiny_model(labels=len(id2label), **options)
    model.config.id2label = id2label
    if folder:
        model.save_pretrained(folder)
        tiny_tokenizer().save_pretrained(folder)
    return TinyManager(tiny=lend(model, tiny_tokenizer(), **({"folder": folder} if folder else {})))


@pytest.mark.parametrize(
    ("id2label", "names"),
    [
        ({1: "bad", 2: "fair", 3: "good"}, ("bad", "fair", "good")),
        ({0: "bad", 2: "fair", 7: "good"}, ("bad", "fair", "good")),
        ({0: 1, 1: 2, 2: 3}, ("1", "2", "3")),
        ({2: "c", 0: "a", 1: "b"}, ("a", "b", "c")),
    ],
)
def test_odd_id2label_gives_every_output_its_name(id2label, names):
    manager = named_manager(id2label)
    try:
        result = classify(manager, ClassifyRequest("the film was good"))
        assert result.info.labels == names == tuple(label.label for label in result.labels)
        assert {entry.label for entry in result.pipeline} == set(names) and result.max_difference < 1e-5
        assert bool(result.info.labels_note) == (sorted(id2label) != [0, 1, 2])
        assert manager.loaded["tiny"].model.config.id2label == id2label  # others hold this model, too
    finally:
        manager.close()


def test_the_receipt_of_labels_counted_from_one_runs(tmp_path, python):
    manager = named_manager({1: "bad", 2: "fair", 3: "good"}, tmp_path)
    try:
        result = classify(manager, ClassifyRequest("the film was good"))
    finally:
        manager.close()
    codes = [pipeline_receipt(result).code, steps_receipt(result).code]
    expected = pytest.approx({label.label: label.probability for label in result.labels}, abs=1e-5)
    assert python.numbers(*codes) == [expected, expected]


def test_more_logits_than_labels_are_refused_with_the_reason():
    manager = named_manager({0: "no", 1: "yes", 2: "maybe"})
    try:
        model = manager.loaded["tiny"].model
        model.config.id2label = {0: "no", 1: "yes"}
        with pytest.raises(UnsupportedOptionError, match="3 logits"):
            classify(manager, ClassifyRequest("good"))
    finally:
        manager.close()


def test_labels_of_a_config_without_names_are_numbered():
    assert label_names(SimpleNamespace(id2label=None)) == ((), "")
    with managed("bert") as manager:
        assert classify(manager, ClassifyRequest("good")).info.labels == ("LABEL_0", "LABEL_1", "LABEL_2")


@pytest.mark.parametrize(
    "id2label", [{"0": "a", "1": "b"}, {"0": "a", "2": "b"}, {"0": "a", "1": "b", "2": "c", "3": "d"}]
)
def test_a_config_that_names_another_number_of_labels_is_refused_with_that_reason(tmp_path, id2label):
    tiny_model(labels=3).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "id2label": id2label, "label2id": None}))
    spec = ModelSpec("tiny", "text-classification", "folder", str(tmp_path))
    settings = Settings(device="cpu", hub="off", warm_up=("none",))
    refused = pytest.raises(CorruptModelError, match="id2label must name as many labels")
    with Playground(settings, ModelManager(settings, Catalog((spec,)))) as playground, refused:
        playground.classify(ClassifyRequest("good", model_id="tiny"))
