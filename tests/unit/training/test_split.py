"""Rows of a table -> rows to learn from and rows held out."""

from __future__ import annotations

from collections import Counter

import pytest

import playground as pg
from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.tables import read_pasted
from playground.training.classifier.split import MOST_HELD, split_rows
from playground.training.request import LEARNING_RATES, LEAST_ROWS
from tabs.training.examples import SAMPLES


def table(pairs):
    return pg.Table(("text", "label"), tuple(pairs), tuple(range(1, len(pairs) + 1)))


def split(pairs, held_out=0.25, seed=0, **more):
    return split_rows(table(pairs), "text", "label", held_out, seed, **more)


MANY = [(f"{label} number {n}", label) for label, count in (("a", 40), ("b", 20), ("c", 4)) for n in range(count)]


def test_every_label_has_its_share_on_both_sides():
    found = split(MANY)
    assert found.labels == ("a", "b", "c")
    assert found.counts(found.held) == (10, 5, 1)
    assert found.counts(found.train) == (30, 15, 3)
    assert not set(found.held.texts) & set(found.train.texts)
    assert {*found.held.texts, *found.train.texts} == {text for text, _ in MANY}
    assert all(
        text[0] == found.labels[label] for text, label in zip(found.train.texts, found.train.label_ids, strict=True)
    )


def test_labels_that_are_numbers_are_in_one_order_whatever_that_of_a_set():
    rows = [(f"row {n}", label) for n, label in enumerate(["10", "2", "2.0", "02", "nan"] * 4)]
    assert split(rows).labels == split(rows[::-1]).labels
    assert split([row for row in rows if row[1] != "nan"]).labels == ("02", "2", "2.0", "10")


def test_a_name_that_cannot_be_written_is_refused_before_the_training():
    for ask in (
        lambda name: pg.TrainClassifierRequest(table(MANY), name=name),
        lambda name: pg.TrainLanguageModelRequest("a tale", name=name),
    ):
        assert ask(" My \n model ").name == "My model"
        with pytest.raises(InputError, match="half of a character"):
            ask("bad \ud83d name")


def test_the_seed_decides_alone():
    assert split(MANY, seed=3) == split(MANY, seed=3)
    assert split(MANY, seed=3).held != split(MANY, seed=4).held
    assert split(MANY).train.label_ids != tuple(sorted(split(MANY).train.label_ids)), "labels come mixed"


def test_no_more_is_held_out_than_is_asked_again_and_again():
    rows = [(f"row {n}", "ab"[n % 2]) for n in range(4000)]
    found = split(rows, 0.5)
    assert len(found.held) == MOST_HELD and len(found.train) == 4000 - MOST_HELD


def test_what_cannot_teach_is_left_out_and_said():
    rows = [*MANY, ("a number 1", "a"), ("  a number 2 ", "a"), ("", "a"), ("no label", "  ")]
    found = split(rows)
    assert len(found.train) + len(found.held) == len(MANY)
    assert found.notes == (
        "2 rows were left out: a text or a label is missing.",
        "2 rows were left out: the same text would be learned from and then asked.",
    )


@pytest.mark.parametrize(
    ("rows", "kind", "said"),
    [
        ([], EmptyInputError, "no labelled rows"),
        ([("a", "x"), ("b", "y")], InputError, f"at least {LEAST_ROWS}"),
        ([(f"{n}", "x") for n in range(20)], InputError, "nothing to tell apart"),
        ([(f"{n}", "x") for n in range(20)] + [("z", "alone")], InputError, "has one row"),
        ([(f"{n}", "x") for n in range(20)] + [("1", "y")], InputError, "two labels"),
        ([(f"{n}", f"{n // 2}") for n in range(200)], InputError, "100 labels"),
        ([(f"half \ud83d {n}", "x") for n in range(20)], InputError, "half of a character"),
        ([("long " * 2000, "x")] + [(f"{n}", "y") for n in range(20)], InputTooLongError, "characters"),
    ],
)
def test_rows_that_cannot_teach_are_refused_with_the_reason(rows, kind, said):
    with pytest.raises(kind, match=said):
        split(rows)


def test_more_rows_than_fit_are_refused():
    with pytest.raises(InputTooLongError, match="at most 50"):
        split(MANY, most=50)


def test_numbers_are_labels_in_the_order_of_their_size():
    rows = [(f"text {n}", str(n % 11)) for n in range(66)]
    assert split(rows).labels == tuple(map(str, range(11)))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.file)
def test_samples_are_rows_of_our_own_that_teach(sample):
    asked = pg.TrainClassifierRequest(read_pasted(sample.rows()))
    found = split_rows(asked.table, asked.text_column, asked.label_column, 0.25, 0)
    assert 100 <= len(found.train) + len(found.held) <= 300
    assert found.notes == ()
    counts = Counter(found.held.label_ids)
    assert max(counts.values()) == min(counts.values()), "no label is rarer than another"


def test_a_request_says_what_is_wrong_with_it():
    rows = table(MANY)
    assert pg.TrainClassifierRequest(rows).learning_rate == LEARNING_RATES["lora"]
    assert pg.TrainClassifierRequest(rows, method="full").learning_rate == LEARNING_RATES["full"]
    for wrong, said in (
        ({"method": "prefix"}, "head, lora, full"),
        ({"learning_rate": 0}, "learning_rate is 0"),
        ({"num_train_epochs": 51}, "1 to 50"),
        ({"num_train_epochs": 1.5}, "whole number"),
        ({"held_out": float("nan")}, "held_out"),
        ({"text_column": "words"}, "no column 'words'"),
        ({"text_column": "text", "label_column": "text"}, "same column"),
    ):
        with pytest.raises(InputError, match=said):
            pg.TrainClassifierRequest(rows, **wrong)
    with pytest.raises(InputError, match="no labels"):
        pg.TrainClassifierRequest(read_pasted("only texts\nand more\n"))


def test_columns_are_found_by_their_names_or_places():
    pasted = read_pasted("utterance;intent\nlight please;light\nmore light;light\nplay it;music\n")
    asked = pg.TrainClassifierRequest(pasted)
    assert (asked.text_column, asked.label_column) == ("utterance", "intent")
    unnamed = pg.TrainClassifierRequest(read_pasted("light please\tlight\nmore light\tlight\n"))
    assert unnamed.text_column != unnamed.label_column
