"""ZeroGPU: requests are pickled, a process is forked, and its pickled answers are those of this process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# What ``spaces.GPU`` does, in small: nothing but bytes crosses, and the work is done in a process forked for it.
FORKED = """
import inspect, os, pickle, signal, sys, types

def forked(method):
    def run(*asked):
        sent = pickle.dumps(asked)
        out, into = os.pipe()
        if not os.fork():
            try:
                signal.alarm(60)
                answer = method(*pickle.loads(sent))
                answer = list(answer) if inspect.isgeneratorfunction(method) else answer
                with os.fdopen(into, "wb") as pipe:
                    pickle.dump((os.getpid(), answer), pipe)
            finally:
                os._exit(0)
        os.close(into)
        with os.fdopen(out, "rb") as pipe:
            process, answer = pickle.load(pipe)
        os.wait()
        assert process != os.getpid()
        return answer
    return run

import playground as pg
from playground.registry import declarations
from playground.tables import read_lines
from playground.wire import to_json

batch = pg.EncodeRequest(("a cat", "b"))
text = pg.ClassifyRequest("A good film")
REQUESTS = {
    "chat_next": pg.ChatTemplateRequest((pg.Message("user", "Hello"),)),
    "attend": pg.AttentionRequest("A cat"),
    "attribute": pg.AttributeRequest("A good film", methods=("gradient_x_input",)),
    "classify": text,
    "classify_table": pg.ClassifyTableRequest(read_lines("Good.\\nBad."), "text"),
    "compare_masks": pg.MaskRequest(batch, "no mask"),
    "perturb": pg.PerturbRequest(text, (1,), "mask"),
    "word_loss": pg.WordLossRequest(("man", "woman")),
    "word_matrix": pg.WordMatrixRequest(("man", "woman")),
    "word_pairs": pg.WordPairsRequest((("man", "woman"),)),
}
settings = pg.Settings(device="cpu", hub="off")
plain = pg.Playground(settings)
sys.modules["spaces"] = types.SimpleNamespace(GPU=forked)
on_gpu = pg.Playground(settings, plain.manager)
plain.warm_up()
assert set(REQUESTS) == {one.method for one in declarations(pg.Playground) if one.on_gpu}

def without_time(answer):
    last = answer[-1] if isinstance(answer, list) else answer
    data = to_json(last, short=True)
    return {name: value for name, value in data.items() if name != "elapsed_seconds"}

# As on a Space, where this process never computes: what it has started (a batcher's thread) no fork takes along.
there = {name: getattr(on_gpu, name)(request) for name, request in REQUESTS.items()}
for name, request in REQUESTS.items():
    here = getattr(plain, name)(request)
    here = list(here) if inspect.isgenerator(here) else here
    assert without_time(there[name]) == without_time(here), name
    print(name)
plain.close()
"""


@pytest.mark.embedded
def test_what_runs_on_the_gpu_is_pickled_and_forked_and_answers_the_same(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # helper threads are not there after a fork
    done = subprocess.run([sys.executable, "-c", FORKED], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.split()) == 10
