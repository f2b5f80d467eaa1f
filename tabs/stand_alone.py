"""A page with one view that works anywhere: one file, no network and no server, the same scripts as in the app."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabs.view_files import VIEWS, import_map

ASSETS = Path(__file__).parent.parent / "assets"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@title@</title>
<style>
@colours@
body { margin: 0 auto; max-width: 1240px; padding: 16px 20px 40px; background: var(--pg-surface-2);
  color: var(--pg-ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.3rem; } [hidden] { display: none !important; }
#view { @view_css@ }
@own_css@
</style>
</head>
<body>
<h1>@title@</h1>
<p class="pg-muted">@text@</p>
<div id="view" class="pg-view-host">@view_html@</div>
<p class="pg-muted">Made with Transformers Playground. @ending@</p>
<script type="application/json" id="data">@data@</script>
<script type="importmap">@imports@</script>
<script type="module">import "alone/@name@.js";</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Alone:
    """What a page of its own shows: the template ``assets/views/VIEW``, mounted by ``assets/views/alone/NAME.js``.

    ``data`` is what that script finds in the page; ``text`` stands under the title, ``ending`` under the view.
    """

    name: str
    view: str
    title: str
    text: str
    data: Any
    ending: str = ""
    own_css: str = ""


def page_of(alone: Alone) -> str:
    """The text of the HTML file."""
    template, style = (VIEWS / f"{alone.view}{suffix}" for suffix in (".html", ".css"))
    parts = {
        "name": alone.name,
        "title": _escaped(alone.title),
        "text": _escaped(alone.text),
        "ending": _escaped(alone.ending),
        "own_css": alone.own_css,
        "colours": (ASSETS / "style.css").read_text(encoding="utf-8"),
        "view_css": style.read_text(encoding="utf-8"),
        "view_html": template.read_text(encoding="utf-8"),
        "imports": json.dumps({"imports": import_map(f"alone/{alone.name}")}),
        "data": json.dumps(alone.data).replace("<", "\\u003c"),
    }
    # One pass, so that what a person wrote is never taken for a placeholder.
    return re.sub(r"@([a-z_]+)@", lambda match: parts.get(match[1], match[0]), _PAGE)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
