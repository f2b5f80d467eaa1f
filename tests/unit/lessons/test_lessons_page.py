"""docs/lessons.md lists the tabs, the fields and the readings that there are."""

from __future__ import annotations

from playground.lessons.documented import PAGE, rows_of_places, rows_of_readings, with_tables

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_lists_every_tab_with_its_fields_and_every_reading():
    assert "\n".join(rows_of_places()) in TEXT and "\n".join(rows_of_readings()) in TEXT
    assert with_tables(TEXT) == TEXT, 'write them anew: make lessons ARGS="--tables"'


def test_the_tables_are_written_anew_and_nothing_else_is():
    row = rows_of_readings()[0]
    old = TEXT.replace(row, "| `gone` | word | No more. |")
    assert old != TEXT and with_tables(old) == TEXT
