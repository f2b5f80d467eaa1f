"""The pages of a class: empty documents whose modules draw them, with a policy that lets nothing else run.

They have the app's colours and fonts. What people write never stands in them: the code alone does, letters and digits.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from playground.classroom.rooms import CODE_LENGTH, read_code
from server.requests import refusal

ASSETS = Path(__file__).parents[2] / "assets"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)
TITLES = {"student": "Class", "board": "Board", "teach": "Teach a class"}
LONGEST_ADDRESS = 300
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Transformers Playground</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}class/style.css?{version}">
<script type="module" src="{root}{views}/classroom/{page}.js"></script>
</head>
<body data-root="{root}" data-code="{code}" data-address="{address}" class="cl-{page}">
<main><noscript>This page needs JavaScript.</noscript></main>
</body>
</html>
"""


class Pages:
    """Serves the pages.

    ``views`` is where their modules are, ``address`` this server's for others in its network, ``frames`` are the
    origins that may show them in a frame, as they show the app.
    """

    def __init__(self, views: str, address: str = "", frames: Sequence[str] = ()) -> None:
        self._views = views
        self._address = address
        self._policy = POLICY + " ".join(("'self'", *frames))
        self._style = style()
        self._version = hashlib.sha256(self._style.encode()).hexdigest()[:12]

    def routes(self) -> list[BaseRoute]:
        """``/class`` and what is below it, but for the HTTP interface."""
        return [
            Route("/class", self._student, methods=["GET"]),
            Route("/class/style.css", self._css, methods=["GET"]),
            Route("/class/{code}/qr.svg", qr, methods=["GET"]),
            Route("/class/{code}", self._student, methods=["GET"]),
            Route("/class/{code}/board", self._board, methods=["GET"]),
            Route("/class/{code}/teach", self._teach, methods=["GET"]),
        ]

    async def _student(self, request: Request) -> Response:
        return self._page(request, "student", "../" if "code" in request.path_params else "")

    async def _board(self, request: Request) -> Response:
        return self._page(request, "board", "../../")

    async def _teach(self, request: Request) -> Response:
        return self._page(request, "teach", "../../")

    async def _css(self, request: Request) -> Response:
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "max-age=31536000"})

    def _page(self, request: Request, page: str, root: str) -> Response:
        code = html.escape(read_code(request.path_params.get("code", ""))[:CODE_LENGTH])
        text = PAGE.format(
            title=TITLES[page],
            root=root,
            version=self._version,
            views=self._views,
            page=page,
            code=code,
            address=html.escape(self._address),
        )
        return HTMLResponse(text, headers={"Content-Security-Policy": self._policy, "Cache-Control": "no-store"})


async def qr(request: Request) -> Response:
    """The QR code of a class's address, as a picture; of nothing else."""
    import segno

    address = request.query_params.get("of", "")
    code = read_code(request.path_params["code"])[:CODE_LENGTH]
    if len(address) > LONGEST_ADDRESS or not re.fullmatch(rf"https?://[^\s/]+/(?:[^\s?#]*/)?class/{code}", address):
        return refusal(400, "That isn't the address of this class.")
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=3, light="#fff", xmldecl=False)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "max-age=3600"})


def style() -> str:
    """The style of all pages: the app's fonts and colours, dark where wanted, and what is the class's own."""
    own = (ASSETS / "style.css").read_text(encoding="utf-8")
    light, dark = (_block(own, selector) for selector in (":root", ".dark"))
    fonts = [(ASSETS / "fonts" / f"{name}.css").read_text(encoding="utf-8") for name in ("inter", "jetbrains-mono")]
    return "\n".join(
        [
            *(text.replace("url('fonts/", "url('../fonts/") for text in fonts),
            f":root, .light {{{light}--font-mono: 'JetBrains Mono', monospace; color-scheme: light;}}",
            f"@media (prefers-color-scheme: dark) {{ :root:not(.light) {{{dark}color-scheme: dark;}} }}",
            f".dark {{{dark}color-scheme: dark;}}",
            (ASSETS / "views" / "classroom" / "page.css").read_text(encoding="utf-8"),
        ]
    )


def _block(css: str, selector: str) -> str:
    found = re.search(rf"^{re.escape(selector)} \{{\n(.*?)^\}}", css, re.M | re.S)
    assert found is not None, f"style.css has no {selector}"
    return found[1]
