"""The rows of ``make gpu``: what is tried and measured on a GPU, each row by itself.

Each takes a `Bench` and returns its figures by name. What is compared takes turns in one process. It leaves out time
limits, the table and its file (`gpu`).

Run by gpu.py: python benchmarks/gpu_rows.py FOLDER cpu|cuda ROW ...; each line on standard output is JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
import transformers

from benchmarks.gpu_bench import BEGINNING, SMOLLM2, TINY, Bench, crowd, draws, given_up, plain_rate, synchronisations
from playground.generation.choose import choose
from playground.generation.engine import Engine
from playground.generation.events import Finished
from playground.generation.pieces import Pieces
from playground.generation.request import TASK
from playground.models.catalog import ModelSpec
from playground.models.lending import LoadedModel, ModelKey, is_spread
from playground.models.memory import measure_bytes

Figures = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One row of the table; it is given up after ``seconds``."""

    seconds: float
    run: Callable[[Bench], Figures]


def machine(bench: Bench) -> Figures:
    """What is measured on."""
    figures: Figures = {"torch": torch.__version__, "transformers": transformers.__version__, "cpus": os.cpu_count()}
    if bench.device == "cuda":
        about = torch.cuda.get_device_properties(0)
        figures |= {
            "gpu": about.name, "capability": f"{about.major}.{about.minor}", "memory_bytes": about.total_memory,
            "cuda": torch.version.cuda,
        }  # fmt: skip
    return {**figures, "copy_gigabytes_per_second": bench.peak_bytes_per_second / 1e9}


def tests(bench: Bench) -> Figures:
    """Every test marked gpu; ``failed`` names those that failed."""
    import pytest

    class Tally:
        """Counts tests by how they ended."""

        def __init__(self) -> None:
            self.passed, self.skipped = 0, 0
            self.failed: list[str] = []

        def pytest_runtest_logreport(self, report: Any) -> None:
            self.passed += report.when == "call" and report.passed
            self.skipped += report.skipped
            self.failed += [report.nodeid] * report.failed

        def pytest_collectreport(self, report: Any) -> None:
            self.failed += [report.nodeid] * report.failed

    tally = Tally()
    paths = [str(path) for path in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.gpu" in path.read_text("utf-8")]
    with contextlib.redirect_stdout(sys.stderr):
        status = pytest.main([*paths, "-m", "gpu", "-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}"], [tally])
    if (status not in (0, 1) or not (tally.passed or bench.tiny)) and not tally.failed:
        raise RuntimeError(f"no test ran: pytest ended with {int(status)}")
    return {"passed": tally.passed, "skipped": tally.skipped, "failed": tally.failed}


def streams(bench: Bench, quantization: str, large: bool = False) -> Figures:
    """One stream and 32 beside plain ``generate``; ``share_of_peak`` is of the bandwidth that a copy reaches.

    Each step of one stream reads all weights once: that many bytes per second, over the peak.
    """
    spec = bench.large if large else bench.small
    key, length = ModelKey(spec.id, TASK, quantization), bench.length
    with bench.manager(spec) as manager, manager.lease(spec.id, TASK, quantization) as loaded:
        plain_rate(bench, loaded, 2)
        crowd(manager, key, 32, 2)
        turns = [(plain_rate(bench, loaded, length), *crowd(manager, key, 1, length)) for _ in range(bench.turns)]
        total_8, _ = crowd(manager, key, 8, length)
        total_32, finished = crowd(manager, key, 32, length)
        lost = [_lost(loaded, number, one) for number, one in enumerate(finished)]
        weights = measure_bytes(loaded.model)
        recorded = _recorded(loaded.companion("generation", Engine))
    one = statistics.median(rate for _, rate, _ in turns)
    firsts = sorted(ended.seconds_to_first_token or 0.0 for ended in finished)
    first = statistics.median(ended[0].seconds_to_first_token or 0.0 for _, _, ended in turns)
    return {
        "model": spec.id,
        "one_over_generate": statistics.median(rate / plain for plain, rate, _ in turns),
        "total_32_over_one": total_32 / one,
        "share_of_peak": weights * one / bench.peak_bytes_per_second,
        "best_of_32": sum(value == 0 for value in lost),
        "given_up": max(lost),
        "generate": statistics.median(plain for plain, _, _ in turns), "one": one,
        "total_8": total_8, "total_32": total_32, "bytes": weights,
        "first_token_ms": 1000 * first, "first_token_32_p95_ms": 1000 * firsts[30], "recorded": recorded,
    }  # fmt: skip


def graphs(bench: Bench) -> Figures:
    """Steps played as they were recorded (CUDA graphs), beside the same steps started kernel by kernel."""
    spec, length, figures = bench.small, bench.length, Figures()
    key = ModelKey(spec.id, TASK, "float32" if bench.tiny else "bfloat16")
    for name in ("off", "on"):
        with bench.manager(spec) as manager, manager.lease(spec.id, TASK, key.quantization) as loaded:
            engine = loaded.companion("generation", partial(Engine, graphs=name == "on"))
            for count in (1, 32):
                began = time.perf_counter()
                crowd(manager, key, count, length)
                figures[f"{name}_{count}_first_seconds"] = time.perf_counter() - began
                rates = [crowd(manager, key, count, length)[0] for _ in range(bench.turns)]
                figures[f"{name}_{count}"] = statistics.median(rates)
            figures |= {"recorded": _recorded(engine), "bytes": engine.kept_bytes}
    ratios = {f"{count}_on_over_off": figures[f"on_{count}"] / figures[f"off_{count}"] for count in (1, 32)}
    return {"model": spec.id, **ratios, **figures}


def _recorded(engine: Engine) -> list[str]:
    """The tables whose step is recorded, as rows x columns."""
    return [f"{rows} x {columns}" for rows, columns in engine.passes.static.shapes] if engine.passes.static else []


def _lost(loaded: LoadedModel, number: int, ended: Finished) -> float:
    return given_up(loaded.model, loaded.tokenizer(f"{BEGINNING} {number}").input_ids, ended.token_ids)


def static(bench: Bench, large: bool) -> Figures:
    """What ``generate`` reaches with a static cache, compiled where transformers does that: what graphs could bring."""
    spec, quantization = (bench.large if large else bench.small), "float32" if bench.tiny else "bfloat16"
    with bench.manager(spec) as manager, manager.lease(spec.id, TASK, quantization) as loaded:
        plain_rate(bench, loaded, 2)
        began = time.perf_counter()
        plain_rate(bench, loaded, bench.length, cache_implementation="static")
        first = time.perf_counter() - began
        options: tuple[Figures, Figures] = ({}, {"cache_implementation": "static"})
        turns = [[plain_rate(bench, loaded, bench.length, **one) for one in options] for _ in range(bench.turns)]
    return {
        "model": spec.id,
        "static_over_generate": statistics.median(quick / plain for plain, quick in turns),
        "generate": statistics.median(plain for plain, _ in turns),
        "static": statistics.median(quick for _, quick in turns),
        "seconds_first_time": first,
    }


def sampling(bench: Bench) -> Figures:
    """How often the choice of a step waits for the device, for one row and for 32, and how long it takes."""
    vocab, figures = (TINY if bench.tiny else SMOLLM2)["vocab_size"], Figures()
    pieces = Pieces(transformers.AutoTokenizer.from_pretrained(bench.small.location))
    settings: dict[str, Figures] = {
        "greedy": {},
        "top_k": {"do_sample": True},
        "top_p": {"do_sample": True, "top_k": 0, "top_p": 0.9},
    }
    for name, chosen in settings.items():
        for count in (1, 32):
            generator = torch.Generator(bench.device).manual_seed(count)
            logits = 6 * torch.randn(count, vocab, device=bench.device, generator=generator)
            turns = draws(count, bench.device, **chosen)
            choose(logits, turns, pieces)
            figures[f"{name}_{count}_waits"] = synchronisations(partial(choose, logits, turns, pieces), bench.device)
            began = time.perf_counter()
            for _ in range(bench.turns):
                choose(logits, turns, pieces)
            figures[f"{name}_{count}_ms"] = (time.perf_counter() - began) / bench.turns * 1000
    return figures


def parking(bench: Bench) -> Figures:
    """Two models where one fits: how long one takes to come back from RAM, beside a load from the disk.

    Both times hold the way of the other one to RAM.
    """
    quantization = "float32" if bench.tiny else "bfloat16"
    pair = [ModelSpec(f"{bench.large.id} {number}", TASK, "folder", bench.large.location) for number in (1, 2)]
    ids = torch.tensor([[1, 5, 9]], device=bench.device)
    with bench.manager(pair[0]) as manager, manager.lease(pair[0].id, TASK, quantization) as loaded:
        size = measure_bytes(loaded.model)
    disk: list[float] = []
    ram: list[float] = []
    logits = []
    with bench.manager(*pair, memory_budget=int(1.5 * size), ram_budget=4 * size) as manager:
        for turn in range(2 + bench.turns):
            for spec in pair:
                if turn == 1:  # in a process that is warm
                    manager.unload(ModelKey(spec.id, TASK, quantization))
                began = time.perf_counter()
                with manager.lease(spec.id, TASK, quantization) as loaded, torch.inference_mode():
                    bench.wait()
                    (disk if turn == 1 else ram if turn > 1 else []).append(time.perf_counter() - began)
                    logits.append(loaded.model(ids).logits.cpu())
        loads = [row.loads for row in manager.snapshot().models]
    return {
        "model": bench.large.id,
        "ram_over_disk": statistics.median(disk) / statistics.median(ram),
        "disk_seconds": statistics.median(disk), "ram_seconds": statistics.median(ram), "bytes": size,
        "loads": loads, "equal_afterwards": all(torch.equal(one, logits[0]) for one in logits),
    }  # fmt: skip


def spread(bench: Bench) -> Figures:
    """A model of which six tenths fit onto the GPU (``device_map="auto"``), beside the same one whole."""
    spec, quantization = bench.large, "float32" if bench.tiny else "bfloat16"
    key, length, rates, replies = ModelKey(spec.id, TASK, quantization), max(4, bench.length // 8), [], []
    size = 0
    for part in (False, True):
        room = {"memory_budget": int(0.6 * size), "ram_budget": 2 * size} if part and bench.device == "cuda" else {}
        with bench.manager(spec, **room) as manager, manager.lease(spec.id, TASK, quantization) as loaded:
            size = size or measure_bytes(loaded.model)
            crowd(manager, key, 1, 2)
            rate, (ended,) = crowd(manager, key, 1, length)
            rates.append(rate)
            replies.append(ended.token_ids)
            places = list(loaded.model.hf_device_map.values()) if is_spread(loaded.model) else []
    return {
        "model": spec.id, "parts": len(places), "parts_in_ram": places.count("cpu"), "whole": rates[0],
        "spread": rates[1], "same_reply": replies[0] == replies[1],
    }  # fmt: skip


ROWS: dict[str, Row] = {
    "machine": Row(60, machine),
    "tests": Row(150, tests),
    "bfloat16": Row(60, lambda bench: streams(bench, "bfloat16")),
    "float32": Row(60, lambda bench: streams(bench, "float32")),
    "float16": Row(60, lambda bench: streams(bench, "float16")),
    "8-bit": Row(150, lambda bench: streams(bench, "8-bit")),
    "4-bit": Row(90, lambda bench: streams(bench, "4-bit")),
    "large bfloat16": Row(120, lambda bench: streams(bench, "bfloat16", large=True)),
    "large 4-bit": Row(120, lambda bench: streams(bench, "4-bit", large=True)),
    "graphs": Row(60, graphs),
    "sampling": Row(30, sampling),
    "parking": Row(90, parking),
    "spread": Row(90, spread),
    "static": Row(120, lambda bench: static(bench, large=False)),
    "large static": Row(120, lambda bench: static(bench, large=True)),
}


def main(folder: str, device: str, *names: str) -> None:
    """Runs rows one after the other, and says of each when it begins and what came out of it."""
    bench = Bench(Path(folder), device)

    def say(**what: Any) -> None:
        print(json.dumps(what, default=str), file=answers, flush=True)

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints doesn't mix with the answers
    for name in names:
        say(row=name, seconds=ROWS[name].seconds)
        try:
            say(row=name, figures=ROWS[name].run(bench), gpu=torch.cuda.get_device_name() if device == "cuda" else "")
        except Exception as error:  # a row that fails is a row with its error
            traceback.print_exc()
            say(row=name, error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
