"""What the code imports is declared, what is declared is locked, and the lock holds on any machine."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LATER = re.compile(
    r"torch|triton|nvidia-.*|cuda-.*"
)  # installed before the lock: one version of torch has several builds


def normal(name: str) -> str:
    """A package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def pinned(file: str) -> dict[str, str]:
    """Package -> version, from a requirements or lock file."""
    text = (ROOT / file).read_text(encoding="utf-8")
    lines = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[a-z]+\])?==([^\s;\\]+)", text, re.M)
    return {normal(name): version for name, version in lines}


def imports() -> dict[str, str]:
    """Top-level package -> one file that imports it, of everything that runs in the app."""
    ours = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    found: dict[str, str] = {}
    folders = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "training"]
    for path in [*ROOT.glob("*.py"), *(file for folder in folders for file in folder.rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                found.setdefault(name.split(".")[0], str(path.relative_to(ROOT)))
    return {name: file for name, file in found.items() if name not in {*sys.stdlib_module_names, *ours}}


def test_every_package_that_the_app_imports_is_declared():
    packages = packages_distributions()
    assert {"gradio", "torch", "orjson"} <= set(imports())
    files = ("requirements.txt", "requirements-mcp.txt", "requirements-cluster.txt")
    declared = {package for file in files for package in pinned(file)}
    undeclared = {
        name: file
        for name, file in imports().items()
        if not {normal(package) for package in packages.get(name, [name])} & declared
    }
    assert undeclared == {}


@pytest.mark.parametrize("file", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_requirement_names_one_version(file):
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if line and not re.fullmatch(r"[A-Za-z0-9_.-]+(\[[a-z]+\])?==[^\s*]+", line)] == []


def test_what_is_optional_is_tested_in_the_same_version():
    assert pinned("requirements-mcp.txt").items() <= pinned("requirements-dev.txt").items()


@pytest.mark.parametrize("name", ["requirements", "requirements-models", "requirements-mcp", "requirements-cluster"])
def test_the_lock_agrees_with_the_requirements(name):
    wanted = {package: version for package, version in pinned(f"{name}.txt").items() if not LATER.fullmatch(package)}
    locked = pinned(f"{name}.lock")
    assert {package: locked.get(package) for package in wanted} == wanted, "run make lock"


def test_the_lock_leaves_torch_to_its_own_step():
    assert [package for package in pinned("requirements.lock") if LATER.fullmatch(package)] == []


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_every_locked_package_has_hashes_and_no_line_names_a_host(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z])", text, flags=re.M)[1:]
    assert blocks
    assert [block.split()[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []
    assert re.findall(r"^.*(?:://|--index|--find-links|--extra).*$", text, re.M) == []
