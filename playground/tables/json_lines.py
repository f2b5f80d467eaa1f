"""JSON lines -> a table: one object a line, a column for every key."""

from __future__ import annotations

import json
from typing import Any

from playground.tables.encoding import bad_bytes
from playground.tables.lines import text_lines
from playground.tables.records import MAX_RECORD_CHARACTERS
from playground.tables.table import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    BadRow,
    Table,
    TableFormat,
    column_names,
    refuse_more_than_fit,
)


class _Unusable(Exception):
    """A line that is no row, and why."""


def read_json_lines(content: str, encoding: str) -> Table:
    """The objects as rows; a key that an object doesn't have is an empty cell, and so are ``null`` and ``NaN``.

    Raises:
        InputTooLongError: there are more than MAX_ROWS lines.
    """
    places: dict[str, int] = {}
    keys: set[str] = set()
    rows: list[list[str]] = []
    lines: list[int] = []
    bad: list[BadRow] = []
    for number, line in text_lines(content):
        refuse_more_than_fit(len(rows) + len(bad) + 1)
        try:
            cells = _cells(line)
        except _Unusable as problem:
            bad.append(BadRow(number, str(problem)))
            continue
        for name in cells:
            if len(keys) <= MAX_COLUMNS:
                keys.add(name)
            if len(places) < MAX_COLUMNS:
                places.setdefault(name, len(places))
        row = [""] * len(places)
        for name in cells.keys() & places.keys():
            row[places[name]] = cells[name]
        rows.append(row)
        lines.append(number)
    width = len(places)
    padded = tuple(tuple(row + [""] * (width - len(row))) for row in rows)
    notes = (f"There are more than {MAX_COLUMNS} keys: the first {MAX_COLUMNS} are used.",) * (len(keys) > MAX_COLUMNS)
    how = TableFormat("json lines", encoding)
    return Table(column_names(list(places)), padded, tuple(lines), tuple(bad), how, notes)


def _cells(line: str) -> dict[str, str]:
    """The values of one line's object as text.

    Raises:
        _Unusable: it isn't an object, or one that is too long.
    """
    if len(line) > MAX_RECORD_CHARACTERS:
        raise _Unusable(f"it is longer than {MAX_RECORD_CHARACTERS:,} characters")
    if problem := bad_bytes(line):
        raise _Unusable(problem)
    try:
        entry = json.loads(line, parse_constant=lambda name: None if name == "NaN" else name)
    except (ValueError, RecursionError) as error:
        raise _Unusable(f"it is not JSON ({str(error)[:80]})") from None
    if not isinstance(entry, dict):
        raise _Unusable('it is not an object such as {"text": "..."}')
    cells = {name: _cell(value) for name, value in entry.items()}
    if max(map(len, cells.values()), default=0) > MAX_CELL_CHARACTERS:
        raise _Unusable(f"a value in it has more than {MAX_CELL_CHARACTERS:,} characters")
    return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
