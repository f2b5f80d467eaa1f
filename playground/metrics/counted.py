"""What a playground is asked, counted where it is asked: in front of its methods, wherever they do their work.

A method counts when it takes a request; what only describes a result (receipts, links), lists or commands doesn't.
A reply is counted by its last event. A replica that asks the methods of its own playground counts nothing.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from playground.generation.events import Event, Finished
from playground.metrics.meters import Meters, outcome_of
from playground.registry import Wing

if TYPE_CHECKING:
    from playground.generation.request import GenerateRequest
    from playground.generation.running import Generation
    from playground.service import Playground

Told = Callable[[str], None]  # how a request ended
Batches = AsyncGenerator[list[tuple[int, "Event"]], None]
REPLIES = "generation", "compare"  # where all replies pass, and may end long after the call
# The first calls `compare`; the others tell what a form would ask for, before anybody asks.
APART = ("generate", "label_readings", "plan_classifier", "plan_language_model")


def measure(playground: Playground) -> Meters:
    """The meters of a playground, which count what it is asked from now on."""
    meters = Meters(playground.catalog, playground.fleet)
    for capability, name in counted(type(playground)):
        method = getattr(playground, name)
        told = partial(meters.request_ended, capability, name)
        many = inspect.isgeneratorfunction(getattr(type(playground), name))
        setattr(playground, name, _answers(method, told) if many else _answer(method, told))
    replies = _Replies(meters)
    changed: Any = playground
    changed.compare = replies.compare(playground.compare)
    changed.compare_batches = replies.batches(playground.compare_batches)
    return meters


def counted(kind: type) -> Iterator[tuple[str, str]]:
    """The capabilities and names of the methods that take a request."""
    for wing in (one for one in kind.__mro__ if Wing in one.__bases__):
        for name, method in vars(wing).items():
            if inspect.isfunction(method) and name[0] != "_" and not name.endswith("receipt") and name not in APART:
                first = [*inspect.signature(method).parameters.values()][1:2]
                if first and str(first[0].annotation).endswith("Request"):
                    yield wing.__module__.split(".")[1], name


def _answer(method: Callable[..., Any], told: Told) -> Callable[..., Any]:
    @functools.wraps(method)
    def one(*given: Any, **named: Any) -> Any:
        try:
            answer = method(*given, **named)
        except BaseException as error:
            told(outcome_of(error))
            raise
        told("done")
        return answer

    return one


def _answers(method: Callable[..., Iterator[Any]], told: Told) -> Callable[..., Iterator[Any]]:
    @functools.wraps(method)
    def many(*given: Any, **named: Any) -> Iterator[Any]:
        try:
            yield from method(*given, **named)
        except BaseException as error:
            told(outcome_of(error))
            raise
        told("done")

    return many


class _Replies:
    """Counts replies where they are asked for: each once, when it ends."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._inside: Counter[int] = Counter()  # requests, by identity, that `batches` counts
        self._lock = threading.Lock()

    def compare(self, method: Callable[..., Generation]) -> Callable[..., Generation]:
        """`compare`, counted; what `compare_batches` asks it for is counted there."""

        @functools.wraps(method)
        def begin(requests: Sequence[GenerateRequest], *given: Any, **named: Any) -> Generation:
            if requests and self._inside[id(requests[0])]:
                return method(requests, *given, **named)
            try:
                generation = method(requests, *given, **named)
            except BaseException as error:
                self._broke_off(error, len(requests))
                raise
            generation.watch_ends(partial(self._ended, tuple(requests)))
            return generation

        return begin

    def batches(self, method: Callable[..., Batches]) -> Callable[..., Batches]:
        """`compare_batches`, counted by the last events that pass."""

        @functools.wraps(method)
        async def batches(requests: Sequence[GenerateRequest], *given: Any, **named: Any) -> Batches:
            left = len(requests)
            with self._counted_here(requests):
                try:
                    async with aclosing(method(requests, *given, **named)) as each:
                        async for batch in each:
                            for index, event in batch:
                                if isinstance(event, Finished):
                                    left -= 1
                                    self._ended(requests, index, event)
                            yield batch
                except BaseException as error:
                    self._broke_off(error, left)
                    raise

        return batches

    def _ended(self, requests: Sequence[GenerateRequest], index: int, last: Finished | Exception) -> None:
        if isinstance(last, Exception):
            return self._broke_off(last, 1)
        self._meters.request_ended(*REPLIES, "stopped" if last.reason == "stopped" else "done")
        self._meters.reply_ended(requests[index], last)

    def _broke_off(self, error: BaseException, replies: int) -> None:
        for _ in range(replies):
            self._meters.request_ended(*REPLIES, outcome_of(error))

    @contextmanager
    def _counted_here(self, requests: Sequence[GenerateRequest]) -> Iterator[None]:
        own = Counter(id(one) for one in requests[:1])
        with self._lock:
            self._inside += own
        try:
            yield
        finally:
            with self._lock:
                self._inside -= own
