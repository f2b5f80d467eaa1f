"""Every step of every lesson, run as the page would run it: its facts are true, its questions have one right answer."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from playground.lessons.facts import FACTS
from playground.lessons.form import read_lesson
from playground.lessons.places import PLACES
from playground.lessons.readings import value_of
from playground.lessons.run import is_right, walk
from playground.lessons.shelf import read_lessons
from playground.wire import from_json

ROOT = Path(__file__).parents[3]
LESSONS = read_lessons().lessons
TRIED: dict[str, dict[str, object]] = {
    "model_map": {"text": "a cat"},
    "pipelines": {"text": "a cat", "texts": ["a dog", "a car"]},
}  # fields of the tabs that no lesson uses
SPANISH = """---
title: Las palabras no son tokens
minutes: 5
know: qué es un token
fact: Una palabra puede costar muchos tokens.
model: HuggingFaceTB/SmolLM2-135M-Instruct
language: es
---

## ¿Cuántos?

El modelo aprendió sobre todo inglés. ¿Cuántos tokens necesita para «desafortunadamente»?

```yaml
predict:
  ask: ¿Cuántos tokens?
  number: tokens.own_count
  within: 1
stage:
  tab: tokens
  text: desafortunadamente
  model_id: HuggingFaceTB/SmolLM2-135M-Instruct
reveal:
  right: ¡Sí! Son {tokens.own_count}.
  wrong: No, son {tokens.own_count}.
  why: El vocabulario se aprendió con textos en inglés.
expect:
  - tokens.own_count > 3
  - tokens.words is 1
```
"""


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_every_step_is_true_of_the_models(lesson, answer):
    found = {f"line {done.step.line}, {done.step.title}": done.untrue for done in walk(lesson, answer)}
    assert {step: untrue for step, untrue in found.items() if untrue} == {}
    assert len(found) == len(lesson.steps)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_facts_have_the_shape_that_is_declared(lesson, answer):
    for done in walk(lesson, answer):
        if done.step.tab in done.live:
            from_json(FACTS[done.step.tab], done.live[done.step.tab])


def test_a_tab_that_no_lesson_uses_can_be_read(answer):
    used = {step.tab for lesson in LESSONS for step in lesson.steps}
    for place in PLACES:
        if place.name not in used:
            from_json(FACTS[place.name], answer(place.name, {**place.defaults(), **TRIED[place.name]}))
    assert TRIED.keys() == {place.name for place in PLACES} - used


def test_a_lesson_in_another_language(tmp_path, answer):
    path = tmp_path / "tokens.md"
    path.write_text(SPANISH, encoding="utf-8")
    lesson, problems = read_lesson(path)
    assert problems == () and lesson.language == "es"
    (done,) = walk(lesson, answer)
    assert done.untrue == ()
    count = done.live["tokens"]["own_count"]
    assert is_right(done.step.predict, count + 1, done.live) and not is_right(done.step.predict, count + 2, done.live)


def test_the_example_of_the_documentation_is_true(tmp_path, answer):
    page = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")
    path = tmp_path / "example.md"
    path.write_text(re.search(r"^````markdown\n(.*?)^````", page, re.M | re.S)[1], encoding="utf-8")
    lesson, problems = read_lesson(path)
    assert problems == ()
    assert [done.untrue for done in walk(lesson, answer)] == [()] * len(lesson.steps)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_what_counts_as_close_is_close(lesson, answer):
    """A number of a lesson is close at most one off, or a quarter of it."""
    for done in walk(lesson, answer):
        asked = done.step.predict
        if asked and asked.kind == "number":
            right = value_of(asked.reading, done.live) * (100 if asked.form == "%" else 1)
            assert asked.within <= max(1, right / 4), done.step.title


def _step(name, title):
    """A step of one of our lessons; its prose in one line, without what is live."""
    lesson = next(one for one in LESSONS if one.name.startswith(name))
    step = next(one for one in lesson.steps if one.title == title)
    why = "".join(part if isinstance(part, str) else "…" for part in step.reveal.why.parts)
    return step, " ".join((step.text + " " + why).split())


def test_what_is_said_of_a_text_in_words_is_counted(answer):
    step, said = _step("01", "Why it can't read French")
    text = step.stage.fields["text"]
    words = re.findall(r"\w+", text)
    assert f"has {len(words)} words and a 🤗" in step.predict.ask and "🤗" in text
    tokens = answer("classification", step.stage.fields)["tokens"]
    cut = sum(now.startswith("##") and not before.startswith("##") for before, now in itertools.pairwise(tokens))
    assert cut == len(words) / 2 and "Half of the words fell into pieces" in said


def test_what_a_column_of_layers_is_said_to_hold_stands_in_it(answer):
    step, said = _step("11", "When does it know?")
    facts = answer("inside", step.stage.fields)
    column = [one["best"].strip() for one in facts["after"]]
    assert 'above "is" and "a" there are for many layers only full stops, commas, brackets and spaces' in said
    assert column[:2] == ["is", "a"] and set(column[2 : facts["leads_from"]]) == {".", ",", "(", ""}


def test_as_many_numbers_are_rounded_to_four_bits_as_is_said(answer):
    _, said = _step("09", "Now in four bits")
    place = next(one for one in PLACES if one.name == "model_map")
    facts = answer("model_map", place.defaults() | {"text": "a", "model_id": "HuggingFaceTB/SmolLM2-135M-Instruct"})
    rounded = facts["parameters"] * (facts["share"]["attention"] + facts["share"]["mlp"])
    assert "Rounding more than 100 million of them" in said and 100e6 < rounded < 110e6


def test_a_wrong_fact_is_noticed(tmp_path, answer):
    path = tmp_path / "wrong.md"
    path.write_text(SPANISH.replace("tokens.own_count > 3", "tokens.own_count > 300"), encoding="utf-8")
    lesson, _ = read_lesson(path)
    (done,) = walk(lesson, answer)
    assert done.untrue == ("expect: tokens.own_count > 300",)
