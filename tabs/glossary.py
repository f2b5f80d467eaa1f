"""The words that the page explains where they stand; ``make glossary`` writes them to ``docs/glossary.md`` as well.

All of them are in ``assets/glossary.toml``.
"""

from __future__ import annotations

import functools
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "assets" / "glossary.toml"
TARGET = ROOT / "docs" / "glossary.md"
HEADING = """\
# Glossary

Words as the page, the code and this documentation use them. Where `transformers` has a word, it is that word. This page
is made from `assets/glossary.toml` (`make glossary`), which also explains the words on the page.
"""


@dataclass(frozen=True)
class Word:
    """A word, what it means, and how it is written where the page explains it (nothing: it doesn't)."""

    name: str
    text: str
    forms: tuple[str, ...] = ()


@functools.cache
def groups() -> dict[str, tuple[Word, ...]]:
    """All words by the title of their group, in the order of the file."""
    with SOURCE.open("rb") as file:
        read = tomllib.load(file)["group"]
    return {
        group["title"]: tuple(Word(one["name"], one["text"], tuple(one.get("forms", ()))) for one in group["word"])
        for group in read
    }


def words_of_the_page() -> list[Word]:
    """Those that explain themselves on the page."""
    return [word for group in groups().values() for word in group if word.forms]


def text() -> str:
    """What ``docs/glossary.md`` should hold."""
    parts = [HEADING]
    for title, words in groups().items():
        parts.append(f"\n## {title}\n")
        parts += [f"\n{textwrap.fill(f'**{word.name}**: {word.text}', 120)}\n" for word in words]
    return "".join(parts)


def write() -> None:
    """Writes the page of the documentation anew."""
    TARGET.write_text(text(), encoding="utf-8")
