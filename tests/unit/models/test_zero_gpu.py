"""ZeroGPU without its package: nothing changes elsewhere, flags, and how long each method may have the GPU."""

from __future__ import annotations

import os
import pickle
import types

import pytest

import playground as pg
from playground.crossing import Failed, failed
from playground.errors import BusyError, EmptyInputError
from playground.models import zero_gpu
from playground.models.zero_gpu import Flags
from playground.registry import Declaration, Wing, heavy
from playground.runs import Runs


@pytest.fixture
def spaces(monkeypatch):
    """What ``spaces`` does where it forks: durations are noted, and answers are pickled."""
    noted = []

    def decorate(there, duration):
        def lent(*asked):
            noted.append((there.__name__, duration(*asked)))
            return pickle.loads(pickle.dumps(there(*asked)))

        return lent

    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setitem(zero_gpu.importlib.sys.modules, "spaces", types.SimpleNamespace(GPU=decorate))
    monkeypatch.setattr(os, "fork", os.fork)  # put back what is replaced
    return noted


class Owner(Wing):
    def __init__(self):
        self.runs, self.imported = Runs(), True

    def import_everything(self):
        """Nothing to import."""

    @heavy("x", gpu_seconds=lambda request: 10 * request)
    def ask(self, request):
        if request == 3:
            raise EmptyInputError("Nothing.", "Write.")
        if request == 4:
            raise ValueError(lambda: "no pickle takes this")
        return request + 1

    @heavy("x")
    def reads(self, request):
        return request


def test_nothing_changes_elsewhere(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    owner, fork = Owner(), os.fork
    assert not zero_gpu.put_on_gpu(owner)
    assert vars(owner).keys() == {"runs", "imported"}
    assert os.fork is fork


def test_a_method_asks_for_the_seconds_that_it_declares_and_never_for_more_than_there_are(spaces):
    owner = Owner()
    assert zero_gpu.put_on_gpu(owner)
    assert [owner.ask(2), owner.ask(50), owner.reads(1)] == [3, 51, 1]
    assert spaces == [("ask", 20), ("ask", 120)]


def test_a_failure_crosses_as_a_value_with_its_words(spaces):
    owner = Owner()
    zero_gpu.put_on_gpu(owner)
    with pytest.raises(EmptyInputError) as caught:
        owner.ask(3)
    assert (str(caught.value), caught.value.fix) == ("Nothing. Write.", "Write.")
    with pytest.raises(RuntimeError, match="ValueError"):
        owner.ask(4)


def test_a_flag_is_down_when_it_is_taken_again():
    flags = Flags()
    with flags.one() as number:
        flags.raise_flag(number)
        assert flags.is_up(number)
    with flags.one() as again:
        assert (again, flags.is_up(again)) == (number, False)


def test_there_are_only_so_many_flags(monkeypatch):
    monkeypatch.setattr(zero_gpu, "MOST_CALLS", 1)
    flags = Flags()
    with flags.one(), pytest.raises(BusyError), flags.one():
        pass
    with flags.one():
        pass


def test_a_longer_reply_asks_for_more_seconds():
    from playground.generation.facade import Apart, _seconds

    def seconds(*requests):
        return _seconds(Apart(requests, None, ""))

    short, long = pg.GenerateRequest("a", max_new_tokens=10), pg.GenerateRequest("a", max_new_tokens=500)
    assert seconds(short) < seconds(long) < seconds(long, long) < seconds(pg.GenerateRequest("a", max_new_tokens=900))
    assert zero_gpu._seconds(Declaration("m", "x", _seconds), 0, Apart((short,), None, "")) == round(seconds(short))


def test_a_failure_that_no_pickle_takes_still_says_what_it_was():
    assert str(failed(ValueError(lambda: 1)).error).startswith("ValueError: ")
    assert isinstance(failed(EmptyInputError("a", "b")), Failed)
