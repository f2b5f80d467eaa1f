"""Commit subjects can be read in one line, wherever a list of commits is shown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAST_OLD = "64fadcfc36bae5f5be5c81787754d7d73dec5bec"  # older subjects stay as they are
ITS_DATE = "2026-11-23T12:52:10+00:00"
SHORTEST, LONGEST = 12, 72


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)


def test_a_subject_says_something_and_fits_in_one_line():
    known = git("merge-base", "--is-ancestor", LAST_OLD, "HEAD").returncode == 0
    listed = git("log", "--no-merges", "--format=%s", *([f"{LAST_OLD}..HEAD"] if known else [f"--since={ITS_DATE}"]))
    if listed.returncode:
        pytest.skip("the files alone, without their history")
    assert [subject for subject in listed.stdout.splitlines() if not SHORTEST <= len(subject) <= LONGEST] == []
