"""Exit status 0 when a Chromium is there for the browser tests, installing it first where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    if any(shutil.which(name) for name in NAMES):
        return 0
    print("Installing Chromium for the browser tests", flush=True)
    if shutil.which("apt-get"):
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run([*sudo, *command], env=environment, stdout=subprocess.DEVNULL, check=False)
        if any(shutil.which(name) for name in NAMES):
            return 0
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode == 0:
        return 0
    print(
        "error: no Chromium was found and none could be installed. Install one (Debian: apt-get install chromium) "
        "and run make test again; make unit integration runs the other tiers without it.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
