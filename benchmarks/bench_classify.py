"""Sentences per second beside ``pipeline()``, and what 32 people at once cost, on the embedded 5-star classifier.

``ratio_pipeline_default``: our rows per second over those of ``pipeline(list)``; ``ratio_pipeline_best``: over those of
``pipeline(list, batch_size=b)`` with the best of several b. The three take turns on the same slices of 2,000 sentences
of mixed length (600 with ``--quick``). ``wall_32_over_1``: the time until 32 people who press Classify at once all have
their answer, pipeline comparison included, over the time of one alone. ``matmul_floor_32_over_1``: the same if they
cost nothing but the matrix products of their own tokens, without padding, at the best speed that two threads reach in
this run; ``matmul_2_over_1`` is how much more two threads multiply than one (2 on two cores of their own, less on two
threads of one core).

Run: python benchmarks/bench_classify.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import torch
import transformers

import playground as pg
from playground.classification.batching import lanes

BATCH_SIZES = (8, 16, 32, 64)
PEOPLE = 32
WORDS = (
    "the film was good but I would not see it again because nothing happens in two hours and every joke is old while "
    "music light and colour are lovely my friend slept our waiter smiled service food price room street hotel"
).split()


def sentences(count: int, longest: int = 80) -> list[str]:
    """Different sentences of 3 words or more, most of them short, as in reviews."""
    dice = random.Random(0)
    lengths = [min(longest, max(3, int(dice.lognormvariate(2.6, 0.7)))) for _ in range(count)]
    return [" ".join(dice.choices(WORDS, k=length)) + "." for length in lengths]


def seconds(work: Callable[[], Any]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ours(playground: pg.Playground, texts: list[str]) -> None:
    """Classifies the texts as the page does with a pasted list."""
    *_, result = playground.classify_table(pg.ClassifyTableRequest(pg.read_lines("\n".join(texts)), "text"))
    assert isinstance(result, pg.TableResult) and len(result.rows) == len(texts)


def throughput(playground: pg.Playground, pipe: Any, texts: list[str], slices: int) -> dict[str, float]:
    """Rows per second of the three ways, and their ratios."""
    sample = texts[:128]
    best = min(BATCH_SIZES, key=lambda size: min(seconds(lambda: pipe(sample, batch_size=size)) for _ in range(2)))
    spent = {"default": 0.0, "best": 0.0, "ours": 0.0}
    for n in range(slices):
        part = texts[n::slices]
        spent["ours"] += seconds(lambda part=part: ours(playground, part))  # type: ignore[misc]
        spent["default"] += seconds(lambda part=part: pipe(part))  # type: ignore[misc]
        spent["best"] += seconds(lambda part=part: pipe(part, batch_size=best))  # type: ignore[misc]
    return {
        "rows_per_second": round(len(texts) / spent["ours"], 1),
        "best_batch_size": best,
        "ratio_pipeline_default": round(spent["default"] / spent["ours"], 2),
        "ratio_pipeline_best": round(spent["best"] / spent["ours"], 2),
    }


def crowd(playground: pg.Playground, texts: list[str], rounds: int) -> dict[str, float]:
    """The wall time of 32 people at once and of one alone, by turns; medians."""
    one, many = [], []
    with ThreadPoolExecutor(PEOPLE) as pool:
        for number in range(rounds):
            group = texts[number * PEOPLE : (number + 1) * PEOPLE]
            gate = threading.Barrier(PEOPLE + 1)

            def press(text: str, gate: threading.Barrier = gate) -> None:
                gate.wait()
                playground.classify(pg.ClassifyRequest(text))

            futures = [pool.submit(press, text) for text in group]
            gate.wait()
            many.append(seconds(lambda futures=futures: [future.result() for future in futures]))  # type: ignore[misc]
            alone = [seconds(lambda text=text: playground.classify(pg.ClassifyRequest(text))) for text in group[:12]]  # type: ignore[misc]
            one.append(statistics.mean(alone))
    return {
        "milliseconds_alone": round(statistics.median(one) * 1000, 1),
        "wall_32_over_1": round(statistics.median(many) / statistics.median(one), 2),
    }


def matmul_speeds(hidden: int, inner: int, rounds: int) -> tuple[float, float]:
    """Floating-point operations per second in the model's largest products, by one thread and by two at once."""
    layer = torch.nn.Linear(hidden, inner)
    pool = lanes()

    def multiply(rows: int) -> None:
        inputs = torch.randn(rows, hidden)
        with torch.inference_mode():
            for _ in range(20):
                layer(inputs)

    best = [0.0, 0.0]
    for rows in (64, 128, 256, 512) * rounds:
        for index, threads in enumerate((1, 2)):
            spent = seconds(lambda threads=threads, rows=rows: list(pool.map(multiply, [rows] * threads)))  # type: ignore[misc]
            best[index] = max(best[index], threads * 20 * 2 * rows * hidden * inner / spent)
    pool.shutdown()
    return best[0], best[1]


def floor(loaded: Any, texts: list[str], milliseconds_alone: float, rounds: int) -> dict[str, float]:
    """What 32 people would cost by matrix products alone: each sentence goes through the model both ways."""
    config = loaded.model.config
    one, two = matmul_speeds(config.hidden_size, config.intermediate_size, rounds)
    per_token = sum(part.weight.numel() for part in loaded.model.bert.encoder.modules() if hasattr(part, "in_features"))
    tokens = sum(map(len, loaded.tokenizer(texts)["input_ids"])) * PEOPLE / len(texts)
    wall = 2 * 2 * per_token * tokens / two
    return {
        "matmul_floor_32_over_1": round(wall * 1000 / milliseconds_alone, 2),
        "matmul_2_over_1": round(two / one, 2),
    }


def main() -> None:
    """Prints the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="600 sentences, fewer rounds")
    quick = parser.parse_args().quick
    transformers.logging.set_verbosity_error()
    texts = sentences(600 if quick else 2000)
    with pg.Playground() as playground:
        model_id = playground.catalog.default_for("text-classification").id
        with playground.manager.lease(model_id, "text-classification") as loaded:
            pipe: Any = transformers.pipeline("text-classification", model=loaded.model, tokenizer=loaded.tokenizer)  # type: ignore[call-overload]
            pipe(texts[:8])
            ours(playground, texts[:64])
            figures = throughput(playground, pipe, texts, slices=3 if quick else 5)
            short = sentences(20 * PEOPLE, longest=16)
            figures |= crowd(playground, short, rounds=8 if quick else 20)
            figures |= floor(loaded, short, figures["milliseconds_alone"], rounds=2 if quick else 5)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
