"""A table -> CSV text that a spreadsheet opens as what it is: text as text, numbers as numbers, never a formula.

A spreadsheet calculates a cell that begins with ``= + - @``, a tab or CR, whoever wrote it. An apostrophe before it
makes it text again; one that stands there already gets a second one, so that reading (`unguarded`) gives back the same.

Source: OWASP, CSV injection.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile("'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile("'+[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d+)*|\.\d+)(?:[eE][-+]?\d+)?%?")
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table as CSV text with a header, as Excel reads it: a byte order mark, commas, CRLF.

    >>> write_csv(["text", "loss"], [["=1+1", -0.5]])
    "\\ufefftext,loss\\r\\n'=1+1,-0.5\\r\\n"
    """
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guarded(name) for name in columns])
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()


def guarded(cell: object) -> object:
    """The cell so that no spreadsheet takes it for a formula; what isn't text stays what it is.

    >>> guarded("-2+3"), guarded("-2.3"), guarded(-2.3), guarded("'@a")
    ("'-2+3", '-2.3', -2.3, "''@a")
    """
    if not isinstance(cell, str):
        return cell
    cell = _NO_CHARACTER.sub("\ufffd", cell)
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`.

    >>> unguarded("'=1+1"), unguarded("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if _GUARDED.match(cell) else cell
