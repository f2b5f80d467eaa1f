"""Files of models on their way in: each in a folder of its own, under a token that nobody guesses, for some minutes.

It leaves out how they come (`server.model_upload`) and what is in them (`package`).
"""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
import time
from pathlib import Path

from playground.errors import InputError
from playground.forks import in_every_fork

KEPT_SECONDS = 600.0


class Arrivals:
    """The files that have come and that nobody has taken yet."""

    def __init__(self) -> None:
        self._home: Path | None = None
        self._kept: dict[str, tuple[float, Path]] = {}
        self.renew()
        in_every_fork(self, Arrivals.renew)

    def renew(self) -> None:
        """Makes the lock free, in a process that was forked."""
        self._lock = threading.Lock()

    @property
    def home(self) -> Path:
        """The folder below which all of them lie, readable by its owner alone."""
        with self._lock:
            if self._home is None:
                self._home = Path(tempfile.mkdtemp(prefix="playground-arriving-"))
            return self._home

    def live_in(self, folder: Path) -> None:
        """From here on they lie in this folder, which is made."""
        folder.mkdir(mode=0o700)
        self._home = folder

    def begin(self, name: str) -> tuple[str, Path]:
        """A token, and where the file is to be written; its name is what is harmless of the given one."""
        self._drop_old()
        token = secrets.token_hex(16)
        plain = re.sub(r"[^\w -]+", " ", Path(name).stem).strip()[:60] or "model"
        path = self.home / token / f"{plain}.zip"
        path.parent.mkdir(mode=0o700)
        with self._lock:
            self._kept[token] = (time.monotonic(), path)
        return token, path

    def find(self, token: str) -> Path:
        """The file of a token.

        Raises:
            InputError: it isn't here.
        """
        with self._lock:
            kept = self._kept.get(token)
        if kept is None or not kept[1].is_file():
            raise InputError("This file isn't here any more.", "Load it again.")
        return kept[1]

    def drop(self, token: str) -> None:
        """Nothing is left of a file."""
        with self._lock:
            kept = self._kept.pop(token, None)
        if kept is not None:
            shutil.rmtree(kept[1].parent, ignore_errors=True)

    def close(self) -> None:
        """Nothing is left of any."""
        with self._lock:
            self._kept.clear()
            home, self._home = self._home, None
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)

    def _drop_old(self) -> None:
        with self._lock:
            old = [token for token, (came, _) in self._kept.items() if came < time.monotonic() - KEPT_SECONDS]
        for token in old:
            self.drop(token)
