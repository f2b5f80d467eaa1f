"""What other programs have of the cores is measured, and whoever holds a model leaves it to them."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from playground.models import loads
from playground.models.cpu.elsewhere import OtherPrograms, taken_elsewhere
from playground.models.cpu.threads import threads_of_cpu
from playground.models.entries import Job
from tests.unit.models.fake_models import TASK


class Clocks:
    """A machine's clocks: seconds passed, worked by all of its cores, and by this process."""

    def __init__(self):
        self.now = self.every = self.own = 0.0

    def times(self):
        return self.every, self.own

    def pass_by(self, seconds, others=0.0, own=0.0):
        self.now += seconds
        self.own += own * seconds
        self.every += (others + own) * seconds


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def programs(clocks):
    return OtherPrograms(4, clocks.times, lambda: clocks.now)


def test_what_this_program_takes_is_not_elsewhere(clocks, programs):
    assert programs.share() == 0
    clocks.pass_by(1, others=1, own=2)
    assert programs.share() == pytest.approx(0.25)
    clocks.pass_by(1, own=4)
    assert programs.share() == 0


def test_two_looks_close_to_each_other_say_the_same(clocks, programs):
    clocks.pass_by(1, others=2)
    assert programs.share() == pytest.approx(0.5)
    clocks.pass_by(0.3)
    assert programs.share() == pytest.approx(0.5)
    clocks.pass_by(0.3, others=4)
    assert programs.share() == pytest.approx(0.5)  # since the look before, of 0.6 seconds
    clocks.pass_by(0.6, others=4)
    assert programs.share() == pytest.approx(1)


def test_clocks_that_round_never_say_less_than_nothing_nor_more_than_all(clocks, programs):
    clocks.pass_by(1, others=-0.02)
    assert programs.share() == 0
    clocks.pass_by(1, others=4.05)
    assert programs.share() == 1


def test_a_program_that_computes_is_found():
    program = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        limit = time.monotonic() + 20
        while taken_elsewhere() == 0 and time.monotonic() < limit:
            time.sleep(0.2)
        assert 0 < taken_elsewhere() <= 1
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize("elsewhere", [0.3, 0.7])
def test_a_training_that_is_felt_already_counts_once(make, monkeypatch, elsewhere):
    monkeypatch.setattr(loads, "taken_elsewhere", lambda: elsewhere)
    manager, _ = make()
    with manager.lease("a", TASK) as loaded:
        assert loaded.busy() == elsewhere
    with manager.room.set_aside("Training", Job(), 1, cores=0.5), manager.lease("a", TASK) as loaded:
        assert loaded.busy() == max(0.5, elsewhere)


def test_a_thread_has_after_a_lease_what_it_had_before(make, monkeypatch):
    if threads_of_cpu() < 2:
        pytest.skip("there is one core")
    shares = iter((0.5, 0.75, 0.0))
    monkeypatch.setattr(loads, "taken_elsewhere", lambda: next(shares))
    whole, (manager, _) = torch.get_num_threads(), make()
    torch.set_num_threads(4)
    try:
        with manager.lease("a", TASK):
            assert torch.get_num_threads() == 2
            with manager.lease("b", TASK):
                assert torch.get_num_threads() == 1
            assert torch.get_num_threads() == 2
            with manager.lease("b", TASK):
                assert torch.get_num_threads() == 4
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 4 == threads_of_cpu()
        monkeypatch.setattr(loads, "taken_elsewhere", lambda: 0.75)
        lease = manager.lease("a", TASK)
        with ThreadPoolExecutor(1) as other:
            other.submit(lease.__enter__).result()
            lease.__exit__(None, None, None)
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(whole)
