"""A generation that changes its replica in the middle: nothing is told twice, and nothing is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

import playground as pg
from playground.cluster.resume import Resumption

ASKED = pg.GenerateRequest(prompt="a", max_new_tokens=6, do_sample=True, seed=3)
STARTED = pg.Started(1, 99, 6)
TOKENS = (11, 12, 13, 14, 15, 16)


def step(index: int, forced: bool = False) -> pg.Step:
    return pg.Step(index, TOKENS[index], "p", "t", 0.5, 0.5, 1.0, 0.1, (), forced)


def finished(count: int = 6) -> pg.Finished:
    return pg.Finished("length", "t" * count, TOKENS[:count], 1, 99, 1.0, 1.0, 1.0, 1.0, 1)


def test_the_tokens_so_far_are_forced_and_not_told_again():
    resumption = Resumption((ASKED,))
    assert resumption.left() == (ASKED,)
    first = [(0, pg.Waiting(1)), (0, STARTED), (0, step(0)), (0, step(1))]
    assert resumption.take(first) == first and not resumption.done
    assert resumption.left() == (replace(ASKED, prefix_token_ids=TOKENS[:2]),)
    again = [(0, pg.Waiting(2)), (0, STARTED), (0, pg.Reading(1, 9)), (0, step(0, True)), (0, step(1, True))]
    assert resumption.take(again) == []
    assert resumption.take([(0, step(2)), (0, finished())]) == [(0, step(2)), (0, finished())]
    assert resumption.done


def test_a_prefix_that_a_person_chose_stays_theirs():
    asked = replace(ASKED, prefix_token_ids=TOKENS[:3])
    resumption = Resumption((asked,))
    resumption.take([(0, STARTED), (0, step(0, True))])
    assert resumption.left() == (asked,)
    assert resumption.take([(0, step(0, True)), (0, step(1, True)), (0, step(2, True)), (0, step(3))]) == [
        (0, step(1, True)), (0, step(2, True)), (0, step(3)),
    ]  # fmt: skip
    assert resumption.left()[0].prefix_token_ids == TOKENS[:4]


def test_those_that_have_ended_are_not_asked_again_and_places_stay():
    other = replace(ASKED, seed=4)
    resumption = Resumption((ASKED, other, ASKED))
    resumption.left()
    resumption.take([(1, STARTED), (1, step(0)), (1, finished(1)), (2, STARTED), (2, step(0))])
    assert resumption.left() == (ASKED, replace(ASKED, prefix_token_ids=TOKENS[:1]))
    assert resumption.take([(1, step(0, True)), (1, step(1)), (0, STARTED)]) == [(2, step(1)), (0, STARTED)]


def test_a_beam_search_begins_anew_and_is_not_told_twice():
    asked = pg.GenerateRequest(prompt="a", num_beams=2)
    steps = [(0, pg.BeamStep(index, (), "t", 0.1)) for index in range(3)]
    resumption = Resumption((asked,))
    assert resumption.take(steps[:2]) == steps[:2]
    assert resumption.left() == (asked,)
    assert resumption.take(steps) == steps[2:]


@pytest.mark.parametrize("told", [0, 1, 5, 6])
def test_wherever_it_breaks_the_whole_is_the_same(told):
    whole = [(0, STARTED), *((0, step(index)) for index in range(6)), (0, finished())]
    resumption = Resumption((ASKED,))
    heard = resumption.take(whole[: told + 1])
    prefix = resumption.left()[0].prefix_token_ids
    second = [(0, STARTED), *((0, step(index, index < len(prefix))) for index in range(6)), (0, finished())]
    assert heard + resumption.take(second) == whole
