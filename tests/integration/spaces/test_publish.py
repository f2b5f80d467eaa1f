"""Publishing a Space: by huggingface_hub's own client, to a stand-in that keeps what it is sent."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse

import pytest
import yaml

from playground import publish
from playground.errors import InputError
from playground.models.recipes import RECIPES, Package

ROOT = Path(__file__).parents[3]
OLD = {"type": "file", "path": "old.py", "size": 1, "oid": "0" * 40}


class SpacesHub(BaseHTTPRequestHandler):
    """What the Hub does when a Space is made and filled; ``got`` is what arrived."""

    got: dict[str, list]
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = urlparse(self.path).path
        self.answer([OLD] if "/tree/" in path else {"id": "me/mine", "sha": "1" * 40, "siblings": []})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = urlparse(self.path).path.split("/")[-2 if "/main" in self.path else -1]
        sent = [json.loads(line) for line in body.splitlines()] if name == "commit" else json.loads(body)
        self.got.setdefault(name, []).append(sent)
        if name == "preupload":
            regular = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            return self.answer({"files": [{"path": one["path"], **regular} for one in sent["files"]]})
        return self.answer(
            {
                "url": f"http://{self.headers['Host']}/spaces/me/mine", "errors": [], "warnings": [],
                "commitOid": "2" * 40, "commitUrl": f"http://{self.headers['Host']}/spaces/me/mine/commit/{'2' * 40}",
                "stage": "BUILDING", "hardware": {"current": None, "requested": "zero-a10g"},
            }
        )  # fmt: skip

    def answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *values):
        """Nothing."""


@pytest.fixture
def hub(monkeypatch):
    """What arrives at a Hub of our own."""
    got = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (SpacesHub,), {"got": got}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_TOKEN", "hf_nobody")
    yield got
    server.shutdown()
    server.server_close()


def sent_files(got):
    """Name -> content of the files of all commits, and the names that they remove."""
    lines = [line for commit in got["commit"] for line in commit]
    files = {
        line["value"]["path"]: base64.b64decode(line["value"]["content"]) for line in lines if line["key"] == "file"
    }
    return files, [line["value"]["path"] for line in lines if line["key"] == "deletedFile"]


def test_without_yes_nothing_is_sent(hub, capsys):
    assert publish.main(["me/mine"]) == 0
    assert hub == {}
    assert "Nothing was sent" in capsys.readouterr().out


def test_a_space_with_zerogpu_gets_the_app_and_a_torch_that_it_can_run(hub, capsys, tmp_path):
    assert publish.main(["me/mine", "--hardware", publish.ZERO, "--yes"]) == 0, capsys.readouterr().err
    assert hub["create"][0]["sdk"] == "gradio"
    assert hub["create"][0]["type"] == "space"
    assert hub["hardware"][0]["flavor"] == "zero-a10g"
    files, removed = sent_files(hub)
    assert removed == ["old.py"]
    assert not any(name.startswith(("tests/", "benchmarks/", ".")) or "__pycache__" in name for name in files)
    assert b"torch>=2.8,<2.12\n" in files["requirements.txt"]
    front = yaml.safe_load(files["README.md"].decode().split("---")[1])
    assert (front["sdk"], front["app_file"], front["suggested_hardware"]) == ("gradio", "app.py", "zero-a10g")
    sources = [recipe.source for recipe in RECIPES.values() if isinstance(recipe.source, Package)]
    assert all(source.hub_revision in " ".join(front["preload_from_hub"]) for source in sources)
    # It is all that the app needs.
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    code = "import app; from playground.service import Playground; app.build_app(Playground()); print('built')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["built"], done.stderr[-2000:]


def test_a_docker_space_has_its_port_and_its_image():
    plan = publish.make_plan("me/mine", "t4-small", docker=True, private=True)
    front = yaml.safe_load(str(plan.files["README.md"]).split("---")[1])
    assert (front["sdk"], front["app_port"]) == ("docker", 7860)
    documented = (ROOT / "docs" / "spaces.md").read_text().split("```yaml\n")[1].split("```")[0]
    assert front == yaml.safe_load(documented) | {"suggested_hardware": "t4-small"}
    assert {"Dockerfile", "requirements.lock", "requirements-models.lock"} <= plan.files.keys()
    copied = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY")]
    for line in copied:
        names = [name for name in line[1:-1] if not name.startswith("--")]
        assert all(name == "." or name in plan.files for name in names)


TO_A_GPU = ["a/b", "--docker", "--hardware", "zero-a10g"]


@pytest.mark.parametrize(("arguments", "why"), [(["mine"], "OWNER/NAME"), (TO_A_GPU, "--docker")])
def test_what_cannot_be_is_said(arguments, why, capsys):
    assert publish.main([*arguments, "--yes"]) == 1
    assert why in capsys.readouterr().err


def test_a_hub_that_is_not_there_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert publish.main(["me/mine", "--yes"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "hf auth login" in line


def test_a_name_is_checked():
    with pytest.raises(InputError):
        publish.make_plan("me/mine/too")
