"""A bad argument to any route is answered with 4xx and a sentence: never 500, never a traceback in the log."""

from __future__ import annotations

import itertools
import logging

import httpx
import pytest

from server.failures import is_closed

JSON = {"Content-Type": "application/json"}
ROUTES = (
    "queue/join", "queue/join/", "cancel", "reset", "component_server", "call/tokenize", "call/nope",
    "call/v2/tokenize",
    "call/v2/nope", "run/tokenize", "run/nope", "api/tokenize", "upload", "stream/x/close",
    "vibe-edit", "undo-vibe-edit",
    "run-history/connect", "process_recording",
)  # fmt: skip
BODIES = (
    b"", b"{}", b"[]", b"null", b'{"data":null}', b'{"data":["\\ud800"]}', b'{"data":{"a":1}}',
    b'{"data":NaN}', b"\xff",
    b'{"data":["x"],"fn_index":99999,"session_hash":"s"}', b'{"data":["x"],"fn_index":-1,"session_hash":"s"}',
    b'{"data":["x"],"fn_index":"a","session_hash":"s"}',
    b'{"data":["x"],"fn_index":0,"event_data":5,"session_hash":"s"}',
    b'{"component_id":99999,"fn_name":"x","session_hash":"s","data":[]}',
    b'{"component_id":1,"fn_name":"__init__","session_hash":"s","data":[]}',
    b'{"event_id":"x","session_hash":"s","fn_index":0}', b'{"data":["x"],"session_hash":null}',
    b'{"data":[' + b"[" * 100_000,
)  # fmt: skip
READS = (
    "/gradio_api/file=/etc/passwd", "/gradio_api/file=..%2f..%2fetc/passwd", "/gradio_api/file=%00",
    "/gradio_api/file=http://127.0.0.1:1/x", "/gradio_api/file=" + "a" * 5000,
    "/gradio_api/proxy=http://127.0.0.1:1/x",
    "/gradio_api/upload_progress?upload_id=x", "/gradio_api/stream/s/1/2/3.ts",
    "/gradio_api/custom_component/x/client/component/x", "/static/%00", "/static/..%2fx", "/assets/%00",
    "/assets/..%2f..%2fapp.py", "/svelte/..%2fx", "/monitoring", "/monitoring/summary",
    "/gradio_api/run-history/buckets",
    "/gradio_api/deep_link?session_hash=x", "/pwa_icon/99999999", "/pwa_icon/x", "/gradio_api/dev/reload",
    "/gradio_api/vibe-code", "/docs", "/nope", "/%00", "/gradio_api/%ff", "/?deep_link=x", "/?__theme=%00",
)  # fmt: skip


@pytest.fixture(scope="module")
def ask(app_server):
    with httpx.Client(base_url=app_server, timeout=30) as client:
        yield client


@pytest.fixture
def quiet(caplog):
    """After the test no error has been logged."""
    caplog.set_level(logging.WARNING)
    yield
    errors = [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR]
    assert not errors


@pytest.mark.parametrize("route", ROUTES)
def test_no_body_makes_a_route_fail(ask, quiet, route):
    for body in BODIES:
        answer = ask.post(f"/gradio_api/{route}", content=body, headers=JSON)
        assert answer.status_code < 500, (route, body[:60])
        assert "Traceback" not in answer.text
    broken = ({"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Type": "multipart/form-data"})
    for headers in broken:
        assert ask.post(f"/gradio_api/{route}", content=b"--x", headers=headers).status_code < 500


@pytest.mark.parametrize("path", READS)
def test_no_path_makes_a_route_fail_or_shows_a_file(ask, quiet, path):
    answer = ask.get(path)
    assert answer.status_code < 500
    assert "root:x:" not in answer.text and "def build_app" not in answer.text


def test_an_unknown_endpoint_is_said_to_be_one(ask):
    answer = ask.post("/gradio_api/call/nope", json={"data": []})
    assert answer.status_code == 400
    assert "/gradio_api/info" in answer.json()["detail"]


def test_what_the_page_does_not_use_is_closed(ask):
    paths = ("/gradio_api/vibe-edit", "/gradio_api/dev/reload", "/monitoring/key", "/gradio_api/proxy=x")
    for path, method in itertools.product(paths, ("GET", "POST")):
        assert is_closed(path)
        assert ask.request(method, path).status_code in (404, 405)


def test_the_list_of_endpoints_is_told_nothing_of_others(ask):
    assert ask.get("/monitoring/summary").json() == {"functions": {}}  # not gradio's: nothing is measured
    assert ask.get("/gradio_api/mcp/schema").status_code == 300
