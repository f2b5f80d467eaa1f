"""The house rules that a machine can check: who may import whom, the same stems everywhere, documented public names."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CAPABILITIES = ("classification", "tokens", "attention", "generation", "similarity")
WINGS = (*CAPABILITIES, "models")
PLAYGROUND = sorted((ROOT / "playground").rglob("*.py"))
SERVER = sorted((ROOT / "server").rglob("*.py"))
TABS = sorted((ROOT / "tabs").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", PLAYGROUND, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_computed_knows_nothing_of_the_page(path):
    assert not imported(path) & {"gradio", "tabs", "app"}


@pytest.mark.parametrize("path", SERVER, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_guards_the_page_knows_neither(path):
    assert not imported(path) & {"gradio", "torch", "transformers", "tabs", "app"}


@pytest.mark.parametrize("path", TABS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_shown_does_not_compute(path):
    assert not imported(path) & {"torch", "transformers"}


def test_importing_the_page_imports_no_heavy_library():
    """The page answers before torch and transformers are imported."""
    code = (
        "import sys, app; from playground.service import Playground; app.build_app(Playground())\n"
        "print([name for name in ('torch', 'transformers', 'accelerate', 'captum') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("wing", WINGS)
def test_every_wing_has_the_same_name_on_every_floor(wing):
    floors = [f"{floor}/{wing}" for floor in ("playground", "tabs", "tests/unit", "tests/integration", "tests/browser")]
    assert [floor for floor in floors if not (ROOT / floor).is_dir()] == []


@pytest.mark.parametrize("wing", CAPABILITIES)
def test_every_capability_writes_a_receipt(wing):
    assert (ROOT / "playground" / wing / "receipt.py").exists()


def test_every_tab_has_a_title_and_builds_itself():
    from tabs import TABS as tabs

    for tab in tabs:
        assert isinstance(tab.TITLE, str) and callable(tab.build_tab) and tab.__doc__


def test_public_names_exist_and_are_documented():
    import playground

    assert sorted(playground.__all__) == list(playground.__all__)
    for name in playground.__all__:
        thing = getattr(playground, name)
        assert inspect.getdoc(thing), f"playground.{name} has no docstring"


def test_public_functions_and_classes_are_documented():
    missing = []
    for path in [*PLAYGROUND, *TABS, ROOT / "app.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            missing.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and not node.name.startswith(
                "_"
            ):
                if not ast.get_docstring(node):
                    missing.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert missing == []


def test_no_module_level_mutable_state():
    """A name in lower case, or one bound to a fresh object that can change, would be state outside the manager."""
    found = []
    for path in [*PLAYGROUND, *TABS, ROOT / "app.py"]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            for name in names:
                constant = name.id.lstrip("_").isupper() or name.id in ("log", "__all__") or name.id[:1].isupper()
                if not constant:
                    found.append(f"{path.relative_to(ROOT)}: {name.id}")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Global):
                found.append(f"{path.relative_to(ROOT)}: global {node.names}")
    assert found == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "misc"])
def test_no_module_named_after_nothing(word):
    assert [path for path in [*PLAYGROUND, *TABS] if path.stem == word] == []


def test_every_module_of_the_project_can_be_imported():
    for path in PLAYGROUND:
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
