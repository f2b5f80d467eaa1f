"""The way from the engine's thread to whoever reads: a mailbox, and the handle that a caller holds.

The writer never waits for the reader, and the reader sleeps until there is something: that is what lets one thread
serve thirty pages. It leaves out what the events mean (`events`) and how they are made (`engine`).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError
from playground.generation.arrivals import ARRIVALS, lull
from playground.generation.engine import Engine
from playground.generation.events import BeamStep, Event, Finished, GenerationResult, NextTokenResult, Started, Step
from playground.generation.request import TASK, GenerateRequest
from playground.generation.stream import Stream

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel, ModelManager

log = logging.getLogger(__name__)
Posted = tuple[int, Event]
Told = tuple[int, Event | PlaygroundError]  # the same, failures included: what crosses to another process
READ_SECONDS = 0.05


class Mailbox:
    """What streams have posted and nobody has read yet; any thread may post, one reader takes."""

    def __init__(self, streams: int) -> None:
        self._filled = threading.Condition()
        self._posted: list[Posted | Exception] = []
        self._open = streams
        self._wake: Callable[[], None] | None = None
        self._at_end: Callable[[], None] | None = None
        self._watch: Callable[[int, Finished | Exception], None] | None = None

    def post(self, index: int, event: Event | Exception) -> None:
        """Never blocks. A `Finished` or an exception is the last post of its stream."""
        last = event if isinstance(event, Finished | Exception) else None
        with self._filled:
            self._posted.append(event if isinstance(event, Exception) else (index, event))
            self._open -= last is not None
            wake, self._wake = self._wake, None
            at_end = self._at_end if self._open <= 0 else None
            if self._watch and last:
                self._watch(index, last)
            self._filled.notify_all()
        for call in filter(None, (wake, at_end)):
            call()

    def watch(self, call: Callable[[int, Finished | Exception], None]) -> None:
        """Calls it with the last post of each stream before anybody reads that; of a failure the index is any."""
        with self._filled:
            self._watch = call
            for index, event in [(0, one) if isinstance(one, Exception) else one for one in self._posted]:
                if isinstance(event, Finished | Exception):
                    call(index, event)

    def take(self, timeout: float | None = None) -> list[Posted] | None:
        """All posts so far, after waiting for the first; empty when ``timeout`` passes, None when no more will come.

        Raises:
            PlaygroundError: what a stream failed with.
        """
        with self._filled:
            self._filled.wait_for(self._ready, timeout)
            return self._drain()

    async def take_async(self) -> list[Posted] | None:
        """As `take`, without blocking the event loop."""
        loop = asyncio.get_running_loop()
        arrived = loop.create_future()
        with self._filled:
            ready = self._ready()
            self._wake = None if ready else partial(_call_soon, loop, _done, arrived)
        if not ready:
            await arrived
        with self._filled:
            return self._drain()

    async def gather(self, seconds: float) -> None:
        """Lets posts come in for some seconds; no longer than until the last one has come."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()  # one future, since this is done for every token of every page
        with self._filled:
            if self._open <= 0:
                return
            self._at_end = partial(_call_soon, loop, _done, ended)
        over = loop.call_later(seconds, _done, ended)
        try:
            await ended
        finally:
            over.cancel()

    def _ready(self) -> bool:
        return bool(self._posted) or self._open <= 0

    def _drain(self) -> list[Posted] | None:
        """Everything before the first failure; the failure itself by the next call."""
        if not self._posted:
            return None if self._open <= 0 else []
        if isinstance(self._posted[0], Exception):
            raise self._posted.pop(0)  # type: ignore[misc]
        cut = next((i for i, post in enumerate(self._posted) if isinstance(post, Exception)), len(self._posted))
        taken, self._posted = self._posted[:cut], self._posted[cut:]
        return taken  # type: ignore[return-value]


class Generation:
    """A running generation: iterate over it for events, or read it in batches of (which request, event).

    Example, in an async handler of a page, where a delta every 50 ms is enough:
        >>> async for batch in generation.batches():  # doctest: +SKIP
        ...     yield [wire.to_json(event) for _, event in batch]
    """

    def __init__(
        self, requests: tuple[GenerateRequest, ...], mailbox: Mailbox, streams: tuple[Stream | Elsewhere, ...]
    ) -> None:
        self.requests = requests
        self._mailbox = mailbox
        self._streams = streams
        self._finalizer = weakref.finalize(self, _stop_all, streams)

    def __iter__(self) -> Iterator[Event]:
        while (batch := self.read()) is not None:
            for _, event in batch:
                yield event

    def __enter__(self) -> Generation:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def read(self, timeout: float | None = None) -> list[Posted] | None:
        """What has happened since the last call, after waiting for at least one event.

        Empty when ``timeout`` seconds pass without any; None when all streams have ended.

        Raises:
            PlaygroundError: what a stream failed with, such as DeviceMemoryError.
        """
        return self._mailbox.take(timeout)

    async def batches(self, interval_seconds: float = 0.05) -> AsyncIterator[list[Posted]]:
        """What has happened, gathered for ``interval_seconds``: costs the event loop nothing in between.

        The first token and the end never wait for others. Ending the iteration early (a closed page) stops the streams.
        """
        with self:
            while (batch := await self._mailbox.take_async()) is not None:
                if batch:
                    yield batch
                if any(isinstance(event, Step | BeamStep) for _, event in batch):
                    await self._mailbox.gather(interval_seconds)

    def watch_ends(self, call: Callable[[int, Finished | Exception], None]) -> None:
        """Calls it with each stream's index and last event, also where nobody reads that; before the first read."""
        self._mailbox.watch(call)

    def results(self) -> tuple[GenerationResult, ...]:
        """All streams read to their end, in the order of their requests."""
        events: list[list[Event]] = [[] for _ in self.requests]
        while (batch := self.read()) is not None:
            for index, event in batch:
                events[index].append(event)
        return tuple(_gather(request, own) for request, own in zip(self.requests, events, strict=True))

    def result(self) -> GenerationResult:
        """The only stream read to its end."""
        return self.results()[0]

    def stop(self) -> None:
        """Asks the streams to end; `Finished` with reason "stopped" still comes, within one step."""
        _stop_all(self._streams)

    def close(self) -> None:
        """Stops the streams and frees their slots; nobody has to read any more."""
        self._finalizer()


async def batches_of_all(
    begin: Callable[[tuple[GenerateRequest, ...]], Generation],
    requests: tuple[GenerateRequest, ...],
    interval_seconds: float,
) -> AsyncGenerator[list[Posted], None]:
    """Batches of (which request, event) for an async handler: even loading the model doesn't block the event loop.

    A page that closes while the model is still loading leaves nothing behind: what is started then is closed at once.
    """
    await lull()
    within = copy_context().run  # where a Space with ZeroGPU finds who asks
    arrived = ARRIVALS.comes()

    def arrive() -> Generation:
        try:
            return within(begin, requests)
        finally:
            arrived()

    starting = asyncio.get_running_loop().run_in_executor(None, arrive)
    try:
        generation = await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_close_unread)
        raise
    with generation:
        async for batch in generation.batches(interval_seconds):
            yield batch


def _close_unread(starting: asyncio.Future[Generation]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().close()


def start(manager: ModelManager, requests: tuple[GenerateRequest, ...], asked_at: float | None = None) -> Generation:
    """The running generation of one or more requests; see `generation.compare`. Those to one model share its passes.

    Time in line counts from ``asked_at`` (of ``time.perf_counter``), or from when the model is loaded.
    """
    mailbox, parts = Mailbox(len(requests)), []
    try:
        for places in _by_model(requests):
            parts.append(_Part(manager, {place: requests[place] for place in places}, mailbox, asked_at))
        for part in parts:
            part.submit()
    except PlaygroundError:
        for part in parts:
            part.undo()
        raise
    streams = {place: stream for part in parts for place, stream in part.streams.items()}
    return Generation(requests, mailbox, tuple(streams[place] for place in range(len(requests))))


def _by_model(requests: tuple[GenerateRequest, ...]) -> list[list[int]]:
    """The places of the requests to each model, in the one order in which everybody borrows several."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault((request.model_id or "", request.quantization), []).append(place)
    return [groups[key] for key in sorted(groups)]


class _Part:
    """The streams of one model: its lease is given back with the last of them."""

    def __init__(
        self, manager: ModelManager, requests: dict[int, GenerateRequest], mailbox: Mailbox, asked_at: float | None
    ) -> None:
        first = next(iter(requests.values()))
        with ExitStack() as stack:
            loaded: LoadedModel = stack.enter_context(manager.lease(first.model_id, TASK, first.quantization))
            self._engine = _engine(loaded, manager)
            tasks = {place: self._engine.prepare(request) for place, request in requests.items()}
            self._lease = _Shared(len(requests), stack.pop_all())
        self._submitted = False
        asked_at = asked_at or time.perf_counter()
        self.streams = {
            place: self._engine.stream(task, partial(mailbox.post, place), self._lease.release, asked_at)
            for place, task in tasks.items()
        }

    def submit(self) -> None:
        """Lets the streams begin.

        Raises:
            BusyError: there is no place for them.
        """
        self._engine.submit(tuple(self.streams.values()))
        self._submitted = True

    def undo(self) -> None:
        """Ends what has begun, gives back what hasn't."""
        if self._submitted:
            _stop_all(tuple(self.streams.values()))
            return
        for _ in self.streams:
            self._lease.release()


@dataclass(frozen=True)
class Elsewhere:
    """A stream that runs in another process: all that can be done to it is to stop it."""

    stop: Callable[[], object]


def tell(generation: Generation, stopped: Callable[[], bool]) -> Iterator[list[Told]]:
    """All that happens in a generation, as values that can cross to another process; ``stopped`` is asked meanwhile."""
    with generation:
        while True:
            try:
                batch: list[Any] | None = generation.read(READ_SECONDS)
            except PlaygroundError as error:
                batch = [(0, error)]
            if batch is None:
                return
            if batch:
                yield batch
            if stopped():
                generation.stop()


def listen(requests: tuple[GenerateRequest, ...], told: Iterator[list[Told]], stop: Callable[[], object]) -> Generation:
    """The handle of a generation that another process tells of; returns when it has told the first thing.

    Raises:
        PlaygroundError: it didn't come to that.
    """
    mailbox, first = Mailbox(len(requests)), next(told)

    def take() -> None:
        running, failure = len(requests), PlaygroundError("The generation broke off.", "Start it again.")
        try:
            for batch in chain([first], told):
                for index, what in batch:
                    running -= isinstance(what, Finished | PlaygroundError)
                    mailbox.post(index, what)
        except PlaygroundError as error:
            failure = error
        except Exception:
            log.exception("A generation elsewhere broke off")
        for _ in range(running):  # or whoever reads would wait for ever
            mailbox.post(0, failure.again())

    threading.Thread(target=take, name="generation elsewhere", daemon=True).start()
    return Generation(requests, mailbox, (Elsewhere(stop),))


def next_token(manager: ModelManager, request: GenerateRequest, count: int) -> NextTokenResult:
    """The distribution over the next token; see `generation.next_token`."""
    with manager.lease(request.model_id, TASK, request.quantization) as loaded:
        return _engine(loaded, manager).next_token(request, count)


def _engine(loaded: LoadedModel, manager: ModelManager) -> Engine:
    settings = manager.settings
    return loaded.companion(
        "generation", lambda owner: Engine(owner, settings.max_streams, settings.max_streams_per_person)
    )


class _Shared:
    """One lease for several streams: given back by the last one that ends."""

    def __init__(self, holders: int, stack: ExitStack) -> None:
        self._lock = threading.Lock()
        self._holders = holders
        self._stack = stack

    def release(self) -> None:
        with self._lock:
            self._holders -= 1
            last = self._holders == 0
        if last:
            self._stack.close()


def _gather(request: GenerateRequest, events: list[Event]) -> GenerationResult:
    started = next((event for event in events if isinstance(event, Started)), None)
    finished = next(event for event in events if isinstance(event, Finished))
    steps = tuple(event for event in events if isinstance(event, Step))
    return GenerationResult(
        request, started, steps, tuple(event for event in events if isinstance(event, BeamStep)), finished
    )


def _stop_all(streams: tuple[Stream | Elsewhere, ...]) -> None:
    for stream in streams:
        stream.stop()


def _done(future: asyncio.Future[None]) -> None:
    """Nobody waits for it any more."""
    if not future.done():
        future.set_result(None)


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *arguments: object) -> None:
    """Runs a function in the loop; a loop that has ended needs nothing any more."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *arguments)
