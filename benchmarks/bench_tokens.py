"""Milliseconds from a keystroke to the drawn chips, in Chromium, at 1,000 characters: alone, and beside 29 others.

Run: ``python benchmarks/bench_tokens.py [--quick]``. The last line is JSON: ``p95_ms_1`` and ``p95_ms_30`` (95th
percentiles, measured inside the page from the input event until the chips stand in it and are laid out), ``p50_ms_1``,
``p50_ms_30``, ``ratio`` (30 people / 1), ``others_per_second`` (what the 29 really sent), ``server_ms`` (tokenizing
alone, in this process) and the number of ``keystrokes``. Every keystroke changes a letter at another place. The other
29 send what a page sends for each keystroke, four a second each, over HTTP, everyone with another text.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
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
SENTENCES = (
    "Tokenizers never see words: they see pieces, and a piece may be a whole word, a syllable or a single byte. ",
    "My grandmother's naïve café in Zürich sold 1,250 croissants every week until 2019. ",
    "Why does “unbelievably” fall apart while “yesterday” stays whole? ",
    "The playground's swings creaked; somebody had left a red umbrella under the slide. ",
    "Byte-level BPE can write anything, even 👩‍🚀 or a misspelt wrod, without an unknown token. ",
    "In the harbour, three cranes lifted containers onto a freighter bound for Rotterdam. ",
    "def add(a, b): return a + b  # code is text as well ",
    "Antidisestablishmentarianism is long, but Donaudampfschifffahrtsgesellschaft is longer. ",
    "She whispered: “Don't tell them about Wednesday’s rehearsal.” ",
    "Photosynthesis turns sunlight, water and carbon dioxide into sugar; nobody tokenizes that for free. ",
    "At 07:45 the thermometer read -3.5 °C, and the e-mail bounced back from info@example.org again. ",
    "Quietly, the committee postponed its decision about the reservoir until the spring thaw. ",
)
OTHERS, KEYS_PER_SECOND = 29, 4
HEADERS = {  # what Chromium sends with each of them
    "Connection": "keep-alive",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "Accept": "*/*",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
    "Content-Type": "application/json",
}

MEASURE = """async ([text, keystrokes, pause]) => {
  const area = document.querySelector("#pg-tokens-live textarea"), view = area.closest("[data-drawn]");
  area.value = text;
  area.dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 1500));
  const times = [];
  const letters = Array.from(text);
  for (let k = 0; k < keystrokes; k++) {
    const before = view.dataset.drawn, letter = "abcdefghij"[k % 10];
    const drawn = new Promise((done) => {
      const watch = new MutationObserver(() => {
        if (view.dataset.drawn === before) return;
        watch.disconnect();
        view.querySelector(".chips").getBoundingClientRect();
        done(performance.now());
      });
      watch.observe(view, { attributes: true, attributeFilter: ["data-drawn"] });
    });
    letters[Math.floor(Math.random() * letters.length)] = letter;
    area.value = letters.join("");
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
        requests = self._requests(person)
        await asyncio.sleep(random.random() / KEYS_PER_SECOND)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while not self.stopping.is_set():
            start = time.perf_counter()
            writer.write(random.choice(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]
            body = await reader.readexactly(length)
            self.sent += 1
            self.failed += not (head.startswith(b"HTTP/1.1 200") and b"counts" in body)
            await asyncio.sleep(max(0.0, 1 / KEYS_PER_SECOND - (time.perf_counter() - start)))
        writer.close()

    def _requests(self, person: int) -> list[bytes]:
        """A text of this person's own after each of 40 keystrokes, written before the clock runs."""
        letters = list(text_of(person))
        requests = []
        for _ in range(40):
            letters[random.randrange(len(letters))] = random.choice("abcdefghij")
            question = {"text": "".join(letters), "model_id": MODEL, "add_special_tokens": True}
            call = {"session_hash": f"bench{person}", "component_id": self.component, "fn_name": "live_tokens"}
            body = json.dumps({"data": question, **call}, ensure_ascii=False).encode()
            lines = [f"{name}: {value}" for name, value in HEADERS.items()]
            lines += [f"Host: 127.0.0.1:{self.port}", f"Origin: http://127.0.0.1:{self.port}"]
            lines += [f"Referer: http://127.0.0.1:{self.port}/", f"Content-Length: {len(body)}", "", ""]
            requests.append("\r\n".join(["POST /gradio_api/component_server HTTP/1.1", *lines]).encode() + body)
        return requests


def text_of(person: int) -> str:
    """1,000 characters in an order of this person's own."""
    sentences = list(SENTENCES)
    random.Random(person).shuffle(sentences)
    return ("".join(sentences) * 2)[:1000]


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
            alone = page.evaluate(MEASURE, [text_of(0), keystrokes, 120])
            print("measuring thirty", file=sys.stderr)
            crowd = Crowd(port, component_of(port))
            crowd.start()
            time.sleep(2)
            sent, start = crowd.sent, time.perf_counter()
            together = page.evaluate(MEASURE, [text_of(0), keystrokes, 120])
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
    from playground.tokens.request import TokenizeRequest

    times = []
    with Playground() as playground:
        playground.token_columns(TokenizeRequest(text_of(0), MODEL))
        for _ in range(30):
            start = time.perf_counter()
            playground.token_columns(TokenizeRequest(text_of(0), MODEL))
            times.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(times), 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="60 keystrokes instead of 300")
    arguments = parser.parse_args()
    line = json.dumps(measure(60 if arguments.quick else 300))
    (ROOT / "benchmarks" / "results" / "bench_tokens.json").write_text(line + "\n", encoding="utf-8")
    print(line)
