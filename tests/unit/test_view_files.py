"""How the views' modules are served: whole, packed, kept for good, and never mixed with those of another version."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from playground.texts import shown_text
from tabs import view_files
from tabs.view_files import PATH, ViewFiles, hook, import_map, modules, version


@pytest.fixture
def client():
    with TestClient(Starlette(routes=[Mount(PATH, ViewFiles())])) as client:
        yield client


@pytest.mark.parametrize("packing", ["gzip", "identity"])
def test_every_module_is_served_as_javascript_and_kept(client, packing):
    for name, content in modules().items():
        answer = client.get(f"{PATH}/{version()}/{name}", headers={"accept-encoding": packing})
        assert answer.status_code == 200 and answer.content == content
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers.get("content-encoding", "identity") == packing


@pytest.mark.parametrize("path", ["/000000000000/shared/dom.js", "/VERSION/../../app.py", "/VERSION/shared/none.js"])
def test_other_versions_and_other_files_are_not_found(client, path):
    answer = client.get(PATH + path.replace("VERSION", version()))
    assert answer.status_code == 404 and "immutable" not in answer.headers.get("cache-control", "")


def test_the_version_follows_every_byte_and_every_name(monkeypatch):
    seen = {version.__wrapped__()}
    for changed in ({"a.js": b"1"}, {"a.js": b"2"}, {"b.js": b"2"}):
        monkeypatch.setattr(view_files, "modules", lambda changed=changed: changed)
        seen.add(version.__wrapped__())
    assert len(seen) == 4


def test_the_hook_names_modules_that_exist_and_the_events():
    script = hook("tokens/batch", ["flip"])
    assert f'new URL("views/{version()}/", document.baseURI)' in script
    assert 'import(new URL("tokens/batch.js", root))' in script and '"flip"' in script
    asked = json.loads(re.search(r"of (\[.*?\])\)", script)[1])
    assert {"tokens/batch.js", "shared/dom.js", "shared/keyboard.js"} <= set(asked) <= set(modules())


def test_every_view_has_a_mount_and_every_template_a_view():
    for template in view_files.VIEWS.rglob("*.html"):
        script = template.with_suffix(".js").read_text(encoding="utf-8")
        assert "export function mount(" in script, template


def test_the_import_map_holds_all_that_a_module_needs():
    packed = import_map("attention/view")
    assert {"attention/view.js", "attention/stage.js", "shared/dom.js"} <= set(packed)
    for url in packed.values():
        content = base64.b64decode(url.removeprefix("data:text/javascript;base64,")).decode()
        imports = re.findall(r'from "([^"]+)"', content)
        assert set(imports) <= set(packed), "a data: URL has no folder"


def test_a_piece_is_shown_by_the_page_as_by_python():
    characters = [
        chr(n) for n in (*range(0x180), *range(0x2000, 0x2070), 0xAD, 0x3000, 0xFEFF, 0xD83D, 0x1F44D, 0xE0001)
    ]
    module = (view_files.VIEWS / "shared" / "tokens.js").as_uri()
    script = f"""
        import {{ visiblePiece }} from "{module}";
        const numbers = {[ord(one) for one in characters]};
        console.log(JSON.stringify(numbers.map((number) => visiblePiece(String.fromCodePoint(number)))));
    """
    beside = Path(sys.executable).with_name("node")
    node = str(beside) if beside.exists() else shutil.which("node")
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    shown = json.loads(done.stdout)
    assert {one: got for one, got in zip(characters, shown, strict=True) if got != shown_text(one)} == {}
