"""Those who arrive together are read together, and hear of their start with their first step."""

import asyncio
import threading
import time

from playground.generation import arrivals as arrivals_module
from playground.generation import engine as engine_module
from playground.generation import running
from playground.generation.arrivals import Arrivals, lull
from playground.generation.events import Started, Step
from playground.generation.generate import compare, generate
from playground.generation.request import GenerateRequest
from playground.generation.running import batches_of_all
from tests.unit.generation.generation_models import assert_idle


def happened(most_seconds, *pauses):
    """In order: five pieces of work of the event loop, with these pauses after each, and what waits for a lull."""
    told = []

    async def keep_busy():
        for _ in range(5):
            time.sleep(0.02)
            told.append("busy")
            for pause in pauses:
                await asyncio.sleep(pause)

    async def begin():
        await lull(most_seconds)
        told.append("begin")

    async def both():
        await asyncio.gather(begin(), keep_busy())

    asyncio.run(both())
    return told


def test_a_stream_begins_when_the_crowd_has_come_in():
    """Requests that arrive together keep the event loop busy; none of them is read before all are there."""
    assert happened(60, 0) == [*["busy"] * 5, "begin"]
    assert happened(0, 0) == ["begin", *["busy"] * 5]


def test_one_calm_moment_of_the_event_loop_does_not_begin_anything():
    assert happened(60, 0, 0.0015) == [*["busy"] * 5, "begin"]  # one tick of a millisecond, never two


def test_a_new_thread_first_lets_those_in_who_are_on_the_way(tiny, monkeypatch):
    manager, groups, others = tiny(), [], []
    generate(manager, GenerateRequest(prompt="a", max_new_tokens=1)).result()
    assert_idle(manager)
    engine = manager.engine
    read = engine._reader.read

    class OnTheWay(Arrivals):
        def wait(self):
            if not others:
                others.append(generate(manager, GenerateRequest(prompt="the dog", max_new_tokens=2, person="b")))

    def noted(group, shared):
        groups.append(len(group))
        return read(group, shared)

    monkeypatch.setattr(engine_module, "ARRIVALS", OnTheWay())
    monkeypatch.setattr(engine._reader, "read", noted)
    generate(manager, GenerateRequest(prompt="the quick", max_new_tokens=2, person="a")).result()
    assert others[0].result().finished.reason == "length"
    assert groups == [2]


def test_who_is_on_the_way_is_waited_for_until_it_is_in_line(tiny, monkeypatch):
    manager, counted = tiny(), []

    def begin(requests):
        counted.append(running.ARRIVALS.coming)
        return compare(manager, requests)

    async def read():
        async for _ in batches_of_all(begin, (GenerateRequest(prompt="the", max_new_tokens=1),), 0.01):
            counted.append(running.ARRIVALS.coming)

    before = running.ARRIVALS.coming
    asyncio.run(read())
    assert set(counted[:1]) == {before + 1}
    assert running.ARRIVALS.coming == before


def test_nobody_waits_longer_than_an_arrival_takes(monkeypatch):
    arrivals = Arrivals()
    monkeypatch.setattr(arrivals_module, "SOON", 0.0)
    arrivals.comes()
    arrivals.wait()  # would wait for ever
    monkeypatch.setattr(arrivals_module, "SOON", 600.0)
    arrived = arrivals.comes()
    waiting = threading.Thread(target=arrivals.wait, daemon=True)
    waiting.start()
    arrived()
    arrivals._arrived()
    waiting.join(60)
    assert not waiting.is_alive()


def test_who_is_read_at_once_hears_of_its_start_with_its_first_step(tiny, monkeypatch):
    """Two events would wake a page twice, while everybody waits for the first token."""
    manager, happened = tiny(), []
    generate(manager, GenerateRequest(prompt="a", max_new_tokens=1)).result()
    passes = manager.engine.passes
    forward = passes.forward

    def noted(*arguments):
        happened.append("pass")
        return forward(*arguments)

    def post(mailbox, index, event):
        happened.extend(kind.__name__ for kind in (Started, Step) if isinstance(event, kind))
        return posted(mailbox, index, event)

    posted = running.Mailbox.post
    monkeypatch.setattr(passes, "forward", noted)
    monkeypatch.setattr(running.Mailbox, "post", post)
    generate(manager, GenerateRequest(prompt="the quick", max_new_tokens=1)).result()
    assert happened == ["pass", "Started", "Step"]
    happened.clear()
    manager.engine._reader.pass_tokens = 5
    generate(manager, GenerateRequest(prompt="the quick dog and " * 20, max_new_tokens=1)).result()
    assert happened[:3] == ["Started", "pass", "pass"]
