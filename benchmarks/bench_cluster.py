"""A fleet of two replicas on this machine, each pinned to a core, beside one process pinned to a core.

- ``overhead_first_token_ms``: how much later the first token of a generation comes from a replica than from a
  playground in this process, by the medians of turns that alternate (wanted: at most 30)
- ``throughput_2_over_1``: tokens/s of two replicas over those of one, with as many streams of one length each, from
  the request to the end of the last stream (at least 1.8)
- ``added_2_over_1``: the same, of what each stream gets until its own end, added up: more, where one of the replicas is
  through earlier and then has nothing to do; so are ``tokens_per_second_1`` and ``tokens_per_second_2``
- ``hit_rate``: calls that came to a replica on which their model was resident, of all, for four models that are asked
  at random over two replicas that hold three each; the first loads are among the misses (at least 0.95)
- ``lost_after_kill``: generations that neither ended with all their tokens nor said that they couldn't, after the
  replica of half of them was killed (0); ``went_on`` is how many of the killed replica went on in the other
- ``front_ms_per_token``: what a token costs this process, clients included, while both replicas work; also where
  other programs are busy it says what the replicas lose to it
- ``floor_2_over_1``: as ``added_2_over_1``, of plain processes that have nothing to do with each other: what the
  machine allows where two cores share its memory

The front, with the clients' threads, has no core of its own. Run: python benchmarks/bench_cluster.py [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import multiprocessing
import os
import random
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import playground as pg
from playground.cluster.facade import FleetPlayground
from playground.cluster.options import ClusterOptions
from playground.cluster.start import open_playground

ASKED = pg.GenerateRequest(prompt="A list of colors: red, blue", seed=1)
STREAMS = 8
ONE_CORE = ClusterOptions(cores=1, pin=True)


async def read(playground: pg.Playground, request: pg.GenerateRequest) -> tuple[float, list[pg.Event]]:
    """Seconds to the first token of a generation, and all its events."""
    began, first, events = time.perf_counter(), 0.0, []
    async with aclosing(playground.compare_batches((request,))) as batches:
        async for batch in batches:
            events += [event for _, event in batch]
            if not first and any(isinstance(event, pg.Step) for event in events):
                first = time.perf_counter() - began
    return first, events


@contextmanager
def on_one_core() -> Iterator[None]:
    """What this process begins meanwhile computes on the first core, with one thread."""
    import torch

    cores, threads = os.sched_getaffinity(0), torch.get_num_threads()
    try:
        os.sched_setaffinity(0, sorted(cores)[:1])
        torch.set_num_threads(1)
        yield
    finally:
        os.sched_setaffinity(0, cores)
        torch.set_num_threads(threads)


def overhead_ms(fleet: pg.Playground, alone: pg.Playground, turns: int) -> dict[str, float]:
    """First tokens of both, in turns; each prompt is new to both."""
    seconds: dict[str, list[float]] = {"fleet": [], "alone": []}
    for turn in range(-2, turns):
        request = replace(ASKED, prompt=f"Number {turn + 99}: {ASKED.prompt}", max_new_tokens=2)
        there, _ = asyncio.run(read(fleet, request))
        with on_one_core():
            here, _ = asyncio.run(read(alone, request))
        if turn >= 0:
            seconds["fleet"].append(there)
            seconds["alone"].append(here)
    medians = {name: 1000 * statistics.median(taken) for name, taken in seconds.items()}
    return {
        "overhead_first_token_ms": round(medians["fleet"] - medians["alone"], 1),
        "first_token_ms": round(medians["fleet"], 1),
        "first_token_alone_ms": round(medians["alone"], 1),
    }


class Rates(NamedTuple):
    """Tokens/s of streams that were asked for at once: what each of them got, added up; and all until the last ended.

    The second is less where one replica is through earlier: it has nothing to do then, while a fleet in use has.
    """

    added: float
    to_the_last: float


async def together(fleet: pg.Playground, tokens: int, streams: int, person: Callable[[int], str]) -> Rates:
    """Streams of the same length, since counting never ends; the time before their first tokens counts."""
    requests = [
        replace(
            ASKED, prompt="Count: " + ", ".join(str(number + step) for step in range(5)) + ",",
            max_new_tokens=tokens, do_sample=True, temperature=0.3, seed=number, person=person(number),
        )
        for number in range(streams)
    ]  # fmt: skip
    began = time.perf_counter()

    async def one(request: pg.GenerateRequest) -> tuple[int, float]:
        _, events = await read(fleet, request)
        return sum(isinstance(event, pg.Step) for event in events), time.perf_counter() - began

    told = await asyncio.gather(*map(one, requests))
    return Rates(sum(count / took for count, took in told), sum(count for count, _ in told) / max(t for _, t in told))


def throughput(fleet: pg.Playground, tokens: int, turns: int) -> dict[str, float]:
    """One person's streams stay in one replica, those of many persons take both; in turns."""
    asyncio.run(together(fleet, 4, 2 * STREAMS, str))  # both have the model
    rates: dict[int, list[Rates]] = {1: [], 2: []}
    front, told = 0.0, 0.0
    for _ in range(turns):
        rates[1].append(asyncio.run(together(fleet, tokens, STREAMS, lambda number: "one")))
        began, at = time.process_time(), time.perf_counter()
        rates[2].append(asyncio.run(together(fleet, tokens, 2 * STREAMS, str)))
        front += time.process_time() - began
        told += rates[2][-1].to_the_last * (time.perf_counter() - at)
    pairs = list(zip(rates[1], rates[2], strict=True))
    return {
        "front_ms_per_token": round(1000 * front / told, 2),
        "added_2_over_1": round(statistics.median(both.added / one.added for one, both in pairs), 2),
        "throughput_2_over_1": round(statistics.median(both.to_the_last / one.to_the_last for one, both in pairs), 2),
        "tokens_per_second_1": round(statistics.median(one.added for one, _ in pairs), 1),
        "tokens_per_second_2": round(statistics.median(both.added for _, both in pairs), 1),
    }


def floor(tokens: int, turns: int) -> dict[str, float]:
    """The same work in a process alone, and in two at once, each with its clients on a core of its own."""
    spawning = multiprocessing.get_context("spawn")
    told, barrier = spawning.SimpleQueue(), spawning.Barrier(2)
    cores = sorted(os.sched_getaffinity(0))[:2]
    running = [spawning.Process(target=plain, args=(core, core == cores[0], tokens, turns, barrier, told))
               for core in cores]  # fmt: skip
    for one in running:
        one.start()
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(3 * turns):
        together, rate = told.get()
        rates[together].append(rate)
    for one in running:
        one.join()
    both = [sum(rates[True][turn : turn + 2]) for turn in range(0, 2 * turns, 2)]
    return {"floor_2_over_1": round(statistics.median(b / a for a, b in zip(rates[False], both, strict=True)), 2)}


def plain(core: int, is_first: bool, tokens: int, turns: int, barrier: Any, told: Any) -> None:
    """A playground in a process on one core: in turns alone, if it is the first, and beside another one."""
    os.sched_setaffinity(0, {core})
    importlib.import_module("process").prepare()
    settings = pg.Settings(warm_up=("none",), device="cpu", max_streams_per_person=STREAMS)
    with pg.Playground(settings) as playground:
        asyncio.run(together(playground, 4, STREAMS, str))
        for _ in range(turns):
            barrier.wait()
            if is_first:
                told.put((False, asyncio.run(together(playground, tokens, STREAMS, str)).added))
            barrier.wait()
            told.put((True, asyncio.run(together(playground, tokens, STREAMS, str)).added))


def lost_after_kill(fleet: FleetPlayground, tokens: int) -> dict[str, int]:
    """Streams over two replicas, one of which is killed in the middle."""
    told = threading.Event()

    async def one(number: int) -> tuple[str, int]:
        request, count = replace(ASKED, max_new_tokens=tokens, seed=number, person=str(number), do_sample=True), 0
        try:
            async with aclosing(fleet.compare_batches((request,))) as batches:
                async for batch in batches:
                    count += sum(isinstance(event, pg.Step) for _, event in batch)
                    if count > 5:
                        told.set()
                    ends = [event for _, event in batch if isinstance(event, pg.Finished)]
                    if ends:
                        return "ended", count - len(ends[0].token_ids)
        except pg.PlaygroundError as error:
            return ("said so" if error.retryable else "failed"), count
        return "lost", count

    async def all_of_them() -> list[tuple[str, int]]:
        return list(await asyncio.gather(*(one(number) for number in range(STREAMS))))

    def kill() -> int:
        told.wait(60)
        home = max(fleet.fleet().replicas, key=lambda replica: replica.calls)
        os.kill(processes[home.replica_id], signal.SIGKILL)
        return home.calls

    processes = fleet.processes()
    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill)
        ends = asyncio.run(all_of_them())
        on_it = killed.result()
    whole = ends.count(("ended", 0))  # every token was told once
    said = sum(end == "said so" for end, _ in ends)
    return {"lost_after_kill": STREAMS - whole - said, "went_on": on_it - said, "said_so": said}


def hit_rate(calls: int) -> dict[str, Any]:
    """Four models that don't fit into one replica together, asked at random."""
    settings = pg.Settings(warm_up=("none",), device="cpu", max_streams_per_person=STREAMS)
    with pg.Playground(settings) as probe:
        models = [spec for spec in probe.catalog if spec.source == "embedded"]
        sizes = sorted(_bytes_of(probe, spec.id) for spec in models)
    budget = sum(sizes) - sizes[0] // 2
    chance = random.Random(7)
    with open_playground(ONE_CORE, replace(settings, memory_budget=budget)) as fleet:
        fleet.warm_up()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda number: _ask(fleet, chance.choice(models).task, number), range(calls)))
        time.sleep(1)
        replicas = fleet.fleet().replicas
    hits, misses = sum(one.hits for one in replicas), sum(one.misses for one in replicas)
    return {"hit_rate": round(hits / (hits + misses), 3), "calls": hits + misses, "misses": misses}


def _bytes_of(playground: pg.Playground, model_id: str) -> int:
    options = playground.quantizations(model_id)
    return next(one.predicted_bytes or 0 for one in options if one.name == "float32")


def _ask(playground: pg.Playground, task: str, number: int) -> None:
    """One short question to the model of a task."""
    if task == "text-classification":
        playground.classify(pg.ClassifyRequest(f"film {number}"))
    elif task == "feature-extraction":
        playground.embed(pg.EmbedRequest((f"word {number}",)))
    elif task == "text2text-generation":
        playground.word_loss(pg.WordLossRequest(("man", f"word{number}")))
    else:
        playground.next_token(replace(ASKED, prompt=f"{ASKED.prompt} {number}"))


def main() -> int:
    """Prints the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer turns: under three minutes")
    quick = parser.parse_args().quick
    settings = pg.Settings(warm_up=("none",), device="cpu", max_streams_per_person=STREAMS)
    figures: dict[str, Any] = {"cores": len(os.sched_getaffinity(0))}
    with pg.Playground(settings) as alone, open_playground(ONE_CORE, settings) as fleet:
        fleet.warm_up()
        figures |= overhead_ms(fleet, alone, 10 if quick else 40)
        figures |= throughput(fleet, 48 if quick else 128, 2 if quick else 5)
        figures |= lost_after_kill(fleet, 48 if quick else 128)
    figures |= floor(48 if quick else 128, 2 if quick else 5)
    figures |= hit_rate(160 if quick else 400)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
