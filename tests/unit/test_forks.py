"""A process that is forked from one with threads works on, whatever those threads held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from playground.runs import Runs
from tests.tiny_models import make_model

ROOT = Path(__file__).parents[2]
FORKED = """
import json, os, signal, sys, threading, time
import playground as pg

def in_a_fork(work):
    out, into = os.pipe()
    if not os.fork():
        signal.alarm(60)  # what waits for a thread that isn't there waits for ever
        with os.fdopen(into, "w") as pipe:
            pipe.write(json.dumps(work()))
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as pipe:
        said = pipe.read()
    os.wait()
    return json.loads(said or '"nothing"')

playground = pg.Playground(pg.Settings.read(["--models-file", sys.argv[1], "--device", "cpu"]))
asked = pg.GenerateRequest("w5 w6", model_id="writes", max_new_tokens=8)
text = pg.ClassifyRequest("w7 w8", model_id="labels")

def ids():
    return list(playground.generate(asked).result().finished.token_ids)

def label():
    return playground.classify(text).best.label

before = [ids(), label()]
endless = playground.generate(pg.GenerateRequest("w9", model_id="writes", max_new_tokens=4000))
next(iter(endless))
held = threading.Event()

def hold():
    with playground.manager._books.lock, playground.runs._lock, playground.manager._tokenizers._lock:
        held.set()
        time.sleep(2)

threading.Thread(target=hold, daemon=True).start()
held.wait()
there = in_a_fork(lambda: [ids(), label()])
leases = in_a_fork(lambda: sum(row.leases for row in playground.snapshot().models))
endless.close()
print(json.dumps([before, there, [ids(), label()], leases]))
playground.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_classifies_and_generates_while_its_parent_does(tmp_path):
    """Its batcher's and its engine's threads are not there, and a lock that a thread held is held for ever."""
    make_model(tmp_path / "writes", "llama", max_position_embeddings=5000)
    make_model(tmp_path / "labels", "bert")
    rows = [f"  - {{id: {n}, task: {t}, source: folder, location: {tmp_path / n}}}" for n, t in
            (("writes", "text-generation"), ("labels", "text-classification"))]  # fmt: skip
    (tmp_path / "models.yaml").write_text("models:\n" + "\n".join(rows) + "\n")
    command = [sys.executable, "-c", FORKED, str(tmp_path / "models.yaml")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # torch's own helpers are not there either
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    before, there, after, leases = json.loads(done.stdout.splitlines()[-1])
    assert before == there == after
    assert leases == 0, "whoever held a lease is not there"


def test_what_was_cancelled_elsewhere_is_cancelled_here():
    runs, elsewhere = Runs(), threading.Event()
    runs.renew(elsewhere.is_set)
    with runs.begin("one") as run:
        assert not run.cancelled
        elsewhere.set()
        assert run.cancelled


IMPORTING = """
import playground, logging, os, threading, time
from concurrent.futures import ThreadPoolExecutor

held, pool = threading.Event(), ThreadPoolExecutor(1)

def work():
    with playground.IMPORTING:
        held.set()
        time.sleep(0.3)
        logging.getLogger("made while it imports")
        pool.submit(int)

threading.Thread(target=work, daemon=True).start()
held.wait()
if not os.fork():
    os._exit(0)
os.wait()
print("forked", flush=True)
os._exit(0)
"""


def test_a_fork_while_torch_is_imported_waits_for_no_lock_that_the_import_wants():
    done = subprocess.run([sys.executable, "-c", IMPORTING], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "forked", done.stderr
