"""A run of the server leaves nothing behind that people gave it: neither while it runs for others, nor afterwards."""

from __future__ import annotations

import signal
import stat
from pathlib import Path

import httpx
import pytest

from server.uploads import PREFIX
from tests.integration.test_exit import ended, start_server
from tests.tiny_models import make_model

SECRET = b"what a person wrote"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server process whose temporary folder is a test's own, and its address."""
    make_model(tmp_path / "llama", "llama")
    models = tmp_path / "models.yaml"
    models.write_text(f"models:\n  - {{id: tiny, task: text-generation, source: folder, location: {tmp_path}/llama}}\n")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    process, url = start_server(models)
    yield process, url, tmp_path / "temporary"
    process.kill()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_uploads_are_private_and_go_with_the_run(server, number):
    process, url, temporary = server
    answer = httpx.post(f"{url}/gradio_api/upload", files={"files": ("<b>mine</b>.csv", SECRET)})
    assert answer.status_code == 200
    (run,) = temporary.glob(f"{PREFIX}*")
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert [path for path in files_in(run) if path.read_bytes() == SECRET]
    assert [path for path in files_in(temporary) if run not in path.parents] == []
    process.send_signal(number)
    assert ended(process) == 0
    assert not run.exists()
    assert files_in(temporary) == []


def test_what_a_killed_run_left_goes_at_the_next_start(server, tmp_path):
    process, url, temporary = server
    httpx.post(f"{url}/gradio_api/upload", files={"files": ("mine.csv", SECRET)}).raise_for_status()
    (left,) = temporary.glob(f"{PREFIX}*")
    process.kill()
    process.wait(20)
    assert left.exists()
    following, _ = start_server(tmp_path / "models.yaml")
    try:
        assert not left.exists()
    finally:
        following.terminate()
        ended(following)
