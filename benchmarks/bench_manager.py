"""What the model manager costs, and what it saves: hits, shared first loads, coming back from RAM.

    python benchmarks/bench_manager.py [--quick]

The last line is JSON. ``hit_microseconds`` is a lease on a resident model, beside a plain lookup in a dict under a lock
in the same run (``hit_over_lookup``); ``loads_for_32_requests`` counts loads when 32 threads ask for one model at once,
and ``wait_over_load`` how long the slowest of them waited, in loads; ``promote_over_disk`` says how many times faster a
model comes back from RAM than from disk (needs a GPU, else null).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from playground.config import Settings
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import ModelKey, ModelManager

TASK = "text-generation"


def make_models(folder: Path, hidden: int, count: int) -> Catalog:
    """Random Llamas of about ``180 * hidden ** 2`` bytes in their folders."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models

    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]")), unk_token="[UNK]"
    )
    config = transformers.LlamaConfig(
        vocab_size=1000, hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=4, tie_word_embeddings=True,
    )  # fmt: skip
    torch.manual_seed(0)
    specs = []
    for number in range(count):
        place = folder / f"{hidden}-{number}"
        transformers.LlamaForCausalLM(config).save_pretrained(place)
        tokenizer.save_pretrained(place)
        specs.append(ModelSpec(f"bench/{number}", TASK, "folder", str(place)))
    return Catalog(tuple(specs))


def hit(manager: ModelManager, rounds: int) -> dict[str, float]:
    """Microseconds of one lease on a resident model, and of a dict lookup under a lock; best of several batches."""
    with manager.lease("bench/0", TASK):
        pass
    lock, shelf = threading.Lock(), {ModelKey("bench/0", TASK): object()}

    def lease() -> None:
        with manager.lease("bench/0", TASK):
            pass

    def look_up() -> None:
        with lock:
            shelf.get(ModelKey("bench/0", TASK))

    def microseconds(work: Any) -> float:
        batches = []
        for _ in range(7):
            began = time.perf_counter()
            for _ in range(rounds):
                work()
            batches.append((time.perf_counter() - began) / rounds * 1e6)
        return statistics.median(batches)

    plain, ours = microseconds(look_up), microseconds(lease)
    return {"hit_microseconds": round(ours, 2), "hit_over_lookup": round(ours / plain, 1)}


def first_requests(catalog: Catalog) -> dict[str, float]:
    """Loads that 32 first requests at once cost, and the slowest one's wait against a load by a single caller."""
    alone = ModelManager(Settings(), catalog)
    began = time.perf_counter()
    with alone.lease("bench/0", TASK):
        single = time.perf_counter() - began
    alone.close()
    manager, gate, waits = ModelManager(Settings(), catalog), threading.Barrier(32), []

    def ask() -> None:
        gate.wait()
        began = time.perf_counter()
        with manager.lease("bench/0", TASK):
            waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (row,) = manager.snapshot().models
    manager.close()
    return {"loads_for_32_requests": row.loads, "wait_over_load": round(max(waits) / single, 2)}


def promotion(folder: Path, hidden: int) -> dict[str, Any]:
    """How many times faster a demoted model comes back to the GPU than it loads from disk (file cache warm)."""
    import torch

    if not torch.cuda.is_available():
        return {"promote_over_disk": None, "promote_reason": "no GPU here: a model has only one place to be"}
    catalog = make_models(folder, hidden, 2)
    first = ModelManager(Settings(), catalog)
    with first.lease("bench/0", TASK) as loaded:
        size = loaded.measured_bytes
    first.close()
    manager = ModelManager(Settings(memory_budget=int(1.5 * size), ram_budget=4 * size), catalog)
    disk: list[float] = []
    ram: list[float] = []
    for round_number in range(6):
        for name in ("bench/0", "bench/1"):
            began = time.perf_counter()
            with manager.lease(name, TASK):
                torch.cuda.synchronize()
                elapsed = time.perf_counter() - began
            (disk if round_number == 0 else ram).append(elapsed)
        if round_number == 0:  # once more, so that both measure a warm process
            for name in ("bench/0", "bench/1"):
                manager.unload(ModelKey(name, TASK))
                began = time.perf_counter()
                with manager.lease(name, TASK):
                    torch.cuda.synchronize()
                    disk.append(time.perf_counter() - began)
    manager.close()
    seconds = {"disk_seconds": round(min(disk), 4), "promote_seconds": round(statistics.median(ram), 4)}
    return {"promote_over_disk": round(min(disk) / statistics.median(ram), 1), "model_bytes": size, **seconds}


def main() -> None:
    """Prints the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller models")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as place:
        small, large = (256, 1024) if quick else (512, 4096)
        catalog = make_models(Path(place), small, 1)
        manager = ModelManager(Settings(), catalog)
        figures: dict[str, Any] = hit(manager, 2_000 if quick else 20_000)
        manager.close()
        figures |= first_requests(catalog)
        figures |= promotion(Path(place), large)
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
