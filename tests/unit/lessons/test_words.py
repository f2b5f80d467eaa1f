"""The panel's own words: every language has all of them, and a teacher's file is told what is wrong with it."""

from __future__ import annotations

import pytest

from playground.lessons import __main__ as command
from playground.lessons.shelf import read_lessons
from playground.lessons.words import OWN, read_words, words_for

ENGLISH = (OWN / "en.yaml").read_text(encoding="utf-8")

NEXT = ENGLISH.split("\n").index("next: Next") + 1  # its line


@pytest.fixture
def own(tmp_path):
    """``own(text)`` gives a teacher's folder with Dutch words."""

    def own(text):
        (tmp_path / "words").mkdir(exist_ok=True)
        (tmp_path / "words" / "nl.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return own


def test_the_app_has_every_word_in_four_languages():
    words, problems = read_words()
    assert problems == () and words.keys() == {"de", "en", "es", "fr"}
    for language in words:
        assert list(words[language]) == list(words["en"])
    alike = {name for name, one in words["en"].items() if any(words[to][name] == one for to in ("de", "es", "fr"))}
    assert alike == {"right", "minutes", "no"}, "these are the same in another language; the others were translated"


def test_a_teacher_adds_a_language(own):
    folder = own(ENGLISH.replace("next: Next", "next: Verder"))
    lessons = read_lessons(folder)
    assert lessons.problems == ()
    assert words_for("nl-BE", lessons.words)["next"] == "Verder"
    assert words_for("de-CH", lessons.words)["next"] == "Weiter"
    assert words_for("sv", lessons.words) == {**lessons.words["en"], "lang": "en"}


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("next: Next\n", "", 1, "These words are missing: next."),
        ("next: Next", "nxt: Next", NEXT, "'nxt' is no word of the panel."),
        ("step {at} of {of}", "stap {at} van {of} {what}", 2, "step has other braces. It needs {at}, {of}."),
        ("next: Next", "next: 3", NEXT, "next is no text."),
        ("next: Next", "next: @", NEXT, "This is no YAML"),
    ],
)
def test_a_file_with_a_mistake_says_where_and_costs_itself_alone(own, capsys, old, new, line, says):
    folder = own(ENGLISH.replace(old, new))
    lessons = read_lessons(folder)
    (problem,) = lessons.problems
    assert (problem.file, problem.line) == ("words/nl.yaml", line) and says in str(problem)
    assert words_for("nl", lessons.words)["lang"] == "en" and lessons.lessons
    assert command.main([str(folder)]) == 1 and says in capsys.readouterr().out
