"""Milliseconds from a keystroke to the drawn chips, in Chromium, at 1,000 characters: alone, and beside 29 others.

Run: ``python benchmarks/bench_tokens.py [--quick]``. The last line is JSON: ``p95_ms_1`` and ``p95_ms_30`` (95th
percentiles, measured inside the page from the input event until the chips stand in it, the pause after a keystroke
included), ``p50_ms_1``, ``p50_ms_30``, ``ratio`` (30 people / 1), ``others_per_second`` (what the 29 really sent),
``server_ms`` (tokenizing alone, in this process) and the number of ``keystrokes``. The other 29 send what a page sends
for each keystroke, four a second each, over HTTP.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
SENTENCE = "Tokenizers unbelievably split 12 playgrounds, naïve cafés and words: cats, Cats & CATS! "
TEXT = (SENTENCE * 12)[:1000]
OTHERS, KEYS_PER_SECOND = 29, 4

MEASURE = """async ([text, keystrokes, pause]) => {
  const area = document.querySelector("#pg-tokens-live textarea"), view = area.closest("[data-drawn]");
  area.value = text;
  area.dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 1500));
  const times = [];
  for (let k = 0; k < keystrokes; k++) {
    const before = view.dataset.drawn, letter = "abcdefghij"[k % 10];
    const drawn = new Promise((done) => {
      const watch = new MutationObserver(() => {
        if (view.dataset.drawn !== before) { watch.disconnect(); done(performance.now()); }
      });
      watch.observe(view, { attributes: true, attributeFilter: ["data-drawn"] });
    });
    area.value = text.slice(0, 999) + letter;
    const start = performance.now();
    area.dispatchEvent(new Event("input"));
    times.push((await drawn) - start);
    await new Promise((done) => setTimeout(done, pause + Math.random() * 60));
  }
  return times;
}"""


class Crowd(threading.Thread):
    """29 people who type, on an event loop of their own; raw requests, so that they cost the machine little."""

    def __init__(self, port: int, component: int) -> None:
        super().__init__(daemon=True)
        self.port, self.component = port, component
        self.sent = self.failed = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        """Types until told to stop."""
        asyncio.run(self._all())

    async def _all(self) -> None:
        await asyncio.gather(*(self._type(person) for person in range(OTHERS)))

    async def _type(self, person: int) -> None:
        await asyncio.sleep(random.random() / KEYS_PER_SECOND)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while not self.stopping.is_set():
            start = time.perf_counter()
            writer.write(self._request(person))
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            body = await reader.readexactly(length)
            self.sent += 1
            self.failed += not (head.startswith(b"HTTP/1.1 200") and b"counts" in body)
            await asyncio.sleep(max(0.0, 1 / KEYS_PER_SECOND - (time.perf_counter() - start)))
        writer.close()

    def _request(self, person: int) -> bytes:
        question = {"text": TEXT[:999] + random.choice("abcdefghij"), "model_id": MODEL, "add_special_tokens": True}
        call = {"session_hash": f"bench{person}", "component_id": self.component, "fn_name": "live_tokens"}
        body = json.dumps({**call, "data": question}).encode()
        head = f"POST /gradio_api/component_server HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


def start_app() -> tuple[subprocess.Popen[str], int]:
    """The app in a process of its own, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", "--port", str(port), "--warm-up", "none"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    for _ in range(240):
        time.sleep(0.5)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=5).close()
            return process, port
        except OSError:
            if process.poll() is not None:
                break
    raise SystemExit("The app did not start.")


def component_of(port: int) -> int:
    """The number of the live view in the running app."""
    config = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/config"))
    return next(c["id"] for c in config["components"] if c.get("props", {}).get("elem_id") == "pg-tokens-live")


def measure(keystrokes: int) -> dict[str, float]:
    """All figures."""
    from playwright.sync_api import sync_playwright

    process, port = start_app()
    try:
        with sync_playwright() as playwright:
            path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"http://127.0.0.1:{port}", wait_until="domcontentloaded")
            page.get_by_role("tab", name="Tokens").first.click()
            page.locator("#pg-tokens-live .pg-chip").first.wait_for(timeout=60_000)
            time.sleep(8)  # torch is still being imported in the background
            print("measuring one person", file=sys.stderr)
            alone = page.evaluate(MEASURE, [TEXT, keystrokes, 120])
            print("measuring thirty", file=sys.stderr)
            crowd = Crowd(port, component_of(port))
            crowd.start()
            time.sleep(2)
            sent, start = crowd.sent, time.perf_counter()
            together = page.evaluate(MEASURE, [TEXT, keystrokes, 120])
            rate = (crowd.sent - sent) / (time.perf_counter() - start)
            crowd.stopping.set()
            crowd.join(5)
            browser.close()
    finally:
        process.terminate()
        process.wait(20)
    if crowd.failed:
        raise SystemExit(f"{crowd.failed} of {crowd.sent} requests failed.")
    return {
        "p95_ms_1": percentile(alone, 95),
        "p95_ms_30": percentile(together, 95),
        "p50_ms_1": percentile(alone, 50),
        "p50_ms_30": percentile(together, 50),
        "ratio": round(percentile(together, 95) / percentile(alone, 95), 2),
        "others_per_second": round(rate, 1),
        "server_ms": server_milliseconds(),
        "keystrokes": keystrokes,
        "load_average": round(os.getloadavg()[0], 2),
    }


def percentile(values: list[float], percent: int) -> float:
    """The percentile, by linear interpolation."""
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


def server_milliseconds() -> float:
    """Median time to tokenize the text, without page and server."""
    sys.path.insert(0, str(ROOT))
    from playground.service import Playground
    from playground.tokenization import TokenizeRequest

    times = []
    with Playground() as playground:
        playground.tokenize(TokenizeRequest(TEXT, MODEL))
        for _ in range(30):
            start = time.perf_counter()
            playground.tokenize(TokenizeRequest(TEXT, MODEL))
            times.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(times), 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="60 keystrokes instead of 300")
    arguments = parser.parse_args()
    print(json.dumps(measure(60 if arguments.quick else 300)))
