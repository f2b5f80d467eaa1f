"""Every answer is labelled; the page's policy holds no exception that it doesn't need."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from pathlib import Path

import httpx
import pytest

from playground.config import Settings
from server import guards
from server.headers import SecurityHeaders, policy, script_hashes


@pytest.mark.parametrize("path", ["/", "/config", "/theme.css", "/gradio_api/info", "/nothing-here"])
def test_every_answer_is_labelled(app_server, path):
    answer = httpx.get(app_server + path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    rules = dict(rule.partition(" ")[::2] for rule in answer.headers["content-security-policy"].split("; "))
    assert rules["frame-ancestors"] == "'self'"
    assert rules["object-src"] == "'none'"
    assert "'unsafe-inline'" not in rules["script-src"]
    assert not any("http" in sources or "*" in sources for sources in rules.values())


def test_on_a_space_the_hub_may_show_the_page():
    chosen = guards(Settings(), "", Path("."), {"SPACE_ID": "me/demo", "SPACE_HOST": "me-demo.hf.space"})
    assert "https://huggingface.co" in chosen[0].kwargs["frames"]
    assert "me-demo.hf.space" in chosen[1].kwargs["hosts"]
    assert guards(Settings(), "", Path("."), {})[0].kwargs["frames"] == ()


def test_hashes_are_of_the_inline_scripts_alone():
    body = b"alert(1)"
    expected = f"'sha256-{base64.b64encode(hashlib.sha256(body).digest()).decode()}'"
    html = b'<script src="a.js"></script><script type="module">alert(1)</script><script></script>'
    assert script_hashes(html) == [expected]
    assert expected in policy(scripts=[expected])


def test_a_page_that_comes_in_pieces_keeps_its_bytes():
    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<script>al", "more_body": True})
        await send({"type": "http.response.body", "body": b"ert(1)</script>"})

    async def collect() -> list[dict]:
        sent: list[dict] = []

        async def send(message):
            sent.append(message)

        await SecurityHeaders(page)({"type": "http", "method": "GET", "path": "/", "headers": []}, None, send)
        return sent

    start, body = asyncio.run(collect())
    assert body["body"] == b"<script>alert(1)</script>"
    assert script_hashes(body["body"])[0] in dict(start["headers"])[b"content-security-policy"].decode()
