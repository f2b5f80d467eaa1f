"""On a machine with CUDA: every test marked gpu and what is worth measuring there, as a table that fills as it goes.

    make gpu                          or: python3 benchmarks/gpu.py
    make gpu ARGS="--rows tests,8-bit --minutes 4"
    make gpu ARGS=--cpu               walks through every row on the CPU with tiny models

It needs torch with CUDA, and what requirements-gpu.txt names; what of that is missing goes to build/gpu, and the
machine's own packages stay as they are. Rows run in a process of their own, which is ended when a row takes longer
than it may, or fails; the next row then gets a new one. Results are in benchmarks/results/gpu.json after every row,
each with the GPU that it ran on; with --rows, the others keep what they said before. What rows printed is in
build/gpu.log.

Ends with 0 when every row had its turn, also where one failed; 1 when a test failed; 2 when the packages are missing
and can't be installed; 3 when there is no CUDA.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import re
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "build" / "gpu"
LOG = ROOT / "build" / "gpu.log"
LIST = ROOT / "requirements-gpu.txt"
RESULTS = ROOT / "benchmarks" / "results" / "gpu.json"
NO_CUDA = "There is no CUDA here: make gpu needs an NVIDIA GPU and a torch that sees it (--cpu only tries the script)."
ROWS = (
    "machine", "tests", "bfloat16", "float32", "float16", "8-bit", "4-bit", "large bfloat16", "large 4-bit", "graphs",
    "sampling", "parking", "spread", "static", "large static",
)  # fmt: skip
STARTING_SECONDS = 120.0  # until torch and transformers are read from a cold disk

Figures = dict[str, Any]


# What has to be there


def missing(path: list[str] | None = None) -> list[str]:
    """The lines of the list whose package is not here in that version."""
    found = {
        re.sub(r"[-_.]+", "-", one.name).lower(): one.version
        for one in reversed(list(importlib.metadata.distributions(path=sys.path if path is None else path)))
    }
    lines = re.findall(r"^([\w.-]+)==(\S+)", LIST.read_text(encoding="utf-8"), re.M)
    return [f"{name}=={version}" for name, version in lines if found.get(name) != version]


def install() -> int:
    """0 when build/gpu holds what this machine lacks; else the status of what failed."""
    environment = {**os.environ, "PYTHONPATH": f"{PACKAGES}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(PACKAGES)]
    if lacking := missing([str(PACKAGES), *sys.path]):
        print(f"Installing {len(lacking)} packages into build/gpu", flush=True)
        if status := subprocess.call([*pip, "--upgrade", "--no-deps", *lacking], env=environment):
            return status
    if importlib.util.find_spec("torch") is None and not (PACKAGES / "torch").exists():
        print("Installing torch into build/gpu (the largest package: minutes on a slow line)", flush=True)
        pinned = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
        assert pinned is not None, "requirements.txt pins torch"
        return subprocess.call([*pip, pinned[0]], env=environment)
    return 0


def sees_cuda(environment: dict[str, str]) -> bool:
    """Whether torch sees a GPU; asked of another process, as looking takes memory on it."""
    code = "import torch; raise SystemExit(not torch.cuda.is_available())"
    return not subprocess.call([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)


# Running rows


class Worker:
    """A process that runs some rows; it says in lines of JSON how far it is."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._log = LOG.open("ab")
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self._log, bufsize=0)
        assert self._process.stdout is not None
        self._answers = self._process.stdout
        os.set_blocking(self._answers.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._answers, selectors.EVENT_READ)
        self._unread = b""

    def next(self, seconds: float) -> Figures:
        """What it says next.

        Raises:
            TimeoutError: it says nothing for so long.
            ChildProcessError: it is gone.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"given up after {seconds:.0f} s")
            if not self._selector.select(left):
                continue
            piece = self._answers.read(65536)
            if not piece:
                raise ChildProcessError(f"its process ended with {self._process.wait()}; build/gpu.log says more")
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return dict(json.loads(line))

    def close(self) -> None:
        """Ends it, wherever it is."""
        self._process.kill()
        self._process.wait()
        self._selector.close()
        self._answers.close()
        self._log.close()


def results(names: list[str], begin: Callable[[list[str]], Worker], ends_at: float) -> Generator[Figures]:
    """Each row's name, with its figures or its error, and the seconds that it took."""
    worker: Worker | None = None
    try:
        for number, name in enumerate(names):
            began = time.monotonic()
            if began >= ends_at:
                yield {"row": name, "error": "not begun: the time was up", "seconds": 0.0}
                continue
            try:
                worker = worker or begin(names[number:])
                limit = worker.next(min(STARTING_SECONDS, ends_at - began))["seconds"]
                told = worker.next(min(limit, max(0.0, ends_at - time.monotonic())))
            except (TimeoutError, ChildProcessError) as error:
                told = {"row": name, "error": str(error)}
            if worker and ("error" in told or told["figures"].get("failed")):  # its process may not reach the GPU now
                worker.close()
                worker = None
            yield {**told, "seconds": round(time.monotonic() - began, 1)}
    finally:
        if worker:
            worker.close()


# What is shown


def shown(value: Any) -> str:
    """A figure in a few characters.

    >>> [shown(value) for value in (0.123456, 1234.5, 2 * 10**9, True, [], "a b")]
    ['0.123', '1,234', '2.00 G', 'True', 'none', 'a b']
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value >= 1e6:
            return f"{value / 1e9:.2f} G"
        return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def line_of(told: Figures) -> str:
    """A row of the table."""
    figures = told.get("figures") or {"error": told.get("error", "")}
    return f"{told['row']:15} {told['seconds']:6.1f} s  " + " · ".join(f"{k} {shown(v)}" for k, v in figures.items())


def write(told: list[Figures], path: Path, before: Figures) -> None:
    """All rows so far, as a file, with those of ``before`` that had no turn yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    now = {one["row"]: {name: value for name, value in one.items() if name != "row"} for one in told}
    rows = {name: (before | now)[name] for name in ROWS if name in before | now}
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def failed(told: list[Figures]) -> bool:
    """Whether a test failed, or the tests didn't come to an end."""
    tests: Figures = next((one for one in told if one["row"] == "tests"), {"figures": {}})
    return "error" in tests or bool(tests["figures"].get("failed"))


def run(names: list[str], device: str, out: Path, minutes: float, environment: dict[str, str]) -> int:
    """0, or 1 if a test failed."""
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_bytes(b"")
    told: list[Figures] = []
    before = json.loads(out.read_text(encoding="utf-8")) if out.exists() and set(names) < set(ROWS) else {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [sys.executable, str(ROOT / "benchmarks" / "gpu_rows.py"), folder, device]
        rows = results(names, lambda left: Worker([*command, *left], environment), time.monotonic() + 60 * minutes)
        with contextlib.closing(rows):
            for one in rows:
                told.append(one)
                write(told, out, before)
                print(line_of(one), flush=True)
    print(f"Written to {out}", flush=True)
    return int(failed(told))


def main() -> int:
    """The exit status; see above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", action="store_true", help="walk through every row on the CPU, with tiny models")
    parser.add_argument("--rows", default=",".join(ROWS), help="some of them, separated by commas [all]")
    parser.add_argument("--minutes", type=float, default=10.0, help="rows that haven't begun by then aren't [10]")
    parser.add_argument("--out", type=Path, help="where results are written [benchmarks/results/gpu.json]")
    parser.add_argument("--as-is", action="store_true", help="install nothing; a row that lacks a package says so")
    given = parser.parse_args()
    names = [name.strip() for name in given.rows.split(",")]
    if unknown := [name for name in names if name not in ROWS]:
        parser.error(f"there is no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    environment = {**os.environ, "PYTHONPATH": f"{PACKAGES}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    has_torch = importlib.util.find_spec("torch") is not None or (PACKAGES / "torch").exists()
    if not given.cpu and (not sees_cuda(environment) if has_torch else not Path("/dev/nvidiactl").exists()):
        print(NO_CUDA, file=sys.stderr)
        return 3
    if not given.as_is and install():
        print("error: requirements-gpu.txt could not be installed; the lines above say why.", file=sys.stderr)
        return 2
    if given.cpu:
        environment["OMP_NUM_THREADS"] = "1"  # nothing here is worth a second one
    out = given.out or (ROOT / "build" / "gpu-cpu.json" if given.cpu else RESULTS)
    return run(names, "cpu" if given.cpu else "cuda", out, given.minutes, environment)


if __name__ == "__main__":
    sys.exit(main())
