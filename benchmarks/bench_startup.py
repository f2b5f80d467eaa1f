"""Seconds from process start to the first page, the first classified sentence and the first generated token.

Each beside the same for a plain Gradio script that loads the same models at import (`plain_app.py`), started in turn on
the same machine. ``page_ratio`` and ``token_ratio`` are ours / plain: below 1 is faster.

Run: python benchmarks/bench_startup.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from gradio_client import Client

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from playground.models import embedded

SENTENCE, PROMPT = "I love this, it is wonderful!", "A list of colors: red, blue"
LIMIT_SECONDS = 120


def free_port() -> int:
    """A port that nobody holds right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_page(url: str, started: float) -> float:
    """Seconds from ``started`` until the page answers with 200."""
    while time.perf_counter() - started < LIMIT_SECONDS:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return time.perf_counter() - started
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"{url} did not answer within {LIMIT_SECONDS} s")


def measure(command: list[str], port: int) -> dict[str, float]:
    """The three times of one start of an app; the page is asked for first, then the sentence, then the token."""
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        page = wait_for_page(url, started)
        client = Client(url, verbose=False)
        client.predict(SENTENCE, api_name="/classify")
        classified = time.perf_counter() - started
        for answer in client.submit(PROMPT, api_name="/generate"):
            if not isinstance(answer, list) or any(event["type"] == "step" for event in answer):
                break  # the plain script streams text, ours lists of events
        return {"page": page, "classify": classified, "token": time.perf_counter() - started}
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Prints the figures as one JSON line: medians of several starts, ours and the plain script's in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two starts each in place of five")
    rounds = 2 if parser.parse_args().quick else 5
    folders = [str(embedded.locate(name)) for name in ("sentiment-5-stars", "smollm2-135m-instruct")]
    ours, plain = [], []
    for _ in range(rounds):
        port = free_port()
        ours.append(measure([sys.executable, "app.py", "--port", str(port)], port))
        port = free_port()
        plain.append(measure([sys.executable, "benchmarks/plain_app.py", str(port), *folders], port))

    def median(runs: list[dict[str, float]], what: str) -> float:
        return round(statistics.median(run[what] for run in runs), 2)

    figures = {f"seconds_to_{what}": median(ours, what) for what in ("page", "classify", "token")}
    figures |= {f"plain_seconds_to_{what}": median(plain, what) for what in ("page", "classify", "token")}
    for what in ("page", "classify", "token"):
        figures[f"{what}_ratio"] = round(figures[f"seconds_to_{what}"] / figures[f"plain_seconds_to_{what}"], 3)
    results = ROOT / "benchmarks" / "results"
    results.mkdir(exist_ok=True)
    (results / "bench_startup.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
