"""Pasted lines and dropped files -> rows of text, and rows -> CSV.

A file is read whole; a row that can't be read is reported with its line number and the others stay. Everything has a
bound (rows, columns, characters of a cell), and what was left out is said. Leaves out what the rows mean.

``table`` shapes and bounds · ``encoding`` bytes -> text · ``records`` text -> cells · ``dialect`` separator and quoting ·
``separated``, ``json_lines``, ``lines`` the three kinds of file · ``read`` picks one of them · ``csv_text`` the way back
"""

from playground.tables.csv_text import write_csv
from playground.tables.encoding import ENCODINGS
from playground.tables.lines import read_lines, text_lines
from playground.tables.read import SUFFIXES, read_file
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
    "text_lines",
    "write_csv",
]
