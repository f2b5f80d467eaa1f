"""Requests that aren't the page's own: refused with 4xx and a sentence; programs go on working."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from server.origin import AllowedHosts, OwnPageOnly

JSON = {"Content-Type": "application/json"}
API = "/gradio_api/call/tokenize"


def ask(server: str, method: str, path: str, headers: dict[str, str] | None = None, body: str | None = None):
    """(status, body as text) of one raw request: no library adds or mends a header."""
    at = urlsplit(server)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode("utf-8", "replace")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9"},
        {"Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1.evil.test"},
    ],
)
@pytest.mark.parametrize("path", [API, "/gradio_api/queue/join", "/gradio_api/component_server", "/gradio_api/upload"])
def test_another_page_commands_nothing(app_server, path, headers):
    status, said = ask(app_server, "POST", path, {**JSON, **headers}, json.dumps({"data": ["hello"]}))
    assert status == 403
    assert "Another web page" in json.loads(said)["detail"]


@pytest.mark.parametrize("path", ["/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=x", "/theme.css"])
def test_another_page_reads_nothing(app_server, path):
    assert ask(app_server, "GET", path, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0] == 403
    assert ask(app_server, "GET", path, {"Origin": "http://evil.test"})[0] == 403


def test_a_link_on_another_page_opens_the_page(app_server):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask(app_server, "GET", "/", headers)[0] == 200
    assert ask(app_server, "GET", "/gradio_api/deep_link", headers)[0] == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/plain;x=application/json"])
@pytest.mark.parametrize("path", [API, "/gradio_api/queue/join", "/gradio_api/component_server"])
def test_a_body_that_a_form_can_send_is_refused(app_server, path, kind):
    status, said = ask(app_server, "POST", path, {"Content-Type": kind}, '{"data": ["hello"]}')
    assert status == 415
    assert "application/json" in json.loads(said)["detail"]


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "192.168.1.9:7860", "a b", ""])
def test_a_rebound_name_gets_no_answer(app_server, host):
    status, said = ask(app_server, "GET", "/config", {"Host": host})
    assert status == 400
    assert "--allowed-hosts" in json.loads(said)["detail"] or "host" in said.lower()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:7860", "page.localhost"])
def test_local_names_are_answered(app_server, host):
    assert ask(app_server, "GET", "/config", {"Host": host})[0] == 200


def test_programs_go_on_working(app_server, client):
    assert client.predict(text="cats", api_name="/tokenize")
    status, said = ask(app_server, "POST", API, JSON, json.dumps({"data": ["cats"]}))
    assert (status, "event_id" in said) == (200, True)


def test_the_page_s_own_requests_pass(app_server):
    for headers in ({"Origin": app_server}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert ask(app_server, "GET", "/config", headers)[0] == 200


def answering(bound_to: str, *configured: str) -> TestClient:
    """A client of a bare server behind the guard alone."""

    async def server(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    return TestClient(OwnPageOnly(server, AllowedHosts(bound_to, configured)), base_url="http://10.1.2.3:7860")


def test_in_a_classroom_addresses_are_answered_and_foreign_names_are_not():
    room = answering("0.0.0.0")
    assert room.get("/").status_code == 200
    assert room.get("/", headers={"Host": "rebound.test"}).status_code == 400
    own = {"Origin": "http://10.1.2.3:7860", **JSON}  # plain http from another machine: no Sec-Fetch-Site
    assert room.post("/", headers=own, content="{}").status_code == 200
    assert room.post("/", headers=own | {"Origin": "http://10.1.2.3:80"}, content="{}").status_code == 403


def test_configured_names_are_answered():
    page = answering("0.0.0.0", "class.example.org", "*.hf.space")
    for host, status in [
        ("class.example.org", 200),
        ("me-demo.hf.space", 200),
        ("hf.space.evil.test", 400),
        ("example.org", 400),
    ]:
        assert page.get("/", headers={"Host": host}).status_code == status, host


def test_behind_a_proxy_the_browser_s_word_counts():
    """The proxy's own name arrives as ``Host``; what the browser says of the site is still its own."""
    page = answering("127.0.0.1")
    behind = {"Host": "localhost:7860", "Origin": "https://class.example.org", **JSON}
    assert page.post("/", headers=behind | {"Sec-Fetch-Site": "same-origin"}, content="{}").status_code == 200
    assert page.post("/", headers=behind | {"Sec-Fetch-Site": "cross-site"}, content="{}").status_code == 403
