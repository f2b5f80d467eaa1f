"""The cases of readings as the page's script gets them: parsed by Python, in tests/data/lesson_forms.json."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import yaml

from playground.lessons.form import read_lesson
from playground.lessons.readings import condition, reading, sentence
from playground.wire import to_json

DATA = Path(__file__).parents[2] / "data"
CASES = json.loads((DATA / "lesson_readings.json").read_text(encoding="utf-8"))
LESSON = """---
title: A lesson
minutes: 5
know: [one thing]
fact: A fact.
model: a/model
---

## A step

```yaml
stage: {tab: tokens}
predict:
%s
reveal: {show: tokens.count, right: Yes., wrong: No.}
```
"""


def forms(folder: Path) -> dict[str, list[list[object]]]:
    """Every case, its text replaced by what Python reads it as."""
    kept = CASES["kept"]
    found: dict[str, list[list[object]]] = {
        "readings": [[to_json(reading(name, kept)), value] for name, value in CASES["readings"]],
        "conditions": [[to_json(condition(text, kept)), true] for text, true in CASES["conditions"]],
        "sentences": [[to_json(sentence(text, kept)), said] for text, said in CASES["sentences"]],
        "guesses": [],
    }
    path = folder / "lesson.md"
    for asked, guess, right in CASES["guesses"]:
        block = yaml.safe_dump({"ask": "Sure?", **asked}, allow_unicode=True)
        path.write_text(LESSON % textwrap.indent(block, "  "), encoding="utf-8")
        lesson, problems = read_lesson(path)
        assert lesson is not None, problems
        found["guesses"].append([to_json(lesson.steps[0].predict), guess, right])
    return found


def test_the_script_is_tested_with_what_python_reads(tmp_path):
    assert json.loads((DATA / "lesson_forms.json").read_text(encoding="utf-8")) == forms(tmp_path), (
        "write it anew: python -m tests.unit.lessons.test_forms_for_the_page FOLDER > tests/data/lesson_forms.json"
    )


if __name__ == "__main__":
    print(json.dumps(forms(Path(sys.argv[1])), ensure_ascii=False, indent=0))
