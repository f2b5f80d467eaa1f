"""One message for all that a replica tells a front at about the same time.

A message of Ray costs both sides about half a millisecond, whatever is in it; a step of eight streams would be eight
of them. So a call that runs alone tells its front by messages of its own, and is not kept waiting. When a front has a
second one in the same replica, the replica asks it to read bundles, too, and calls go over to them between two items:
the last that a call sends on its own is `Bundled`. Bundles end when nobody uses them, so that a replica without work
can leave.

The more calls there are, the rarer is a bundle: a front that reads many replicas has a millisecond of work for each.
The first words of a call don't wait for that, nor does its end.

It knows items alone: nothing of Ray, nor of what the calls do.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from playground.cluster.calls import lost
from playground.errors import LostError

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.01  # after the first item of a bundle
PACE_SECONDS, MOST_PACE_SECONDS = 0.03, 0.25  # between two bundles: for each call, and at most
FIRST_ITEMS = 4  # of a call, which don't wait for that: it has a place in line, has begun, has a token
IDLE_SECONDS = 1.0  # without a call, until the bundles end
Bundle = list[tuple[str, Any]]  # which call, and what it tells
_END = "end"
_BROKEN = "broken"


@dataclass(frozen=True)
class ReadBundles:
    """What a replica asks of the front: to read its bundles; and what the front then sends to that replica."""

    replica_id: str
    front: str = ""


@dataclass(frozen=True)
class Bundled:
    """All else that a call tells comes in bundles of this replica."""

    replica_id: str


@dataclass(frozen=True)
class _Ended:
    """The last of a call in bundles; ``because`` the call is over, or its replica is."""

    because: str


class Bundler:
    """Of one front, in a replica. Only the thread of the event loop has to do with it."""

    def __init__(self) -> None:
        self._told: Bundle = []
        self._counts: dict[str, int] = {}
        self._filled, self._hurried = asyncio.Event(), asyncio.Event()

    def begin(self, call_id: str) -> None:
        """A call goes over to bundles."""
        self._counts[call_id] = 0

    def tell(self, call_id: str, item: Any) -> None:
        """Puts an item of a call into the next bundle."""
        self._told.append((call_id, item))
        self._filled.set()
        self._counts[call_id] += 1
        if self._counts[call_id] <= FIRST_ITEMS:
            self._hurried.set()

    def end(self, call_id: str) -> None:
        """Nothing more comes of a call."""
        self.tell(call_id, _Ended(_END))
        self._hurried.set()
        del self._counts[call_id]

    async def bundles(self) -> AsyncGenerator[Bundle, None]:
        """What was told, until nothing was for a while and no call is left."""
        loop, last = asyncio.get_running_loop(), 0.0
        while True:
            try:
                await asyncio.wait_for(self._filled.wait(), IDLE_SECONDS)
            except TimeoutError:
                if not self._counts and not self._told:
                    return
                continue
            pace = min(PACE_SECONDS * len(self._counts), MOST_PACE_SECONDS)
            if (rest := last + pace - GATHER_SECONDS - loop.time()) > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hurried.wait(), rest)
            await asyncio.sleep(GATHER_SECONDS)
            told, self._told, last = self._told, [], loop.time()
            self._filled.clear()
            self._hurried.clear()
            yield told


class Bundlers:
    """Of all fronts, in a replica: whom to ask to read bundles, and who does."""

    def __init__(self, replica_id: str) -> None:
        self._replica_id = replica_id
        self._running: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._open: dict[str, Bundler] = {}

    async def messages(self, call_id: str, front: str, items: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
        """What a call sends on its own of the items that it tells; the rest goes into bundles."""
        bundler: Bundler | None = None
        self._running[front] += 1
        try:
            if front and self._running[front] > 1 and front not in self._asked:
                self._asked.add(front)
                yield ReadBundles(self._replica_id)
            async for item in items:
                if bundler is None and (bundler := self._open.get(front)):
                    bundler.begin(call_id)
                    yield Bundled(self._replica_id)
                if bundler:
                    bundler.tell(call_id, item)
                else:
                    yield item
        finally:
            self._running -= Counter([front])
            if bundler:
                bundler.end(call_id)

    async def bundles(self, asked: ReadBundles) -> AsyncGenerator[Bundle, None]:
        """The bundles for a front; none if another replica is meant."""
        if asked.replica_id != self._replica_id or asked.front in self._open:
            return
        self._asked.add(asked.front)
        bundler = self._open[asked.front] = Bundler()
        try:
            async for bundle in bundler.bundles():
                yield bundle
        finally:
            del self._open[asked.front]
            self._asked.discard(asked.front)


class Unbundling:
    """In a front: hands the items of bundles to whoever waits for those of a call.

    ``read`` gives a replica's bundles, and raises where it gets lost.
    """

    def __init__(self, read: Callable[[ReadBundles], Iterable[Bundle]]) -> None:
        self.front = secrets.token_hex(8)
        self._read, self._guard = read, threading.Lock()
        self._waiting: dict[str, SimpleQueue[tuple[str, Any]]] = {}

    @contextmanager
    def call(self, call_id: str) -> Iterator[Callable[[Iterable[Any]], Iterator[Any]]]:
        """Gives a function that makes a call's items of its messages; to be entered before the call is sent."""
        queue: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        with self._guard:
            self._waiting[call_id] = queue

        def items(messages: Iterable[Any]) -> Iterator[Any]:
            for message in messages:
                if isinstance(message, ReadBundles):
                    self._begin(message)
                elif isinstance(message, Bundled):
                    yield from _until_end(queue, message.replica_id)
                else:
                    yield message

        try:
            yield items
        finally:
            with self._guard:
                del self._waiting[call_id]

    def _begin(self, asked: ReadBundles) -> None:
        """Reads the bundles of a replica on a thread of its own."""
        reading = ReadBundles(asked.replica_id, self.front)
        threading.Thread(target=self._unbundle, args=(reading,), name="bundles", daemon=True).start()

    def _unbundle(self, asked: ReadBundles) -> None:
        try:
            for bundle in self._read(asked):
                with self._guard:
                    told = [(self._waiting.get(call_id), item) for call_id, item in bundle]
                for queue, item in told:
                    if queue is not None:
                        queue.put((asked.replica_id, item))
        except Exception as error:
            if not isinstance(error, LostError):
                log.exception("The bundles of a replica broke off")
            with self._guard:
                queues = list(self._waiting.values())
            for queue in queues:  # also of calls whose `Bundled` is on its way
                queue.put((asked.replica_id, _Ended(_BROKEN)))


def _until_end(queue: SimpleQueue[tuple[str, Any]], replica_id: str) -> Iterator[Any]:
    """What comes of a call in the bundles of a replica.

    Raises:
        LostError: the bundles end before the call does.
    """
    while True:
        whose, item = queue.get()
        if whose != replica_id:
            continue
        if not isinstance(item, _Ended):
            yield item
        elif item.because == _END:
            return
        else:
            raise lost()
