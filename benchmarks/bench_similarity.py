"""The matrix beside the article's double loop: same model, same words, same numbers, in one run.

``matrix_40_over_article_loop`` is how many times faster 40 x 40 words are (with ``--quick`` the loop runs on a sample
of its cells and is scaled); ``peak_extra_bytes`` is how far the process grew above the resident model meanwhile.

Run: python benchmarks/bench_similarity.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from pathlib import Path

import psutil
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from playground.service import Playground
from playground.similarity.request import WordMatrixRequest
from playground.similarity.result import WordMatrixResult
from playground.similarity.word_loss import SEQ2SEQ

WORDS = (
    "man woman boy girl king queen father mother doctor nurse hospital school teacher student book paper dog cat horse "
    "animal bird tree forest river water sea ship car road train house door window bread butter milk fruit apple sun "
    "moon"
).split()


def article_loop(model, tokenizer, cells: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """The article's three lines, once for every cell."""
    losses = {}
    for source, target in cells:
        input_ids = tokenizer(source, return_tensors="pt").input_ids
        labels = tokenizer(target, return_tensors="pt").input_ids
        with torch.inference_mode():
            losses[source, target] = model(input_ids=input_ids, labels=labels).loss.item()
    return losses


def watch_memory(stop: threading.Event, peak: list[int]) -> None:
    """Keeps the largest resident size of this process in ``peak[0]``."""
    process = psutil.Process()
    while not stop.is_set():
        peak[0] = max(peak[0], process.memory_info().rss)
        time.sleep(0.005)


def main() -> None:
    """Prints the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a sample of the loop, fewer repeats")
    quick = parser.parse_args().quick
    with Playground() as playground, playground.manager.lease("playground/word-association", SEQ2SEQ) as loaded:
        cells = [(a, b) for a in WORDS for b in WORDS]
        sample = random.Random(0).sample(cells, 400) if quick else cells
        request = WordMatrixRequest(tuple(WORDS), cosine=False)
        stop, peak = threading.Event(), [0]
        before = peak[0] = psutil.Process().memory_info().rss
        watcher = threading.Thread(target=watch_memory, args=(stop, peak))
        watcher.start()
        *_, result = playground.word_matrix(request)  # warms up, and counts for the peak
        stop.set()
        watcher.join()
        article_loop(loaded.model, loaded.tokenizer, sample[:50])

        matrix_seconds, loop_seconds = [], []
        for _ in range(3):  # in turns, so that a busy moment of the machine meets both
            start = time.perf_counter()
            *_, result = playground.word_matrix(request)
            matrix_seconds.append(time.perf_counter() - start)
            start = time.perf_counter()
            losses = article_loop(loaded.model, loaded.tokenizer, sample)
            loop_seconds.append((time.perf_counter() - start) * len(cells) / len(sample))

    assert isinstance(result, WordMatrixResult)
    at = {word: number for number, word in enumerate(result.words)}
    figures = {
        "matrix_40_over_article_loop": round(min(loop_seconds) / min(matrix_seconds), 1),
        "peak_extra_bytes": peak[0] - before,
        "largest_difference": max(abs(result.loss[at[a]][at[b]] - loss) for (a, b), loss in losses.items()),
        "matrix_seconds": round(min(matrix_seconds), 4),
        "loop_seconds": round(min(loop_seconds), 3),
        "threads": torch.get_num_threads(),
    }
    results = ROOT / "benchmarks" / "results"
    results.mkdir(exist_ok=True)
    (results / "bench_similarity.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
