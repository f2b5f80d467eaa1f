"""A small server that speaks what huggingface_hub asks of the Hub, so that real downloading code meets real trouble.

Endpoints, as huggingface_hub 2.4 calls them: ``/api/models/ID/revision/REV``, ``/api/models/ID/tree/REV`` and
``/ID/resolve/REV/FILE`` with HEAD, GET and ranges. Trouble is switched on per repository, see `Repository`.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse

CHUNK = 16_384


@dataclass
class Repository:
    """What one model's page on the Hub would hold, and what is wrong with it."""

    files: dict[str, bytes] = field(default_factory=dict)
    gated: int = 0  # 401 or 403: the status with which the files are refused
    failing: int = 0  # a status for every request, such as 503
    breaks_off_at: int | None = None  # no byte of a large file beyond this one ever arrives
    breaks_off_every: int | None = None  # a connection ends after so many bytes; the next range goes on
    bytes_per_second: int | None = None
    revisions: tuple[str, ...] = ()  # names of this content beside "main" and its commit
    requests: list[tuple[str, str, str]] = field(default_factory=list)  # method, file, range

    @property
    def commit(self) -> str:
        """A commit hash that changes with the content."""
        digest = hashlib.sha1()
        for name in sorted(self.files):
            digest.update(name.encode() + b"\0" + hashlib.sha1(self.files[name]).digest())
        return digest.hexdigest()

    def commit_of(self, revision: str) -> str:
        """The commit that a revision names; one that is written as a commit is that itself."""
        return revision if len(revision) == 40 else self.commit

    @classmethod
    def of_folder(cls, folder: Path, **trouble: object) -> Repository:
        """The files of a folder."""
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        return cls(files, **trouble)  # type: ignore[arg-type]


class Hub:
    """The server's content: repositories by id."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.url = ""


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A stand-in on a free port of this machine; stops at the end of the ``with``."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def _answer(self) -> None:
        parts = [unquote(part) for part in urlparse(self.path).path.strip("/").split("/")]
        api = parts[:2] == ["api", "models"]
        parts = parts[2:] if api else parts
        cut = next((at for at, part in enumerate(parts) if part in ("revision", "tree", "resolve")), len(parts))
        repository = self.hub.repositories.get("/".join(parts[:cut]))
        if repository is None:
            return self._refuse(401, "RepoNotFound" if not api else "", "Invalid username or password.")
        if repository.failing:
            return self._refuse(repository.failing, "", "no")
        revision = parts[cut + 1] if len(parts) > cut + 1 else "main"
        if revision not in ("main", repository.commit, *repository.revisions):
            return self._refuse(404, "RevisionNotFound", "Invalid rev id")
        if parts[cut:] and parts[cut] == "resolve":
            return self._file(repository, "/".join(parts[cut + 2 :]), revision)
        if parts[cut:] and parts[cut] == "tree":
            return self._json([_listed(name, content) for name, content in repository.files.items()])
        siblings = [{"rfilename": name} for name in repository.files]
        return self._json({"id": "/".join(parts[:cut]), "sha": repository.commit_of(revision), "siblings": siblings})

    def _file(self, repository: Repository, name: str, revision: str) -> None:
        repository.requests.append((self.command, name, self.headers.get("Range", "")))
        if repository.gated:
            return self._refuse(repository.gated, "GatedRepo", "Access to this model is restricted.")
        if name not in repository.files:
            return self._refuse(404, "EntryNotFound", "Entry not found")
        content = repository.files[name]
        wanted = self.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("X-Repo-Commit", repository.commit_of(revision))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content) - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "GET":
            self._body(repository, content, start)

    def _body(self, repository: Repository, content: bytes, start: int) -> None:
        end = len(content)
        if repository.breaks_off_at is not None:
            end = min(end, max(start, repository.breaks_off_at))
        if repository.breaks_off_every is not None:
            end = min(end, start + repository.breaks_off_every)
        for at in range(start, end, CHUNK):
            piece = content[at : min(end, at + CHUNK)]
            try:
                self.wfile.write(piece)
            except OSError:  # the other side has gone
                break
            if repository.bytes_per_second:
                time.sleep(len(piece) / repository.bytes_per_second)
        self.close_connection = end < len(content)

    def _json(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", message)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _listed(name: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
