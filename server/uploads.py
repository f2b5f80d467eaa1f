"""What may be left on this machine: a private folder for one run of the server, and how much may be dropped into it."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
import time
from collections import deque
from pathlib import Path

from filelock import FileLock, Timeout
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.units import format_bytes
from server.requests import BodyTooLong, address_of, refusal

PREFIX = "transformers-playground-"
LOCK = ".lock"
HOUR = 3600.0


class RunFolder:
    """A folder of one run of the server, readable by its owner alone, removed when the run ends.

    ``begin()`` also removes what crashed runs have left: folders whose lock nobody holds.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or Path(tempfile.gettempdir())
        self.path = Path()

    def begin(self) -> Path:
        """The new folder, mode 0700."""
        for left in self._parent.glob(f"{PREFIX}*"):
            self._remove_if_left(left)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._parent))
        self._lock = FileLock(self.path / LOCK)
        self._lock.acquire()
        atexit.register(self.end)
        return self.path

    def end(self) -> None:
        """Removes the folder and all that is in it."""
        atexit.unregister(self.end)
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)

    @staticmethod
    def _remove_if_left(folder: Path) -> None:
        """Removes a folder of a run that ended without removing it; another user's, or a running one's, stays."""
        with contextlib.suppress(OSError, Timeout):
            if not (folder / LOCK).exists() and time.time() - folder.stat().st_mtime < 60:
                return  # it has just been made, by a run that is about to lock it
            with FileLock(folder / LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)


class BoundedUploads:
    """ASGI middleware: one request, one address within an hour, and the folder as a whole have a limit of bytes.

    ``most_per_request`` bytes in one request; ``most_in_all`` in ``folder``, half of that from one address in an hour.
    Other requests than those whose path ends with ``path`` pass.
    """

    def __init__(
        self, app: ASGIApp, folder: Path, most_per_request: int, most_in_all: int, path: str = "/upload"
    ) -> None:
        self._app, self._path = app, path
        self._folder = folder
        self._most_per_request = most_per_request
        self._most_in_all = most_in_all
        self._uploads: deque[tuple[float, str, int]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].rstrip("/").endswith(self._path):
            return await self._app(scope, receive, send)
        address = address_of(scope)
        room = min(
            self._most_in_all - self._folder_bytes(), self._most_in_all // 2 - self._bytes_within_an_hour(address)
        )
        if room <= 0:
            return await refusal(429, "Too much has been uploaded within the last hour. Try again later.")(
                scope, receive, send
            )
        most = min(self._most_per_request, room)
        counted = _Counted(receive, most)
        started = False

        async def note_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, note_start)
        except BodyTooLong:
            if not started:
                await refusal(413, f"This upload may have at most {format_bytes(most)}.")(scope, receive, send)
        finally:
            self._uploads.append((time.monotonic(), address, counted.bytes))

    def _bytes_within_an_hour(self, address: str) -> int:
        while self._uploads and self._uploads[0][0] < time.monotonic() - HOUR:
            self._uploads.popleft()
        return sum(size for _, who, size in self._uploads if who == address)

    def _folder_bytes(self) -> int:
        total = 0
        for path in self._folder.rglob("*"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
        return total


class _Counted:
    """``receive`` that counts the body's bytes and stops reading at the limit."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most = receive, most
        self.bytes = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self.bytes += len(message.get("body", b""))
        if self.bytes > self._most:
            raise BodyTooLong
        return message
