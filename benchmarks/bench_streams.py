"""Streams through the running app over HTTP, beside plain ``model.generate`` and beside the usual recipe, in one run.

The recipe is a Gradio app with one thread and one ``TextIteratorStreamer`` per request (`plain_streams.py`), on the
same model and machine, one server at a time. Clients are raw server-sent events, so that they cost little.

- ``one_over_generate``: tokens/s of one stream over those of ``model.generate`` (wanted: at least 0.95)
- ``total_16_over_one``: tokens/s of 16 streams together over one stream's (at least 4)
- ``total_32_over_recipe``: tokens/s of 32 streams together over the recipe's (at least 3)
- ``slowest_over_mean_32``: the slowest stream's rate over the mean rate (at least 0.5)
- ``first_token_32_over_1``: the slowest first token of 32, without its time in line, over that of one (at most 3).
  A stream's time in line is what the engine reports as ``queue_seconds``: from when its request reached the server (the
  web framework's own queue is a part of the line) until the first pass that reads its own prompt. The way to the server
  is no part of it. Prompts are read first come, first served; the page shows the place in line meanwhile.
- ``first_token_32_over_1_queue_included``: the same with the time in line (no aim)
- ``first_token_32_p95_over_1``: with the time in line, the 95th percentile of 32 (at most 12)
- ``prompt_30_over_1``: prompt tokens/s until the last first token of 30 people with one prompt of 200 tokens, over
  those of one person with another prompt as long
- ``total_16_beside_program_over_quiet``: tokens/s of 16 streams while another program takes one core (at least 0.65)

One stream and ``model.generate`` take turns, so that both see the same machine; the ratio is the median of the turns'.

Run: python benchmarks/bench_streams.py [--quick]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from playground.models import embedded

BEGINNINGS = (
    "A list of colors: red, blue", "Once upon a time there was", "The capital of France is", "Water boils at",
    "My favourite book is about", "To bake a cake you need", "The first man on the moon", "Gravity is the force",
)  # fmt: skip
TURNS = {"quick": 3, "whole": 9}
RATIOS = (
    "slowest_over_mean_32", "first_token_32_over_1", "first_token_32_over_1_queue_included",
    "first_token_32_p95_over_1", "prompt_30_over_1", "total_16_beside_program_over_quiet",
)  # fmt: skip
LESSON = "Rivers carry water from mountains to the sea, and cities grew along them. " * 13
PROGRAM = "while True: pass"


@dataclass
class Seen:
    """What one client saw, in seconds since it asked."""

    tokens: int = 0
    first: float = 0.0
    last: float = 0.0
    queue: float = 0.0
    text: str = field(default="", repr=False)

    @property
    def rate(self) -> float:
        """Tokens per second after the first event."""
        return self.tokens / self.last


def read_events(
    url: str,
    arguments: list[object],
    on_data: Callable[[str, Seen], None],
    ready: Callable[[], object] = lambda: None,
) -> Seen:
    """Calls the endpoint ``generate`` and reads its events to the end.

    The client is made before the clock starts: ``ready`` returns when those of all others are made too, since making
    one takes the processor that the server needs.
    """
    seen = Seen()
    with httpx.Client(timeout=600, verify=False, trust_env=False) as client:
        ready()
        begin = time.perf_counter()
        event_id = client.post(f"{url}/gradio_api/call/generate", json={"data": arguments}).json()["event_id"]
        with client.stream("GET", f"{url}/gradio_api/call/generate/{event_id}") as response:
            kind = ""
            for line in response.iter_lines():
                if line.startswith("event:"):
                    kind = line[6:].strip()
                elif line.startswith("data:") and kind == "generating":
                    before = seen.tokens
                    on_data(line[5:], seen)
                    seen.last = time.perf_counter() - begin
                    seen.first = seen.first or (seen.last if seen.tokens > before else 0.0)
                elif line.startswith("data:") and kind == "error":
                    raise RuntimeError(line)
    return seen


def read_defaults(url: str) -> dict[str, object]:
    """The arguments of the endpoint and their defaults, as the app describes them."""
    endpoint = httpx.get(f"{url}/gradio_api/info", timeout=60).json()["named_endpoints"]["/generate"]
    return {one["parameter_name"]: one.get("parameter_default") for one in endpoint["parameters"]}


def on_ours(data: str, seen: Seen) -> None:
    """Counts steps; only the first event is parsed."""
    if '"started"' in data:
        started = next(event for event in json.loads(data)[0] if event["type"] == "started")
        seen.queue = started["queue_seconds"]
    seen.tokens += data.count('"type": "step"') + data.count('"type":"step"')


def on_recipe(data: str, seen: Seen) -> None:
    """Keeps the text; its tokens are counted afterwards."""
    seen.text = json.loads(data)[0]
    seen.tokens = max(1, seen.tokens) if seen.text else 0


def together(count: int, one: Callable[[int, Callable[[], object]], Seen]) -> tuple[float, list[Seen]]:
    """Seconds until the last of ``count`` clients was done, and what each saw; all ask at the same moment."""
    seen: dict[int, Seen] = {}
    begins: list[float] = []
    starting = threading.Barrier(count, action=lambda: begins.append(time.perf_counter()), timeout=60)
    threads = [threading.Thread(target=lambda n=n: seen.update({n: one(n, starting.wait)})) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(seen) < count:
        raise RuntimeError(f"{count - len(seen)} of {count} streams failed")
    return time.perf_counter() - begins[0], [seen[n] for n in range(count)]


@contextlib.contextmanager
def serving(command: list[str], port: int) -> Iterator[str]:
    """The address of a server process, once it answers."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 180
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/config", timeout=5).status_code == 200:
                    break
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prompt(number: int) -> str:
    """A prompt that differs from stream to stream; nothing of it was read before."""
    return f"{number}. {BEGINNINGS[number % len(BEGINNINGS)]} {'and ' * (number // len(BEGINNINGS) % 4)}"


def plain_generate(folder: Path) -> Callable[[int], float]:
    """A function that says how many tokens per second plain ``model.generate`` makes in a reply of some length."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    inputs = tokenizer(prompt(0), return_tensors="pt")

    def rate(length: int) -> float:
        begin = time.perf_counter()
        output = model.generate(**inputs, max_new_tokens=length, do_sample=False)
        return (output.shape[1] - inputs["input_ids"].shape[1]) / (time.perf_counter() - begin)

    rate(2)
    return rate


def bench_ours(length: int, count: int, generate: Callable[[int], float]) -> dict[str, float]:
    """Our figures: tokens per second of 1 (in ``count`` turns), 16 and 32 streams, and how they were shared."""
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), "--max-streams", "32"]
    with serving(command, port) as url:
        defaults = read_defaults(url)

        def one(number: int, ready: Callable[[], object] = lambda: None, most: int = length) -> Seen:
            given = {"prompt": prompt(number), "max_new_tokens": most}
            arguments = [given.get(name, default) for name, default in defaults.items()]
            return read_events(url, arguments, on_ours, ready)

        one(0, most=2)
        turns = [(generate(length), one(100 * turn)) for turn in range(1, count + 1)]
        seconds_16, seen_16 = together(16, lambda number, ready: one(1000 + number, ready))
        seconds_32, seen_32 = together(32, lambda number, ready: one(2000 + number, ready))
        prompts = bench_prompts(url, defaults)
        beside = bench_beside_program(lambda number, ready: one(3000 + number, ready))
    rates, total_16 = [seen.rate for seen in seen_32], sum(seen.tokens for seen in seen_16) / seconds_16
    first_1 = statistics.median(seen.first - seen.queue for _, seen in turns)
    own_32 = [seen.first - seen.queue for seen in seen_32]
    return {
        "generate": statistics.median(rate for rate, _ in turns),
        "one": statistics.median(seen.rate for _, seen in turns),
        "one_over_generate": statistics.median(seen.rate / rate for rate, seen in turns),
        "total_16": total_16,
        "total_32": sum(seen.tokens for seen in seen_32) / seconds_32,
        "slowest_over_mean_32": min(rates) / statistics.mean(rates),
        "first_token_1_seconds": first_1,
        "first_token_32_seconds": max(seen.first for seen in seen_32),
        "first_token_32_seconds_without_queue": max(own_32),
        "median_first_token_32_seconds_without_queue": statistics.median(own_32),
        "queue_32_seconds": max(seen.queue for seen in seen_32),
        "first_token_32_over_1": max(own_32) / first_1,
        "first_token_32_over_1_queue_included": max(seen.first for seen in seen_32) / first_1,
        "first_token_32_p95_over_1": sorted(seen.first for seen in seen_32)[30] / first_1,
        "total_16_beside_program_over_quiet": beside / total_16,
        **prompts,
    }


def bench_beside_program(one: Callable[[int, Callable[[], object]], Seen]) -> float:
    """Tokens per second of 16 streams together while another program takes one core."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM]) as program:
        seconds, seen = together(16, one)
        program.kill()
    return sum(each.tokens for each in seen) / seconds


def bench_prompts(url: str, defaults: dict[str, object]) -> dict[str, float]:
    """Prompt tokens per second until the last first token: of one person, and of 30 with one prompt."""

    def ask(text: str, ready: Callable[[], object] = lambda: None) -> Seen:
        given = {"prompt": text, "max_new_tokens": 1}
        return read_events(url, [given.get(name, default) for name, default in defaults.items()], on_ours, ready)

    alone = statistics.median(ask(f"{number} {LESSON}").first for number in range(3))
    _, seen = together(30, lambda number, ready: ask(LESSON, ready))
    last = max(one.first for one in seen)
    return {"prompt_30_over_1": 30 * alone / last, "prompt_1_seconds": alone, "prompts_30_seconds": last}


def bench_recipe(folder: Path, length: int, streams: int) -> float:
    """Tokens per second of the recipe's streams together."""
    port = free_port()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with serving([sys.executable, "benchmarks/plain_streams.py", str(port), str(folder)], port) as url:
        read_events(url, [prompt(0), 2], on_recipe)
        seconds, seen = together(
            streams, lambda number, ready: read_events(url, [prompt(number), length], on_recipe, ready)
        )
    return sum(len(tokenizer(one.text)["input_ids"]) for one in seen) / seconds


def main() -> None:
    """Prints the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter replies, fewer turns")
    quick = parser.parse_args().quick
    length, turns = (24, TURNS["quick"]) if quick else (64, TURNS["whole"])
    folder = embedded.locate("smollm2-135m-instruct")
    ours = bench_ours(length, turns, plain_generate(folder))
    recipe = bench_recipe(folder, length // (3 if quick else 1), 32)
    figures = {
        "one_over_generate": ours.pop("one_over_generate"),
        "total_16_over_one": ours["total_16"] / ours["one"],
        "total_32_over_recipe": ours["total_32"] / recipe,
        **{key: ours.pop(key) for key in RATIOS},
        "tokens_per_second": {"recipe_32": recipe, **ours},
        "reply_tokens": length,
        "cpus": os.cpu_count(),
        "load_at_end": os.getloadavg()[0],
    }
    print(json.dumps(figures, default=float))


if __name__ == "__main__":
    main()
