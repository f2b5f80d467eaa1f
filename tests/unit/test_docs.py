"""Every page of documentation: its links lead somewhere, its commands exist, the forms can be read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True
).stdout.split()
PAGES = [path for path in map(ROOT.joinpath, LISTED) if path.exists()] or sorted(
    path for path in ROOT.rglob("*.md") if ".venv" not in path.parts
)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
FENCE = re.compile(r"^ *```.*?^ *```", re.M | re.S)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A page without its examples."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """The names that headings get, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_pages_that_a_newcomer_needs_are_there():
    wanted = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"}
    wanted |= {f"docs/{page}.md" for page in ("architecture", "add-a-capability", "write-a-view", "glossary")}
    assert wanted <= set(map(name, PAGES))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_relative_links_lead_somewhere(path):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", [path for path in PAGES if path.parent.name == "docs"], ids=name)
def test_files_that_are_named_exist(path):
    named = set(
        re.findall(r"`((?:playground|tabs|server|assets|tests|training|benchmarks|docs)/[^`\s*]+)`", prose(path))
    )
    assert [file for file in named if not re.search("NAME|WING", file) and not (ROOT / file).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_commands_of_make_exist(path):
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|^)make (?:-s )?([a-z][a-z-]*)", text, re.M)) <= TARGETS


def test_the_workflow_calls_what_is_called_by_hand():
    steps = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["test"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands == ["make test", "make check"]
    assert [
        line for line in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines() if line in commands
    ] == commands


@pytest.mark.parametrize("path", sorted(ROOT.glob(".github/ISSUE_TEMPLATE/[!c]*.yml")), ids=name)
def test_an_issue_form_asks_something(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"] and form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) > 1
    assert all(field["attributes"]["label"] for field in fields)


@pytest.mark.parametrize("file", [".pre-commit-config.yaml", ".github/dependabot.yml"])
def test_what_machines_read_can_be_read(file):
    assert yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
