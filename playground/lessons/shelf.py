"""All lessons: those of the app, and those of a teacher's folder. A broken file costs itself alone."""

from __future__ import annotations

from pathlib import Path

from playground.lessons import words as panel
from playground.lessons.form import read_lesson
from playground.lessons.lesson import Lesson, Lessons, Problem

FOLDER = Path(__file__).parents[2] / "assets" / "lessons"


def files_of(*folders: Path) -> list[Path]:
    """The files of lessons, in the order of the folders and then of their names."""
    return [path for folder in folders for path in sorted(folder.glob("*.md"))]


def read_lessons(own: Path | None = None) -> Lessons:
    """The lessons of the app, then those of a folder of one's own; there, a file named as one of ours replaces it."""
    found: dict[str, Lesson] = {}
    problems: list[Problem] = []
    for path in files_of(FOLDER, *([own] if own else [])):
        lesson, wrong = read_lesson(path)
        problems += wrong
        if lesson:
            found[lesson.name] = lesson
    words, wrong_words = panel.read_words(*([own / panel.FOLDER] if own else []))
    return Lessons(tuple(found.values()), (*problems, *wrong_words), words)
