"""A person's own machine: another home folder, an empty working folder, and a Hub that has what the real one has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hub_stand_in import Repository, running_hub

ROOT = Path(__file__).parents[1]
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
RUNNER = """
import contextlib, io, json, sys
import torch
torch.set_num_threads(1)
for code in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {"__name__": "__main__"})
    print(json.dumps(out.getvalue()))
"""


@dataclass(frozen=True)
class Home:
    """Where code runs that somebody took home."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, folder: Path, given: str = "") -> str:
        """What a Python process prints."""
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=folder, env=self.environment, input=given, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def outputs(self, *codes: str) -> list[str]:
        """What each code prints, all in one fresh process that finds nothing of this project."""
        empty = self.folder / "somewhere"
        empty.mkdir(exist_ok=True)
        lines = self.run("-c", RUNNER, folder=empty, given=json.dumps(codes)).splitlines()
        assert not any(empty.iterdir())
        return [json.loads(line) for line in lines]

    def numbers(self, *codes: str) -> list[Any]:
        """The JSON that each code prints last."""
        return [json.loads(output.strip().splitlines()[-1]) for output in self.outputs(*codes)]


@contextmanager
def somebodys_home(folder: Path) -> Iterator[Home]:
    """A home in which the models were prepared as the receipts say: by running the project's own command."""
    unwanted = ("PLAYGROUND_", "XDG_", "HF_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    with running_hub() as hub:
        home = Home(folder, {**kept, "HOME": str(folder), "HF_ENDPOINT": hub.url})
        home.run("-m", "playground.models.embedded", folder=ROOT)
        from playground.models.recipes import RECIPES, Package

        source = RECIPES["all-minilm-l6-v2"].source
        assert isinstance(source, Package)
        shelf = folder / ".cache" / "transformers-playground" / "models"
        files = Repository.of_folder(shelf / "all-minilm-l6-v2").files
        del files["manifest.json"]
        hub.repositories[MINILM] = Repository(files, revisions=(source.hub_revision,))
        yield home
