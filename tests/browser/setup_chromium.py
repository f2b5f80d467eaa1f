"""Exit status 0 when a Chromium is there for the browser tests, installing it first where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

# It draws pages as the whole browser does and spares the window around them, an eighth of all computing.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome")


def main() -> int:
    if os.environ.get("CI") and not shutil.which(SHELL):
        install(SHELL)
    if any(map(shutil.which, NAMES)):
        return 0
    install("chromium")
    if any(map(shutil.which, NAMES)):
        return 0
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode == 0:
        return 0
    print(
        "error: no Chromium was found and none could be installed. Install one (Debian: apt-get install chromium) "
        "and run make test again; make unit integration runs the other tiers without it.",
        file=sys.stderr,
    )
    return 1


def install(package: str) -> None:
    """Asks apt-get for a package, where there is one and it may; what came of it is seen by looking for the program."""
    if not shutil.which("apt-get"):
        return
    print(f"Installing {package} for the browser tests", flush=True)
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", package]):
        try:
            subprocess.run([*sudo, *command], check=False, timeout=120, **quiet)
        except (OSError, subprocess.TimeoutExpired):
            return


if __name__ == "__main__":
    sys.exit(main())
