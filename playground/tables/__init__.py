"""Pasted lines and dropped files -> rows of text, and rows -> CSV.

A file is read whole; a row that can't be read is reported with its line number and the others stay. Everything has a
bound (rows, columns, characters of a cell), and what was left out is said. Leaves out what the rows mean.

Shapes and bounds are in ``table``. Bytes become text in ``encoding``, text becomes cells in ``records``, under the
separator and quoting that ``dialect`` finds. ``separated``, ``json_lines`` and ``lines`` are the three kinds of file,
``read`` picks one of them, and ``csv_text`` is the way back.
"""

from playground.tables.csv_text import write_csv
from playground.tables.encoding import ENCODINGS
from playground.tables.lines import read_lines, text_lines
from playground.tables.read import SUFFIXES, read_file, read_pasted
from playground.tables.table import MAX_ROWS, QUOTINGS, SEPARATORS, BadRow, Table, TableFormat

__all__ = [
    "ENCODINGS",
    "MAX_ROWS",
    "QUOTINGS",
    "SEPARATORS",
    "SUFFIXES",
    "BadRow",
    "Table",
    "TableFormat",
    "read_file",
    "read_lines",
    "read_pasted",
    "text_lines",
    "write_csv",
]
