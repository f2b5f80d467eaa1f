"""The page's own fonts: two families from ``assets/fonts`` for gradio's theme, served with the page, asked for early.

``training/fonts.py`` makes the files; their names hold a hash of what is in them, so that a browser may keep them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradio.themes import Font
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FONTS = Path(__file__).parents[1] / "assets" / "fonts"


class OwnFont(Font):
    """A family of ``assets/fonts``, with its ``@font-face`` rules."""

    def stylesheet(self) -> dict[str, str | None]:
        file = FONTS / f"{self.name.lower().replace(' ', '-')}.css"
        return {"url": None, "css": file.read_text(encoding="utf-8")}


def families(name: str, other: str, generic: str) -> tuple[Font, ...]:
    """A family, what stands in until it has arrived, and where a character comes from that it doesn't have."""
    return OwnFont(name), Font(f"{name} Fallback"), Font(other), Font("system-ui"), Font(generic)


SANS = families("Inter", "JetBrains Mono", "sans-serif")
MONO = families("JetBrains Mono", "Inter", "monospace")


class _Kept(StaticFiles):
    """Files that a browser asks for once: another content has another name."""

    async def get_response(self, path: str, scope: Any) -> Response:
        response = await super().get_response(path, scope)
        if path.endswith(".woff2"):
            response.headers["Content-Type"] = "font/woff2"  # unknown to the mimetypes of Python 3.11
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def font_route() -> Mount:
    """Serves ``assets/fonts`` as ``fonts/``, where the style sheets look for it."""
    return Mount("/fonts", _Kept(directory=FONTS))


class FontPreload:
    """ASGI middleware: the page's first answer names the Latin files, which arrive before gradio draws a letter.

    A ``<link>`` in gradio's ``head`` would come too late: gradio adds it with JavaScript.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app
        files = sorted(path.name for path in FONTS.glob("*-latin.*.woff2"))
        self._link = ", ".join(f"<fonts/{name}>; rel=preload; as=font; type=font/woff2; crossorigin" for name in files)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def send_with_link(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Link", self._link)
            await send(message)

        is_page = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")
        await self._app(scope, receive, send_with_link if is_page else send)
