"""``python -m playground.publish OWNER/NAME``: makes or updates a Hugging Face Space that runs this playground.

Without ``--yes`` nothing is sent: it says what would be. A Space gets the app and nothing of its tests; its README is
ours with front matter for the kind of Space, its requirements.txt asks for a torch that its hardware can run.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playground.config import VERSION
from playground.errors import InputError, PlaygroundError, said_by
from playground.units import format_bytes

ROOT = Path(__file__).resolve().parents[1]
ZERO = "zero-a10g"  # how the Hub calls ZeroGPU, whatever GPU it lends
ZERO_TORCH = "torch>=2.8,<2.12"  # ZeroGPU's list of versions ended at 2.11.0 in August 2026
APP = ("*.py", "LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "requirements.txt")
FOLDERS = ("playground", "tabs", "server", "assets", "docs")
IMAGE = ("Dockerfile", ".dockerignore", "requirements*.lock")
FRONT = re.compile(r"\A---\n(.*?)^---\n", re.S | re.M)


@dataclass(frozen=True)
class Plan:
    """A Space as it is to be: its files are paths here, or texts where they differ from ours."""

    space: str
    sdk: str
    hardware: str | None
    private: bool
    files: dict[str, Path | str]

    def described(self) -> str:
        """What would be sent, for a person to read."""
        size = sum(one.stat().st_size if isinstance(one, Path) else len(one.encode()) for one in self.files.values())
        changed = ", ".join(name for name, one in self.files.items() if isinstance(one, str))
        return "\n".join(
            [
                f"Space       {self.space} ({'private' if self.private else 'public'}, made if it isn't there)",
                f"kind        {self.sdk}",
                f"hardware    {self.hardware or 'as it is; cpu-basic for a new one'}",
                f"files       {len(self.files)}, {format_bytes(size)}; files that are there and not among them go",
                f"rewritten   {changed}",
            ]
        )


def make_plan(space: str, hardware: str | None = None, docker: bool = False, private: bool = False) -> Plan:
    """What a Space gets.

    Raises:
        InputError: that is no name of a Space, or this hardware runs no such Space.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", space):
        raise InputError(f"{space!r} is no name of a Space.", "Write it as OWNER/NAME.")
    if docker and hardware == ZERO:
        raise InputError("ZeroGPU runs Gradio Spaces alone.", "Leave out --docker.")
    sdk = "docker" if docker else "gradio"
    patterns = (*APP, *(IMAGE if docker else ()))
    paths = [path for pattern in patterns for path in ROOT.glob(pattern)]
    paths += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    files: dict[str, Path | str] = {
        path.relative_to(ROOT).as_posix(): path for path in sorted(paths) if "__pycache__" not in path.parts
    }
    files["README.md"] = readme((ROOT / "README.md").read_text(encoding="utf-8"), sdk, hardware)
    if hardware == ZERO:
        files["requirements.txt"] = requirements((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    return Plan(space, sdk, hardware, private, files)


def readme(text: str, sdk: str, hardware: str | None) -> str:
    """The README of a Space: ours, whose front matter is that of a Gradio Space.

    >>> print(readme("---\\ntitle: T\\nsdk: gradio\\nsdk_version: 6.0\\n---\\nText", "docker", "t4-small"))
    ---
    title: T
    sdk: docker
    app_port: 7860
    suggested_hardware: t4-small
    ---
    Text
    """
    found = FRONT.match(text)
    front = found[1] if found else ""
    if sdk == "docker":
        front = re.sub(
            r"^(sdk_version|python_version|app_file):.*\n|^preload_from_hub:\n(  .*\n)*", "", front, flags=re.M
        )
        front = front.replace("sdk: gradio\n", "sdk: docker\napp_port: 7860\n")
    front += f"suggested_hardware: {hardware}\n" if hardware else ""
    return f"---\n{front}---\n{FRONT.sub('', text)}"


def requirements(text: str) -> str:
    """The requirements of a Space with ZeroGPU.

    >>> requirements("torch==2.13.0\\ngradio==6.31.0\\n")
    'torch>=2.8,<2.12\\ngradio==6.31.0\\n'
    """
    return re.sub(r"^torch==.*$", ZERO_TORCH, text, flags=re.M)


def send(plan: Plan) -> str:
    """The address of the Space, after it was made or updated.

    Raises:
        PlaygroundError: the Hub refused, or can't be reached.
    """
    import huggingface_hub

    api = huggingface_hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    try:
        url = api.create_repo(
            plan.space, repo_type="space", space_sdk=plan.sdk, private=plan.private, exist_ok=True
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            for name, content in plan.files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read_bytes() if isinstance(content, Path) else content.encode())
            api.upload_folder(
                repo_id=plan.space, folder_path=folder, repo_type="space", delete_patterns="*",
                commit_message=f"Transformers Playground {VERSION}",
            )  # fmt: skip
        if plan.hardware:
            api.request_space_hardware(plan.space, plan.hardware)  # type: ignore[arg-type]  # it takes its names, too
    except Exception as error:  # the client raises many kinds
        raise PlaygroundError(
            f"The Space wasn't published: {type(error).__name__}: {said_by(error, 300)}.",
            "Log in with `hf auth login` as somebody who may write there, check the network, and try again.",
        ) from error
    return str(url)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 if all went well, 1 after a line that says what didn't."""
    parser = argparse.ArgumentParser(prog="python -m playground.publish", description="Makes or updates a Space.")
    parser.add_argument("space", metavar="OWNER/NAME")
    parser.add_argument("--hardware", help=f"{ZERO} (ZeroGPU), cpu-basic, t4-small, ...; else it stays as it is")
    parser.add_argument("--docker", action="store_true", help="a Docker Space in place of a Gradio Space")
    parser.add_argument("--private", action="store_true", help="for you alone, if the Space is new")
    parser.add_argument("--yes", action="store_true", help="do it; without this nothing is sent")
    options = parser.parse_args(argv)
    try:
        plan = make_plan(options.space, options.hardware, options.docker, options.private)
        print(plan.described())
        print(send(plan) if options.yes else "Nothing was sent. Add --yes to do it.")
    except PlaygroundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
