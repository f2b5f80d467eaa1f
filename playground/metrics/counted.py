"""What a playground is asked, counted where it is asked: in front of its methods, wherever they do their work.

A method counts when it takes a request; what only describes a result (receipts, links), lists or commands doesn't.
Nothing is done per token: a reply is counted by its last event.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from playground.generation.events import Finished
from playground.metrics.meters import Meters, outcome_of
from playground.registry import Wing

if TYPE_CHECKING:
    from playground.generation.request import GenerateRequest
    from playground.generation.running import Generation
    from playground.service import Playground

Told = Callable[[str], None]  # how a request ended
REPLIES = "generation", "compare"  # where all replies pass, and may end long after the call
SAME = ("generate",)  # calls `compare`


def measure(playground: Playground) -> Meters:
    """The meters of a playground, which count what it is asked from now on."""
    meters = Meters(playground.catalog, playground.fleet)
    for capability, name in counted(type(playground)):
        method = getattr(playground, name)
        told = partial(meters.request_ended, capability, name)
        many = inspect.isgeneratorfunction(getattr(type(playground), name))
        setattr(playground, name, _answers(method, told) if many else _answer(method, told))
    compare: Any = _replies(playground.compare, meters)
    playground.compare = compare  # type: ignore[method-assign]
    return meters


def counted(kind: type) -> Iterator[tuple[str, str]]:
    """The capabilities and names of the methods that take a request."""
    for wing in (one for one in kind.__mro__ if issubclass(one, Wing) and one.__module__.endswith(".facade")):
        for name, method in vars(wing).items():
            if inspect.isfunction(method) and name[0] != "_" and not name.endswith("receipt") and name not in SAME:
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


def _replies(compare: Callable[..., Generation], meters: Meters) -> Callable[..., Generation]:
    """`compare`, whose every request is counted when its reply ends."""
    told = partial(meters.request_ended, *REPLIES)

    @functools.wraps(compare)
    def begin(requests: Sequence[GenerateRequest], *given: Any, **named: Any) -> Generation:
        def ended(index: int, last: Finished | Exception) -> None:
            if isinstance(last, Exception):
                return told(outcome_of(last))
            told("stopped" if last.reason == "stopped" else "done")
            meters.reply_ended(requests[index], last)

        try:
            generation = compare(requests, *given, **named)
        except BaseException as error:
            told(outcome_of(error))
            raise
        generation.watch_ends(ended)
        return generation

    return begin
