"""The way from the engine to whoever reads."""

import asyncio
import gc

import pytest

from playground.errors import InputError
from playground.generation.events import Finished, Started, Step
from playground.generation.generate import compare, generate
from playground.generation.request import GenerateRequest
from playground.generation.running import batches_of_all
from tests.unit.generation.generation_models import (
    assert_idle,
)


def test_stop_close_and_forgetting_leave_nothing_behind(tiny):
    manager = tiny()
    stopped = generate(manager, GenerateRequest(prompt="the", max_new_tokens=110))
    events = iter(stopped)
    while not isinstance(next(events), Step):
        pass
    stopped.stop()
    last = list(events)[-1]
    assert isinstance(last, Finished)
    assert last.reason in ("stopped", "length")
    with generate(manager, GenerateRequest(prompt="the", max_new_tokens=110)) as closed:
        next(iter(closed))
    generate(manager, GenerateRequest(prompt="the", max_new_tokens=110))
    gc.collect()
    assert_idle(manager)


def test_batches_do_not_block_the_event_loop_and_stop_with_it(tiny):
    manager = tiny()

    async def read(steps):
        ticks, seen = 0, []

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        request = GenerateRequest(prompt="the", max_new_tokens=100)
        batches = batches_of_all(lambda asked: compare(manager, asked), (request,), 0.01)
        async for batch in batches:
            seen += [event for _, event in batch]
            if len(seen) > steps:
                break
        await batches.aclose()
        ticking.cancel()
        return ticks, seen

    ticks, seen = asyncio.run(read(1000))
    assert isinstance(seen[0], Started)
    assert isinstance(seen[-1], Finished)
    assert ticks > 5
    asyncio.run(read(2))
    assert_idle(manager)


def test_compare_shares_one_batch(tiny):
    manager = tiny()
    settings = [{}, {"repetition_penalty": 1.8}, {"do_sample": True, "seed": 2}, {"do_sample": True, "seed": 3}]
    requests = [GenerateRequest(prompt="the quick", max_new_tokens=10, **one) for one in settings]
    results = compare(manager, requests).results()
    for request, result in zip(requests, results, strict=True):
        assert generate(manager, request).result().finished.token_ids == result.finished.token_ids
    with pytest.raises(InputError):
        compare(manager, requests * 4)
