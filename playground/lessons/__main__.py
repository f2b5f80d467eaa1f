"""``make lessons``: checks the form of every lesson; with ``--run`` also whether its facts are true of the models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from playground.errors import PlaygroundError
from playground.lessons.documented import PAGE, with_tables
from playground.lessons.form import read_lesson
from playground.lessons.lesson import Lesson, Problem
from playground.lessons.run import remembering, walk
from playground.lessons.shelf import FOLDER, files_of
from playground.lessons.words import FOLDER as FOLDER_OF_WORDS
from playground.lessons.words import read_words


def main(argv: Sequence[str]) -> int:
    """Exit status: 0 if nothing is wrong, 1 if something is, 2 if a path leads nowhere."""
    parser = argparse.ArgumentParser(prog="python -m playground.lessons", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="folders or files of your own")
    parser.add_argument("--run", action="store_true", help="compute every step, and hold what the lesson expects")
    parser.add_argument("--tables", action="store_true", help="write the tables of docs/lessons.md anew first")
    asked = parser.parse_args(argv)
    if asked.tables:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    for path in asked.paths:
        if not path.exists():
            print(f"error: {path} doesn't exist", file=sys.stderr)
            return 2
    files = files_of(FOLDER, *(path for path in asked.paths if path.is_dir()))
    files += [path for path in asked.paths if path.is_file()]
    read = [(path, *read_lesson(path)) for path in files]
    problems = [f"{path.parent}/{problem}" for path, _, wrong in read for problem in wrong]
    problems += map(str, read_words(*(path / FOLDER_OF_WORDS for path in asked.paths if path.is_dir()))[1])
    if asked.run:
        lessons = [(path, lesson) for path, lesson, _ in read if lesson]
        problems += [f"{path.parent}/{problem}" for path, problem in _untrue(lessons)]
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"{len(files)} lessons, {len(problems)} problems")
    return 1 if problems else 0


def _untrue(lessons: Sequence[tuple[Path, Lesson]]) -> list[tuple[Path, Problem]]:
    """What is untrue of the models in each lesson."""
    from playground.config import Settings
    from playground.lessons.stages import run
    from playground.service import Playground

    found = []
    with Playground(Settings(warm_up=("none",))) as playground:
        answer = remembering(lambda tab, fields: run(playground, tab, fields))
        for path, lesson in lessons:
            try:
                for done in walk(lesson, answer):
                    found += [(path, Problem(path.name, done.step.line, one, "")) for one in done.untrue]
            except PlaygroundError as error:
                found.append((path, Problem(path.name, 1, f"A step can't be run: {error.message}", error.fix)))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
