"""A Space with ZeroGPU on this machine: the app, and a stand-in for the scheduler that lends GPUs."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

ROOT = Path(__file__).parents[1]


@dataclass
class Scheduler:
    """Lends a few GPUs; a GPU goes on with the process that had it last if the same method asks again."""

    gpus: int = 4
    lent: dict[str, int] = field(default_factory=dict)
    last_task: dict[int, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    released: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    refuses: bool = False

    def __post_init__(self) -> None:
        self._free = threading.Condition()
        self._tokens = itertools.count()

    def schedule(self, asked: dict[str, str]) -> dict[str, object]:
        """A GPU, as soon as one is free; rather the one where this method ran last."""
        task = asked["taskId"]
        with self._free:
            self.asked.append(asked)
            self._free.wait_for(lambda: len(self.lent) < self.gpus)
            free = [number for number in range(self.gpus) if number not in self.lent.values()]
            number = min(free, key=lambda one: (self.last_task.get(one, task) != task, one not in self.last_task))
            idle, self.last_task[number] = self.last_task.get(number) == task, task
            token = f"token-{next(self._tokens)}"
            self.lent[token] = number
            self.most_at_once = max(self.most_at_once, len(self.lent))
        return {"idle": idle, "nvidiaIndex": number, "nvidiaUUID": f"GPU-{number}", "allowToken": token}

    def release(self, asked: dict[str, str]) -> None:
        """Takes a GPU back."""
        with self._free:
            self.released.append(asked)
            number = self.lent.pop(asked["allowToken"])
            if asked["fail"] == "true":
                self.last_task.pop(number, None)
            self._free.notify_all()


def _handler(scheduler: Scheduler) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            url = urlparse(self.path)
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            if url.path == "/schedule" and scheduler.refuses:
                return self.answer(503, {})
            answer = scheduler.schedule(asked) if url.path == "/schedule" else {}
            if url.path == "/release":
                scheduler.release(asked)
            return self.answer(200, answer)

        def answer(self, status: int, content: dict[str, object]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *values: object) -> None:
            """Nothing."""

    return Handler


@dataclass(frozen=True)
class Space:
    """A running Space."""

    url: str
    scheduler: Scheduler
    process: int
    log: Path

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """All that a method of its playground answers; its failure last, if it fails."""
        sent = {"content-type": "application/json"}  # the only kind that the page's guards let in
        request = urllib.request.Request(f"{self.url}/ask", pickle.dumps((method, arguments)), sent, method="POST")
        with urllib.request.urlopen(request, timeout=60) as response:
            return pickle.loads(response.read())


@contextmanager
def running_space(folder: Path, *flags: str) -> Iterator[Space]:
    """The app of `tests.zero_gpu_app` beside a scheduler of its own."""
    scheduler, log = Scheduler(), folder / "log"
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scheduler))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cgroup = folder / "cgroup"
    cgroup.write_text("0::/space\n")
    environment = os.environ | {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{server.server_port}",
        "ZEROGPU_PROC_SELF_CGROUP_PATH": str(cgroup),
        "ZEROGPU_OFFLOAD_DIR": str(folder / "tensors"),
        "SPACE_ID": "somebody/playground",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "tests/zero_gpu_app.py", "--host", "127.0.0.1", "--port", "0", *flags]
    with log.open("w") as out:
        app = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield Space(_address(app, log), scheduler, app.pid, log)
    finally:
        app.terminate()
        app.wait(20)
        server.shutdown()


def _address(app: subprocess.Popen[bytes], log: Path) -> str:
    while app.poll() is None:
        line = next((line for line in log.read_text().splitlines() if "is ready: " in line), "")
        if line:
            return line.split("is ready: ")[1].split()[0]
        try:
            app.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(log.read_text())
