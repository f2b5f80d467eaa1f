"""``python -m playground.cluster.simulation``: how long people would wait for a fleet, before anybody buys it.

People come at random, each wants a reply of one model, and `Placement`, the rules of the real router, says which
replica answers. A replica holds so many models, loads one at a time (the one that nobody uses and was not used for
longest leaves) and lets so many streams run at once, the slower the more they are (`simulated_replica`). It leaves out
limits per person, nodes that fail, and how long calls take between machines.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count

from playground.cluster.calls import Call, model_key
from playground.cluster.placement import Placement
from playground.cluster.simulated_replica import Crowd, Replica, Request
from playground.errors import PlaygroundError


@dataclass(frozen=True)
class Fared:
    """How a crowd fared: for each request that was served, seconds until its reply began, and until its end.

    ``refused`` were not, since their model found no room; ``hits`` are requests whose model was resident where they
    were sent. ``busy`` is the share of time in which each replica had something to do, ``seconds`` how long it took
    until the last was served.
    """

    crowd: Crowd
    waits: tuple[float, ...]
    wholes: tuple[float, ...]
    refused: int
    hits: int
    loads: int
    evictions: int
    busy: tuple[float, ...]
    seconds: float

    @property
    def hit_rate(self) -> float:
        """The share of requests that waited for no load."""
        return self.hits / self.crowd.requests

    @property
    def keeps_up(self) -> bool:
        """Whether the line doesn't grow for as long as people come: the last quarter waits no longer than all do."""
        quarter = self.waits[-max(1, len(self.waits) // 4) :]
        mean, last = sum(self.waits) / len(self.waits), sum(quarter) / len(quarter)
        return last <= 1.5 * mean + 0.5 * self.crowd.reply_seconds


class _Run:
    """One simulation: events in the order of their time, each with what it does."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd, self.now = crowd, 0.0
        self._random = random.Random(crowd.seed)
        self._numbers = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._replicas = {name: Replica(name, crowd) for name in (f"r{n}" for n in range(crowd.replicas))}
        self._placement = Placement(lambda: self.now)
        self._waits: dict[int, float] = {}
        self._wholes: dict[int, float] = {}
        self._hits = self._refused = 0

    def run(self) -> Fared:
        """How the crowd fared, when the last has been served."""
        self._arrive(0)
        while self._events:
            self.now, _, happen = heappop(self._events)
            happen()
        replicas = self._replicas.values()
        return Fared(
            self.crowd, tuple(wait for _, wait in sorted(self._waits.items())), tuple(self._wholes.values()),
            self._refused, self._hits,
            sum(one.loads for one in replicas), sum(one.evictions for one in replicas),
            tuple(one.busy / self.now for one in replicas), self.now,
        )  # fmt: skip

    def _at(self, time: float, happen: Callable[[], None]) -> None:
        heappush(self._events, (time, next(self._numbers), happen))

    def _arrive(self, number: int) -> None:
        """The next person comes after a random while."""

        def come() -> None:
            if number + 1 < self.crowd.requests:
                self._arrive(number + 1)
            self._send(self._request(number))

        self._at(self.now + self._random.expovariate(self.crowd.rate), come)

    def _request(self, number: int) -> Request:
        models, weights = zip(*self.crowd.mix, strict=True)
        (model,) = self._random.choices(models, weights)
        mean = self.crowd.reply_seconds
        work = self._random.expovariate(1 / mean) if self.crowd.spread == "exponential" else mean
        party = ("", f"person {self._random.randrange(self.crowd.people)}")
        call = Call("compare", model=model_key(model), party=party, call_id=str(number))
        return Request(number, model, self.now, work, call)

    def _send(self, request: Request) -> None:
        standings = [one.standing for one in self._replicas.values()]
        replica = self._replicas[self._placement.choose(request.call, standings)[0][0]]
        self._placement.sent(request.call, replica.name)
        self._hits += request.model in replica.resident
        replica.advance(self.now)
        replica.take(request)
        self._go_on(replica)

    def _go_on(self, replica: Replica) -> None:
        """Begins what can begin, and says what happens next; the replica has been advanced."""
        for request in replica.begin():
            self._waits[request.number] = self.now - request.arrived
        if replica.want():
            self._at(self.now + self.crowd.load_seconds, partial(self._loaded, replica))
        for model, since in replica.blocked.items():
            if since == self.now:
                self._at(self.now + self.crowd.patience_seconds, partial(self._give_up, replica, model, since))
        replica.version += 1
        if replica.running:
            self._at(replica.next_end(), partial(self._end, replica, replica.version))

    def _loaded(self, replica: Replica) -> None:
        replica.advance(self.now)
        replica.loaded()
        self._go_on(replica)

    def _give_up(self, replica: Replica, model: str, since: float) -> None:
        replica.advance(self.now)
        for request in replica.give_up(model, since):
            self._placement.ended(request.call.call_id)
            self._refused += 1
        self._go_on(replica)

    def _end(self, replica: Replica, version: int) -> None:
        if version != replica.version:
            return  # somebody came or went since; another event stands for it
        replica.advance(self.now)
        request = replica.end()
        self._placement.ended(request.call.call_id)
        self._wholes[request.number] = self.now - request.arrived
        self._go_on(replica)


def simulate(crowd: Crowd) -> Fared:
    """How a crowd fares; the same numbers for the same crowd."""
    return _Run(crowd).run()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all doesn't exceed.

    >>> percentile([5, 1, 4, 2, 3], 0.5), percentile([5, 1, 4, 2, 3], 0.95)
    (3, 5)
    """
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def row_of(fared: Fared) -> dict[str, float | int | bool]:
    """What is worth knowing of how a crowd fared: seconds and shares."""
    shares = (("half", 0.5), ("of_20_19", 0.95), ("of_100_99", 0.99))
    return {
        "replicas": fared.crowd.replicas,
        **{f"wait_{name}": round(percentile(fared.waits, share), 3) for name, share in shares},
        **{f"whole_{name}": round(percentile(fared.wholes, share), 3) for name, share in shares[:2]},
        "hit_rate": round(fared.hit_rate, 4),
        "refused": round(fared.refused / fared.crowd.requests, 4),
        "loads": fared.loads,
        "evictions": fared.evictions,
        "busy": round(sum(fared.busy) / len(fared.busy), 3),
        "served_per_second": round(len(fared.waits) / fared.seconds, 3),
        "keeps_up": fared.keeps_up,
    }


def table(rows: Sequence[dict[str, float | int | bool]]) -> str:
    """The rows for a person to read."""
    columns = (
        ("replicas", "replicas", "{}"), ("wait_half", "wait: half", "{:.1f} s"),
        ("wait_of_20_19", "95 of 100", "{:.1f} s"), ("wait_of_100_99", "99 of 100", "{:.1f} s"),
        ("whole_half", "whole reply: half", "{:.1f} s"), ("whole_of_20_19", "95 of 100", "{:.1f} s"),
        ("hit_rate", "model was there", "{:.1%}"), ("refused", "refused", "{:.1%}"),
        ("loads", "loads", "{}"), ("busy", "busy", "{:.0%}"), ("served_per_second", "served", "{:.2f}/s"),
    )  # fmt: skip
    lines = [[title for _, title, _ in columns]]
    lines += [[form.format(row[name]) for name, _, form in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    notes = ["" if row["keeps_up"] else "  the line grows for as long as people come" for row in rows]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + note
        for line, note in zip(lines, ["", *notes], strict=True)
    )


def _mix(text: str) -> tuple[tuple[str, float], ...]:
    pairs = (part.partition("=") for part in text.split(","))
    return tuple((name.strip(), float(weight or 1)) for name, _, weight in pairs)


def _counts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m playground.cluster.simulation", description="How long people would wait for a fleet."
    )
    usual = Crowd(rate=1.0)
    parser.add_argument("--rate", type=float, required=True, help="requests a second, from all people together")
    parser.add_argument("--mix", type=_mix, default=usual.mix, metavar="A=4,B=1", help="models and their weights")
    parser.add_argument("--replicas", type=_counts, default=(1, 2, 4), metavar="1,2,4", help="a row for each number")
    for name, kind, told in (
        ("holds", int, "models that a replica holds at once"),
        ("streams", int, "generations that a replica runs at once, as --max-streams of the app"),
        ("reply-seconds", float, "mean time of a reply that runs alone"),
        ("crowding", float, "how much longer a reply takes for each other one that runs beside it: 0.05 is 5 %%"),
        ("load-seconds", float, "time to load a model"),
        ("patience-seconds", float, "how long a load waits for room while all models are in use"),
        ("people", int, "how many different people come"),
        ("requests", int, "how many requests are simulated"),
        ("seed", int, "another one gives another crowd"),
    ):
        default = getattr(usual, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{told} [{default}]")
    parser.add_argument(
        "--spread", choices=("exponential", "equal"), default=usual.spread, help="of lengths of replies"
    )
    parser.add_argument("--json", action="store_true", help="JSON, in place of a table")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 2 for numbers that make no crowd."""
    given = vars(_parser().parse_args(argv))
    replicas, as_json = given.pop("replicas"), given.pop("json")
    try:
        crowd = Crowd(**given)
        rows = [row_of(simulate(replace(crowd, replicas=number))) for number in replicas]
    except PlaygroundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(rows) if as_json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
