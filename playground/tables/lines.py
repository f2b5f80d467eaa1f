"""Text -> its lines, and pasted lines -> a table of one column."""

from __future__ import annotations

import io
from collections.abc import Iterator

from playground.tables.encoding import bad_bytes
from playground.tables.table import MAX_CELL_CHARACTERS, BadRow, Table, TableFormat, refuse_empty, refuse_more_than_fit


def text_lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line that isn't blank, with its number from 1 on.

    A line ends at LF, CR or both, as in a file; ``str.splitlines`` ends it at seven more characters, such as U+2028.

    >>> list(text_lines("good\\n\\nbad\\u2028or not"))
    [(1, 'good'), (3, 'bad\\u2028or not')]
    """
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if line.strip():
            yield number, line.rstrip("\n")


def read_lines(pasted: str) -> Table:
    """One text per line; blank lines are left out, and the line numbers stay true.

    Raises:
        EmptyInputError: all are blank. InputTooLongError: there are more than MAX_ROWS lines.
    """
    return refuse_empty(lines_table(pasted.removeprefix("\ufeff"), "utf-8"), "the text")


def lines_table(text: str, encoding: str) -> Table:
    """A row for every line of a text, and the lines that can't be one."""
    rows: list[tuple[str]] = []
    lines: list[int] = []
    bad: list[BadRow] = []
    for number, line in text_lines(text):
        refuse_more_than_fit(len(rows) + len(bad) + 1)
        problem = bad_bytes(line)
        if len(line) > MAX_CELL_CHARACTERS:
            problem = f"it has {len(line):,} characters; {MAX_CELL_CHARACTERS:,} fit"
        if problem:
            bad.append(BadRow(number, problem))
        else:
            rows.append((line.strip(),))
            lines.append(number)
    return Table(("text",), tuple(rows), tuple(lines), tuple(bad), TableFormat("lines", encoding))
