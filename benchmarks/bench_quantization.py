"""``fast-8-bit`` beside float32, with the embedded SmolLM2 in one process: what it costs and what it brings.

- ``one_over_generate``: tokens/s of one stream in fast-8-bit over those of plain ``model.generate`` in float32
  (wanted: at least 3)
- ``total_32_over_float32``: tokens/s of 32 streams together in fast-8-bit over those in float32 (at least 2)
- ``perplexity_over_float32``: of the first 1,500 tokens of this project's LICENSE (at most 1.02)
- ``bytes_over_float32``: bytes of the resident model (at most 0.4)

What is compared takes turns, so that both see the same machine; a ratio is the median of the turns'.

Run: python benchmarks/bench_quantization.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import playground as pg
from playground.models.memory import measure_bytes

MODEL, TASK = "HuggingFaceTB/SmolLM2-135M-Instruct", "text-generation"
WAYS = ("float32", "fast-8-bit")
TOKENS = 1500


def perplexity(model: Any, ids: torch.Tensor) -> float:
    """How surprised a model is by a text, per token."""
    with torch.inference_mode():
        return math.exp(float(model(ids, labels=ids).loss))


def plain_rate(model: Any, ids: torch.Tensor, length: int) -> float:
    """Tokens per second of ``model.generate``."""
    begin = time.perf_counter()
    model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=length, min_new_tokens=length
    )
    return length / (time.perf_counter() - begin)


def rate(playground: pg.Playground, way: str, streams: int, length: int) -> float:
    """Tokens per second of some streams together."""
    made: list[int] = []

    def one(number: int) -> None:
        request = pg.GenerateRequest(
            f"Once upon a time there were {number}", model_id=MODEL, quantization=way, max_new_tokens=length,
            person=str(number),
        )  # fmt: skip
        made.append(sum(len(event.token_ids) for event in playground.generate(request) if event.type == "finished"))

    begin = time.perf_counter()
    threads = [threading.Thread(target=one, args=(number,)) for number in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(made) / (time.perf_counter() - begin)


def main() -> None:
    """Prints the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer turns, shorter replies")
    quick = parser.parse_args().quick
    length, turns = (12, 3) if quick else (64, 9)
    with pg.Playground(pg.Settings(hub="off", max_streams=32)) as playground:
        leases = {way: playground.manager.lease(MODEL, TASK, way) for way in WAYS}
        held = {way: lease.__enter__() for way, lease in leases.items()}
        tokenizer = held["float32"].tokenizer
        ids = tokenizer((ROOT / "LICENSE").read_text(encoding="utf-8"), return_tensors="pt").input_ids[:, :TOKENS]
        losses = {way: perplexity(one.model, ids) for way, one in held.items()}
        size = {way: measure_bytes(one.model) for way, one in held.items()}
        plain, start = held["float32"].model, ids[:, :8]
        plain_rate(plain, start, 2)
        for way in WAYS:
            rate(playground, way, 2, 2)
        ones = [(plain_rate(plain, start, length), rate(playground, "fast-8-bit", 1, length)) for _ in range(turns)]
        crowds = [tuple(rate(playground, way, 32, length) for way in WAYS) for _ in range(max(1, turns // 3))]
        for lease in leases.values():
            lease.__exit__(None, None, None)
    figures = {
        "one_over_generate": statistics.median(quick / plain for plain, quick in ones),
        "total_32_over_float32": statistics.median(quick / plain for plain, quick in crowds),
        "perplexity_over_float32": losses["fast-8-bit"] / losses["float32"],
        "bytes_over_float32": size["fast-8-bit"] / size["float32"],
        "tokens_per_second": {
            "generate": statistics.median(plain for plain, _ in ones),
            "one": statistics.median(quick for _, quick in ones),
            "total_32_float32": statistics.median(plain for plain, _ in crowds),
            "total_32": statistics.median(quick for _, quick in crowds),
        },
        "perplexity": losses,
        "cpus": os.cpu_count(),
        "load_at_end": os.getloadavg()[0],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
