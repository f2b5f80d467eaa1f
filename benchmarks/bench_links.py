"""How long links of the shipped examples are, and how soon an opened one shows its result.

``link_bytes_p95`` is the 95th percentile of the characters of ten links as they stand in an address (limit: 1,500).
``open_to_result_over_typed`` is the time from an empty browser tab to the finished result when a link is opened,
divided by the time when a person without any delay opens the page, fills in the same and presses the button
(limit: 1.2); both in one Chromium, each in a fresh context that has nothing cached, by turns first and second, medians
over all runs. It is that of the worst kind;
``opened_seconds`` and ``typed_seconds`` are the medians of each. That person stops the reply which Generation begins
with, if it has begun, and doesn't wait for its end.

Run: python benchmarks/bench_links.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
import process

process.set_environment()

import playground as pg
from tabs.attention.tab import EXAMPLES as LOOKED
from tabs.classification.examples import PICKED
from tabs.generation.examples import EXAMPLES as WRITTEN
from tabs.similarity.examples import EXAMPLES as CLOSE
from tabs.similarity.handlers import split_words
from tabs.tokens.live import EXAMPLES as CUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

WORDS, PROMPT, TOKENS = "king, queen", "The capital of France is", 2
ROWS = ("a zebra", "Zebras and lions sleep.")
PATIENCE_MS = 120_000


def example_links(playground: pg.Playground) -> list[str]:
    """The links of ten shipped examples, two of each kind."""
    links = [playground.link(playground.classify(pg.ClassifyRequest(one.text))) for one in PICKED[:2]]
    for _, text, _ in CUT[1:3]:
        cut = pg.TokenizeRequest(text)
        links.append(playground.link(playground.tokenize(cut), cut))
    for story in WRITTEN[:2]:
        asked = pg.GenerateRequest(prompt=story.prompt, max_new_tokens=story.max_new_tokens)
        links.append(playground.link(playground.generate(asked).result()))
    for words in CLOSE[:2]:
        links.append(playground.link(playground.word_loss(pg.WordLossRequest(split_words(words.words)))))
    for _, _, text, second, padding, _ in LOOKED[:2]:
        links.append(playground.link(playground.attend(pg.AttentionRequest(text, "", second, padding))))
    return [str(link) for link in links]


def type_words(page: Page) -> None:
    """What somebody does for two words."""
    page.get_by_role("tab", name="Similarity").click()
    page.locator("#similarity-words textarea, #similarity-words input").first.fill(WORDS)
    page.locator("#similarity-measure").click()


def type_prompt(page: Page) -> None:
    """What somebody does for a reply."""
    page.get_by_role("tab", name="Generation").click()
    page.locator("#generation-prompt textarea").fill(PROMPT)
    page.locator("#pg-generation-max-new-tokens").get_by_role("spinbutton").fill(str(TOKENS))
    page.locator(".gen [data-act=stop]:enabled, .gen [data-act=start]:enabled").first.wait_for()
    page.evaluate("document.querySelector('.gen [data-act=stop]:enabled')?.click()")  # unless it has just ended
    page.locator(".gen [data-act=start]:enabled").click()


def type_batch(page: Page) -> None:
    """What somebody does for the rows of two texts."""
    page.get_by_role("tab", name="Tokens").click()
    page.get_by_role("tab", name="Batch & masks").click()
    page.locator("#pg-batch-texts textarea").fill("\n".join(ROWS))


def type_comparison(page: Page) -> None:
    """What somebody does to see one text under several tokenizers."""
    page.get_by_role("tab", name="Tokens").click()
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.locator("#pg-tokenizers-text textarea").fill(ROWS[1])


def type_attention(page: Page) -> None:
    """What somebody does to see where a text's tokens look."""
    page.get_by_role("tab", name="Tokens").click()
    page.get_by_role("tab", name="Attention").click()
    page.locator("#pg-attention-text textarea").fill(ROWS[1])
    page.get_by_role("button", name="Show attention").click()


def seconds(browser: Browser, url: str, do, shown: tuple[str, str]) -> float:  # type: ignore[no-untyped-def]
    """From an empty tab until a part of the page shows a text."""
    page = browser.new_page()
    try:
        started = time.perf_counter()
        page.goto(url, wait_until="domcontentloaded")
        if do:
            do(page)
        page.locator(shown[0], has_text=shown[1]).first.wait_for(timeout=PATIENCE_MS)
        return time.perf_counter() - started
    finally:
        page.close()


def ways_to(playground: pg.Playground) -> dict[str, tuple[Callable[[Page], None], pg.Link, tuple[str, str]]]:
    """By kind: how it is typed, its link, and what then shows which text."""
    words = playground.link(playground.word_loss(pg.WordLossRequest(split_words(WORDS))))
    reply = playground.link(playground.generate(pg.GenerateRequest(prompt=PROMPT, max_new_tokens=TOKENS)).result())
    models = tuple(spec.id for spec in playground.catalog if spec.source == "embedded")[1:4]
    compared = playground.link(playground.compare_tokenizers(pg.CompareRequest(ROWS[1], models)))
    looked = playground.link(playground.attend(pg.AttentionRequest(ROWS[1])))
    return {
        "words": (type_words, words, ("#similarity-losses", "queen")),
        "reply": (type_prompt, reply, (".gen-text", "Paris.")),
        "batch": (
            type_batch,
            playground.link(playground.encode(pg.EncodeRequest(ROWS))),
            ("#pg-tokens-batch", "lions"),
        ),
        "tokenizers": (type_comparison, compared, ("#pg-tokens-compare", "lions")),
        "attention": (type_attention, looked, (".at-origin", "lions")),
    }


def both_ways(playground: pg.Playground, url: str, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """The seconds until a result is there, by kind: of opening a link, and of typing and running the same."""
    from playwright.sync_api import sync_playwright

    ways = ways_to(playground)
    opened: dict[str, list[float]] = {name: [] for name in ways}
    typed: dict[str, list[float]] = {name: [] for name in ways}
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for turn in range(rounds):
            for name, (do, link, shown) in ways.items():
                both = [(typed, url, do), (opened, f"{url}{link}", None)]
                for taken, address, done in both if turn % 2 else reversed(both):  # who is second finds warm weights
                    taken[name].append(seconds(browser, address, done, shown))
        browser.close()
    medians = [{name: round(statistics.median(one), 2) for name, one in each.items()} for each in (opened, typed)]
    return medians[0], medians[1]


def main() -> None:
    """Prints the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds in place of ten: two minutes")
    rounds = 3 if parser.parse_args().quick else 10
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import app

    with ExitStack() as stack:
        playground = stack.enter_context(pg.Playground())
        lengths = sorted(map(len, example_links(playground)))
        demo = app.build_app(playground)
        _, url, _ = demo.launch(
            server_name="127.0.0.1", prevent_thread_lock=True, **app.launch_options(playground.settings)
        )
        stack.callback(demo.close)
        opened, typed = both_ways(playground, url, rounds)
        figures = {
            "link_bytes_p95": lengths[min(len(lengths) - 1, round(0.95 * len(lengths)))],
            "link_bytes_median": int(statistics.median(lengths)),
            "open_to_result_over_typed": round(max(opened[name] / typed[name] for name in opened), 3),
            "opened_seconds": opened,
            "typed_seconds": typed,
        }
    results = ROOT / "benchmarks" / "results"
    results.mkdir(exist_ok=True)
    (results / "bench_links.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
