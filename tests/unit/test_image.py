"""The container's files say what the README says; ``make image-check`` builds and tries the image itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.image_check import USER, build_command, run_command

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
# One instruction a line, without comments.
INSTRUCTIONS = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M)).split("\n")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["playground"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def instructions(word: str) -> list[str]:
    return [line.removeprefix(word).strip() for line in INSTRUCTIONS if line.startswith(f"{word} ")]


def test_packages_are_where_any_user_finds_them():
    assert any("python3 -m venv /opt/venv" in line for line in instructions("RUN"))
    assert instructions("ENV")[0].startswith("PATH=/opt/venv/bin:$PATH")
    assert "--user" not in "\n".join(INSTRUCTIONS)
    installing = next(line for line in instructions("RUN") if "pip install" in line)
    assert INSTRUCTIONS.index(f"RUN {installing}") < INSTRUCTIONS.index("USER user")


def test_the_image_installs_what_is_locked_and_the_torch_that_is_pinned():
    installing = next(line for line in instructions("RUN") if "pip install" in line)
    locks = sorted(path.name for path in ROOT.glob("requirements*.lock"))
    locks.remove("requirements-cluster.lock")  # docs/scaling.md says how an image gets it
    assert sorted(re.findall(r"--require-hashes --no-deps -r (\S+)", installing)) == locks
    assert set(locks) <= set(next(line for line in instructions("COPY") if "lock" in line).split())
    pinned = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)[0]
    assert f"TORCH={pinned}" in instructions("ARG")


def test_every_build_argument_is_explained_and_each_that_is_explained_exists():
    arguments = {line.partition("=")[0] for line in instructions("ARG")}
    explained = set(re.findall(r"^#   ([A-Z_]+)  ", DOCKERFILE, re.M))
    assert arguments == explained
    assert set(COMPOSE["build"]["args"]) <= arguments


def test_the_small_image_is_the_first_that_the_readme_names():
    first = re.search(r"docker build[^`\n]*", README)[0]
    assert "--build-arg TORCH_INDEX=" in first
    assert COMPOSE["build"]["args"]["TORCH_INDEX"] == "${TORCH_INDEX:-}"


def test_it_tells_whether_it_is_well_also_where_an_image_cannot():
    (check,) = instructions("HEALTHCHECK")
    assert "PLAYGROUND_PORT" in check
    assert COMPOSE["healthcheck"]["test"][:3] == ["CMD", "python", "-c"]
    for builder in ("podman", "buildah"):
        assert "--format docker" in " ".join(build_command(builder))
    assert "--format" not in build_command("docker")


def test_a_workshop_s_container_may_write_next_to_nothing():
    assert (COMPOSE["read_only"], COMPOSE["tmpfs"], COMPOSE["cap_drop"]) == (True, ["/tmp"], ["ALL"])
    assert "--public" in COMPOSE["command"]
    hub = COMPOSE["volumes"][0].partition(":")[2]
    assert f"HF_HOME={hub}" in instructions("ENV")[0].split()
    assert any(f"-m 1777 /home/user/cache {hub}" in line for line in instructions("RUN"))


@pytest.mark.parametrize("builder", ["docker", "podman"])
def test_it_is_tried_as_the_readme_says_it_can_be_run(builder):
    command = " ".join(run_command(builder, "one", 1))
    assert f"--read-only --tmpfs /tmp --cap-drop ALL --user {USER}" in command
    assert "--read-only --tmpfs /tmp --user" in DOCKERFILE
