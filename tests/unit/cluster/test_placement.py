"""Which replica answers: the model's holder, a person's own line, a less busy one; and where a new model goes."""

from __future__ import annotations

from collections import Counter

import pytest

from playground.cluster.calls import Call
from playground.cluster.placement import BUSY, CHOSEN_SECONDS, SENT_SECONDS, Placement, Standing


class Fleet:
    """Replicas that tell what they hold only when they are asked to."""

    def __init__(self, *names: str, room: int = 2**32) -> None:
        self.now = 0.0
        self.placement = Placement(lambda: self.now)
        self.held: dict[str, set[str]] = {name: set() for name in names}
        self.room = dict.fromkeys(names, room)

    @property
    def standings(self) -> list[Standing]:
        return [Standing(name, frozenset(held), self.room[name]) for name, held in self.held.items()]

    def choose(self, model: str = "m", person: str = "", address: str = "") -> tuple[str, Call]:
        call = Call("classify", model=model, party=(address, person))
        groups = self.placement.choose(call, self.standings)
        assert sorted(one for group in groups for one in group) == sorted(self.held)
        return groups[0][0], call


def test_a_model_goes_where_it_is_held():
    fleet = Fleet("a", "b", "c")
    fleet.held["b"] = {"m"}
    assert {fleet.choose()[0] for _ in range(BUSY)} == {"b"}


def test_new_models_are_spread_and_found_again_before_a_replica_tells():
    fleet = Fleet("a", "b")
    first = {model: fleet.choose(model)[0] for model in "klmn"}
    assert sorted(Counter(first.values()).values()) == [2, 2]
    assert {model: fleet.choose(model)[0] for model in "klmn"} == first


def test_of_those_with_room_the_one_with_fewer_models_gets_a_new_one():
    for held in ("a", "b"):
        fleet = Fleet("a", "b")
        fleet.held[held], other = {"k 8-bit", "k auto"}, "b" if held == "a" else "a"
        fleet.room[other] //= 2
        assert fleet.choose("m")[0] == other
        fleet = Fleet("a", "b")
        fleet.held[held] = {"k 8-bit", "k auto"}
        fleet.room[other] = fleet.room[held] // 2 - 1
        assert fleet.choose("m")[0] == held


def test_what_a_replica_has_dropped_is_not_looked_for_there():
    fleet = Fleet("a", "b")
    where, call = fleet.choose()
    fleet.placement.ended(call.call_id)
    fleet.held[where] = {"m"}
    fleet.choose("")  # it has told
    fleet.held[where], fleet.room[where] = set(), 0
    assert fleet.choose()[0] != where


def test_a_model_that_never_came_is_placed_anew():
    fleet = Fleet("a", "b")
    where, call = fleet.choose()
    fleet.placement.ended(call.call_id)
    fleet.room[where], fleet.now = 0, SENT_SECONDS + 1
    assert fleet.choose()[0] != where


def test_a_hot_model_gets_a_second_copy_and_a_cold_one_does_not():
    fleet = Fleet("a", "b")
    fleet.held["a"] = {"m"}
    places = [fleet.choose()[0] for _ in range(2 * BUSY)]
    assert places[:BUSY] == ["a"] * BUSY
    assert Counter(places) == {"a": BUSY, "b": BUSY}


def test_of_those_that_hold_a_model_the_less_busy_one_answers():
    fleet = Fleet("a", "b")
    fleet.held = {"a": {"m"}, "b": {"m"}}
    assert Counter(fleet.choose()[0] for _ in range(10)) == {"a": 5, "b": 5}


def test_all_streams_of_a_person_are_in_one_line_however_busy_it_is():
    fleet = Fleet("a", "b")
    fleet.held = {"a": {"m"}, "b": {"m"}}
    places = {fleet.choose(person="p", address="1.2.3.4")[0] for _ in range(3 * BUSY)}
    assert len(places) == 1
    assert {fleet.choose(person="q", address="1.2.3.4")[0]} == set(fleet.held) - places


def test_a_person_comes_back_unless_it_is_busier_there():
    fleet = Fleet("a", "b")
    fleet.held = {"a": {"m"}, "b": {"m"}}
    home, call = fleet.choose(person="p")
    fleet.placement.ended(call.call_id)
    for _ in range(3):
        again, call = fleet.choose(person="p")
        assert again == home
        fleet.placement.ended(call.call_id)
    other = ({"a", "b"} - {home}).pop()
    fleet.held[other] = set()
    fleet.choose(person="q"), fleet.choose(person="r")
    fleet.held[other] = {"m"}
    assert fleet.choose(person="p")[0] == other


def test_a_question_about_a_model_loads_it_nowhere():
    fleet = Fleet("a", "b")
    asks = Call("quantizations", model="m", loads=False)
    for _ in range(4):
        fleet.placement.ended(asks.call_id)
        fleet.placement.choose(asks, fleet.standings)
    fleet.placement.ended(asks.call_id)
    fleet.room["b"] = 0
    assert fleet.choose()[0] == "a"
    fleet.held["b"] = {"m"}
    fleet.now = SENT_SECONDS + 1
    assert fleet.placement.choose(asks, fleet.standings)[0] == ["b"]


def test_calls_without_a_model_go_to_the_least_busy():
    fleet = Fleet("a", "b", "c")
    assert Counter(fleet.choose("")[0] for _ in range(9)) == {"a": 3, "b": 3, "c": 3}


def test_what_was_chosen_and_never_sent_does_not_count_for_ever():
    fleet = Fleet("a", "b")
    fleet.held = {"a": {"m"}, "b": {"m"}}
    where, _ = fleet.choose()
    fleet.now = CHOSEN_SECONDS + 1
    places = Counter(fleet.choose()[0] for _ in range(4))
    assert places == {"a": 2, "b": 2}, where


def test_a_call_that_went_elsewhere_counts_there():
    fleet = Fleet("a", "b")
    fleet.held = {"a": {"m"}, "b": {"m"}}
    first, call = fleet.choose()
    other = "b" if first == "a" else "a"
    fleet.placement.sent(call, other)
    assert fleet.choose()[0] == first


@pytest.mark.parametrize("gone", ["a", "b"])
def test_a_replica_that_has_gone_takes_its_calls_along(gone):
    fleet = Fleet("a", "b")
    fleet.held = {"a": {"m"}, "b": {"m"}}
    for number in range(10):
        fleet.choose(person=f"p{number}")
    del fleet.held[gone], fleet.room[gone]
    left = next(iter(fleet.held))
    assert {fleet.choose(person="p0")[0], fleet.choose()[0]} == {left}
    fleet.held[gone], fleet.room[gone] = {"m"}, 2**32
    assert fleet.choose(person="new")[0] == gone


def test_nobody_to_choose_from():
    assert Placement().choose(Call("classify", model="m"), []) == []
