"""Models that people trained here: each under a name of its own, for whoever trained it, until the playground ends.

They lie in a temporary folder, which goes with the playground; the oldest go first where there are too many. Nobody
can guess a name, and on a public page nobody else is told one; elsewhere the list of loaded models has it. It leaves
out the training (`playground.training`).
"""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from playground.errors import ModelNotFoundError
from playground.forks import in_every_fork
from playground.models.catalog import QUANTIZATIONS, ModelSpec

PREFIX = "trained/"
# Folders within that of a trained model:
BEFORE = "before"  # the model that the training began with
ADAPTER = "adapter"  # what was trained beside the base, alone
MOST_OF_A_PERSON = 6
MOST_IN_ALL = 60
MOST_BYTES = 8_000_000_000  # of all files together


@dataclass(frozen=True)
class TrainedModel:
    """A model that somebody trained here.

    ``model_id`` is what every request takes, ``first_text`` a text that suits it, empty where any will do.
    ``before_id`` is the model that the training began with, to be asked the same; empty where it isn't here.
    """

    model_id: str
    title: str
    task: str
    parameters: int
    file_bytes: int
    made_at: float
    first_text: str = ""
    before_id: str = ""


@dataclass(frozen=True)
class _Kept:
    spec: ModelSpec
    person: str
    folder: Path
    report: TrainedModel


class TrainedModels:
    """The models that people trained here, by their ids."""

    def __init__(self, forget: Callable[[str], object] = lambda model_id: None) -> None:
        self._forget = forget
        self._kept: dict[str, _Kept] = {}
        self._before: dict[str, ModelSpec] = {}
        self._home: Path | None = None
        self.renew()
        in_every_fork(self, TrainedModels.renew)

    def renew(self) -> None:
        """Makes the lock free, in a process that was forked."""
        self._lock = threading.Lock()

    def new_folder(self) -> Path:
        """An empty folder of its own, below one that is deleted with the playground."""
        with self._lock:
            if self._home is None:
                self._home = Path(tempfile.mkdtemp(prefix="playground-trained-"))
            return Path(tempfile.mkdtemp(dir=self._home))

    def live_in(self, folder: Path) -> None:
        """From here on models lie in this folder, which is made, and goes with the playground."""
        folder.mkdir(mode=0o700)
        self._home = folder

    def add(
        self, folder: Path, title: str, task: str, parameters: int, person: str, first_text: str = ""
    ) -> TrainedModel:
        """A model under a name of its own, from a folder of `new_folder`; too many, and the oldest go.

        Where the person has one of this ``title``, the report's is numbered: in lists one is told from the other.
        """
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        with self._lock:
            title = self._new_title(title, person)
            slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "model"
            secret = secrets.token_hex(4)
            model_id = f"{PREFIX}{slug}-{secret}"
            before_id = f"{PREFIX}{slug}-before-{secret}" if (folder / BEFORE).is_dir() else ""
            report = TrainedModel(model_id, title, task, parameters, size, time.time(), first_text, before_id)
            spec = ModelSpec(
                model_id, task, "trained", str(folder), title=title, licence="yours", parameters=parameters,
                quantizations=QUANTIZATIONS,
            )  # fmt: skip
            before = replace(spec, id=before_id, location=str(folder / BEFORE), title=f"{title}, before")
            self._kept[model_id] = _Kept(spec, person, folder, report)
            self._before |= {before_id: before} if before_id else {}
            leaving = self._too_many(person)
        for one in leaving:
            self.remove(one)
        return report

    def _new_title(self, title: str, person: str) -> str:
        """The first of "Manners", "Manners 2" and so on that none of the person's models has."""
        taken = {one.report.title for one in self._kept.values() if one.person == person}
        numbered = (f"{title} {number}" for number in count(2))
        return next(one for one in chain([title], numbered) if one not in taken)

    def _too_many(self, person: str) -> list[str]:
        """The oldest ones that are more than fit; never the newest."""
        ids = list(self._kept)
        own = [name for name in ids if self._kept[name].person == person]
        leaving = dict.fromkeys([*own[:-MOST_OF_A_PERSON], *ids[:-MOST_IN_ALL]])
        held = sum(one.report.file_bytes for name, one in self._kept.items() if name not in leaving)
        for name in ids[:-1]:
            if held > MOST_BYTES and name not in leaving:
                leaving[name] = None
                held -= self._kept[name].report.file_bytes
        return list(leaving)

    def find(self, model_id: str) -> ModelSpec | None:
        """The entry of a model, for whoever knows its name; None if there is none (any more).

        Raises:
            ModelNotFoundError: it looks like one, and isn't here.
        """
        kept = self._kept.get(model_id)
        spec = kept.spec if kept else self._before.get(model_id)
        if spec is None and model_id.startswith(PREFIX):
            raise ModelNotFoundError(
                f"{model_id[:100]} isn't here any more: what was trained goes with the visit, or when newer ones come.",
                "Train it again, or load the file that you downloaded (Training tab).",
            )
        return spec

    def of(self, person: str) -> tuple[TrainedModel, ...]:
        """The models of one person, the newest first."""
        with self._lock:
            return tuple(one.report for one in reversed(self._kept.values()) if one.person == person)

    def folder(self, model_id: str) -> Path:
        """Where a model's files lie.

        Raises:
            ModelNotFoundError: it isn't here.
        """
        spec = self.find(model_id)
        if spec is None:
            raise ModelNotFoundError(f"{model_id[:100]} wasn't trained here.", "Pick a model that was.")
        return Path(spec.location)

    def remove(self, model_id: str) -> None:
        """Nothing is left of a model; who uses it now goes on with what is in memory."""
        with self._lock:
            kept = self._kept.pop(model_id, None)
            if kept is not None:
                self._before.pop(kept.report.before_id, None)
        if kept is not None:
            for name in filter(None, (model_id, kept.report.before_id)):
                self._forget(name)
            shutil.rmtree(kept.folder, ignore_errors=True)

    def close(self) -> None:
        """Nothing is left of any."""
        with self._lock:
            self._kept.clear()
            self._before.clear()
            home, self._home = self._home, None
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)
