"""The simulated fleet against what queueing theory says of small ones, and against the rules of the real router."""

from __future__ import annotations

import json
from dataclasses import replace
from math import factorial
from pathlib import Path

import pytest

from playground.cluster.simulated_replica import Crowd
from playground.cluster.simulation import main, percentile, simulate
from playground.errors import InputError

MEASURED = Path(__file__).parents[3] / "benchmarks/results/bench_cluster.json"
ONE = Crowd(
    rate=0.6, mix=(("a", 1.0),), replicas=1, streams=1, reply_seconds=1.0, crowding=0.0, load_seconds=0.0,
    requests=15_000,
)  # fmt: skip


def mean(values):
    return sum(values) / len(values)


def erlang_wait(rate: float, places: int) -> float:
    """The mean wait for one of some places, each of which is taken for a second on average (M/M/c)."""
    waits = rate**places / factorial(places) / (1 - rate / places)
    return waits / (sum(rate**n / factorial(n) for n in range(places)) + waits) / (places - rate)


@pytest.mark.parametrize(("rate", "places"), [(0.6, 1), (1.4, 2), (3.0, 4)])
def test_a_line_before_some_places_is_as_long_as_erlang_says(rate, places):
    fared = simulate(replace(ONE, rate=rate, streams=places))
    assert mean(fared.waits) == pytest.approx(erlang_wait(rate, places), rel=0.12)
    assert mean(fared.wholes) == pytest.approx(erlang_wait(rate, places) + 1, rel=0.08)
    assert fared.keeps_up


def test_replies_of_equal_length_wait_half_as_long():
    """Pollaczek and Khinchine: without spread half of the wait is left."""
    fared = simulate(replace(ONE, spread="equal"))
    assert mean(fared.waits) == pytest.approx(erlang_wait(0.6, 1) / 2, rel=0.12)


def test_who_shares_a_replica_takes_as_long_as_processor_sharing_says():
    """Beside n others it takes 1 + n times as long: on average 1 / (1 - load), and nobody waits to begin."""
    fared = simulate(replace(ONE, streams=10_000, crowding=1.0))
    assert mean(fared.wholes) == pytest.approx(1 / (1 - 0.6), rel=0.12)
    assert max(fared.waits) == 0
    assert fared.busy == (pytest.approx(0.6, rel=0.03),)


def test_too_many_people_are_said():
    fared = simulate(replace(ONE, rate=1.5, requests=2000))
    assert not fared.keeps_up
    assert len(fared.waits) / fared.seconds == pytest.approx(1.0, rel=0.06)  # no more than one a second


def test_two_replicas_hold_four_models_that_one_has_no_room_for():
    crowd = Crowd(rate=1.0, requests=1500)
    one, two = (simulate(replace(crowd, replicas=number)) for number in (1, 2))
    assert two.hit_rate > 0.97 > 0.9 > one.hit_rate
    assert percentile(two.waits, 0.95) == 0 < percentile(one.waits, 0.95)
    assert two.loads < one.loads / 5
    assert two.refused == 0 < one.refused


@pytest.mark.skipif(not MEASURED.exists(), reason="nobody has measured two replicas on this machine")
def test_two_replicas_hit_as_often_as_was_measured():
    """As benchmarks/bench_cluster.py asks: four models alike, two callers that wait for their answers."""
    figures = json.loads(MEASURED.read_text(encoding="utf-8"))
    calls = figures["calls"]
    alike = tuple((name, 1.0) for name in "abcd")
    crowd = Crowd(rate=1.0, mix=alike, reply_seconds=0.1, load_seconds=1.0, people=calls, requests=calls)
    assert simulate(crowd).hit_rate == pytest.approx(figures["hit_rate"], abs=0.04)


def test_a_load_takes_its_time_and_everybody_waits_for_the_same():
    crowd = replace(ONE, rate=50.0, streams=1000, load_seconds=2.0, requests=40)
    fared = simulate(crowd)
    assert (fared.loads, fared.hits) == (1, 0)
    assert max(fared.waits) == pytest.approx(2.0)
    assert min(fared.waits) > 1.0


def test_a_model_that_finds_no_room_is_given_up():
    """One place for a model, and the first is in use for longer than anybody waits for the second."""
    crowd = Crowd(
        rate=100.0, mix=(("a", 1.0), ("b", 1.0)), replicas=1, holds=1, reply_seconds=1000.0, crowding=0.0,
        load_seconds=0.0, requests=20, spread="equal",
    )  # fmt: skip
    fared = simulate(crowd)
    assert 0 < fared.refused < 20
    assert len(fared.waits) == len(fared.wholes) == 20 - fared.refused
    assert fared.evictions == 0


def test_the_same_crowd_fares_the_same():
    crowd = Crowd(rate=2.0, requests=300)
    assert simulate(crowd) == simulate(crowd) != simulate(replace(crowd, seed=1))


def test_the_table_and_the_json_say_the_same(capsys):
    given = ["--rate", "1", "--replicas", "1,2", "--requests", "300", "--mix", "small=3,large"]
    assert main([*given, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert main(given) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [row["replicas"] for row in rows] == [1, 2]
    for row, line in zip(rows, lines, strict=True):
        assert f"{row['hit_rate']:.1%}" in line and f"{row['served_per_second']:.2f}/s" in line


def test_numbers_that_make_no_crowd_are_refused(capsys):
    with pytest.raises(InputError):
        Crowd(rate=1.0, mix=())
    assert main(["--rate", "0"]) == 2
    assert "positive" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--rate", "1", "--mix", "a=much"])
