"""How answers are labelled: what the page may load and run, who may show it in a frame, what it tells other hosts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OPENING = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>")
_CLOSING = b"</script>"


def script_hashes(html: bytes) -> list[str]:
    """The CSP sources (``'sha256-...'``) of a page's inline scripts: those run, one that was slipped in doesn't."""
    bodies = (found.replace(b"\r\n", b"\n") for found in _inline(html))
    return [f"'sha256-{base64.b64encode(hashlib.sha256(body).digest()).decode()}'" for body in bodies if body.strip()]


def _inline(html: bytes) -> Iterator[bytes]:
    """What stands in a page's inline scripts; an expression for all of one takes 40 ms for a page of a megabyte."""
    end = 0
    while opening := _OPENING.search(html, end):
        end = html.find(_CLOSING, opening.end())
        if end < 0:
            return
        yield html[opening.end() : end]
        end += len(_CLOSING)


def policy(frames: Sequence[str] = (), scripts: Iterable[str] = ()) -> str:
    """A Content-Security-Policy for a page that loads from its own server alone.

    The exceptions, each needed by gradio 6.31: ``unsafe-eval`` since it makes a custom view's hook with ``Function()``;
    ``unsafe-inline`` for styles since its components set ``style`` attributes; ``data:`` and ``blob:`` for pictures and
    downloads that are made in the page.
    """
    rules = {
        "default-src": ("'self'",),
        "script-src": ("'self'", "'unsafe-eval'", *scripts),
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:"),
        "font-src": ("'self'", "data:"),
        "connect-src": ("'self'", "data:", "blob:"),
        "worker-src": ("'self'", "blob:"),
        "object-src": ("'none'",),
        "base-uri": ("'self'",),
        "form-action": ("'self'",),
        "frame-ancestors": ("'self'", *frames),
    }
    return "; ".join(f"{rule} {' '.join(sources)}" for rule, sources in rules.items())


class SecurityHeaders:
    """ASGI middleware that labels every answer; a page's policy names the inline scripts that the server wrote.

    A page of ours that gradio hasn't made may bring a policy of its own, which is stricter.

    ``frames`` are the origins that may show the page in a frame, beside its own; ``head_scripts`` the CSP sources of
    scripts that gradio puts into the page later.
    """

    def __init__(self, app: ASGIApp, frames: Sequence[str] = (), head_scripts: Sequence[str] = ()) -> None:
        self._app = app
        self._frames = tuple(frames)
        self._head_scripts = tuple(head_scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        return await self._app(scope, receive, _Labelling(send, self._frames, self._head_scripts))


class _Labelling:
    """``send`` of one answer: labels its start; holds a page back until its inline scripts are known."""

    def __init__(self, send: Send, frames: Sequence[str], head_scripts: Sequence[str]) -> None:
        self._send, self._frames, self._head_scripts = send, frames, head_scripts
        self._start: Message | None = None
        self._body: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"
            headers.setdefault("cross-origin-resource-policy", "same-origin")
            is_page = headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
            if is_page and "content-security-policy" not in headers:
                self._start = message
                return
            headers.setdefault("content-security-policy", policy(self._frames, self._head_scripts))
        elif self._start is not None and message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body, start = b"".join(self._body), self._start
            self._start, self._body = None, []
            scripts = (*script_hashes(body), *self._head_scripts)
            MutableHeaders(scope=start)["content-security-policy"] = policy(self._frames, scripts)
            await self._send(start)
            message = {**message, "body": body}
        await self._send(message)
