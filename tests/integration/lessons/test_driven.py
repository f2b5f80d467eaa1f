"""Every lesson is driven whole: its script takes each step as done by what the models answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from playground.lessons.places import place
from playground.lessons.run import walk
from playground.lessons.shelf import read_lessons
from playground.lessons.stages import fields_of, request_of
from playground.wire import to_json

pytestmark = pytest.mark.embedded
LESSONS = read_lessons().lessons
NODE = next(filter(None, (shutil.which("node", path=str(Path(sys.executable).parent)), shutil.which("node"))), "node")


@pytest.mark.parametrize("lesson", LESSONS, ids=[one.name for one in LESSONS])
def test_each_step_ends_by_what_the_models_answer(answer, tmp_path, lesson):
    given: list[object] = []

    def noted(tab, fields):
        facts = answer(tab, fields)
        known = place(tab)
        asked = fields_of(known, request_of(known, fields)) if known.request else fields
        given.append([facts, {**fields, **asked}])
        return facts

    answers = []
    for _ in walk(lesson, noted):
        answers.append(list(given))
        given.clear()
    path = tmp_path / "walked.json"
    path.write_text(json.dumps([[to_json(lesson), answers]]), encoding="utf-8")
    script = Path(__file__).with_name("driven.mjs")
    found = json.loads(subprocess.run([NODE, script, path], capture_output=True, text=True, check=True).stdout)
    assert found == [[True] * len(lesson.steps)]
