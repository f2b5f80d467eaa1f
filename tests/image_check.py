"""``make image`` builds the container image, ``make image-check`` also tries it: as another user, to its end.

With docker (whose engine must run), podman or buildah, the first that is there. Variables: BUILDER names one of them,
BUILD_FLAGS is added to its build (such as "--build-arg BASE=..."). buildah runs it without a read-only file system, and
without a port of its own.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGE = "transformers-playground"
USER = "4321:4321"
BUILDERS = ("docker", "podman", "buildah")


def builder(environ=os.environ) -> str:
    """The first program that can build an image here."""
    wanted = [environ["BUILDER"]] if environ.get("BUILDER") else BUILDERS
    for name in wanted:
        if shutil.which(name) and subprocess.run([name, "info"], capture_output=True).returncode == 0:
            return name
    sys.exit(f"error: no {' or '.join(wanted)} that works here. Install one, or start docker's engine.")


def build_command(name: str, flags: str = "") -> list[str]:
    """How an image is built with its health check kept."""
    form = [] if name == "docker" else ["--format", "docker"]
    return [name, "build", *form, "--tag", IMAGE, *shlex.split(flags), str(ROOT)]


def run_command(name: str, container: str, port: int) -> list[str]:
    """How it is run by somebody whom the image doesn't know."""
    if name == "buildah":
        app = ["python", "app.py", "--port", str(port)]
        return ["buildah", "run", "--isolation", "chroot", "--user", USER, container, "--", *app]
    hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--user", USER]
    return [name, "run", "--rm", "--init", "--name", container, *hardened, "-p", f"127.0.0.1:{port}:7860", IMAGE]


def health_check_of(name: str) -> str:
    """The command that the image says tells whether it is well."""
    kind = ["inspect", "--type", "image"] if name == "buildah" else ["image", "inspect"]
    told = json.loads(subprocess.run([name, *kind, IMAGE], capture_output=True, text=True, check=True).stdout)
    config = told["Docker"]["config"] if name == "buildah" else told[0]["Config"]
    return " ".join((config.get("Healthcheck") or {}).get("Test", []))


def ask(port: int, path: str, body: object = None) -> bytes:
    """One answer of the running app."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read()


def wait_for_page(port: int, running: subprocess.Popen) -> float:
    """Seconds until the page came."""
    began = time.monotonic()
    while running.poll() is None and time.monotonic() - began < 300:
        try:
            ask(port, "/")
            return time.monotonic() - began
        except OSError:
            time.sleep(0.2)
    sys.exit(f"error: the page didn't come (exit status {running.poll()})")


def classify(port: int) -> str:
    """The label of a text, by the app's own endpoint."""
    call = json.loads(ask(port, "/gradio_api/call/classify", {"data": ["What a wonderful film!", "", "", "auto"]}))
    told = ask(port, f"/gradio_api/call/classify/{call['event_id']}").decode()
    return json.loads(told.partition("data: ")[2].splitlines()[0])[0]["label"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check(name: str) -> None:
    """Runs the image, asks it something, ends it; exits with a sentence where something is wrong."""
    test = health_check_of(name)
    if "urllib" not in test:
        sys.exit("error: the image has no health check")
    container, port = f"{IMAGE}-check", free_port()
    if name == "buildah":
        made = ["buildah", "from", "--name", container, IMAGE]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    running = subprocess.Popen(run_command(name, container, port))
    try:
        seconds = wait_for_page(port, running)
        label = classify(port)
        began = time.monotonic()
        running.terminate() if name == "buildah" else subprocess.run([name, "stop", container], check=True)
        status = running.wait(30)
        print(
            f"{name}: built; health check kept; as user {USER} the page came after {seconds:.1f} s, /classify says "
            f"{label}, and it stopped after {time.monotonic() - began:.1f} s"
        )
        if status and name != "buildah":  # whose own status isn't the app's
            sys.exit(f"error: it ended with {status}")
    finally:
        running.kill()
        if name == "buildah":
            subprocess.run(["buildah", "rm", container], stdout=subprocess.DEVNULL)


def main(arguments: list[str]) -> None:
    """Builds, and checks if asked."""
    name = builder()
    subprocess.run(build_command(name, os.environ.get("BUILD_FLAGS", "")), check=True)
    if "--check" in arguments:
        check(name)


if __name__ == "__main__":
    main(sys.argv[1:])
