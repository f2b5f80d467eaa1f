"""The panel's own words, such as Back and Next, in the languages of lessons: a small file for each language.

``assets/lessons/words/de.yaml`` holds the German ones; a teacher's folder may have a ``words`` folder of its own. The
English file says which words there are, and what stands in braces in each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from playground.lessons.lesson import Problem
from playground.lessons.marked import FormError, Marked, read

FOLDER = "words"
OWN = Path(__file__).parents[2] / "assets" / "lessons" / FOLDER
_BRACES = re.compile(r"\{\w+\}")


def read_words(*folders: Path) -> tuple[dict[str, dict[str, str]], tuple[Problem, ...]]:
    """The words by the code of their language, of the app and then of these folders; and what is wrong with files."""
    found: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for path in (one for folder in (OWN, *folders) for one in sorted(folder.glob("*.yaml"))):
        try:
            found[path.stem.casefold()] = words_of(path)
        except FormError as error:
            problems.append(Problem(f"{FOLDER}/{path.name}", error.line, str(error), error.allowed))
    return found, tuple(problems)


def words_of(path: Path) -> dict[str, str]:
    """The words in a file.

    Raises:
        FormError: one is missing, isn't known, is no text, or has other braces than in English.
    """
    known = _english()
    try:
        marked = read(path.read_text(encoding="utf-8-sig"), 1)
    except (OSError, UnicodeDecodeError) as error:
        raise FormError(1, f"The file can't be read: {error}.", "It should be text in UTF-8.") from None
    given = marked.value if isinstance(marked.value, dict) else {}
    for name, one in given.items():
        if name not in known:
            raise FormError(one.line, f"{name!r} is no word of the panel.", f"There are {', '.join(known)}.")
        _check(name, one, known[name])
    missing = [name for name in known if name not in given]
    if missing:
        raise FormError(1, f"These words are missing: {', '.join(missing)}.", "Write them as words/en.yaml does.")
    return {name: str(one.value) for name, one in given.items()}


def words_for(language: str, words: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """The words beside a lesson in this language, and as ``lang`` the language that they are in.

    >>> words_for("de-AT", {"en": {"back": "Back"}, "de": {"back": "Zurück"}})
    {'back': 'Zurück', 'lang': 'de'}
    >>> words_for("nl", {"en": {"back": "Back"}})
    {'back': 'Back', 'lang': 'en'}
    """
    parts = language.casefold().split("-")
    tried = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    code = next((one for one in tried if one in words), "en")
    return {**words[code], "lang": code}


@cache
def _english() -> dict[str, str]:
    marked = read((OWN / "en.yaml").read_text(encoding="utf-8"), 1)
    return {name: str(one.value) for name, one in marked.value.items()}


def _check(name: str, marked: Marked, english: str) -> None:
    if not isinstance(marked.value, str) or not marked.value.strip():
        raise FormError(marked.line, f"{name} is no text.", "Write a text; in quotes if it looks like something else.")
    wanted = sorted(_BRACES.findall(english))
    if sorted(_BRACES.findall(marked.value)) != wanted:
        raise FormError(marked.line, f"{name} has other braces.", f"It needs {', '.join(wanted) or 'none'}.")
