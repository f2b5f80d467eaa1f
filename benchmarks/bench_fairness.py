"""A newcomer beside one client that holds all it can, over the running app: how much longer the newcomer waits.

The greedy client makes up 40 session ids and asks for two long replies with each, again and again, from one address;
the newcomer comes from another (127.0.0.2), asks for one short reply, and comes again.

- ``newcomer_over_alone``: the newcomer's median time to the end of its reply, over the same without the other (at
  most 3)
- ``first_token_over_alone``: the same for its first token (no aim)

Run: python benchmarks/bench_fairness.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import threading
import time
from typing import NamedTuple

import httpx
from bench_streams import free_port, read_defaults, serving

GREEDY, NEWCOMER = "127.0.0.1", "127.0.0.2"
SESSIONS, REPLIES_OF_A_SESSION = 40, 2
LENGTH, LONG = 16, 1500


class Took(NamedTuple):
    """Seconds since it was asked until the first token and the end of a reply, and what was seen of it."""

    first: float
    end: float
    tokens: int
    text: str


def client_from(url: str, address: str) -> httpx.Client:
    """A client whose requests come from an address."""
    transport = httpx.HTTPTransport(local_address=address, verify=False)
    return httpx.Client(base_url=url, timeout=600, trust_env=False, verify=False, transport=transport)


def read_reply(client: httpx.Client, session: str, arguments: list[object], stop: threading.Event) -> Took:
    """A reply of the endpoint ``generate``, asked for as a session, through gradio's queue."""
    begin, first, tokens, kind = time.perf_counter(), 0.0, 0, ""
    body = {"data": arguments, "session_hash": session}
    event_id = client.post("/gradio_api/call/generate", json=body).json()["event_id"]
    with client.stream("GET", f"/gradio_api/call/generate/{event_id}") as response:
        for line in response.iter_lines():
            if stop.is_set():
                break
            kind = line[6:].strip() if line.startswith("event:") else kind
            if line.startswith("data:") and kind == "error":
                return Took(0.0, 0.0, 0, line)
            tokens += line.count('"type": "step"') + line.count('"type":"step"')
            first = first or (time.perf_counter() - begin if tokens else 0.0)
    return Took(first, time.perf_counter() - begin, tokens, "")


def newcomer(url: str, arguments: list[object], times: int) -> list[Took]:
    """What a newcomer sees, time and again; a refusal counts as no answer."""
    took = []
    with client_from(url, NEWCOMER) as client:
        for number in range(times):
            took.append(read_reply(client, secrets.token_hex(6), arguments, threading.Event()))
            print(f"newcomer {number}: {took[-1]}", file=sys.stderr, flush=True)
    if refused := [one.text for one in took if not one.tokens]:
        raise RuntimeError(f"the newcomer was refused: {refused[0]}")
    return took


def be_greedy(url: str, arguments: list[object], stop: threading.Event, tokens: list[int]) -> list[threading.Thread]:
    """Threads that ask for all they can get until they are told to stop."""

    def one(session: str) -> None:
        with client_from(url, GREEDY) as client:
            while not stop.is_set():
                try:
                    took = read_reply(client, session, arguments, stop)
                except (httpx.HTTPError, KeyError, ValueError):
                    took = Took(0.0, 0.0, 0, "refused")
                tokens.append(took.tokens)
                stop.wait(0 if took.tokens else 0.5)

    sessions = [f"made up {number}" for number in range(SESSIONS) for _ in range(REPLIES_OF_A_SESSION)]
    threads = [threading.Thread(target=one, args=(session,), daemon=True) for session in sessions]
    for thread in threads:
        thread.start()
    return threads


def measure(url: str, times: int) -> dict[str, float]:
    """The figures of one server."""
    defaults = read_defaults(url)

    def arguments(length: int) -> list[object]:
        given = {"prompt": "A list of colors: red, blue", "max_new_tokens": length, "min_p": 0.0}
        return [given.get(name, default) for name, default in defaults.items()]

    newcomer(url, arguments(LENGTH), 2)
    alone = newcomer(url, arguments(LENGTH), times)
    stop, tokens = threading.Event(), list[int]()
    threads = be_greedy(url, arguments(LONG), stop, tokens)
    time.sleep(10)  # until it holds all that it can get
    beside = newcomer(url, arguments(LENGTH), times)
    stop.set()
    for thread in threads:
        thread.join(30)
    end_alone, end_beside = (statistics.median(one.end for one in each) for each in (alone, beside))
    first_alone, first_beside = (statistics.median(one.first for one in each) for each in (alone, beside))
    return {
        "newcomer_over_alone": end_beside / end_alone,
        "first_token_over_alone": first_beside / first_alone,
        "seconds_alone": end_alone,
        "seconds_beside": end_beside,
        "first_token_seconds_beside": first_beside,
        "tokens_of_the_greedy_one": sum(tokens),
    }


def main() -> None:
    """Prints the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer newcomers")
    quick = parser.parse_args().quick
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), "--warm-up", "HuggingFaceTB/SmolLM2-135M-Instruct"]
    with serving(command, port) as url:
        figures = measure(url, 3 if quick else 15)
    print(json.dumps({**figures, "cpus": os.cpu_count(), "load_at_end": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
