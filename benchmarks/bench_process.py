"""What each setting of ``process.py`` is worth.

    python benchmarks/bench_process.py [--quick]

The last line is JSON. Needs an otherwise idle machine: beside other programs a step alone is itself the slow one.

``step_over_alone_5_ms``, ``step_over_alone_0_2_ms``: a step of a small model while another thread is busy with Python,
in units of the same step alone; at Python's own switch interval, and at ours.
``step_over_alone_kept``, ``step_over_alone_released``: a step after another thread, which is still there, has computed;
while that thread has its helpers, and after it has handed them back.
``import_seconds_saved``: what importing torch, transformers and gradio takes longer while garbage is collected.
``collect_ms``, ``collect_ms_settled``: a full collection after those imports, and one after `process.settle`.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import process

IMPORTS = (
    "import time; start = time.perf_counter(); import torch, transformers, gradio; from transformers import pipeline"
)


def make_step() -> Callable[[], Any]:
    """One token through a model of SmolLM2's shape with random weights, about a thousand operations."""
    import torch
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=8000, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config).eval()
    ids = torch.tensor([[1]])

    def step() -> Any:
        with torch.inference_mode():
            return model(input_ids=ids, use_cache=False)

    step()
    return step


def step_ms(step: Callable[[], Any], rounds: int) -> float:
    """The median."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def beside_python(step: Callable[[], Any], interval: float, rounds: int) -> float:
    """Milliseconds of a step while another thread never stops computing in Python."""
    done = threading.Event()

    def busy() -> None:
        while not done.is_set():
            sum(range(1000))

    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    thread = threading.Thread(target=busy)
    thread.start()
    try:
        return step_ms(step, rounds)
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(before)


def beside_helpers(step: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Milliseconds of a step after another thread computed: while it keeps its helpers, and without them."""
    from playground.models.cpu.threads import release_helpers

    computed, release, released, done = (threading.Event() for _ in range(4))

    def other() -> None:
        step()
        computed.set()
        release.wait()
        release_helpers()
        released.set()
        done.wait()

    thread = threading.Thread(target=other)
    thread.start()
    computed.wait()
    kept = step_ms(step, rounds)
    release.set()
    released.wait()
    freed = step_ms(step, rounds)
    done.set()
    thread.join()
    return kept, freed


def import_seconds(collecting: bool) -> float:
    """Seconds of the imports, in a process of their own."""
    code = f"import gc, time; {'' if collecting else 'gc.disable();'} {IMPORTS}; print(time.perf_counter() - start)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def collect_ms() -> float:
    """Milliseconds of a full collection."""
    start = time.perf_counter()
    gc.collect()
    return 1000 * (time.perf_counter() - start)


def turn(step: Callable[[], Any], rounds: int) -> dict[str, float]:
    """The figures of steps, each beside a step alone that was measured just before."""
    alone = step_ms(step, rounds)
    python = beside_python(step, 0.005, max(rounds // 4, 3))
    ours = beside_python(step, process.SWITCH_SECONDS, rounds)
    again = step_ms(step, rounds)
    kept, released = beside_helpers(step, rounds)
    return {
        "step_ms_alone": alone,
        "step_over_alone_5_ms": python / alone,
        "step_over_alone_0_2_ms": ours / alone,
        "step_over_alone_kept": kept / again,
        "step_over_alone_released": released / again,
    }


def main() -> None:
    """Prints the figures as JSON and keeps them in ``benchmarks/results``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds, turns = (12, 3) if parser.parse_args().quick else (40, 7)
    process.set_environment()
    import_seconds(True)  # the first reads the files from the disk
    pairs = [(import_seconds(True), import_seconds(False)) for _ in range(turns)]
    import gradio  # noqa: F401

    step = make_step()
    found = [turn(step, rounds) for _ in range(turns)]
    figures = {name: round(statistics.median(one[name] for one in found), 2) for name in found[0]}
    figures["import_seconds_saved"] = round(statistics.median(slow - quick for slow, quick in pairs), 2)
    figures["collect_ms"] = round(statistics.median(collect_ms() for _ in range(3)), 1)
    process.settle()
    figures["collect_ms_settled"] = round(statistics.median(collect_ms() for _ in range(3)), 1)
    line = json.dumps(figures)
    (Path(__file__).parent / "results" / "bench_process.json").write_text(line + "\n", encoding="utf-8")
    print(line)


if __name__ == "__main__":
    main()
