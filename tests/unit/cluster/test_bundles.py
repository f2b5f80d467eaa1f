"""What many calls tell crosses in one message: nothing is lost, doubled or out of order on the way into bundles."""

from __future__ import annotations

import asyncio
import queue
import threading
import time

import pytest

from playground.cluster import bundles as module
from playground.cluster.bundles import Bundled, Bundlers, ReadBundles, Unbundling
from playground.errors import LostError


class Wire:
    """A replica's event loop on a thread, and a front that reads it; counts the messages between them."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.bundlers = Bundlers("r")
        self.unbundling = Unbundling(lambda asked: self.read("bundles", self.bundlers.bundles(asked)))
        self.sent: dict[str, int] = {"own": 0, "bundles": 0}
        self.broken = threading.Event()

    def read(self, kind, messages):
        """What an async generator of the replica gives, here."""
        arrived: queue.SimpleQueue = queue.SimpleQueue()

        async def send() -> None:
            async for message in messages:
                arrived.put(message)
            arrived.put(None)

        asyncio.run_coroutine_threadsafe(send(), self.loop)
        while (message := arrived.get()) is not None:
            if self.broken.is_set():
                raise LostError("gone")
            self.sent[kind] += 1
            yield message

    def call(self, call_id, count, seconds=0.002):
        """All items of a call that tells numbers."""

        async def numbers():
            for number in range(count):
                await asyncio.sleep(seconds)
                yield call_id, number

        with self.unbundling.call(call_id) as items:
            yield from items(self.read("own", self.bundlers.messages(call_id, self.unbundling.front, numbers())))


@pytest.fixture
def wire():
    wire = Wire()
    yield wire
    wire.loop.call_soon_threadsafe(wire.loop.stop)


def all_at_once(wire, calls, count):
    told: dict[str, list] = {}
    threads = [threading.Thread(target=lambda name=name: told.update({name: list(wire.call(name, count))}))
               for name in calls]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return told


def test_many_calls_are_told_whole_in_few_messages(wire):
    calls = [f"call {number}" for number in range(8)]
    told = all_at_once(wire, calls, 100)
    assert told == {name: [(name, number) for number in range(100)] for name in calls}
    assert sum(wire.sent.values()) < 400  # of 800 items
    assert wire.sent["bundles"] > 0


def test_a_call_alone_has_messages_of_its_own(wire):
    assert len(list(wire.call("alone", 20))) == 20
    assert wire.sent == {"own": 20, "bundles": 0}


def test_bundles_end_when_nobody_uses_them_and_begin_again(wire, monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.05)
    for _ in range(2):
        told = all_at_once(wire, ["a", "b"], 60)
        assert [len(items) for items in told.values()] == [60, 60]
        end = time.monotonic() + 5
        while wire.bundlers._open and time.monotonic() < end:
            time.sleep(0.01)
        assert not wire.bundlers._open and not wire.bundlers._running


def test_bundles_that_break_off_say_so_to_everybody_in_them(wire):
    failures = []

    def told(name):
        try:
            for _, number in wire.call(name, 4000):
                if wire.sent["bundles"] and number > 50:
                    wire.broken.set()
        except LostError:
            failures.append(name)

    threads = [threading.Thread(target=told, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(failures) == ["a", "b"]


def test_a_call_that_goes_over_when_its_bundles_have_broken_is_told(wire):
    """The word that it went over was on its way meanwhile."""
    with wire.unbundling.call("late") as items:
        wire.broken.set()
        wire.unbundling._unbundle(ReadBundles("r"))  # ends without a word: nobody was in them
        told = Unbundling(lambda asked: (_ for _ in ()).throw(LostError("gone")))
        with told.call("late") as late:
            told._unbundle(ReadBundles("r"))
            with pytest.raises(LostError):
                list(late([Bundled("r")]))
            assert list(items([1, 2])) == [1, 2]


def test_bundles_are_of_one_replica_and_read_once(wire):
    async def asked(replica_id):
        return [bundle async for bundle in wire.bundlers.bundles(ReadBundles(replica_id, "f"))]

    assert asyncio.run(asked("another")) == []
    wire.bundlers._open["f"] = object()
    assert asyncio.run(asked("r")) == []


def test_words_in_the_middle_of_a_call_wait_for_their_bundle(monkeypatch):
    """Not its first ones, nor its end, and nobody else's first ones either."""
    monkeypatch.setattr(module, "PACE_SECONDS", 600)
    monkeypatch.setattr(module, "MOST_PACE_SECONDS", 600)

    async def told():
        bundler = module.Bundler()
        bundles = bundler.bundles()

        async def soon():
            return await asyncio.wait_for(anext(bundles), 10)

        bundler.begin("a")
        for number in range(module.FIRST_ITEMS):
            bundler.tell("a", number)
            assert await soon() == [("a", number)]
        bundler.tell("a", "middle")
        waiting = asyncio.create_task(soon())
        await asyncio.sleep(5 * module.GATHER_SECONDS)
        assert not waiting.done()
        bundler.begin("b")
        bundler.tell("b", "first")
        assert await waiting == [("a", "middle"), ("b", "first")]
        bundler.tell("a", "last")
        bundler.end("a")
        assert [item for _, item in await soon()] == ["last", module._Ended(module._END)]

    asyncio.run(told())
