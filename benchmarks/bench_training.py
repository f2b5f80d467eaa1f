"""What a training costs, how soon it pays, and what others notice of it: the shipped intents, MiniLM, LoRA.

``step_over_bare_loop`` is the median time of a step by `Trainer` with all that is told of it, over that of a bare loop
of PyTorch on the same batches, with as many threads. ``others_slowdown`` is the 95th percentile of how long one text
takes to be classified in another tab while a training runs, over that without one; ``tokens_slowdown`` the same for
the tokens of a reply. ``seconds_to_90`` is the time from the press until 90 % of the held-out rows are right;
``seconds_to_first_step`` is the part of it before the first step: the process and its imports, the model, the rows.
``right_by_head``, ``_lora`` and ``_full`` are the share of held-out rows that is right, a mean over the three samples.
``bytes_left_after_20`` is by how much the resident bytes of the program grew over 20 trainings, as a share.
``grammar_accepts_at_180`` is the share of 100 lines that the story grammar could have written, of a language model
that has learned from nothing for three minutes. ``--quick`` takes fewer trainings and seconds, and names them so;
``--only`` takes a part of the figures.

Run: ``python benchmarks/bench_training.py [--quick] [--only PART]``; the last line is JSON. All parts take ten minutes.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import itertools

import psutil
import torch
import transformers

import playground as pg
from playground.tables import read_pasted
from playground.training.classifier.begin import begin, only_trained
from playground.training.classifier.fit import encode, fit
from playground.training.classifier.job import FitClassifier
from playground.training.classifier.plan import classifier_training
from playground.training.desk import Desk
from playground.training.line import threads_for
from playground.training.request import METHODS, Method
from playground.training.stories import example
from tabs.training.examples import SAMPLES

ASKED = pg.TrainClassifierRequest(read_pasted(SAMPLES[0].rows()), name="Intents")
PARTS = ("start", "step", "others", "methods", "grammar", "bytes")
TEXT = "The soup was cold, and yet I would go there again tomorrow."


def step_seconds(job: FitClassifier) -> float:
    """The median time of a step as it is trained here."""
    told: list[float] = []

    def hear(event: object) -> None:
        if isinstance(event, pg.TrainingStep):
            told.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        fit(job, Desk("cpu", Path(folder), hear, threading.Event()))
    per_epoch = len(told) // (job.asked.num_train_epochs or 1)
    between = [later - earlier for earlier, later in itertools.pairwise(told)]
    # Between the last step of an epoch and the first of the next the held-out rows are asked.
    return statistics.median(gap for number, gap in enumerate(between, start=1) if number % per_epoch)


def bare_seconds(job: FitClassifier) -> float:
    """The median time of a step of the bare loop."""
    asked = job.asked
    tokenizer, fresh = begin(job.base, job.split.labels, asked.seed)
    model = only_trained(fresh, asked.method, asked.r)
    rows = encode(tokenizer, job.split.train)
    collate = transformers.DataCollatorWithPadding(tokenizer)
    learning = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=asked.learning_rate or 0.0, fused=True)
    size, times = asked.per_device_train_batch_size, []
    model.train()
    for _ in range(asked.num_train_epochs or 1):
        for start in range(0, len(rows) - len(rows) % size, size):
            began = time.perf_counter()
            loss = model(**collate(rows[start : start + size])).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            loss.item()
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def step_over_bare(playground: pg.Playground, pairs: int) -> float:
    """The median of ours over the bare loop's, measured by turns."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads_for("cpu"))
    job = classifier_training(playground.manager, replace(ASKED, num_train_epochs=3)).request
    bare_seconds(job)
    found = [step_seconds(job) / bare_seconds(job) for _ in range(pairs)]
    torch.set_num_threads(before)
    return statistics.median(found)


@contextmanager
def training(playground: pg.Playground) -> Iterator[None]:
    """While something is trained."""
    asked = replace(ASKED, num_train_epochs=50, run_id="bench", person="bench")
    steps = threading.Event()

    def hear() -> None:
        with suppress(pg.PlaygroundError):  # it is ended below
            for event in playground.train_classifier(asked):
                if isinstance(event, pg.TrainingStep):
                    steps.set()
        steps.set()

    thread = threading.Thread(target=hear)
    thread.start()
    steps.wait()
    assert playground.running_trainings("bench")
    yield
    assert playground.end_training("bench"), "it worked all the time"
    thread.join()


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def classify_seconds(playground: pg.Playground, count: int) -> list[float]:
    """How long one text takes, again and again."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        playground.classify(pg.ClassifyRequest(TEXT))
        times.append(time.perf_counter() - began)
        time.sleep(0.02)
    return times


def token_seconds(playground: pg.Playground, count: int) -> list[float]:
    """The time between two tokens of a reply."""
    told = [
        time.perf_counter()
        for event in playground.generate(pg.GenerateRequest(prompt="Once upon a time", max_new_tokens=count))
        if isinstance(event, pg.Step)
    ]
    return [later - earlier for earlier, later in itertools.pairwise(told)]


def slowdowns(playground: pg.Playground, count: int) -> list[float]:
    """Of texts and of tokens: while something is trained, over alone."""
    measures = (classify_seconds, token_seconds)
    for measure in measures:
        measure(playground, count // 4)
    alone = [p95(measure(playground, count)) for measure in measures]
    with training(playground):
        together = [p95(measure(playground, count)) for measure in measures]
    return [one / other for one, other in zip(together, alone, strict=True)]


def seconds_to(playground: pg.Playground, accuracy: float) -> tuple[float, float]:
    """From the press until the first step begins, and until so many held-out rows are right; infinite if never."""
    began, first, asked = time.perf_counter(), float("inf"), replace(ASKED, run_id="bench")
    for event in playground.train_classifier(asked):
        now = time.perf_counter() - began
        if isinstance(event, pg.SplitSaid):
            first = now
        if isinstance(event, pg.HeldOut) and event.accuracy >= accuracy:
            playground.end_training("bench")
            return first, now
        if isinstance(event, pg.TrainedClassifier):
            playground.forget_trained(event.model_id)
    return first, float("inf")


def right_by(playground: pg.Playground, method: Method) -> float:
    """The mean over the samples of how many held-out rows are right, by the settings that suit a method."""
    found = []
    for sample in SAMPLES:
        *_, result = playground.train_classifier(pg.TrainClassifierRequest(read_pasted(sample.rows()), method=method))
        assert isinstance(result, pg.TrainedClassifier)
        playground.forget_trained(result.model_id)
        found.append(result.accuracy)
    return statistics.mean(found)


def grammar_accepts(playground: pg.Playground, seconds: float) -> float:
    """The share of its lines that the story grammar could have written, after so long."""
    asked = pg.TrainLanguageModelRequest(grammar=example(), max_seconds=seconds)
    *_, result = playground.train_language_model(asked)
    assert isinstance(result, pg.LanguageModelTrained) and result.accepted is not None
    playground.forget_trained(result.model_id)
    return result.accepted


def bytes_left(playground: pg.Playground, count: int) -> float:
    """By how much the resident bytes grew, as a share."""

    def one(seed: int) -> None:
        *_, result = playground.train_classifier(replace(ASKED, method="head", num_train_epochs=1, seed=seed))
        assert isinstance(result, pg.TrainedClassifier)
        playground.classify(pg.ClassifyRequest(TEXT, model_id=result.model_id))
        playground.forget_trained(result.model_id)

    def resident() -> int:
        gc.collect()
        playground.manager.reclaim()
        return psutil.Process().memory_info().rss

    for seed in range(min(2, count - 1)):  # the first makes what stays: threads, and what libraries keep
        one(seed)
    before = resident()
    for seed in range(count):
        one(seed)
    return resident() / before - 1


def figures(playground: pg.Playground, part: str, quick: bool) -> dict[str, float]:
    """The figures of a part."""
    pairs, count, seconds, trainings = (1, 60, 20, 2) if quick else (7, 200, 180, 20)
    if part == "start":
        first, reached = seconds_to(playground, 0.9)
        return {"seconds_to_first_step": round(first, 1), "seconds_to_90": round(reached, 1)}
    if part == "step":
        return {"step_over_bare_loop": round(step_over_bare(playground, pairs), 3)}
    if part == "others":
        others, tokens = slowdowns(playground, count)
        return {"others_slowdown": round(others, 2), "tokens_slowdown": round(tokens, 2)}
    if part == "methods":
        return {f"right_by_{method}": round(right_by(playground, method), 2) for method in METHODS}
    if part == "grammar":
        return {f"grammar_accepts_at_{seconds}": round(grammar_accepts(playground, seconds), 2)}
    return {f"bytes_left_after_{trainings}": round(bytes_left(playground, trainings), 4)}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append", help="may be given again")
    given = parser.parse_args()
    found: dict[str, float] = {}
    with pg.Playground(pg.Settings(device="cpu")) as playground:
        playground.classify(pg.ClassifyRequest(TEXT))
        for part in given.only or PARTS:
            found |= figures(playground, part, given.quick)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
