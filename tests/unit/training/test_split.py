"""Rows of a table -> rows to learn from and rows held out."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

import playground as pg
from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.tables import read_pasted
from playground.training.classifier.job import split_said
from playground.training.classifier.split import MOST_HELD, split_rows
from playground.training.events import TrainingBytes
from playground.training.request import EPOCHS, LEARNING_RATES, LEAST_ROWS, METHODS
from tabs.training.examples import PRESETS, SAMPLES
from tabs.training.format import format_plan

SIZE = TrainingBytes(100, 100, 200, 50, 50)


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
        "40 of 64 rows have the label 'a': whoever always says so is right of 62.5\xa0% of them. More rows of the "
        "other labels teach more.",
    )


def test_capitals_make_no_other_text_to_be_tested_with():
    found = split([*MANY, ("A  Number 1", "a"), ("B NUMBER 1", "a")])
    assert len(found.train) + len(found.held) == len(MANY) + 1, "with another label it is kept"
    assert found.notes[0] == "1 row was left out: the same text would be learned from and then asked."


def test_who_types_a_few_rows_is_told_what_the_accuracy_can_say():
    rows = [(f"row {n}", "ab"[n % 3 == 0]) for n in range(12)]
    assert split(rows).notes == (
        "8 of 12 rows have the label 'a': whoever always says so is right of 66.7\xa0% of them. More rows of the "
        "other labels teach more.",
        "With 3 rows held out, each is 33.3\xa0% of the accuracy. More rows tell more.",
    )
    said = split_said(split(rows), pg.TrainClassifierRequest(table(rows), num_train_epochs=2), (7, 3))
    assert (said.train_counts, said.held_counts, said.total_steps) == ((6, 3), (2, 1), 2)
    assert said.chance == pytest.approx(2 / 3)
    strange = replace(said, notes=("The label '<b>*'",))
    assert format_plan(pg.ClassifierPlan("base", strange, SIZE)).endswith("\n- The label '\\<b\\>\\*'"), (
        "on the page, too"
    )
    assert said.chance_loss == pytest.approx(-(2 * math.log(6 / 9) + math.log(3 / 9)) / 3)


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
    for method in METHODS:
        asked = pg.TrainClassifierRequest(rows, method=method)
        suits = (asked.learning_rate, asked.num_train_epochs)
        assert suits == (LEARNING_RATES[method], EPOCHS[method]) == PRESETS["as usual"].settings(method)
        for preset in PRESETS.values():
            rate, epochs = preset.settings(method)
            pg.TrainClassifierRequest(rows, method=method, learning_rate=rate, num_train_epochs=epochs)
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
