"""Python processes for code that somebody took home: each is new and knows nothing of this project.

Importing torch and transformers takes seconds, so one process does that and no more, and is forked for each question.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SERVER = """
import contextlib, io, json, os, sys, traceback
import torch, transformers, transformers.pipelines, transformers.modeling_utils
torch.set_num_threads(1)
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever else prints doesn't mix with the answers
for line in sys.stdin:
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        if status:
            print(json.dumps({"error": f"its process ended with {status}"}), file=answers, flush=True)
        continue
    outputs = []
    try:
        for code in json.loads(line):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(code, {"__name__": "__main__"})
            outputs.append(out.getvalue())
        said = {"outputs": outputs}
    except BaseException:
        said = {"error": traceback.format_exc()}
    print(json.dumps(said), file=answers, flush=True)
    os._exit(0)
"""


class FreshPython:
    """Runs code in new processes, in a folder that is empty before and afterwards."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder = process, folder

    def outputs(self, *codes: str) -> list[str]:
        """What each code prints, all in one new process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(codes), file=self._process.stdin, flush=True)
        said = json.loads(self._process.stdout.readline())
        assert "error" not in said, said["error"][-3000:]
        assert not any(self._folder.iterdir())
        return list(said["outputs"])

    def numbers(self, *codes: str) -> list[Any]:
        """The JSON that each code prints last."""
        return [json.loads(output.strip().splitlines()[-1]) for output in self.outputs(*codes)]


@contextmanager
def fresh_python(environment: Mapping[str, str], folder: Path) -> Iterator[FreshPython]:
    """A process with this environment that is forked for each question; ``folder`` is where it works, and is made."""
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=folder, env=environment, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield FreshPython(process, folder)
    finally:
        process.kill()
        process.communicate()
