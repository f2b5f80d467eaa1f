"""The tables of docs/lessons.md: the tabs with their fields, and every reading, as they are in the code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from playground.lessons.places import PLACES
from playground.lessons.readings import listed

PAGE = Path(__file__).parents[2] / "docs" / "lessons.md"


def rows_of_places() -> list[str]:
    """A row for each tab."""
    return [
        f"| `{place.name}` | {place.title} | {', '.join(f'`{field.name}` {field.kind}' for field in place.fields)} |"
        f" {', '.join(f'`{name}` {about}' for name, about in place.beside.items())} |"
        for place in PLACES
    ]


def rows_of_readings() -> list[str]:
    """A row for each reading."""
    return [f"| `{one.name}` | {one.kind} | {one.about} |" for one in listed()]


def with_tables(page: str) -> str:
    """The text of the page with the tables of now."""
    page = _with_table(page, "tab", rows_of_places())
    return _with_table(page, "reading", rows_of_readings())


def _with_table(page: str, first: str, rows: Sequence[str]) -> str:
    """The page with other rows in the table whose first column has this name."""
    return re.sub(rf"(?m)(^\| {first} \|.*\n\|[-|]+\n)(\|.*\n)*", lambda found: found[1] + "\n".join(rows) + "\n", page)
