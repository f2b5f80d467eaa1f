"""Pasted lines and dropped files -> rows of text, each with the line it came from.

A CSV, TSV or JSONL file is read whole; a row that can't be read is reported with its line number and the others stay.
Leaves out what the rows mean (`bulk_classification`).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.errors import EmptyInputError, InputError, InputTooLongError

MAX_ROWS = 10_000
TEXT_NAMES = ("text", "sentence", "review", "content", "comment", "body", "premise", "tweet", "message")
LABEL_NAMES = ("label", "labels", "gold", "stars", "rating", "target", "class", "sentiment", "category")


@dataclass(frozen=True)
class BadRow:
    """A line that could not be used, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Table:
    """Rows of strings under named columns; ``lines`` says at which line of the source each row begins."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    bad_rows: tuple[BadRow, ...] = ()

    def column(self, name: str) -> list[str]:
        """All values of one column, from top to bottom.

        Raises:
            InputError: there is no such column.
        """
        if name not in self.columns:
            raise InputError(f"There is no column {name!r}.", f"The columns are: {', '.join(self.columns)}.")
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    @property
    def text_column(self) -> str:
        """The column that most likely holds the texts: a telling name, else the longest values."""
        named = _named(self.columns, TEXT_NAMES)
        return named or max(self.columns, key=lambda name: sum(len(value) for value in self.column(name)[:200]))

    @property
    def doubtful_header(self) -> bool:
        """Whether the first line may have been a row, not a header: none of its cells is a usual name."""
        return _named(self.columns, (*TEXT_NAMES, *LABEL_NAMES)) is None and self.lines[:1] != (1,)

    @property
    def label_column(self) -> str | None:
        """The column that most likely holds the right answers, by its name; None if there is none."""
        return _named([name for name in self.columns if name != self.text_column], LABEL_NAMES)


def read_lines(pasted: str) -> Table:
    """One text per pasted line; empty lines are left out, and the line numbers stay true.

    >>> read_lines("good\\n\\nbad").lines
    (1, 3)
    """
    found = [(number, line.strip()) for number, line in enumerate(pasted.splitlines(), start=1) if line.strip()]
    table = Table(("text",), tuple((line,) for _, line in found), tuple(number for number, _ in found))
    return _checked(table)


def read_file(path: Path) -> Table:
    """The rows of a CSV, TSV, JSONL or plain text file.

    Raises:
        InputError: it is no text, or of no known kind, or has no header; EmptyInputError: it has no rows;
        InputTooLongError: it has more than MAX_ROWS rows.
    """
    content = _decoded(path)
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        return _checked(_read_jsonl(content))
    if suffix in (".csv", ".tsv"):
        return _checked(_read_separated(content, "\t" if suffix == ".tsv" else _separator(content)))
    if suffix == ".txt":
        return read_lines(content)
    raise InputError(f"{path.name} is not a kind of file that can be read here.", "Use .csv, .tsv, .jsonl or .txt.")


def table_to_csv(columns: list[str], rows: list[list[object]]) -> str:
    """The table as CSV text, with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _named(columns: tuple[str, ...] | list[str], names: tuple[str, ...]) -> str | None:
    lowered = {column.strip().lower(): column for column in reversed(columns)}
    return next((lowered[name] for name in names if name in lowered), None)


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(f"{path.name} is not a text file.", "Save it as UTF-8 text: .csv, .tsv, .jsonl or .txt.")


def _separator(content: str) -> str:
    """The sign between the columns of the header: a comma unless there are more semicolons or tabs."""
    header = content.split("\n", 1)[0]
    return max(",;\t", key=header.count) if any(sign in header for sign in ",;\t") else ","


def _read_separated(content: str, separator: str) -> Table:
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    bad: list[BadRow] = []
    header: tuple[str, ...] | None = None
    for line, cells in _records(content, separator, bad):
        if header is None:
            header = _header(cells)
            if not any(_is_number(cell) for cell in cells):
                continue  # a number is no name of a column: then the first line is a row already
        if len(header) == 1:
            cells = [separator.join(cells)]  # a comma in the only column is part of the text
        if len(cells) != len(header):
            bad.append(BadRow(line, f"it has {len(cells)} cells, the header has {len(header)}"))
        else:
            rows.append(tuple(cells))
            lines.append(line)
    return Table(header or (), tuple(rows), tuple(lines), tuple(bad))


def _records(content: str, separator: str, bad: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line where it begins; a quoted cell may run over several lines.

    A quote that is never closed would swallow the rows after it: that line is bad, and reading goes on behind it.
    """
    csv.field_size_limit(1_000_000)
    plain = separator == "\t" and '"' not in content.split("\n", 1)[0]  # a quote in a TSV is a quote
    options: dict[str, Any] = {"delimiter": separator, "quoting": csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL}
    source = io.StringIO(content, newline="").readlines()
    start, width = 0, None
    while start < len(source):
        begun = start
        reader = csv.reader(source[start:], **options)
        try:
            for cells in reader:
                end = start + reader.line_num
                if end - begun > 1 and (width not in (None, len(cells)) or _broken(source[begun:end], options)):
                    raise csv.Error("a quote in it is never closed")
                if any(cell.strip() for cell in cells):
                    width = width or len(cells)
                    yield begun + 1, cells
                begun = end
            return
        except csv.Error as error:
            bad.append(BadRow(begun + 1, str(error)))
            start = begun + 1


def _broken(lines: list[str], options: dict[str, Any]) -> bool:
    """Whether a record's quotes don't pair up: it ends with the file, or goes on behind a closing quote."""
    try:
        list(csv.reader(lines, strict=True, **options))
    except csv.Error:
        return True
    return False


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"\s*[-+]?\d+([.,]\d+)?\s*", cell) is not None


def _header(cells: list[str]) -> tuple[str, ...]:
    if any(_is_number(cell) for cell in cells):
        return tuple(f"column {number}" for number in range(1, len(cells) + 1))
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, start=1)]
    return tuple(name if names.index(name) == n else f"{name} ({n + 1})" for n, name in enumerate(names))


def _read_jsonl(content: str) -> Table:
    found: list[tuple[int, dict[str, object]]] = []
    bad: list[BadRow] = []
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            bad.append(BadRow(number, f"it is not JSON ({str(error)[:80]})"))
            continue
        if isinstance(entry, dict):
            found.append((number, entry))
        else:
            bad.append(BadRow(number, 'it is not an object such as {"text": "..."}'))
    columns = tuple(dict.fromkeys(str(name) for _, entry in found for name in entry))
    rows = tuple(tuple(_cell(entry.get(name)) for name in columns) for _, entry in found)
    return Table(columns, rows, tuple(number for number, _ in found), tuple(bad))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _checked(table: Table) -> Table:
    if not table.rows:
        reason = f" (line {table.bad_rows[0].line}: {table.bad_rows[0].reason})" if table.bad_rows else ""
        raise EmptyInputError(f"There are no rows to classify{reason}.", "Paste one text per line, or drop a file.")
    if len(table.rows) > MAX_ROWS:
        raise InputTooLongError(f"There are {len(table.rows):,} rows.", f"Use at most {MAX_ROWS:,} at a time.")
    return table
