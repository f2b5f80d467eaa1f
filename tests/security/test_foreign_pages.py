"""A real foreign page, a form, a frame and a rebound name, in Chromium, against a teacher's server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from server.origin import OwnPageOnly
from tests.conftest import CHROMIUM, CHROMIUM_ARGUMENTS

pytestmark = pytest.mark.browser
PAGE = b"""<!doctype html><title>foreign</title>
<form method="post" enctype="text/plain" target="sink"><input name='{"data":["' value='"]}'></form>
<iframe name="sink"></iframe>"""


class Foreign(BaseHTTPRequestHandler):
    """Any page of another origin."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def foreign() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://foreign.test:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium(playwright):
    """A browser for which ``foreign.test`` and ``rebound.test`` are names of this machine."""
    names = "--host-resolver-rules=MAP foreign.test 127.0.0.1, MAP rebound.test 127.0.0.1"
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGUMENTS, names])
    yield browser
    browser.close()


@pytest.fixture
def visit(chromium, foreign):
    """The foreign page, open in a window of its own."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(foreign)
    yield page
    context.close()


TRIES = """async (server) => {
  const body = JSON.stringify({ data: ["cats"], fn_index: 0, session_hash: "x" });
  const paths = ["call/tokenize", "component_server", "queue/join", "upload"].map((path) => `/gradio_api/${path}`);
  const tries = paths.flatMap((path) => ["cors", "no-cors"].map((mode) => [path, { method: "POST", mode, body }]));
  tries.push([paths[0], { method: "POST", body, headers: { "Content-Type": "application/json" } }]);
  tries.push(["/config", {}], ["/gradio_api/info", {}], ["/config", { mode: "no-cors" }]);
  const seen = [];
  for (const [path, options] of tries) {
    seen.push(await fetch(server + path, options).then((answer) => answer.status, () => "blocked"));
  }
  return seen;
}"""


def test_its_scripts_command_and_read_nothing(visit, app_server, monkeypatch):
    page = visit
    verdicts: list[tuple[str, int]] = []
    judge = OwnPageOnly.verdict

    def note(self, scope):
        judged = judge(self, scope)
        verdicts.append((scope["method"], judged[0]))
        return judged

    monkeypatch.setattr(OwnPageOnly, "verdict", note)
    outcome = page.evaluate(TRIES, app_server)
    assert len(outcome) == 12
    assert all(seen in (403, "blocked") for seen in outcome)
    assert ("POST", 403) in verdicts and ("GET", 403) in verdicts  # they did arrive
    assert all(status == 403 for method, status in verdicts if method != "OPTIONS")


@pytest.mark.parametrize("path", ["/gradio_api/call/tokenize", "/gradio_api/component_server"])
def test_its_forms_command_nothing(visit, app_server, path):
    page = visit
    with page.expect_response(lambda answer: answer.url == app_server + path) as posted:
        page.evaluate("(url) => { document.forms[0].action = url; document.forms[0].submit(); }", app_server + path)
    assert posted.value.request.method == "POST"
    assert posted.value.status == 403


def test_it_can_not_show_the_page_in_a_frame(visit, app_server):
    page = visit
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text))
    page.evaluate("(url) => { document.querySelector('iframe').src = url; }", app_server)
    page.wait_for_function("() => true")
    page.wait_for_timeout(1500)
    assert any("frame-ancestors" in line for line in refused)
    inside = [frame for frame in page.frames if frame.url.startswith(app_server)]
    assert not any(frame.locator("[role=tab]").count() for frame in inside)


def test_a_rebound_name_is_not_answered(chromium, app_server):
    context = chromium.new_context()
    page = context.new_page()
    answer = page.goto(f"http://rebound.test:{urlsplit(app_server).port}/")
    assert answer.status == 400
    read = page.evaluate("async () => (await fetch('/config')).status")
    context.close()
    assert read == 400
