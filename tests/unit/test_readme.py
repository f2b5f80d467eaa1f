"""The README tells the truth: its tree, its commands, its settings, its links and its front matter."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import yaml

from playground.config import Settings
from playground.models.recipes import RECIPES, Package

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TREE = re.search(r"## The house\n\n```\n(.*?)```", README, re.S)[1]


def paths_of(tree: str) -> list[str]:
    """The paths that an indented tree names: two spaces a level, the name ends at two spaces or at the line's end."""
    stack: list[str] = []
    found = []
    for line in tree.splitlines():
        level = (len(line) - len(line.lstrip(" "))) // 2
        words = line.strip().split()
        names = words if all("." in word or "/" in word or word[0].isupper() for word in words) else words[:1]
        del stack[level:]
        found += ["".join(stack) + name for name in names]
        stack.append(names[-1])
    return found


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def test_everything_in_the_tree_exists():
    assert [path for path in paths_of(TREE) if not (ROOT / path).exists()] == []


def test_everything_that_matters_is_in_the_tree():
    named = set(paths_of(TREE))
    code = [
        path
        for path in tracked()
        if re.fullmatch(r"[^/]+|(playground|tabs|server|training)/([^/]+/)*[^/]+\.(py|yaml)", path)
    ]
    quiet = {"README.md", "LICENSE", "NOTICE"}
    missing = [
        path
        for path in code
        if path not in named and not path.endswith("__init__.py") and path not in quiet and path[0] != "."
    ]
    assert missing == []


def test_every_make_command_is_a_target():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {word for line in re.findall(r"`?make ([a-z-]+)", README) for word in [line]}
    assert named >= {"run", "test", "help"}
    assert named <= targets


def test_the_settings_table_is_complete_and_its_defaults_are_true():
    rows = dict(re.findall(r"^\| `--([a-z-]+)` \| (`PLAYGROUND_[A-Z_]+` \| [^|]+) \|", README, re.M))
    expected = {}
    for item in fields(Settings):
        default = ",".join(item.default) if isinstance(item.default, tuple) else item.default
        shown = "unset" if default in (None, "") else str(default)
        expected[item.name.replace("_", "-")] = f"`PLAYGROUND_{item.name.upper()}` | {shown}"
    assert rows == expected


def test_links_lead_somewhere():
    local = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert local
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_front_matter_is_what_a_space_reads():
    front = yaml.safe_load(README.split("---")[1])
    assert front["sdk"] == "gradio"
    assert (ROOT / front["app_file"]).exists()
    assert f"gradio=={front['sdk_version']}" in (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert len(front["short_description"]) <= 60
    sources = [recipe.source for recipe in RECIPES.values() if isinstance(recipe.source, Package)]
    assert front["preload_from_hub"] == [f"{s.hub_id} {','.join(s.hub_files)} {s.hub_revision}" for s in sources]


def test_the_notebook_example_runs(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.S)[1]
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()
