"""Gradio's own scripts, with a few lines of them written anew: served at their own addresses, in place of the files.

The lines were read from one version, as `tabs.gradio_patches` was, which refuses another. Each says why, and what to
ask of gradio itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ASSETS = Path(gr.__file__).parent / "templates" / "frontend" / "assets"


@dataclass(frozen=True)
class Edit:
    """Lines of a script as gradio has them, and what stands there instead."""

    script: str  # a pattern of file names: they hold a hash
    plain: str
    better: str


# Which events a component has is looked for among all events of the page, once for each component: a second of work
# before a page of 600 components with 400 events can be used. To ask: a map, made once for all components.
EVENTS_BY_COMPONENT = (
    Edit(
        "core-*.js",
        "let n=t.filter(t=>t.targets.find(([t])=>t===e.id)).map(t=>{let n=t.targets.find(([t])=>t===e.id);"
        "return n?n[1]:null}).filter(Boolean);return e.props.shared_props.attached_events=n,e}",
        "return e.props.shared_props.attached_events=this.pgEvents.get(e.id)??[],e}",
    ),
    Edit(
        "core-*.js",
        "postprocess(e){this.root=",
        "postprocess(e){this.pgEvents=new Map;for(let{targets:t}of this.#n){let e=new Set;for(let[n,r]of t)"
        "e.has(n)||!r||(e.add(n),this.pgEvents.has(n)||this.pgEvents.set(n,[]),this.pgEvents.get(n).push(r))}this.root=",
    ),
)
# For each event the page is searched for its component, to set values that only a few events have; and it is searched
# where the component has been found already: most of another second. To ask: the same lines in another order.
NO_SEARCH_IN_VAIN = (
    Edit(
        "Blocks-*.js",
        "let n={},r=await this.get_state_cb?.(e);",
        "if(!Object.keys(t).length)return()=>{};let n={},r=await this.get_state_cb?.(e);",
    ),
    Edit(
        "core-*.js",
        "let t=this.#s.get(e),n=Z(this.root,e);return!t&&!n?null:",
        "let t=this.#s.get(e),n=t?null:Z(this.root,e);return!t&&!n?null:",
    ),
)
# With each event and each part of an answer every component that ever was filled is searched for and told its progress
# anew: a second of work once all tabs have been used, and more with each. To ask: that what is done is told once.
PROGRESS_ONCE = (
    Edit(
        "Blocks-*.js",
        "async update_loading_stati_state(){await Promise.all(Object.entries(this.loading_stati.current)"
        ".map(([e,t])=>this.update_state_cb(Number(e),{loading_status:t},!1)))}",
        "pgTold=new Map;async update_loading_stati_state(){await Promise.all(Object.entries(this.loading_stati.current)"
        ".map(([e,t])=>{let n=JSON.stringify(t);if(t.status===`complete`&&this.pgTold.get(e)===n)return;"
        "return this.pgTold.set(e,n),this.update_state_cb(Number(e),{loading_status:t},!1)}))}",
    ),
)
# Every label and choice is looked up as a key of gradio's own words, all of which are "section.word": a column that
# somebody called "label" made the console warn, and one called "_name" would read "English". To ask: that only what
# `gr.I18n` has marked is looked up.
OWN_WORDS_STAY = (Edit("core-*.js", "let i=n(t);", "if(!/^\\w+\\.\\w+$/.test(t))return t;let i=n(t);"),)
# A drop-down says `input` whenever it is left, whether or not something was chosen: whoever walked past one by Tab lost
# the answer below. Now it says so where the value is another than it was. To ask: the same.
DROPDOWN = "Index-DAYzeNnX.js"
LEFT_AS_IT_WAS = (
    Edit(
        DROPDOWN,
        "D(pe,!1),o.on_blur?.(),o.on_input?.()}",
        "D(pe,!1),o.on_blur?.(),I.pgTold!==_()&&(I.pgTold=_(),o.on_input?.())}",
    ),
    Edit(
        DROPDOWN,
        "o.on_input?.(),I.blur()}function Ce(e){D(pe,!0),",
        "I.pgTold=n,o.on_input?.(),I.blur()}function Ce(e){I.pgTold=_(),D(pe,!0),",
    ),
)
# What Enter chooses takes the focus away, and nobody sees where they are. It does all that leaving does and stays; what
# is typed or pressed then begins as coming there does. To ask: the same.
FOCUS_STAYS = (
    Edit(
        DROPDOWN,
        "g(z).includes(g(V))?(D(H,g(z).indexOf(g(V)),!0),_(g(B)[g(H)]),D(R,!1),D(J,null),I.blur())"
        ":E()&&(_(g(V)),D(H,null),D(R,!1),D(J,null),I.blur())",
        "g(z).includes(g(V))?(D(H,g(z).indexOf(g(V)),!0),_(g(B)[g(H)]),D(R,!1),D(J,null),we())"
        ":E()&&(_(g(V)),D(H,null),D(R,!1),D(J,null),we())",
    ),
    Edit(DROPDOWN, "D(R,!1),I.blur(),D(J,null)))}", "D(R,!1),we(),D(J,null)))}"),
    Edit(
        DROPDOWN,
        "se(`focus`,Q,Ce),ie(Q,()=>g(V),e=>D(V,e))",
        "se(`focus`,Q,Ce),se(`mousedown`,Q,()=>{I===document.activeElement&&!g(R)&&Ce()}),"
        "ie(Q,()=>g(V),e=>{D(pe,!0),D(V,e)})",
    ),
)
EDITS = (
    *EVENTS_BY_COMPONENT,
    *NO_SEARCH_IN_VAIN,
    *PROGRESS_ONCE,
    *OWN_WORDS_STAY,
    *LEFT_AS_IT_WAS,
    *FOCUS_STAYS,
)


def edited(edits: Sequence[Edit] = EDITS, folder: Path = ASSETS) -> dict[str, str]:
    """Each edited script by the name of its file.

    Raises:
        ValueError: a line that shall be replaced isn't there, or more than once.
    """
    scripts: dict[str, str] = {}
    for edit in edits:
        for path in folder.glob(edit.script):
            text = scripts.get(path.name) or path.read_text(encoding="utf-8")
            if text.count(edit.plain) != 1:
                raise ValueError(f"{path.name} of gradio has no line, or more than one, like {edit.plain!r}")
            scripts[path.name] = text.replace(edit.plain, edit.better)
    return scripts


def script_routes() -> list[Route]:
    """Answers for the edited scripts, before gradio's own route does."""
    return [Route(f"/assets/{name}", _answer(text)) for name, text in edited().items()]


def _answer(text: str):  # type: ignore[no-untyped-def]
    """A name stays when an edit changes: a browser asks whether what it has is still right."""
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag}

    async def answer(request: Request) -> Response:
        if tag in request.headers.get("if-none-match", ""):  # as it was packed, it is W/"..."
            return Response(status_code=304, headers=headers)
        return Response(text, media_type="text/javascript", headers=headers)

    return answer
