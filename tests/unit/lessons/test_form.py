"""The form of a lesson: what is wrong in a file is named with its line and with what is allowed there."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import pytest
import yaml

from playground.lessons import __main__ as command
from playground.lessons.form import read_lesson
from playground.lessons.places import PLACES
from playground.lessons.run import is_right
from playground.lessons.shelf import FOLDER, read_lessons
from playground.models.catalog import Catalog
from playground.service import Playground
from playground.wire import from_json, to_json
from tabs.glossary import groups
from tests.browser.test_words import faults

CASES = json.loads((Path(__file__).parents[2] / "data" / "lesson_readings.json").read_text(encoding="utf-8"))
GOOD = """---
title: A lesson
minutes: 5
know: [one thing, another]
fact: Something that surprises.
model: playground/sentiment-5-stars
---

## First

Some **text**, with a <b>tag</b>.

```yaml
predict:
  ask: Sure?
  choices: [1 star, 5 stars]
  reading: classification.best.label
stage:
  tab: classification
  text: Good.
reveal:
  right: Yes
  wrong: No, {classification.best.label}.
keep: first
```

## Second

More text.

```yaml
do:
  say: Write something bad.
  until:
    - classification.best.probability < first.best.probability
  show: {text: Bad.}
expect: classification.text is Bad.
```
"""


@pytest.fixture
def read(tmp_path):
    """``read(text)`` gives the lesson and the problems of a file with this text."""

    def read(text):
        path = tmp_path / "lesson.md"
        path.write_text(text, encoding="utf-8")
        return read_lesson(path)

    return read


def test_a_step_sees_what_its_tab_shows(read):
    lesson, _ = read(GOOD.replace("keep: first", "see: steps\nkeep: first"))
    assert [step.see for step in lesson.steps] == ["steps", ""]
    _, (problem,) = read(GOOD.replace("keep: first", "see: step\nkeep: first"))
    assert str(problem) == "lesson.md:24: The tab 'classification' shows no 'step'. It has steps."


def test_a_good_file_is_a_lesson(read):
    lesson, problems = read(GOOD)
    assert problems == ()
    first, second = lesson.steps
    assert (lesson.name, lesson.know, lesson.model) == (
        "lesson",
        ("one thing", "another"),
        ("playground/sentiment-5-stars",),
    )
    assert first.stage.fields == {"text": "Good.", "text_pair": "", "model_id": None}
    assert first.predict.choices[0].say == "1 star" and first.reveal.reading == first.predict.reading
    assert (first.line, second.line) == (9, 27)
    assert second.tab == "classification" and second.stage is None
    assert second.do.until[0].other.root == "first" and second.do.show == {"text": "Bad."}


def test_a_lesson_goes_through_json_and_comes_back(read):
    lesson, _ = read(GOOD)
    assert from_json(type(lesson), to_json(lesson)) == lesson


def test_text_becomes_html_in_which_no_tag_of_the_file_counts(read):
    lesson, _ = read(GOOD.replace("More text.", "[x](javascript:alert(1)) <img src=x onerror=alert(1)>"))
    assert lesson.steps[0].html == "<p>Some <strong>text</strong>, with a &lt;b&gt;tag&lt;/b&gt;.</p>\n"
    assert "<a " not in lesson.steps[1].html and "<img" not in lesson.steps[1].html


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "allowed"),
    [
        ("---\ntitle", "title", 1, "front matter", "---"),
        ("minutes: 5", "minutes: soon", 3, "'soon'", "number from 1"),
        ("title: A lesson\n", "", 1, "title", "title:"),
        ("fact:", "facts:", 5, "'facts'", "fact"),
        ("minutes: 5", "minutes: 5\nlanguage: English please", 4, "English", "de"),
        ("know: [one thing, another]", "know: [one thing, another", 5, "YAML", "quotes"),
        ("## First", "# First", 9, "heading", "##"),
        ("## First", "Before.\n\n## First", 9, "before the first step", "##"),
        ("## First", "##", 9, "no step", "title"),
        ("Some **text**", "word " * 81, 9, "85 words", "80"),
        ("tab: classification", "tab: clasification", 19, "'clasification'", "classification"),
        ("  text: Good.", "  txt: Good.", 20, "'txt'", "text"),
        ("  text: Good.", "  text: [Good.]", 20, "text is", "a text"),
        ("ask: Sure?", "aks: Sure?", 15, "'aks'", "ask"),
        ("reading: classification.best.label", "reading: classification.best.labl", 17, "labl", "label"),
        ("  reading: classification.best.label\n", "", 16, "right", "reading"),
        ("choices: [1 star, 5 stars]", "choices: [1 star]", 16, "two to six", "under"),
        ("choices: [1 star, 5 stars]", "choices: [{say: a, if: x is 1}, {say: b}]", 16, "'x'", "classification"),
        ("  wrong: No, {classification.best.label}.\n", "", 22, "guess", "right and for wrong"),
        ("{classification.best.label}.", "{classification.best}.", 23, "one value", ".label"),
        ("keep: first", "keep: tokens", 24, "'tokens'", "word"),
        ("keep: first", "keep: First one", 24, "'First one'", "word"),
        ("keep: first", "keeps: first", 24, "'keeps'", "keep"),
        ("keep: first\n", "keep: first\nkeep: second\n", 25, "twice", "one"),
        ("keep: first\n```", "keep: first\n```\n\nText.", 27, "follows", "end"),
        ("keep: first\n```", "keep: first\n```\n\n```yaml\nkeep: a\n```", 27, "two blocks", "Join"),
        ("< first.best.probability", "< second.best.probability", 35, "no number", "number"),
        ("show: {text: Bad.}", "show: {text: 5}", 36, "text is '5'", "a text"),
        ("  show: {text: Bad.}\n", "", 33, "show", "stuck"),
        ("expect: classification.text is Bad.", "expect: classification.text was Bad.", 37, "condition", "is"),
        ("reveal:\n  right: Yes\n  wrong: No, {classification.best.label}.\n", "", 15, "never answered", "reveal"),
        ("ask: Sure?", "ask: &a Sure?\n  within: *b", 16, "YAML", "quotes"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(read, old, new, line, message, allowed):
    assert GOOD.count(old) == 1 or old == "---\ntitle"
    lesson, problems = read(GOOD.replace(old, new))
    assert lesson is None
    assert (problems[0].line, problems[0].file) == (line, "lesson.md"), problems
    assert message in problems[0].message and allowed in problems[0].allowed, problems


def test_every_broken_step_is_named_at_once(read):
    _, problems = read(GOOD.replace("ask: Sure?", "ask: [1]").replace("text is Bad.", "txt is Bad."))
    assert [problem.line for problem in problems] == [15, 35, 37][: len(problems)] and len(problems) >= 2


def test_a_step_before_any_stage_is_refused(read):
    _, problems = read(GOOD.replace("stage:\n  tab: classification\n  text: Good.\n", ""))
    assert "No stage" in problems[0].message


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"", b"x" * 300_000, b"---\na: &x [*x]\n---\n"])
def test_a_file_that_is_none_costs_itself_alone(tmp_path, data):
    (tmp_path / "broken.md").write_bytes(data)
    found = read_lessons(tmp_path)
    assert [problem.file for problem in found.problems] == ["broken.md"]
    assert len(found.lessons) == len(read_lessons().lessons) > 0


def test_a_teachers_file_is_added_or_takes_the_place_of_ours(tmp_path):
    ours = read_lessons().lessons
    (tmp_path / "mine.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / f"{ours[0].name}.md").write_text(GOOD, encoding="utf-8")
    found = read_lessons(tmp_path).lessons
    assert [lesson.name for lesson in found] == [*(lesson.name for lesson in ours), "mine"]
    assert found[0].title == found[-1].title == "A lesson"


def test_the_playground_reads_the_folder_of_its_settings(tmp_path):
    from playground.config import Settings

    (tmp_path / "mine.md").write_text(GOOD, encoding="utf-8")
    assert Playground(Settings(lessons=tmp_path)).lessons().lessons[-1].name == "mine"


def test_make_lessons_says_where(tmp_path, capsys):
    (tmp_path / "mine.md").write_text(GOOD.replace("txt", "text"), encoding="utf-8")
    assert command.main([str(tmp_path)]) == 0
    (tmp_path / "mine.md").write_text(GOOD.replace("tab: classification", "tab: class"), encoding="utf-8")
    assert command.main([str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert f"{tmp_path}/mine.md:19: There is no tab 'class'. There are {PLACES[0].name}, " in said
    assert command.main([str(tmp_path / "nowhere")]) == 2


def test_a_number_and_its_unit_are_parted_nowhere_but_in_code_and_fields(read):
    text = GOOD.replace("[one thing, another]", "[it takes 5 MB]")
    text = text.replace("Some **text**", "`7 % 2` takes 3 s, **text**")
    text = text.replace("text: Good.", "text: 12 % of it.").replace("ask: Sure?", "ask: Over 2 nats?")
    lesson, _ = read(text.replace("No, {classification.best.label}.", "No, {classification.best.probability:2} nats."))
    first = lesson.steps[0]
    assert lesson.know == ("it takes 5\u00a0MB",) and first.predict.ask == "Over 2\u00a0nats?"
    assert first.html.startswith("<p><code>7 % 2</code> takes 3\u00a0s, <strong>")
    assert first.stage.fields["text"] == "12 % of it." and first.reveal.wrong.parts[-1] == "\u00a0nats."


def test_our_lessons_are_whole():
    found = read_lessons()
    assert found.problems == ()
    assert len(found.lessons) == len(list(FOLDER.glob("*.md")))
    known = {spec.id for spec in Catalog.read()}
    for lesson in found.lessons:
        assert 5 <= lesson.minutes <= 10 and lesson.fact and set(lesson.model) <= known
        assert sum(step.predict is not None for step in lesson.steps) >= 3, f"{lesson.name} asks too little"
        assert any(step.do for step in lesson.steps), f"{lesson.name} has nothing to do"
        assert all(step.expect for step in lesson.steps if step.predict or step.do), lesson.name
        assert faults("\n".join(prose(lesson))) == []


def prose(lesson):
    """What whoever walks a lesson reads, with 7 for each live value."""
    yield from (lesson.title, lesson.fact, *lesson.know)
    for step in lesson.steps:
        yield from (step.title, re.sub("<code>.*?</code>|<[^>]+>", "", step.html, flags=re.S))
        if step.predict:
            yield from (step.predict.ask, *(one.say for one in step.predict.choices))
        yield step.do.say if step.do else ""
        for sentence in (step.reveal.right, step.reveal.wrong, step.reveal.why) if step.reveal else ():
            yield "".join(part if isinstance(part, str) else "7" for part in sentence.parts)


@pytest.mark.parametrize(("asked", "guess", "right"), CASES["guesses"])
def test_a_guess_is_right_or_wrong_by_what_is_live(read, asked, guess, right):
    block = yaml.safe_dump({"ask": "Sure?", **asked}, allow_unicode=True)
    old = """  ask: Sure?
  choices: [1 star, 5 stars]
  reading: classification.best.label
"""
    lesson, problems = read(GOOD.replace(old, textwrap.indent(block, "  ")))
    assert problems == ()
    assert is_right(lesson.steps[0].predict, guess, CASES["live"]) is right


@pytest.mark.parametrize("lesson", read_lessons().lessons, ids=lambda lesson: lesson.name)
def test_no_answer_is_written_down(lesson):
    """What is right is read from live facts: by the question's reading, or by each choice's condition."""
    for step in lesson.steps:
        if step.predict:
            assert step.predict.reading or all(one.when for one in step.predict.choices)
            assert step.reveal and step.tab


def test_another_answer_makes_another_guess_right():
    question = next(one for one in read_lessons().lessons if one.name == "01-the-article-live").steps[0].predict
    for label in ("2 stars", "5 stars"):
        live = {"classification": {"best": {"label": label}}}
        assert [choice.say for choice in question.choices if is_right(question, choice.say, live)] == [label]


@pytest.mark.parametrize("lesson", read_lessons().lessons, ids=lambda lesson: lesson.name)
def test_a_lessons_names_are_words_of_the_glossary_or_of_a_field(lesson):
    known = {form for group in groups().values() for word in group for form in (*word.forms, word.name.strip("`"))}
    known |= {field.name for place in PLACES for field in place.fields}
    for step in lesson.steps:
        names = re.findall(r"`([a-z_]+)`", step.text)
        assert set(names) <= known, step.title


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("07-where-attention-looks", "weights"),  # those of a row, not those that training found
        ("11-layer-by-layer", "entailment"),
        ("12-it-follows-its-data", "attention head"),  # the head of a classifier is another one
    ],
)
def test_a_word_of_the_glossary_is_explained_where_it_has_that_sense_alone(name, word):
    lesson = next(one for one in read_lessons().lessons if one.name == name)
    forms = [(form, one.name) for group in groups().values() for one in group for form in one.forms]
    longest = "|".join(re.escape(form) for form, _ in sorted(forms, key=lambda pair: -len(pair[0])))
    named = {form.lower(): name for form, name in forms}
    texts = " ".join(step.text for step in lesson.steps)
    found = re.findall(rf"(?<![\w-])(?:{longest})(?![\w-])", texts, flags=re.I)
    assert word not in {named[one.lower()] for one in found}
