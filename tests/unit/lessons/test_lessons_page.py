"""docs/lessons.md lists the tabs, the fields and the readings that there are."""

from __future__ import annotations

from pathlib import Path

from playground.lessons.places import PLACES
from playground.lessons.readings import listed

PAGE = (Path(__file__).parents[3] / "docs" / "lessons.md").read_text(encoding="utf-8")


def test_the_page_lists_every_tab_with_its_fields():
    rows = [
        f"| `{place.name}` | {place.title} | {', '.join(f'`{field.name}` {field.kind}' for field in place.fields)} |"
        for place in PLACES
    ]
    assert "\n".join(rows) in PAGE


def test_the_page_lists_every_reading():
    rows = [f"| `{one.name}` | {one.kind} | {one.about} |" for one in listed()]
    assert "\n".join(rows) in PAGE
