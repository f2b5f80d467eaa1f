"""A class beside a model: shares, agreement, total variation, votes and draws, against what can be done by hand."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.classroom.compare import bar_of, count_words, draw, reveal, told, total_variation, vote
from playground.classroom.questions import Choice, NextWord, Number, Slider, TokenCount, Word
from playground.classroom.result import Bar, ModelSays, Said
from playground.errors import InputError, NotAllowedError

COLOURS = Choice("Which colour?", ("red", "green", "blue"))
SAYS = ModelSays((Said("red", 0.5), Said("green", 0.3), Said("blue", 0.1)), right=0)


def test_a_class_beside_a_model():
    shown = reveal(COLOURS, {1: 0, 2: 0, 3: 2, 4: 0}, SAYS)
    assert [(bar.name, bar.count, bar.share) for bar in shown.bars] == [
        ("red", 3, 0.75),
        ("green", 0, 0.0),
        ("blue", 1, 0.25),
    ]
    assert shown.agreement == pytest.approx(0.6)  # red and blue
    assert shown.rest == pytest.approx(0.1)
    assert shown.total_variation == pytest.approx((0.25 + 0.3 + 0.15 + 0.1) / 2)
    assert shown.right == 0 and shown.surprises == ()


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_total_variation_is_the_largest_difference_of_any_event(weights, places):
    """Its other definition: the most that both distributions can differ in how likely any set of answers is."""
    model = np.array(weights) / (sum(weights) + 0.5)
    says = ModelSays(tuple(Said(name, float(p)) for name, p in zip("abc", model, strict=True)))
    shown = reveal(COLOURS, dict(enumerate(places)), says)
    ours = np.array([*(bar.share for bar in shown.bars), 0.0])
    theirs = np.array([*model, 1 - model.sum()])
    events = [np.array([bool(bits >> place & 1) for place in range(4)]) for bits in range(16)]
    assert total_variation(shown.bars) == pytest.approx(max(abs(ours[e].sum() - theirs[e].sum()) for e in events))


def test_nobody_answered():
    shown = reveal(COLOURS, {}, SAYS)
    assert (shown.answered, shown.agreement, shown.total_variation) == (0, None, None)
    with pytest.raises(InputError, match="Nobody"):
        vote(shown.bars)


def test_words_that_are_one_token_are_one_bar():
    says = ModelSays(
        (Said("·sky", 0.6, 7), Said("·sea", 0.2, 8), Said("·zebra", 0.001, 9)),
        read_as=(("sky", 0), ("Sky", 0), ("zebra", 2)),
        right=0,
    )
    shown = reveal(NextWord("The"), {1: "sky", 2: "Sky", 3: "zebra"}, says)
    assert [(bar.name, bar.count) for bar in shown.bars] == [("·sky", 2), ("·zebra", 1), ("·sea", 0)]
    assert [(one.name, one.seats) for one in shown.surprises] == [("·zebra", (3,))]
    assert shown.surprises[0].loss == pytest.approx(-math.log(0.001))


def test_numbers_have_the_models_number_among_them():
    shown = reveal(TokenCount("a text"), {1: 3, 2: 5, 3: 3}, ModelSays(number=4.0))
    assert [(bar.name, bar.count) for bar in shown.bars] == [("3", 2), ("4", 0), ("5", 1)]
    assert (shown.bars[shown.right].name, shown.median) == ("4", 3)


@pytest.mark.parametrize("number", [None, 0.0, 37.5, 100.0])
def test_a_slider_has_ten_bars(number):
    shown = reveal(Slider("How sure?"), {1: 0.0, 2: 100.0, 3: 55.0}, ModelSays(number=number))
    assert len(shown.bars) == 10 and sum(bar.count for bar in shown.bars) == 3
    assert [bar.count for bar in shown.bars] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert shown.right == {None: -1, 0.0: 0, 37.5: 3, 100.0: 9}[number]


BARS = (Bar("a", 6, 0.6, 0.1), Bar("b", 3, 0.3, 0.2), Bar("c", 1, 0.1, 0.3), Bar("d", 0, 0.0, 0.4))


def test_the_vote_is_of_most_and_of_equals_the_likelier():
    assert vote(BARS).name == "a"
    assert vote((Bar("a", 2, 0.5, 0.1), Bar("b", 2, 0.5, 0.2))).name == "b"


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_a_draw_is_softmax_of_log_shares_over_the_temperature(temperature):
    chance = random.Random(0)
    drawn = [draw(BARS, temperature, chance).name for _ in range(4000)]
    expected = np.exp(np.log([0.6, 0.3, 0.1]) / temperature)
    expected /= expected.sum()
    assert [drawn.count(name) / 4000 for name in "abc"] == pytest.approx(list(expected), abs=0.03)
    assert "d" not in drawn


def test_a_cold_draw_is_the_vote():
    assert {draw(BARS, 0.01, random.Random(seed)).name for seed in range(20)} == {"a"}
    with pytest.raises(InputError, match="Choose one above 0, up to 100"):
        draw(BARS, 0, random.Random(0))
    with pytest.raises(InputError, match="The temperature is −1"):
        draw(BARS, -1, random.Random(0))


TOLD = [
    (COLOURS, ModelSays(tuple(Said(name, None) for name in COLOURS.choices)), {1: 2, 2: 0, 3: 2}, 2, "blue"),
    (Slider("How sure?"), ModelSays(), {1: 12.5, 2: 90, 3: 19}, 11, "10 to 20\u00a0%"),
    (Number("How many?", " MB"), ModelSays(), {1: 12.5, 2: 90, 3: 12.5}, 90, "90\u00a0MB"),
    (Word("Which?"), ModelSays(), {1: "Girl", 2: "girl", 3: "dog"}, "girl", "girl"),
    (Word("Which?"), ModelSays(), {1: "Girl", 2: "girl", 3: "dog"}, "cat", "cat"),
]


@pytest.mark.parametrize(("question", "says", "answers", "right", "name"), TOLD)
def test_what_is_right_is_a_bar_also_where_nobody_said_it(question, says, answers, right, name):
    says = told(question, says, right)
    if isinstance(question, Word):
        says = count_words(says, answers.values())
    shown = reveal(question, answers, says)
    assert shown.bars[shown.right].name == name
    assert sum(bar.count for bar in shown.bars) == 3 and shown.agreement is None
    # Everybody finds the own answer among the bars.
    own = [bar_of(question, says, shown, value) for value in answers.values()]
    assert [own.count(place) for place in range(len(shown.bars))] == [bar.count for bar in shown.bars]


def test_words_are_the_same_whatever_their_case_and_once_more():
    says = count_words(ModelSays(), ["Cat", "dog", "cat"])
    assert count_words(says, ["Cat", "dog", "cat"]) == says
    shown = reveal(Word("Which?"), {1: "Cat", 2: "dog", 3: "cat"}, says)
    assert [(bar.name, bar.count) for bar in shown.bars] == [("Cat", 2), ("dog", 1)] and shown.right == -1


def test_nobody_tells_what_a_model_answers():
    with pytest.raises(NotAllowedError):
        told(TokenCount("a b"), ModelSays(number=2.0), 3)
    for question, wrong in ((COLOURS, 3), (Slider("?"), 101), (Number("?"), "many"), (Word("?"), "")):
        with pytest.raises(InputError):
            told(question, ModelSays(), wrong)


def test_what_is_no_token_surprises_nobody():
    says = ModelSays((Said("·sky", 0.5, 7), Said("no token", 0.0)), read_as=(("sky", 0), ("xyz", 1)), right=0)
    shown = reveal(NextWord("The"), {1: "sky", 2: "xyz"}, says)
    assert shown.surprises == () and {bar.name: bar.count for bar in shown.bars} == {"·sky": 1, "no token": 1}
