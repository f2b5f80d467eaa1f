"""Text -> records of a separated file, each with the line where it begins, whatever its quotes.

A quote that is never closed would swallow all rows behind it. Here it costs its own line: a record over many lines that
doesn't end well is given up, and reading goes on behind its first line. No line is read more than a few times: while a
record is open, the rest of it doesn't depend on where it began, so what has been seen to end badly is known to.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playground.errors import InputTooLongError

MAX_RECORD_CHARACTERS = 1_000_000
MAX_LINES = 1_000_000
NEVER_CLOSED = "a quote in it is never closed"


@dataclass(frozen=True)
class Dialect:
    """How cells are kept apart; ``quoting`` as in `TableFormat`, ``spaced`` where a blank follows each separator."""

    separator: str
    quoting: str = "doubled"
    spaced: bool = False

    def options(self) -> dict[str, Any]:
        """The arguments for ``csv.reader``."""
        if self.quoting == "none":
            return {"delimiter": self.separator, "quoting": csv.QUOTE_NONE}
        escape: dict[str, Any] = {"escapechar": "\\", "doublequote": False} if self.quoting == "backslash" else {}
        return {"delimiter": self.separator, "skipinitialspace": self.spaced, **escape}


@dataclass(frozen=True)
class Record:
    """Cells of one record, the line where it begins and how many it takes; or the ``problem`` that it has.

    ``sloppy`` is True where text stands behind a closing quote: it is kept, without the quotes.
    """

    line: int
    cells: tuple[str, ...]
    lines: int = 1
    problem: str = ""
    sloppy: bool = False


class _Source:
    """The lines of a text for ``csv.reader``, which asks for another one in the middle of a record if it is open."""

    def __init__(self, content: str) -> None:
        self._text = io.StringIO(content, newline="")
        self._second = 0  # where the second line of the open record begins
        self._doomed = 0  # behind an open quote, no line before this one leads to a good end
        self._characters = 0
        self._begun = self._line = 0
        self.first = ""

    @property
    def lines(self) -> int:
        """How many lines of the record have been read."""
        return self._line - self._begun

    def begin(self) -> int:
        """The next line begins a record; its number."""
        self._begun, self._characters = self._line, 0
        return self._begun + 1

    def give_up(self) -> None:
        """Back to the second line of the open record: its first line alone is lost."""
        self._doomed = max(self._doomed, self._line)
        self._text.seek(self._second)
        self._line = self._begun + 1

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        if self.lines and self._line < self._doomed:
            raise csv.Error(NEVER_CLOSED)
        line = self._text.readline()
        if not line:
            raise StopIteration
        if not self.lines:
            self.first, self._second = line, self._text.tell()
        self._line += 1
        if self._line > MAX_LINES:
            raise InputTooLongError(f"The file has more than {MAX_LINES:,} lines.", "Give a shorter one.")
        self._characters += len(line)
        if self._characters > MAX_RECORD_CHARACTERS:
            raise csv.Error(
                NEVER_CLOSED if self.lines > 1 else f"it is longer than {MAX_RECORD_CHARACTERS:,} characters"
            )
        return line


def records(content: str, dialect: Dialect) -> Iterator[Record]:
    """Every record that isn't blank, from top to bottom.

    Raises:
        InputTooLongError: the text has more than MAX_LINES lines.

    >>> [record.cells or record.problem for record in records('a,b\\n"c,d\\n"e\\nf",g', Dialect(","))]
    [('a', 'b'), 'a quote in it is never closed', ('e\\nf', 'g')]
    """
    csv.field_size_limit(MAX_RECORD_CHARACTERS)
    source, widths = _Source(content), set[int]()
    options = dialect.options()
    reader = csv.reader(source, strict=True, **options)
    while True:
        line = source.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _rescued(line, source, str(error), options)
            reader = csv.reader(source, strict=True, **options)
            continue
        if source.lines > 1 and widths and len(cells) not in widths:
            source.give_up()
            yield Record(line, (), problem=NEVER_CLOSED)
        elif any(cell.strip() for cell in cells):
            widths.add(len(cells))
            yield Record(line, tuple(cells), source.lines)


def _rescued(line: int, source: _Source, error: str, options: dict[str, Any]) -> Record:
    """What can be kept of a record that the strict reader refuses: text behind a closing quote is no reason to."""
    if source.lines > 1 or "unexpected end" in error:
        source.give_up()
        return Record(line, (), problem=NEVER_CLOSED)
    if "expected after" not in error:
        return Record(line, (), problem=error)
    [cells] = csv.reader([source.first], **options)
    if cells[-1].endswith(("\n", "\r")):
        return Record(line, (), problem=NEVER_CLOSED)
    return Record(line, tuple(cells), sloppy=True)
