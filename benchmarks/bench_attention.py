"""12 x 12 heads at 128 tokens, from the answer's arrival to the picture, beside BertViz's model view of the same.

``bytes`` and ``draw_ms`` are ours: everything that crosses the wire from the press of the button until all heads are
drawn, and the time from the moment when the page holds the answer until the frame in which they are drawn. The model is
a random BERT whose weights are wide enough that its heads differ. ``bertviz_bytes`` is the page that BertViz makes;
``bertviz_draw_ms`` the time from its last byte until it stops changing. BertViz loads require.js, d3 and jQuery from a
CDN: here they come from npm and are served from this machine, and they don't count.

Run: python benchmarks/bench_attention.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import gradio as gr
import torch
import transformers
from playwright.sync_api import Browser, Page, sync_playwright

import app
from playground.attention.request import AttentionRequest
from playground.attention.result import AttentionResult
from playground.config import Settings
from playground.service import Playground
from tabs.attention import tab as attention

MODEL = "bench/random-bert"
TOKENS = 128
TEXT = " ".join(["the quick brown fox jumps over a lazy dog while seven wise owls look at the pale moon"] * 7)
SCRIPTS = {
    "require.min.js": ("requirejs@2.3.6", "package/require.js"),
    "d3.min.js": ("d3@5.7.0", "package/dist/d3.min.js"),
    "jquery.min.js": ("jquery@2.2.4", "package/dist/jquery.min.js"),
}
# Notes when the page first holds the text of the answer, and when the frame after the drawing comes.
WATCH_OURS = """
const parse = JSON.parse;
JSON.parse = function (text, ...more) {
  const isAnswer = typeof text === "string" && text.length > 100000 && text.includes("mask_of_layer");
  if (isAnswer) window.arrived ??= performance.now();
  return parse.call(this, text, ...more);
};
new MutationObserver((changes) => {
  if (changes.some((change) => change.attributeName === "data-drawn"))
    requestAnimationFrame(() => { window.drawn = performance.now(); });
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-drawn"] });
"""
WATCH_BERTVIZ = """
new MutationObserver(() => { window.changed = performance.now(); })
  .observe(document, { subtree: true, childList: true, attributes: true });
"""


def make_model(folder: Path) -> None:
    """Writes a random BERT of 12 layers and 12 heads and the tokenizer of a few words."""
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(TEXT.split()))]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=192, num_hidden_layers=12, num_attention_heads=12, intermediate_size=256
    )
    model = transformers.BertModel(config).eval()
    for name, weight in model.named_parameters():
        if "query" in name or "key" in name:
            torch.nn.init.normal_(weight, std=0.15)
    model.save_pretrained(folder)


@contextmanager
def running_app(folder: Path) -> Iterator[tuple[str, Playground]]:
    """The attention section over the random model, and its address."""
    catalog = folder / "models.yaml"
    entry = {"id": MODEL, "title": "Random BERT", "task": "feature-extraction", "source": "folder"}
    catalog.write_text(json.dumps({"models": [entry | {"location": str(folder)}]}), encoding="utf-8")
    with Playground(Settings(models_file=catalog)) as playground:
        with gr.Blocks(fill_width=True) as demo, gr.Tabs(), gr.Tab("Attention"):
            attention.build_section(playground)
        options: dict[str, Any] = app.launch_options(playground.settings)
        _, url, _ = demo.launch(server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **options)
        yield url, playground
        demo.close()


def our_run(page: Page, url: str) -> tuple[int, float]:
    """Bytes and milliseconds of one press of the button on a fresh page."""
    received = [0]
    page.add_init_script(WATCH_OURS)
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector(".at[data-drawn]", state="attached", timeout=120_000)  # the example that opens by itself
    page.wait_for_timeout(1000)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.dataReceived", lambda event: received.__setitem__(0, received[0] + event["dataLength"]))
    page.evaluate("window.arrived = window.drawn = undefined")
    page.get_by_label("text", exact=True).fill(TEXT)
    page.get_by_role("button", name="Show attention").click()
    page.wait_for_function("window.drawn && window.arrived", timeout=120_000)
    return received[0], page.evaluate("window.drawn - window.arrived")


def bertviz_page(result: AttentionResult, path: Path, layers: int) -> Path:
    """The page of BertViz's model view of the first layers, written to a file."""
    from bertviz import model_view

    stack = result.stack()
    tensors = [torch.tensor(layer)[None] for layer in stack.weights[:layers]]
    tokens = [token.token for token in stack.keys]
    made = model_view(attention=tensors, tokens=tokens, display_mode="light", html_action="return")
    path.write_text(f"<!doctype html><body>{made.data}</body>", encoding="utf-8")
    return path


def local_scripts(folder: Path) -> dict[str, Path]:
    """BertViz's three scripts from npm."""
    found = {}
    for name, (package, member) in SCRIPTS.items():
        done = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=folder, capture_output=True, text=True, check=True
        )
        with tarfile.open(folder / done.stdout.strip()) as archive:
            content = archive.extractfile(member)
            assert content is not None
            (folder / name).write_bytes(content.read())
        found[name] = folder / name
    return found


def bertviz_run(page: Page, path: Path, scripts: dict[str, Path]) -> float:
    """Milliseconds from the page's last byte until its last change: it has then been still for a second."""
    page.add_init_script(WATCH_BERTVIZ)
    page.route(
        "**/cdnjs.cloudflare.com/**", lambda route: route.fulfill(path=scripts[route.request.url.rsplit("/")[-1]])
    )
    page.goto(path.as_uri(), wait_until="commit", timeout=300_000)
    still = "document.querySelectorAll('#vis svg *').length > 1000 && performance.now() - window.changed > 1000"
    page.wait_for_function(still, timeout=600_000)
    return page.evaluate("window.changed - performance.getEntriesByType('navigation')[0].responseEnd")


def fresh(browser: Browser) -> Page:
    """A page in a context of its own: nothing cached."""
    return browser.new_context(viewport={"width": 1280, "height": 900}).new_page()


def measured(quick: bool) -> dict[str, Any]:
    """All figures."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    figures: dict[str, Any] = {"layers": 12, "heads": 12, "tokens": TOKENS, "note": ""}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        make_model(folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with running_app(folder) as (url, playground):
            result = playground.attend(AttentionRequest(TEXT, MODEL, max_tokens=TOKENS))
            assert result.stack().weights.shape == (12, 12, TOKENS, TOKENS), result.stack().weights.shape
            ours = [our_run(fresh(browser), url) for _ in range(3 if quick else 10)]
        figures["bytes"] = round(statistics.median(run[0] for run in ours))
        figures["draw_ms"] = round(statistics.median(run[1] for run in ours), 1)
        figures["draw_ms_all"] = [round(run[1], 1) for run in ours]
        figures |= bertviz_figures(browser, result, folder, 2 if quick else 12)
        browser.close()
    for key in ("bytes", "draw_ms"):
        theirs = figures[f"bertviz_{key}"]
        figures[f"bertviz_{key}_over_ours"] = theirs and round(theirs / figures[key], 1)
    return figures


def bertviz_figures(browser: Browser, result: AttentionResult, folder: Path, layers: int) -> dict[str, Any]:
    """BertViz's bytes, and its time for some layers scaled to all; None, with a note, for what can't be measured."""
    try:
        size = bertviz_page(result, folder / "all.html", 12).stat().st_size
        path = bertviz_page(result, folder / "drawn.html", layers)
    except ImportError:
        return {"bertviz_bytes": None, "bertviz_draw_ms": None, "note": "install requirements-bench.txt for BertViz"}
    try:
        scripts = local_scripts(folder)
    except (OSError, subprocess.CalledProcessError):
        return {"bertviz_bytes": size, "bertviz_draw_ms": None, "note": "npm could not give BertViz's scripts"}
    milliseconds = bertviz_run(fresh(browser), path, scripts) * 12 / layers
    note = "" if layers == 12 else f"BertViz drew {layers} of the 12 layers; its time is scaled to 12"
    return {"bertviz_bytes": size, "bertviz_draw_ms": round(milliseconds, 1), "note": note}


def main() -> None:
    """Prints the figures as one JSON line and keeps them in ``benchmarks/results``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    line = json.dumps(measured(parser.parse_args().quick))
    (ROOT / "benchmarks" / "results" / "bench_attention.json").write_text(line + "\n", encoding="utf-8")
    print(line)


if __name__ == "__main__":
    main()
