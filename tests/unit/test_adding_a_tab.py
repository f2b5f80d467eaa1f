"""The README's "Adding a tab", done word for word on a copy of the project: the new tab is there and answers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("### Adding a tab") :]
BLOCKS = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", SECTION, re.S))


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} no longer holds {old!r} once"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with the README's capability in it."""
    root = tmp_path_factory.mktemp("project")
    quiet = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.bin")
    for name in ("playground", "tabs", "server", "assets"):
        shutil.copytree(ROOT / name, root / name, ignore=quiet)
    for path in [*ROOT.glob("*.py"), ROOT / "pyproject.toml"]:
        shutil.copy(path, root)
    for name, text in BLOCKS.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).parent.joinpath("__init__.py").write_text('"""Letters."""\n', encoding="utf-8")
        (root / name).write_text(text, encoding="utf-8")
    service = root / "playground" / "service.py"
    replaced(
        service,
        "class Playground(",
        "from playground.letters.facade import LettersWing\n\n\nclass Playground(LettersWing, ",
    )
    replaced(root / "tabs" / "__init__.py", '"similarity", ', '"similarity", "letters", ')
    return root


def test_the_readme_has_a_whole_capability():
    assert list(BLOCKS) == ["playground/letters/count.py", "playground/letters/facade.py", "tabs/letters/tab.py"]


def test_the_new_tab_is_there_and_answers(project):
    code = (
        "import sys, app; from playground import Playground; from playground.letters.count import LettersRequest\n"
        "from playground import wire\n"
        "with Playground() as playground:\n"
        "    demo = app.build_app(playground)\n"
        "    assert 'torch' not in sys.modules\n"
        "    result = playground.count_letters(LettersRequest('Hello'))\n"
        "    assert wire.to_json(result) == {'counts': [['l', 2], ['h', 1], ['e', 1], ['o', 1]]}\n"
        "[answer] = demo.get_api_info()['named_endpoints']['/letters']['returns']\n"
        "assert list(answer['type']['properties']) == ['counts']\n"
        "print([block.label for block in demo.blocks.values() if type(block).__name__ == 'Tab'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "'Letters'" in done.stdout


def test_the_new_capability_keeps_the_style(project):
    ruff = [sys.executable, "-m", "ruff"]
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run([*ruff, *check, *BLOCKS], cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
