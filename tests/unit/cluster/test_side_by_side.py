"""A generation of several models is one for each of them, and what they tell comes under the places of the whole."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import playground as pg
from playground.cluster.facade import FleetPlayground
from playground.cluster.side_by_side import merged
from playground.errors import ModelError, PlaygroundError
from playground.generation import running, together
from playground.generation.events import Finished
from playground.models.catalog import Catalog
from playground.runs import Runs

ENDED = Finished("eos", "", (), 1, 9, None, None, None, 0.0, 1)


def test_each_part_keeps_its_order_and_gets_its_places():
    parts = {(0, 2): iter([[(0, "a"), (1, "b")], [(1, "c"), (0, ENDED), (1, ENDED)]]), (1,): iter([[(0, ENDED)]])}
    told = [one for batch in merged(parts) for one in batch]
    assert [what for place, what in told if place == 0] == ["a", ENDED]
    assert [what for place, what in told if place == 2] == ["b", "c", ENDED]
    assert [what for place, what in told if place == 1] == [ENDED]


@pytest.mark.parametrize(("error", "said"), [(ModelError("No."), ModelError), (ValueError("odd"), PlaygroundError)])
def test_a_part_that_fails_is_the_failure_of_its_own_replies(error, said):
    def failing():
        yield [(0, ENDED)]
        raise error

    told = [one for batch in merged({(0, 3, 4): failing(), (1,): iter([[(0, ENDED)]])}) for one in batch]
    assert sorted(place for place, what in told if what is ENDED) == [0, 1]
    failures = {place: what for place, what in told if what is not ENDED}
    assert sorted(failures) == [3, 4] and {type(one) for one in failures.values()} == {said}


class Split(FleetPlayground):
    """Says what it asks of whom; its home has all that was trained."""

    def __init__(self, has_home):
        self.catalog, self.runs, self.said, self.imported = Catalog.read(None), Runs(), [], True
        self._fleet, self._home = "fleet", "home" if has_home else None
        self.manager = SimpleNamespace(
            trained=SimpleNamespace(find=lambda model_id: model_id.startswith("trained/") or None)
        )

    def _told_of(self, requests, model, asked_at, run_id):
        self.said.append((self._answering("compare", model), [one.model_id for one in requests]))
        yield [(number, ENDED) for number in range(len(requests))]

    def _at_home(self, method, *arguments):
        """There are the tokenizers of what was trained."""
        getattr(together, method)(self.manager, ["home", *arguments[0]])


@pytest.mark.parametrize(
    ("has_home", "asked", "parts", "alike"),
    [
        (True, "a b a", [("fleet", ["a", "a"]), ("fleet", ["b"])], ["a", "b", "a"]),
        (True, "trained/x trained/y", [("home", ["trained/x", "trained/y"])], None),
        (True, "a trained/x", [("fleet", ["a"]), ("home", ["trained/x"])], ["home", "a", "trained/x"]),
        (False, "a trained/x", [("fleet", ["a"]), (None, ["trained/x"])], ["a", "trained/x"]),
    ],
)
def test_each_model_is_asked_where_it_is(monkeypatch, has_home, asked, parts, alike):
    compared = []
    monkeypatch.setattr(together, "require_same_tokens", lambda manager, ids: compared.append(list(ids)))
    monkeypatch.setattr(running, "listen", lambda asked, told, stop: list(told))
    playground = Split(has_home)
    requests = [pg.GenerateRequest(prompt="a", model_id=one) for one in asked.split()]
    told = [one for batch in playground.compare(requests) for one in batch]
    assert sorted(place for place, _ in told) == list(range(len(requests)))
    assert sorted(playground.said, key=str) == sorted(parts, key=str)
    assert compared == ([alike] if alike else [])
