"""A person's own machine: another home folder, an empty working folder, and a Hub that has what the real one has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.fresh_python import FreshPython, fresh_python
from tests.hub_stand_in import Repository, running_hub

ROOT = Path(__file__).parents[1]
MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@contextmanager
def somebodys_home(folder: Path) -> Iterator[FreshPython]:
    """A home in which the models were prepared as the receipts say: by running the project's own command."""
    with running_hub() as hub:
        environment = _environment(folder, hub.url)
        command = [sys.executable, "-m", "playground.models.embedded"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        from playground.models.recipes import RECIPES, Package

        source = RECIPES["all-minilm-l6-v2"].source
        assert isinstance(source, Package)
        shelf = folder / ".cache" / "transformers-playground" / "models"
        files = Repository.of_folder(shelf / "all-minilm-l6-v2").files
        del files["manifest.json"]
        hub.repositories[MINILM] = Repository(files, revisions=(source.hub_revision,))
        with fresh_python(environment, folder / "somewhere") as python:
            yield python


@contextmanager
def bare_home(folder: Path, repositories: Mapping[str, Repository]) -> Iterator[FreshPython]:
    """A home in which nothing of this project was ever run, beside a Hub that has these models."""
    with running_hub() as hub:
        hub.repositories.update(repositories)
        with fresh_python(_environment(folder, hub.url), folder / "somewhere") as python:
            yield python


def _environment(home: Path, hub: str) -> dict[str, str]:
    unwanted = ("PLAYGROUND_", "XDG_", "HF_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, "HOME": str(home), "HF_ENDPOINT": hub}
