"""A dropped file -> a table; every upload goes through here."""

from __future__ import annotations

from pathlib import Path

from playground.errors import InputError
from playground.tables.encoding import decode
from playground.tables.json_lines import read_json_lines
from playground.tables.lines import lines_table
from playground.tables.separated import read_separated
from playground.tables.table import QUOTINGS, SEPARATORS, Table, refuse_empty

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".txt")


def read_pasted(text: str) -> Table:
    """The rows of pasted CSV or TSV, such as the cells of a spreadsheet.

    >>> read_pasted("text,label\\ngood,yes").rows
    (('good', 'yes'),)

    Raises:
        EmptyInputError: there are none. InputTooLongError: there are more than MAX_ROWS.
    """
    return refuse_empty(read_separated(text.removeprefix("\ufeff"), "utf-8"), "the text")


def read_file(
    path: Path,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    quoting: str | None = None,
    header: bool | None = None,
) -> Table:
    """The rows of a CSV, TSV, JSONL or plain text file. What isn't given is found; the table's ``format`` says it all.

    Raises:
        InputError: it is no text, or of no known kind; EmptyInputError: it has no rows;
        InputTooLongError: it has more than MAX_ROWS rows.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path.name} is not a kind of file that can be read here.", f"Use {', '.join(SUFFIXES)}.")
    for name, value, known in (("separator", separator, SEPARATORS), ("quoting", quoting, QUOTINGS)):
        if value is not None and value not in known:
            raise InputError(f"There is no {name} {value!r}.", f"Use one of {', '.join(map(repr, known))}.")
    content, encoding = decode(path.read_bytes(), encoding)
    if suffix in (".jsonl", ".ndjson"):
        table = read_json_lines(content, encoding)
    elif suffix == ".txt":
        table = lines_table(content, encoding)
    else:
        table = read_separated(content, encoding, separator, quoting, header)
    return refuse_empty(table, path.name)
