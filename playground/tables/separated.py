"""Text of a CSV or TSV file -> a table: which line names the columns, and which rows fit under them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

from playground.tables.csv_text import unguarded
from playground.tables.dialect import NUMBER, directive, find_dialect
from playground.tables.encoding import bad_bytes, without_bad_bytes
from playground.tables.records import Dialect, Record, records
from playground.tables.table import (
    LABEL_NAMES,
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    TEXT_NAMES,
    BadRow,
    Table,
    TableFormat,
    column_names,
    name_among,
    refuse_more_than_fit,
)

PEEKED_RECORDS = 200


def read_separated(
    content: str, encoding: str, separator: str | None = None, quoting: str | None = None, header: bool | None = None
) -> Table:
    """The rows of a file in which a sign stands between cells; what isn't given is found.

    Raises:
        InputTooLongError: there are more than MAX_ROWS rows.
    """
    line, named = directive(content)
    body = content[len(line) :]
    dialect = find_dialect(body, separator or named, quoting)
    found = records(body, dialect)
    peeked = list(islice(found, PEEKED_RECORDS))
    head = _head([record.cells for record in peeked if not record.problem], header)
    rows = _Rows(head, dialect.separator, line.count("\n"))
    for record in chain(peeked, found):
        rows.add(record)
    if len(head.names) == 1 and not separator:
        dialect = Dialect("", dialect.quoting)
    how = TableFormat("separated", encoding, dialect.separator, dialect.quoting, head.is_record, head.doubtful)
    return Table(
        head.columns(), tuple(rows.rows), tuple(rows.lines), tuple(rows.bad), how, (*head.notes(), *rows.notes())
    )


@dataclass(frozen=True)
class _Head:
    """What the columns are called, whether the first record says so, and whether that is no more than likely."""

    names: tuple[str, ...]
    is_record: bool
    doubtful: bool = False

    def columns(self) -> tuple[str, ...]:
        return column_names([without_bad_bytes(unguarded(name)) for name in self.names[:MAX_COLUMNS]])

    def notes(self) -> tuple[str, ...]:
        notes = []
        if len(self.names) > MAX_COLUMNS:
            notes.append(f"There are {len(self.names):,} columns: the first {MAX_COLUMNS} are used.")
        if not self.is_record and self.names:
            notes.append("No line names the columns.")
        elif self.doubtful:
            notes.append(f"The first line was read as the names of the columns: {', '.join(self.columns())[:200]}.")
        return tuple(notes)


def _head(good: Sequence[tuple[str, ...]], header: bool | None) -> _Head:
    """The names of the columns, read off the first records if it isn't said whether there is a header."""
    if not good:
        return _Head((), is_record=True)
    first, rest = good[0], good[1:]
    unnamed = tuple(f"column {number}" for number in range(1, len(first) + 1))
    if header is None:
        is_record, doubtful = _is_header(first, rest)
    else:
        is_record, doubtful = header, False
    if not is_record:
        return _Head(unnamed, False)
    usual, count = Counter(map(len, rest)).most_common(1)[0] if rest else (len(first), 0)
    if usual == len(first) + 1 > 2 and count > 0.9 * len(rest):
        first = ("", *first)  # R and pandas write row names without a heading
    return _Head(first, True, doubtful)


def _is_header(first: tuple[str, ...], rest: Sequence[tuple[str, ...]]) -> tuple[bool, bool]:
    """Whether the first record names the columns, and whether that is doubtful.

    A usual name says so, and so does a column of numbers under a word. A number, or a cell that comes again in its own
    column, is no name, and the only record of a file is a row.
    """
    if any(NUMBER.fullmatch(cell) for cell in first):
        return False, False
    if name_among(first, (*TEXT_NAMES, *LABEL_NAMES)):
        return True, False
    if not rest:
        return False, False
    for place, cell in enumerate(first):
        below = [row[place] for row in rest if len(row) == len(first)]
        if cell.strip() and cell in below:
            return False, False
        if below and all(map(NUMBER.fullmatch, below)):
            return True, False
    return True, True


class _Rows:
    """The records that fit under a head, and those that don't."""

    def __init__(self, head: _Head, separator: str, lines_above: int) -> None:
        self.rows: list[tuple[str, ...]] = []
        self.lines: list[int] = []
        self.bad: list[BadRow] = []
        self._width, self._skip = len(head.names), head.is_record
        self._separator, self._lines_above = separator, lines_above
        self._unguarded = 0

    def add(self, record: Record) -> None:
        """Takes one more record, or leaves it out as the head.

        Raises:
            InputTooLongError: it is one too many.
        """
        if self._skip and not record.problem:
            self._skip = False
            return
        refuse_more_than_fit(len(self.rows) + len(self.bad) + 1)
        cells, line, problem = record.cells, record.line + self._lines_above, record.problem
        if self._width == 1 and len(cells) > 1:
            cells = (self._separator.join(cells),)  # a comma in the only column is part of the text
        if not problem and len(cells) != self._width:
            problem = f"it has {len(cells):,} cell{'s' * (len(cells) != 1)}, the header has {self._width:,}"
        if not problem:
            below, problem = _spoilt(cells)
            line += below
        if not problem and (longest := max(map(len, cells))) > MAX_CELL_CHARACTERS:
            problem = f"a cell in it has {longest:,} characters; {MAX_CELL_CHARACTERS:,} fit"
        if problem:
            self.bad.append(BadRow(line, problem))
            return
        whole = tuple(map(unguarded, cells[:MAX_COLUMNS]))
        self._unguarded += whole != cells[:MAX_COLUMNS]
        self.rows.append(whole)
        self.lines.append(line)

    def notes(self) -> tuple[str, ...]:
        """What was done to the rows, in sentences."""
        if not self._unguarded:
            return ()
        rows = "one row" if self._unguarded == 1 else f"{self._unguarded:,} rows"
        return (f"In {rows} an apostrophe before = + - or @, which keeps spreadsheets from calculating, was left out.",)


def _spoilt(cells: Sequence[str]) -> tuple[int, str]:
    """How many lines below its first one a record has a byte that means nothing, and which; (0, "") if it has none."""
    below = 0
    for cell in cells:
        for number, line in enumerate(cell.split("\n")):
            if problem := bad_bytes(line):
                return below + number, problem
        below += cell.count("\n")
    return 0, ""
