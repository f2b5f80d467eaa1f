"""deploy/nginx.conf before two fronts: who stays with which, and what a front learns of whoever asks."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx isn't installed")


class Front(BaseHTTPRequestHandler):
    """Says which front it is, and what it was told; of a stream a second word when the first was read."""

    go_on: threading.Event

    def do_GET(self) -> None:
        body = f"{self.server.server_port}\n{self.headers['Host']}\n{self.headers['X-Forwarded-For']}".encode()
        self.send_response(200)
        if self.path == "/stream":
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"one")
            self.go_on.wait(20)
            self.wfile.write(b"two")
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def start_front(port: int = 0) -> ThreadingHTTPServer:
    front = ThreadingHTTPServer(("127.0.0.1", port), Front)
    threading.Thread(target=front.serve_forever, args=(0.02,), daemon=True).start()
    return front


@pytest.fixture(scope="module")
def fronts() -> Iterator[list[ThreadingHTTPServer]]:
    Front.go_on = threading.Event()
    fronts = [start_front(), start_front()]
    yield fronts
    for front in fronts:
        front.shutdown()
        front.server_close()


@pytest.fixture(scope="module")
def port(fronts, tmp_path_factory) -> Iterator[int]:
    """The port of nginx, which reads the file of this project with other ports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    for name, front in zip(("127.0.0.1:7861", "127.0.0.1:7862"), fronts, strict=True):
        assert text.count(name) == 1
        text = text.replace(name, f"127.0.0.1:{front.server_port}")
    text, found = re.subn(r"listen 80;", f"listen 127.0.0.1:{port};", text)
    assert found == 1
    folder = tmp_path_factory.mktemp("nginx")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in TEMPORARY)
    whole = f"daemon off; pid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n"
    (folder / "whole.conf").write_text(whole)
    running = subprocess.Popen([NGINX, "-p", str(folder), "-c", "whole.conf", "-e", f"{folder}/errors"])
    try:
        wait_for(port, running, folder / "errors")
        yield port
    finally:
        running.terminate()
        running.wait(10)


def wait_for(port: int, running: subprocess.Popen, errors: Path) -> None:
    """Returns when nginx answers."""
    while running.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
    pytest.fail(errors.read_text())


def ask(port: int, path: str = "/", **headers: str) -> tuple[http.client.HTTPResponse, list[str]]:
    """The answer of one request, and its lines: a front, the Host and the address that the front was told."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    answer = connection.getresponse()
    lines = answer.read().decode().split("\n")
    connection.close()
    return answer, lines


def open_page(port: int) -> tuple[str, str]:
    """(front, cookie) of a browser that opens the page for the first time."""
    answer, lines = ask(port, **PAGE)
    cookie = answer.headers["Set-Cookie"]
    assert re.fullmatch(r"playground_front=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax", cookie)
    return lines[0], cookie.partition(";")[0]


def test_a_browser_stays_with_one_front_and_many_are_spread(port, fronts):
    visitors = [open_page(port) for _ in range(24)]
    for front, cookie in visitors:
        for accept in (PAGE["Accept"], "text/event-stream"):
            answer, lines = ask(port, "/gradio_api/queue/data", Cookie=cookie, Accept=accept)
            assert (lines[0], answer.headers["Set-Cookie"]) == (front, None)
    counts = [sum(front == str(one.server_port) for front, _ in visitors) for one in fronts]
    assert sum(counts) == 24
    assert min(counts) > 0  # as likely as 24 equal throws of a coin


def test_a_program_without_cookies_stays_by_its_address(port):
    answers = [ask(port, "/gradio_api/call/classify") for _ in range(12)]
    assert len({lines[0] for _, lines in answers}) == 1
    assert {answer.headers["Set-Cookie"] for answer, _ in answers} == {None}


def test_a_front_is_told_the_true_address_and_the_name_that_was_asked(port):
    answer, lines = ask(port, Host="playground.example.org:8080", X_Forwarded_For="10.9.9.9")
    assert answer.status == 200
    assert lines[1:] == ["playground.example.org:8080", "127.0.0.1"]


@pytest.mark.parametrize("cookie", ["playground_front=short", f"playground_front={'g' * 32}", "playground_front="])
def test_a_cookie_that_nobody_gave_is_replaced(port, cookie):
    assert ask(port, Cookie=cookie, **PAGE)[0].headers["Set-Cookie"]


def test_a_stream_is_passed_on_word_by_word(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/stream")
    answer = connection.getresponse()
    assert answer.read(3) == b"one"  # the front hasn't written the second yet
    Front.go_on.set()
    assert answer.read() == b"two"
    connection.close()


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/%6detrics"])
def test_metrics_stay_inside(port, path):
    assert ask(port, path)[0].status == 404


def test_when_a_front_ends_its_browsers_go_to_the_other(port, fronts):
    (front, cookie), ended = open_page(port), fronts[0]
    while front != str(ended.server_port):
        front, cookie = open_page(port)
    ended.shutdown()
    ended.server_close()
    try:
        assert ask(port, Cookie=cookie)[1][0] == str(fronts[1].server_port)
    finally:
        fronts[0] = start_front(int(front))
