"""``fast-8-bit`` beside float32, with the embedded SmolLM2: what it costs and what it brings.

- ``one_over_generate``: tokens/s of one stream in fast-8-bit over those of plain ``model.generate`` in float32, in a
  process of its own that knows nothing of this project (wanted: at least 3)
- ``float32_over_generate``: the same of one stream in float32 (at least 1.15)
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
import subprocess
import sys
import threading
import time
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import playground as pg
from playground.models import embedded
from playground.models.memory import measure_bytes

MODEL, TASK = "HuggingFaceTB/SmolLM2-135M-Instruct", "text-generation"
WAYS = ("float32", "fast-8-bit")
TOKENS = 1500


def perplexity(playground: pg.Playground, way: str, ids: torch.Tensor) -> float:
    """How surprised the model is by a text, per token.

    It has a lease of its own: with it this thread hands back those that have helped it to compute. Else they would
    outnumber the cores together with those of the streams, which would take half as long again (`cpu.threads`).
    """
    with playground.manager.lease(MODEL, TASK, way) as one, torch.inference_mode():
        return math.exp(float(one.model(ids, labels=ids).loss))


class Plain:
    """Plain ``model.generate`` in float32, in a process of its own."""

    CODE = """
import sys, time, torch, transformers
model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
ids = torch.arange(100, 108)[None]
for line in sys.stdin:
    length, begin = int(line), time.perf_counter()
    asked = {"do_sample": False, "max_new_tokens": length, "min_new_tokens": length}
    model.generate(ids, attention_mask=torch.ones_like(ids), **asked)
    print(length / (time.perf_counter() - begin), flush=True)
"""

    def __init__(self) -> None:
        command = [sys.executable, "-c", self.CODE, str(embedded.locate("smollm2-135m-instruct"))]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)

    def rate(self, length: int) -> float:
        """Tokens per second."""
        assert self._process.stdin
        assert self._process.stdout
        print(length, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


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
        losses = {way: perplexity(playground, way, ids) for way in WAYS}
        size = {way: measure_bytes(one.model) for way, one in held.items()}
        plain = Plain()
        plain.rate(2)
        for way in WAYS:
            rate(playground, way, 2, 2)
        ones = [(plain.rate(length), *(rate(playground, way, 1, length) for way in WAYS)) for _ in range(turns)]
        plain.close()
        crowds = [tuple(rate(playground, way, 32, length) for way in WAYS) for _ in range(max(1, turns // 3))]
        for lease in leases.values():
            lease.__exit__(None, None, None)
    figures = {
        "one_over_generate": statistics.median(quick / plain for plain, _, quick in ones),
        "float32_over_generate": statistics.median(ours / plain for plain, ours, _ in ones),
        "total_32_over_float32": statistics.median(quick / plain for plain, quick in crowds),
        "perplexity_over_float32": losses["fast-8-bit"] / losses["float32"],
        "bytes_over_float32": size["fast-8-bit"] / size["float32"],
        "tokens_per_second": {
            "generate": statistics.median(one[0] for one in ones),
            "one_float32": statistics.median(one[1] for one in ones),
            "one": statistics.median(one[2] for one in ones),
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
