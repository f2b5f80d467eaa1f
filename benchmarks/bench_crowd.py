"""A crowd of 64 people who do all kinds of things for five minutes, on a server in a process of its own, over HTTP.

Each person does one thing after another, with a breath between them: types (each key asks for tokens), classifies,
lets 16 tokens be written, compares words, looks at attention; some send what is no input, some close their connection
in the middle. Each has an address of its own, as in a classroom.

- ``tokens_per_second``: generated tokens, of all together, until the last answer
- ``classify_p95_ms``: from a request until its answer
- ``reply_p50_seconds``: from a request until the last of its 16 tokens
- ``resident_last_over_first``: the server's mean resident memory in the last minute over that of the first (at most
  1.1); before the first minute everything is asked for once, so that all models are there
- ``errors``: answers that say that something of ours broke, and bad input that was taken (0)
- ``unanswered``: things that somebody gave up, after a minute (30 seconds in a quick run); in the figures above they
  count as that long
- ``seconds``: from the first thing to the last answer; minutes are over before, since what was asked is waited for

Run: python benchmarks/bench_crowd.py [--quick] [--minutes 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
from bench_class import p95
from bench_streams import free_port, serving

PEOPLE = 64
REPLY = 16  # tokens
BREATH = (0.5, 3.0)  # seconds
PATIENCE = {"quick": 30.0, "whole": 60.0}  # seconds for a thing of a person
TEXTS = (
    "I would not see it again.", "The food was lovely and our waiter smiled.", "It works, more or less.",
    "Once upon a time there was a girl who", "The capital of France is", "Water boils at 100 degrees because",
)  # fmt: skip
# What people do, and how often.
THINGS = {"type": 8, "classify": 5, "generate": 5, "words": 2, "attention": 2, "bad": 1, "leave": 1}


@dataclass
class Seen:
    """What the crowd saw: seconds by thing, generated tokens, and what broke."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {thing: [] for thing in THINGS})
    tokens: int = 0
    unanswered: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Person:
    """Somebody with an address and a session, who asks the app's endpoints, with so many seconds of patience."""

    def __init__(self, url: str, number: int, defaults: dict[str, dict[str, Any]], seen: Seen, patience: float) -> None:
        transport = httpx.AsyncHTTPTransport(local_address=f"127.0.1.{number + 1}")
        self.client = httpx.AsyncClient(base_url=url, timeout=300, trust_env=False, transport=transport)
        self.number, self.defaults, self.seen = number, defaults, seen
        self.dice, self.patience, self.gave_up = random.Random(number), patience, 0

    async def call(self, name: str, leave: bool = False, **given: Any) -> str:
        """The events of an endpoint, to their end; ``leave`` closes the connection, and a session, after the first."""
        arguments = [given.get(key, default) for key, default in self.defaults[name].items()]
        session = f"person {self.number}, {time.perf_counter() if leave else self.gave_up}"
        body = {"data": arguments, "session_hash": session}
        asked = (await self.client.post(f"/gradio_api/call/{name}", json=body)).json()
        lines = []
        async with self.client.stream("GET", f"/gradio_api/call/{name}/{asked['event_id']}") as events:
            async for line in events.aiter_lines():
                lines.append(line)
                self.seen.tokens += line.count('"type": "step"') + line.count('"type":"step"')
                if leave and line.startswith("data:"):
                    break
        return "\n".join(lines)

    async def do(self, thing: str) -> None:
        """One thing, and what came of it."""
        began, said = time.perf_counter(), ""
        try:
            said = await asyncio.wait_for(self.ask(thing), self.patience)
        except TimeoutError:
            self.gave_up += 1  # a stream of events ends when all of its session's have: this one's would never
            self.seen.unanswered += 1
        except httpx.HTTPError as error:
            said = f"event: error {error!r}"
        self.seen.seconds[thing].append(time.perf_counter() - began)
        if said and ("event: error" in said) != (thing == "bad"):
            self.seen.errors[f"{thing}: {said[-200:]}"] += 1

    async def ask(self, thing: str) -> str:
        """The events of what a thing asks for last."""
        text = f"{self.dice.choice(TEXTS)} {self.dice.choice(TEXTS)}"
        if thing == "type":
            said = [await self.call("tokenize", text=text[:end]) for end in range(1, len(text), 6)]
            return next((one for one in said if "event: error" in one), said[-1])
        if thing == "classify":
            return await self.call("classify", text=text)
        if thing in ("generate", "leave"):
            return await self.call("generate", thing == "leave", prompt=text, max_new_tokens=REPLY)
        if thing == "words":
            return await self.call("word_loss", words=["king", "queen", self.dice.choice(["man", "bread", "river"])])
        return await self.call("attention", text=text) if thing == "attention" else await self.call("classify", text="")

    async def live(self, until: float) -> None:
        """One thing after another, until some time of ``time.perf_counter``."""
        while time.perf_counter() < until:
            (thing,) = self.dice.choices(list(THINGS), list(THINGS.values()))
            await self.do(thing)
            await asyncio.sleep(self.dice.uniform(*BREATH))
        await self.client.aclose()


async def defaults_of(url: str) -> dict[str, dict[str, Any]]:
    """The arguments of every endpoint and their defaults, by name."""
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        endpoints = (await client.get(f"{url}/gradio_api/info")).json()["named_endpoints"]
    return {
        name.strip("/"): {one["parameter_name"]: one.get("parameter_default") for one in endpoint["parameters"]}
        for name, endpoint in endpoints.items()
    }


def server_at(url: str) -> psutil.Process:
    """The process that listens there."""
    port = int(url.rpartition(":")[2])
    listening = (one for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.laddr[1:] == (port,))
    return psutil.Process(next(listening).pid)


async def crowd(url: str, minutes: int, minute: float, patience: float) -> dict[str, Any]:
    """The figures of a crowd; a quick run has shorter minutes."""
    defaults, server = await defaults_of(url), server_at(url)
    first = Person(url, PEOPLE, defaults, Seen(), PATIENCE["whole"])
    for thing in THINGS:
        await first.do(thing)
    seen, began = Seen(), time.perf_counter()
    people = [Person(url, number, defaults, seen, patience) for number in range(PEOPLE)]
    living = [asyncio.ensure_future(person.live(began + minutes * minute)) for person in people]
    resident: list[list[int]] = []
    for number in range(minutes):
        resident.append([])
        while time.perf_counter() < began + (number + 1) * minute:
            resident[-1].append(server.memory_info().rss)
            await asyncio.sleep(1)
    await asyncio.gather(*living)
    seconds = time.perf_counter() - began
    means = [statistics.mean(one) for one in resident]
    return {
        "tokens_per_second": seen.tokens / seconds,
        "classify_p95_ms": p95(seen.seconds["classify"]),
        "reply_p50_seconds": statistics.median(seen.seconds["generate"]),
        "resident_last_over_first": means[-1] / means[0],
        "resident_megabytes": [round(mean / 1e6) for mean in means],
        "calls": {thing: len(taken) for thing, taken in seen.seconds.items()},
        "errors": sum(seen.errors.values()),
        "first_errors": list(seen.errors)[:5],
        "unanswered": seen.unanswered,
        "seconds": seconds,
    }


def main() -> None:
    """Prints the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes of 15 seconds each")
    parser.add_argument("--minutes", type=int, default=5)
    given = parser.parse_args()
    minutes, minute, patience = (
        (2, 15.0, PATIENCE["quick"]) if given.quick else (given.minutes, 60.0, PATIENCE["whole"])
    )
    port = free_port()
    with serving([sys.executable, "app.py", "--port", str(port), "--max-streams", "32"], port) as url:
        figures = asyncio.run(crowd(url, minutes, minute, patience))
    figures |= {"people": PEOPLE, "minutes": minutes, "minute_seconds": minute}
    print(json.dumps({**figures, "cpus": psutil.cpu_count(), "load_at_end": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
