"""Starting the app wrongly: one clear line with the fix and an exit status, never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(*flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    command = [sys.executable, "app.py", *flags]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_a_taken_port_is_said_with_the_fix():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = start("--port", str(port))
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr and "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_said_with_what_is_allowed():
    done = start(PLAYGROUND_PORT="many")
    assert done.returncode == 2
    assert "PLAYGROUND_PORT is 'many'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_models_file_is_said(tmp_path):
    path = tmp_path / "models.yaml"
    path.write_text("models:\n  - id: someone/model\n    task: juggling\n")
    done = start("--models-file", str(path), "--port", "0")
    assert done.returncode == 2
    assert "juggling" in done.stderr and "text-classification" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_models_file_need_not_serve_every_tab(tmp_path):
    """Tabs without a model of their own stay empty; those that have one work."""
    import app
    from playground.config import Settings
    from playground.service import Playground

    path = tmp_path / "models.yaml"
    path.write_text("models:\n  - id: someone/classifier\n    task: text-classification\n")
    with Playground(Settings(models_file=path, warm_up=("none",))) as playground:
        assert app.build_app(playground).blocks


def test_a_teacher_whose_class_no_phone_can_open_reads_how_it_could(capsys):
    import app
    from playground.config import Settings

    for host, alone in (("127.0.0.1", True), ("0.0.0.0", False), ("school.example", False)):
        app._greet(Settings(host=host, classroom=True), 7860, None, ("ABC123", "key"))
        said = capsys.readouterr().out
        assert "/class/ABC123" in said
        assert ("for phones start with --host 0.0.0.0" in said) is alone


def test_an_old_python_is_told_to_be_newer():
    """The check stands before any line that an old Python could not run."""
    lines = (ROOT / "app.py").read_text(encoding="utf-8").splitlines()
    check = next(number for number, line in enumerate(lines) if "sys.version_info < (3, 11)" in line)
    first = next(
        number for number, line in enumerate(lines) if line.startswith(("from playground", "import playground"))
    )
    assert check < first


def test_names_and_methods_may_be_used_by_many_threads_at_once():
    """A click while the app warms up: two threads that import transformers at once would leave one an empty module."""
    code = (
        "import threading, playground as pg\n"
        "everything = pg.Playground().import_everything\n"
        "work = [lambda: pg.ClassifyRequest, everything, lambda: pg.WordLossRequest, lambda: pg.AttentionRequest] * 3\n"
        "threads = [threading.Thread(target=each) for each in work]\n"
        "[thread.start() for thread in threads], [thread.join() for thread in threads]\n"
        "from playground.classification import batching\n"
        "print(callable(batching.transformers.pipeline))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "True", done.stderr


def test_what_the_first_visitor_clicks_is_loaded_first():
    from playground.service import Playground

    tasks = [spec.task for spec in Playground()._warm_up_specs()]
    assert tasks[:2] == ["text-classification", "text-generation"]
    assert sorted(tasks) == sorted({spec.task for spec in Playground().catalog if spec.source == "embedded"})
