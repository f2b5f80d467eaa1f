"""Who may ask: only the page itself, programs, and the host names that this server answers to.

A browser attaches ``Origin`` or ``Sec-Fetch-Site`` to what a page asks for; a program (gradio_client, curl) sends
neither. So another page that is open in the same browser can be told apart, whatever content type it picks and
whether or not it may read the answer. A host name that was rebound to this machine is told apart by ``Host``.

Source: Fetch Metadata (W3C, "Resource isolation policy"); RFC 6454 for Origin.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.requests import refusal

READING = frozenset({"GET", "HEAD"})


def name_of(host: str) -> str:
    """The host name in a ``Host`` header or an authority, without port, in lower case; "" if it is malformed.

    >>> name_of("LocalHost:7860"), name_of("[::1]:7860"), name_of("a b")
    ('localhost', '::1', '')
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
    return name if all(sign.isalnum() or sign in ".-_:%" for sign in name) else ""


def is_loopback(name: str) -> bool:
    """Whether a host name can only mean this machine.

    >>> [is_loopback(name) for name in ("localhost", "127.0.0.5", "::1", "page.localhost", "evil.test", "10.0.0.1")]
    [True, True, True, True, False, False]
    """
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_address(name: str) -> bool:
    """Whether a host name is an IP address: no name server can make another page's name lead here then."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class AllowedHosts:
    """The host names that a server answers to.

    Bound to loopback it answers to local names alone; bound to a network also to every IP address and to this machine's
    own name. ``configured`` names come on top: ``*.example.org`` stands for all below it, ``*`` for any name.
    """

    def __init__(self, bound_to: str, configured: Sequence[str] = ()) -> None:
        self._local_only = is_loopback(name_of(bound_to) or bound_to)
        own = socket.gethostname().lower()
        self._own = set() if self._local_only else {own, own.partition(".")[0], f"{own.partition('.')[0]}.local"}
        self._configured = tuple(name.lower() for name in configured)

    def __contains__(self, host: str) -> bool:
        """Whether a ``Host`` header names this server."""
        name = name_of(host)
        if not name:
            return False
        if is_loopback(name) or name in self._own or any(_covers(pattern, name) for pattern in self._configured):
            return True
        return not self._local_only and is_address(name)


def _covers(pattern: str, name: str) -> bool:
    return pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))


class OwnPageOnly:
    """ASGI middleware that refuses, with 4xx and a sentence, what another web page asks for.

    Refused are: a ``Host`` that isn't ``hosts``; anything that another origin asks for, except opening the page by a
    link; a body that changes something and is neither JSON nor an upload. ``trusted`` origins' host names are treated
    as the page's own (a Space's embedding page needs none of this: the page inside the frame is its own origin).
    """

    def __init__(self, app: ASGIApp, hosts: AllowedHosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        status, sentence = self.verdict(scope)
        if status == 200:
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008, "reason": sentence[:120]})
        return await refusal(status, sentence)(scope, receive, send)

    def verdict(self, scope: Scope) -> tuple[int, str]:
        """(200, "") for a request that may pass; else its status and the sentence that says why."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self._hosts:
            shown = name_of(host)[:80] or "This name"
            return 400, f"{shown} is not a name of this server. To serve it: --allowed-hosts {shown}"
        method = scope.get("method", "GET")
        if self._is_foreign(headers, host):
            opening = method in READING and headers.get("sec-fetch-mode") == "navigate"
            if not (opening and not scope["path"].startswith("/gradio_api/")):
                return 403, "Another web page can't use this server. Open its own address in the browser."
        if method not in READING and method != "OPTIONS" and not _is_data(headers):
            return 415, "Send the body as application/json (or multipart/form-data for an upload)."
        return 200, ""

    def _is_foreign(self, headers: Headers, host: str) -> bool:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None:
            return not self._is_own(origin, host, site)
        return site in ("cross-site", "same-site")

    def _is_own(self, origin: str, host: str, site: str | None) -> bool:
        """Whether an ``Origin`` is this page: the browser says so, or it bears the very host and port that was asked.

        Behind a proxy the ``Host`` that arrives may be another than the one in the browser; ``Sec-Fetch-Site`` is the
        browser's own word, which no page can change. Plain http from another machine comes without it.
        """
        if site is not None:
            return site == "same-origin"
        return urlsplit(origin).netloc.lower() == host.lower()


def _is_data(headers: Headers) -> bool:
    """Whether a body is of a kind that a form or a simple request of another page can't send, or an upload, or none."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind:
        return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    return kind in ("application/json", "application/zip", "multipart/form-data")
