"""Lines of gradio's own scripts that are written anew: each is found once, and does what the lines before it did."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tabs import gradio_scripts
from tabs.gradio_scripts import EVENTS_BY_COMPONENT, NO_SEARCH_IN_VAIN, OWN_WORDS_STAY, PROGRESS_ONCE, Edit, edited

NODE = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node") or "node"


def run(script: str):
    """What a script gives that logs JSON."""
    done = subprocess.run([NODE, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_line_is_found_and_what_is_served_is_a_script():
    scripts = edited()
    assert sorted(name.partition("-")[0] for name in scripts) == ["Blocks", "Index", "core"]
    for name, text in scripts.items():
        plain = (gradio_scripts.ASSETS / name).read_text(encoding="utf-8")
        assert text != plain
        parsed = subprocess.run([NODE, "--input-type=module", "--check"], input=text, capture_output=True, text=True)
        assert parsed.returncode == 0, parsed.stderr


def test_a_line_that_is_not_there_is_said(tmp_path):
    (tmp_path / "core-1.js").write_text("let a=1;let a=1;")
    for plain in ("let b=1;", "let a=1;"):
        with pytest.raises(ValueError, match="of gradio has no line, or more than one, like 'let"):
            edited([Edit("core-*.js", plain, "")], tmp_path)


def test_each_component_has_the_events_that_gradio_finds_for_it():
    find, prepare = EVENTS_BY_COMPONENT
    given = [
        [[1, "change"], [2, "click"]],
        [[1, "input"], [1, "change"]],  # of one event the first target of a component counts
        [[3, None], [2, "select"]],
        [],
        [[None, "load"], [1, "click"]],
    ]
    found = run(f"""
        class Plain {{ find(e, t) {{ {find.plain} }}
        class Better {{ #n; constructor(n) {{ this.#n = n; }}
          {prepare.better}e}}
          find(e) {{ {find.better} }}
        const events = {json.dumps(given)}.map((targets) => ({{ targets }}));
        const better = new Better(events);
        better.postprocess({{}});
        const of = (id, one) => one.find({{ id, props: {{ shared_props: {{}} }} }}, events).props.shared_props;
        const all = (one) => [1, 2, 3, 4].map((id) => of(id, one).attached_events);
        console.log(JSON.stringify([all(new Plain()), all(better)]));
    """)
    assert found[0] == found[1] == [["change", "input", "click"], ["click", "select"], [], []]


def test_nothing_is_searched_for_where_there_is_nothing_to_set_or_it_is_known():
    arguments, state = NO_SEARCH_IN_VAIN
    searched = run(f"""
        let searches = 0;
        const node = (value) => ({{ props: {{ props: {{ value }} }} }});
        const Z = (root, id) => {{ searches += 1; return root.has(id) ? node(id) : null; }};
        class Tree {{ #s = new Map([[1, async () => ({{ value: "known" }})]]); root = new Set([1, 2]);
          async get(e) {{ {state.better}t?await t():n?Promise.resolve({{value:n.props.props.value}}):null }}
          get_state_cb(e) {{ return this.get(e); }}
          async set(e, t) {{ {arguments.better} return r; }} }}
        const tree = new Tree(), said = [await tree.get(1), searches, await tree.get(2), await tree.get(3), searches];
        await tree.set(2, {{}});
        console.log(JSON.stringify([...said, searches, await tree.set(2, {{ value: 1 }})]));
    """)
    assert searched == [{"value": "known"}, 0, {"value": 2}, None, 2, 2, {"value": 2}]


def test_what_is_done_is_told_once_and_what_goes_on_each_time():
    [edit] = PROGRESS_ONCE
    told = run(f"""
        const told = [];
        class Page {{ loading_stati = {{ current: {{}} }};
          update_state_cb(id, {{ loading_status: {{ status, message }} }}) {{ told.push([id, status, message]); }}
          {edit.better} }}
        const page = new Page();
        const now = async (id, status, message = null) => {{
          page.loading_stati.current[id] = {{ status, message }}; // as gradio makes each anew
          await page.update_loading_stati_state();
        }};
        await now(1, "complete");
        await now(2, "pending");
        await now(2, "pending");
        await now(1, "complete");
        await now(2, "complete");
        await now(3, "error", "no");
        await now(1, "complete");
        await now(1, "pending");
        console.log(JSON.stringify(told.map((one) => one.join(" ").trim())));
    """)
    assert told == [
        "1 complete",
        "2 pending",
        "2 pending",
        "2 pending",
        "2 complete",
        "3 error no",
        "3 error no",
        "1 pending",
        "3 error no",
    ]


def test_words_of_people_are_no_keys():
    [edit] = OWN_WORDS_STAY
    said = run(f"""
        const words = {{ _name: "English", label: {{}}, "3D_model.drop": "Drop", "common.submit": "Submit" }};
        const n = (key) => words[key] ?? key;
        const look = (t) => {{ {edit.better} return i; }};
        console.log(JSON.stringify(["_name", "label", "a.b c", "common.submit", "3D_model.drop"].map(look)));
    """)
    assert said == ["_name", "label", "a.b c", "Submit", "Drop"]


def test_they_are_served_in_place_of_the_files_and_asked_for_again():
    client = TestClient(Starlette(routes=gradio_scripts.script_routes()))
    for name, text in edited().items():
        answer = client.get(f"/assets/{name}")
        assert answer.text == text and answer.headers["content-type"].startswith("text/javascript")
        tag = answer.headers["etag"]
        for known in (tag, f"W/{tag}"):
            assert client.get(f"/assets/{name}", headers={"If-None-Match": known}).status_code == 304
        assert client.get(f"/assets/{name}", headers={"If-None-Match": '"other"'}).status_code == 200
