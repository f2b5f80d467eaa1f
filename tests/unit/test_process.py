"""What the process sets for itself: each in a process of its own, since it holds for a whole process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def told(code: str, **environ: str) -> list:
    """What the code printed last, as JSON, run where ``process`` can be imported."""
    done = subprocess.run(
        [sys.executable, "-c", f"import gc, json, os, sys, process\n{code}"],
        cwd=ROOT, env={"PATH": "", **environ}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def test_a_variable_that_a_person_has_set_stays():
    code = "process.set_environment(); print(json.dumps([os.environ[name] for name in process.GRADIO]))"
    assert told(code) == ["False", "1000"]
    assert told(code, GRADIO_ANALYTICS_ENABLED="True") == ["True", "1000"]


def test_importing_the_module_sets_nothing():
    code = "print(json.dumps([gc.isenabled(), sys.getswitchinterval(), *(os.environ.get(n) for n in process.GRADIO)]))"
    assert told(code) == [True, 0.005, None, None]


def test_garbage_is_left_alone_until_all_is_loaded_and_never_looked_for_in_it():
    code = """
process.prepare()
before = [gc.isenabled(), sys.getswitchinterval()]
loaded = [[] for _ in range(10_000)]
process.settle()
print(json.dumps([*before, gc.isenabled(), gc.get_freeze_count() > 10_000, gc.get_count()[0] < 10_000]))
"""
    assert told(code) == [False, pytest.approx(0.0002), True, True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heaps")
@pytest.mark.parametrize(("prepared", "heaps"), [("pass", range(3, 17)), ("process.prepare()", range(1, 3))])
def test_threads_share_two_heaps(prepared, heaps, tmp_path):
    code = f"""
import ctypes, re, threading
{prepared}
libc, together = ctypes.CDLL(None), threading.Barrier(16)
libc.fopen.restype = ctypes.c_void_p
def thread():
    together.wait()
    libc.malloc(100_000)
    together.wait()
threads = [threading.Thread(target=thread) for _ in range(16)]
for one in threads: one.start()
for one in threads: one.join()
file = ctypes.c_void_p(libc.fopen({str(tmp_path / "heaps").encode()!r}, b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(json.dumps(len(re.findall("<heap nr=", open({str(tmp_path / "heaps")!r}).read()))))
"""
    assert told(code) in heaps


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heaps")
def test_what_is_freed_in_the_middle_of_a_heap_goes_back_to_the_system():
    # Pages that went back read as zeros: what a system says of a process's size is an estimate, and differs by system.
    code = """
import ctypes, time
libc, process.GIVING_BACK_SECONDS = ctypes.CDLL(None), 0.01
libc.malloc.restype = ctypes.c_void_p
blocks = [libc.malloc(100_000) for _ in range(1000)]
for one in blocks: ctypes.memset(ctypes.c_void_p(one), 1, 100_000)
between = blocks[::2]  # what stays lies on either side of each
for one in between: libc.free(ctypes.c_void_p(one))
def given_back(): return sum(ctypes.string_at(one + 50_000, 1) == bytes(1) for one in between)
freed, end = given_back(), time.monotonic() + 30
process.settle()
while given_back() < 500 and time.monotonic() < end: time.sleep(0.01)
print(json.dumps([freed, given_back()]))
"""
    assert told(code) == [0, 500]


def test_the_app_sets_it_before_gradio_is_imported():
    code = "import app; print(json.dumps([os.environ['GRADIO_ANALYTICS_ENABLED'], 'gradio' in sys.modules]))"
    assert told(code, HOME="/tmp") == ["False", False]


def test_a_signal_that_wakes_nobody_is_heeded():
    """As where it comes just before the wait: another thread gets it, and the waiting one isn't woken."""
    code = """
import signal, threading, time
process.listen_to_signals()
def later():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Thread(target=later, daemon=True).start()
try:
    process.wait_for_signal()
except KeyboardInterrupt:
    print(json.dumps("heeded"))
"""
    assert told(code) == "heeded"
