"""The views' ES modules: served by the app itself, under a path that holds the hash of them all.

An updated server has another path, so that no page ever mixes old modules with new ones, and a browser keeps what it
has for good. It leaves out the templates and styles, which gradio sends with the page (`tabs.components.view`).
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.types import Receive, Scope, Send

VIEWS = Path(__file__).parent.parent / "assets" / "views"
PATH = "/views"

# Runs in the page as the body of a function. What can't answer yet isn't shown; the modules of a view are asked for
# together, not one after another as they name each other. One that doesn't come is of a server that was updated since.
_HOOK = """element.style.visibility = "hidden";
const root = new URL("@root@", document.baseURI);
for (const name of @modules@)
  document.head.append(
    Object.assign(document.createElement("link"), { rel: "modulepreload", href: new URL(name, root) }),
  );
import(new URL("@view@.js", root)).then(
  (view) => view.mount({ element, props, watch, trigger, server }),
  () => {
    element.textContent = "This part couldn't be loaded. Reload the page: the server may have been updated.";
  },
).finally(() => {
  element.style.visibility = "";
});"""


@functools.cache
def modules() -> Mapping[str, bytes]:
    """Every module of the views by its path below ``assets/views``."""
    paths = sorted(VIEWS.rglob("*.js"))
    return {path.relative_to(VIEWS).as_posix(): path.read_bytes() for path in paths}


@functools.cache
def version() -> str:
    """The hash of all modules, short."""
    whole = hashlib.sha256()
    for name, content in modules().items():
        whole.update(f"{name} {len(content)}\n".encode() + content)
    return whole.hexdigest()[:12]


def hook(name: str, events: Sequence[str] = ()) -> str:
    """The script with which a gr.HTML loads and mounts the view ``assets/views/NAME.js``.

    Its path is relative to the page, so that it works behind a sub-path as well. Gradio lets a component have an event
    of its own if its name stands in quotes in this script.
    """
    script = _HOOK.replace("@root@", f"{PATH[1:]}/{version()}/").replace("@view@", name)
    script = script.replace("@modules@", json.dumps(sorted(_needed(f"{name}.js"))))
    return script + "".join(f'\n// triggers "{event}"' for event in events)


def import_map(name: str) -> dict[str, str]:
    """The module ``NAME.js`` and all that it imports, as an import map of a page that has no server.

    Each module is a data: URL under its path; a data: URL has no folder, so that its imports name whole paths.
    """
    packed = {}
    for path, imports in _needed(f"{name}.js").items():
        content = modules()[path].decode()
        for specifier, target in imports.items():
            content = content.replace(f'from "{specifier}"', f'from "{target}"')
        packed[path] = f"data:text/javascript;base64,{base64.b64encode(content.encode()).decode()}"
    return packed


def _needed(path: str) -> Mapping[str, Mapping[str, str]]:
    """A module and all that it needs, each with its imports: how it writes them, and the paths that are meant."""
    wanted, needed = [path], {}
    while wanted:
        path = wanted.pop()
        if path not in needed:
            found = re.findall(r'^(?:import|export|\}) .*?from "(\.[^"]+)";$', modules()[path].decode(), re.MULTILINE)
            folder = posixpath.dirname(path)
            needed[path] = {spec: posixpath.normpath(posixpath.join(folder, spec)) for spec in found}
            wanted += needed[path].values()
    return needed


class ViewFiles:
    """ASGI app that answers for ``/VERSION/NAME.js`` from memory, packed where the browser can unpack it."""

    def __init__(self) -> None:
        self._plain = {f"/{version()}/{name}": content for name, content in modules().items()}
        self._packed = {path: gzip.compress(content, mtime=0) for path, content in self._plain.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        packed = b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
        content = (self._packed if packed else self._plain).get(path)
        headers = [
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"accept-encoding"),
        ]
        if content is None:
            headers.append((b"cache-control", b"no-store"))
        else:
            headers.append((b"cache-control", b"public, max-age=31536000, immutable"))
            headers.append((b"content-length", str(len(content)).encode()))
            headers += [(b"content-encoding", b"gzip")] * packed
        await send({"type": "http.response.start", "status": 404 if content is None else 200, "headers": headers})
        body = b"" if content is None or scope["method"] == "HEAD" else content
        await send({"type": "http.response.body", "body": body})
