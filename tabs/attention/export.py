"""A page with one attention result that works anywhere: one file, no network, the same view as in the app.

The weights of all heads are in it as 16-bit numbers (steps of 1/65535), packed with zlib, which browsers can unpack.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path

import playground as pg
from playground.errors import InputTooLongError
from playground.wire import to_json
from tabs.attention.api import answer_of
from tabs.attention.format import format_overview, format_result
from tabs.view_files import VIEWS, import_map

ASSETS = Path(__file__).parents[2] / "assets"
MAX_CELLS = 20_000_000
STEPS = 65535

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
</style>
</head>
<body>
<h1>@title@</h1>
<p class="pg-muted">@text@</p>
<div id="view" class="pg-view-host">@view_html@</div>
<p class="pg-muted">Made with Transformers Playground. All weights are in this file, in steps of 1/65535.</p>
<script type="application/json" id="data">@data@</script>
<script type="importmap">@imports@</script>
<script type="module">
import { mount } from "attention/view.js";
const darkness = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.body.classList.toggle("dark", darkness.matches);
darkness.addEventListener("change", follow);
follow();
const data = JSON.parse(document.getElementById("data").textContent);
const unpacked = {};
async function weightsOf(kind) {
  const packed = Uint8Array.from(atob(data.packed[kind]), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint16Array(await new Response(stream).arrayBuffer());
}
const server = {
  async attention_head(ticket, kind, layer, head) {
    const all = (unpacked[kind] ??= await weightsOf(kind)), value = JSON.parse(data.value);
    const { heads, queries, keys } = value.kinds.find((one) => one.kind === kind);
    const size = value[queries].text.length * value[keys].text.length, weights = new Float32Array(size);
    const wanted = head < 0 ? Array.from({ length: heads }, (_, number) => number) : [head];
    for (const number of wanted) {
      const start = (layer * heads + number) * size;
      for (let index = 0; index < size; index++) weights[index] += all[start + index] / @steps@ / wanted.length;
    }
    return { weights };
  },
  async attention_overview(ticket, kind, hidden) { return data.overviews[kind + (hidden ? "/hidden" : "")]; },
};
const element = document.getElementById("view");
for (const button of element.querySelectorAll("[data-server]")) button.remove();
mount({ element, props: { value: data.value }, watch() {}, trigger() {}, server });
</script>
</body>
</html>
"""


def document(result: pg.AttentionResult, title: str, form: str, kind: str) -> dict[str, str]:
    """Name and text of a file to take away: JSON of one kind, or the page that works offline."""
    name = f"attention-{result.request.model_id.rpartition('/')[2]}"
    if form == "json":
        return {"name": f"{name}-{kind}.json", "text": json.dumps(to_json(answer_of(result, kind, None, None)))}
    return {"name": f"{name}.html", "text": stand_alone_page(result, title)}


def stand_alone_page(result: pg.AttentionResult, title: str) -> str:
    """The text of an HTML file with the whole result in it.

    Raises:
        InputTooLongError: the file would be too large to open.
    """
    cells = sum(stack.weights.size for stack in result.stacks)
    if cells > MAX_CELLS:
        raise InputTooLongError(f"The page would hold {cells:,} weights.", "Give a shorter text, or take the CSV.")
    data = {
        "value": format_result(result, "offline", title),
        "packed": {stack.kind: _packed(stack) for stack in result.stacks},
        "overviews": {
            stack.kind + suffix: format_overview(stack, hidden)
            for stack in result.stacks
            for suffix, hidden in (("", False), ("/hidden", True))
        },
    }
    parts = {
        "title": _escaped(f"Attention of {title}"),
        "text": _escaped(result.request.text),
        "colours": (ASSETS / "style.css").read_text(encoding="utf-8"),
        "view_css": (VIEWS / "attention" / "view.css").read_text(encoding="utf-8"),
        "view_html": (VIEWS / "attention" / "view.html").read_text(encoding="utf-8"),
        "imports": json.dumps({"imports": import_map("attention/view")}),
        "data": json.dumps(data).replace("<", "\\u003c"),
        "steps": str(STEPS),
    }
    # One pass, so that what a person wrote is never taken for a placeholder.
    return re.sub(r"@([a-z_]+)@", lambda match: parts.get(match[1], match[0]), _PAGE)


def _packed(stack: pg.AttentionStack) -> str:
    return base64.b64encode(zlib.compress(stack.in_steps(STEPS), level=6)).decode("ascii")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
