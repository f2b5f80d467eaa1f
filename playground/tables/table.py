"""What a table is: rows of strings under named columns, the rows that could not be used, and how it was read.

Leaves out how a table is read (`read`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playground.errors import EmptyInputError, InputError, InputTooLongError

MAX_ROWS = 10_000
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 100_000
MAX_NAME_CHARACTERS = 100
TEXT_NAMES = ("text", "sentence", "review", "content", "comment", "body", "premise", "tweet", "message")
LABEL_NAMES = ("label", "labels", "gold", "stars", "rating", "target", "class", "sentiment", "category")
SEPARATORS = (",", ";", "\t", "|")
QUOTINGS = ("doubled", "backslash", "none")


@dataclass(frozen=True)
class BadRow:
    """A line that could not be used, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class TableFormat:
    """How a file was understood.

    ``kind`` is ``separated``, ``json lines`` or ``lines``; the last three fields say something of the first kind only.
    ``quoting`` says how a quote stands inside a quoted cell: ``doubled`` (``""``), ``backslash`` (``\\"``), or ``none``
    where a quote is a character like any other. ``header_doubtful`` is True where the first line may be either.
    """

    kind: str
    encoding: str
    separator: str = ""
    quoting: str = "none"
    header: bool = False
    header_doubtful: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of strings under named columns; ``lines`` says at which line of the source each row begins.

    ``notes`` says in sentences what was left out or guessed, beyond single rows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    bad_rows: tuple[BadRow, ...] = ()
    format: TableFormat = TableFormat("lines", "utf-8")
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> list[str]:
        """All values of one column, from top to bottom.

        Raises:
            InputError: there is no such column.
        """
        if name not in self.columns:
            raise InputError(f"There is no column {name!r}.", f"The columns are: {', '.join(self.columns)[:500]}.")
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    @property
    def text_column(self) -> str:
        """The column that most likely holds the texts: a telling name, else the longest values."""
        named = name_among(self.columns, TEXT_NAMES)
        return named or max(self.columns, key=lambda name: sum(len(value) for value in self.column(name)[:200]))

    @property
    def label_column(self) -> str | None:
        """The column that most likely holds the right answers, by its name; None if there is none."""
        return name_among([name for name in self.columns if name != self.text_column], LABEL_NAMES)


def name_among(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of these names that a column bears, as the column spells it; None if there is none.

    >>> name_among(("id", " Review"), TEXT_NAMES)
    ' Review'
    """
    lowered = {column.strip().lower(): column for column in reversed(columns)}
    return next((lowered[name] for name in names if name in lowered), None)


def column_names(names: Sequence[str]) -> tuple[str, ...]:
    """A name for every column that no other one bears.

    >>> column_names(["a", " ", "a"])
    ('a', 'column 2', 'a (3)')
    """
    unique: dict[str, None] = {}
    for number, name in enumerate(names, start=1):
        short = name.strip()[:MAX_NAME_CHARACTERS] or f"column {number}"
        while short in unique:
            short += f" ({number})"
        unique[short] = None
    return tuple(unique)


def refuse_more_than_fit(rows: int) -> None:
    """Lets MAX_ROWS rows pass, good and bad ones together.

    Raises:
        InputTooLongError: there are more.
    """
    if rows > MAX_ROWS:
        raise InputTooLongError(f"There are more than {MAX_ROWS:,} rows.", f"Use at most {MAX_ROWS:,} at a time.")


def refuse_bent(table: Table) -> Table:
    """The table, if somebody could have read it from a file.

    Raises:
        InputError: a row has not a value for each column, or no line; or there are too many rows.
    """
    refuse_more_than_fit(len(table.rows) + len(table.bad_rows))
    if {len(row) for row in table.rows} - {len(table.columns)} or len(table.lines) != len(table.rows):
        raise InputError("The rows of this table don't fit its columns.", "Give each row its line and all values.")
    return table


def refuse_empty(table: Table, name: str) -> Table:
    """The table, if it has a row.

    Raises:
        EmptyInputError: it has none; the message says what is wrong with the first bad one.
    """
    if table.rows:
        return table
    reason = f" (line {table.bad_rows[0].line}: {table.bad_rows[0].reason})" if table.bad_rows else ""
    raise EmptyInputError(f"There are no rows in {name}{reason}.", "Paste one text per line, or drop another file.")
