"""The number of threads follows what a step takes, and trying costs little."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from playground.models.cpu.threads import StepThreads, _torch_library, leave_cores, threads_of_cpu, use_threads


class Machine:
    """Cores, of which another program may have some: a thread without a core triples what a step takes."""

    def __init__(self, cores):
        self.cores, self.taken, self.used, self.spent = cores, 0, cores, 0.0
        self.busy, self.most_used = 0.0, 0
        self.threads = StepThreads(cores, self.use, lambda: self.busy)

    def use(self, count):
        self.used = count

    def run(self, steps, rows=1):
        self.spent = 0.0
        self.most_used = 0
        for _ in range(steps):
            self.most_used = max(self.most_used, self.used)
            seconds = (16 + rows) / self.used * (3 if self.used > self.cores - self.taken else 1)
            self.spent += seconds
            self.threads.took(rows, seconds)


@pytest.mark.parametrize("cores", [2, 3, 8])
def test_threads_leave_the_core_that_another_program_takes_and_come_back(cores):
    machine = Machine(cores)
    machine.run(400)
    assert machine.threads.count == cores
    assert machine.spent < 1.05 * 400 * 17 / cores
    machine.taken = 1
    machine.run(64, rows=32)
    assert machine.threads.count == cores - 1
    assert machine.spent < (1.03 if cores == 2 else 1.15) * 64 * 48 / (cores - 1)
    machine.run(400, rows=5)
    assert machine.spent < 1.05 * 400 * 21 / (cores - 1)
    machine.taken = 0
    machine.run(400)
    assert machine.threads.count == cores


@pytest.mark.parametrize("cores", [2, 8])
def test_what_a_training_has_is_left_from_the_next_step_on_and_never_tried(cores):
    machine = Machine(cores)
    machine.run(20)
    machine.taken, machine.busy = cores // 2, 0.5
    machine.run(1)
    machine.run(400)
    assert machine.most_used == cores - machine.taken
    machine.taken, machine.busy = 0, 0.0
    machine.run(1000)
    assert machine.threads.count == cores


def test_one_core_is_left_alone():
    machine = Machine(1)
    machine.run(100)
    assert (machine.used, machine.spent) == (1, 1700)


def test_a_thread_that_begins_gets_what_was_found_out():
    machine = Machine(2)
    machine.taken = 1
    machine.run(50)
    machine.use(7)
    machine.threads.begin()
    assert machine.used == machine.threads.count == 1


@pytest.fixture
def four_threads():
    if _torch_library() is None:
        pytest.skip("OpenMP can't be reached")
    whole = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(whole)


def test_a_thread_leaves_cores_and_has_all_again(four_threads):
    def look(*shares):
        seen = []
        for share in shares:
            leave_cores(share)
            seen.append((torch.get_num_threads(), threads_of_cpu()))
        return seen

    with ThreadPoolExecutor(1) as thread:  # one that has never computed
        assert thread.submit(look, 0.5, 0.5, 0.25, 1.0, 0.0).result() == [(2, 4), (2, 4), (3, 4), (1, 4), (4, 4)]
    assert look(0.0) == [(4, 4)]


def test_only_the_calling_thread_gets_fewer():
    if _torch_library() is None:
        pytest.skip("OpenMP can't be reached")
    seen = []

    def look(count):
        torch.get_num_threads()
        if count:
            use_threads(count)
        seen.append(torch.get_num_threads())

    for count in (1, 3, 0):
        thread = threading.Thread(target=look, args=[count])
        thread.start()
        thread.join()
    assert seen == [1, 3, torch.get_num_threads()]
