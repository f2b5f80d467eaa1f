"""A place in line over the whole fleet, and in none of its lines while its first replica starts.

Each replica has a line of its own for a model, and all lines move at once: before whoever is third in one of them come
the first two of each.
It knows reports and events alone: nothing of Ray, nor of how calls are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from playground.cluster.calls import AUTO
from playground.generation.events import Event, Waiting
from playground.models.fleet import FleetReport

Posted = tuple[int, Event]
STARTING = "No replica runs: one is being started, and the model loaded, which takes half a minute or so"


@dataclass(frozen=True)
class Starting:
    """No replica runs yet; ``place`` is that of a call among those that wait for the first one."""

    place: int

    def batch(self, count: int) -> list[Posted]:
        """The same as events, of so many replies."""
        return [(number, Waiting(self.place, STARTING)) for number in range(count)]


def is_starting(batch: Sequence[Posted]) -> bool:
    """Whether nothing is told but that a replica starts."""
    return all(isinstance(event, Waiting) and event.reason == STARTING for _, event in batch)


def place_in_fleet(place: int, lines: Sequence[int]) -> int:
    """The place over all lines of whoever has this place in one of them; ``lines`` are their lengths.

    >>> place_in_fleet(3, [5, 1, 0]), place_in_fleet(1, [9, 9])
    (4, 1)
    """
    return max(place, 1 + sum(min(place - 1, length) for length in lines))


def lines_of(report: FleetReport, key: str) -> list[int]:
    """How many wait for a model in each replica, by its key (`model_key`)."""
    model_id, _, quantization = key.rpartition(" ")
    return [
        sum(
            model.in_line
            for model in replica.models
            if model.model_id == model_id and quantization in (AUTO, model.quantization)
        )
        for replica in report.replicas
    ]


class Places:
    """Of the replies of one generation; none goes back while it moves on in its own line."""

    def __init__(self, lines: Callable[[], Sequence[int]]) -> None:
        self._lines = lines
        self._told: dict[int, tuple[int, int]] = {}

    def of_fleet(self, batch: list[Posted]) -> list[Posted]:
        """The same events, with places over the whole fleet."""
        return [
            (number, self._placed(number, event) if isinstance(event, Waiting) else event) for number, event in batch
        ]

    def _placed(self, number: int, event: Waiting) -> Waiting:
        if event.reason == STARTING:
            return event
        place = place_in_fleet(event.position, self._lines())
        own, told = self._told.get(number, (0, 0))
        if event.position <= own:
            place = min(place, told)
        self._told[number] = (event.position, place)
        return replace(event, position=place)
