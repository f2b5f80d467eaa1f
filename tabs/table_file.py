"""How a dropped file was read, above its first rows, and the choice to read it in another way.

For every tab that takes a file of rows. A choice holds for the file it was made for; another file is read afresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.tables import ENCODINGS, TableFormat

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
QUOTINGS = {
    "doubled": 'around cells, as ""',
    "backslash": 'around cells, as \\"',
    "none": "part of the text",
}
HEADERS = {"yes": "names the columns", "no": "is a row"}
FIRST_ROWS, FIRST_COLUMNS, SHOWN_CHARACTERS = 3, 12, 160
Values = dict[Any, Any]


@dataclass(frozen=True)
class HowRead:
    """What was chosen for the file at ``path``; empty: found by itself. ``header`` is yes or no."""

    path: str = ""
    encoding: str = ""
    separator: str = ""
    quoting: str = ""
    header: str = ""


class TableFile(NamedTuple):
    """The components; ``how`` is a state with a `HowRead`, for `read_table`."""

    panel: gr.Column
    said: gr.Textbox
    encoding: gr.Dropdown
    separator: gr.Dropdown
    quoting: gr.Dropdown
    header: gr.Dropdown
    rows: gr.Dataframe
    how: gr.State

    @property
    def choices(self) -> list[gr.Dropdown]:
        """What can be changed."""
        return [self.encoding, self.separator, self.quoting, self.header]


def lay_out_table_file(name: str) -> TableFile:
    """The components, hidden until a file is shown; their ids begin with ``name``."""
    with gr.Column(visible=False, elem_id=f"{name}-how") as panel:
        with gr.Row():
            encoding, separator, quoting, header = (
                gr.Dropdown([], label=label, min_width=200, elem_id=f"{name}-{label.replace(' ', '-')}")
                for label in ("encoding", "separator", "quotes", "first line")
            )
        said = gr.Textbox(label="how the file is read", lines=1, max_lines=6, interactive=False, elem_id=f"{name}-said")
        rows = gr.Dataframe(
            type="array",
            interactive=False,
            wrap=True,
            max_height=240,
            label="first rows, by the lines of the file",
            elem_id=f"{name}-first-rows",
        )
    return TableFile(panel, said, encoding, separator, quoting, header, rows, gr.State(HowRead()))


def read_or_none(path: str | None, how: HowRead | None) -> pg.Table | None:
    """The same as `read_table`; None without a file, and where it can't be read: `show` says why."""
    try:
        return read_table(path, how) if path else None
    except pg.PlaygroundError:
        return None


def read_table(path: str, how: HowRead | None) -> pg.Table:
    """The rows of a file, read as it was chosen for it.

    Raises:
        InputError: it can't be read, or not in this way.
    """
    how = how if how and how.path == path else HowRead()
    return pg.read_file(
        Path(path),
        encoding=how.encoding or None,
        separator=how.separator or None,
        quoting=how.quoting or None,
        header=how.header == "yes" if how.header else None,
    )


def show_new(parts: TableFile, path: str | None) -> Values:
    """A file that was just dropped, or none any more."""
    return show(parts, HowRead(path)) if path else {parts.panel: gr.Column(visible=False), parts.how: HowRead()}


def show(parts: TableFile, how: HowRead) -> Values:
    """What a file's reading is, in words and choices, and the first rows; or what is wrong with it."""
    filled = {parts.panel: gr.Column(visible=True), parts.how: how}
    try:
        table = read_table(how.path, how)
    except pg.PlaygroundError as error:
        nothing = gr.Dataframe(visible=False)
        return {**filled, **_choices(parts, how, None), parts.said: str(error), parts.rows: nothing}
    shown = first_rows(table)
    return {
        **filled,
        **_choices(parts, how, table.format),
        parts.said: describe(table),
        parts.rows: gr.Dataframe(
            value=shown, headers=[str(n) if n else "line" for n in range(len(shown[0]))], visible=True
        ),
    }


def first_rows(table: pg.Table) -> list[list[str]]:
    """The names of the columns and the first rows, each behind its line.

    The names are no headings, because gradio writes those into the page as HTML.

    >>> first_rows(pg.Table(("text",), (("good",),), (2,)))
    [['names', 'text'], ['2', 'good']]
    """
    rows = [("names", table.columns), *zip(map(str, table.lines), table.rows, strict=True)]
    return [[line, *(cell[:SHOWN_CHARACTERS] for cell in row[:FIRST_COLUMNS])] for line, row in rows[: FIRST_ROWS + 1]]


def describe(table: pg.Table) -> str:
    """The size of a table and what was left out, in sentences.

    >>> describe(pg.Table(("text",), (("good",),), (1,), (pg.BadRow(2, "it is odd"),)))
    "1 row, 1 column; 1 line can't be used (line 2: it is odd)."
    """
    rows, columns, bad = len(table.rows), len(table.columns), len(table.bad_rows)
    said = f"{rows:,} row{'s' * (rows != 1)}, {columns:,} column{'s' * (columns != 1)}"
    if bad:
        first = table.bad_rows[0]
        said += f"; {bad:,} line{'s' * (bad != 1)} can't be used (line {first.line}: {first.reason})"
    return " ".join([f"{said}.", *table.notes])


def _choices(parts: TableFile, how: HowRead, found: TableFormat | None) -> Values:
    """What can be chosen; where no row could be read, nothing is said to be found."""
    of = found or TableFormat("separated", "unknown", "unknown", "unknown")
    separated, header = of.kind == "separated", "unknown" if not found else "yes" if of.header else "no"
    return {
        parts.encoding: _choice(ENCODINGS, how.encoding, of.encoding, True),
        parts.separator: _choice({"": "one column", **SEPARATORS}, how.separator, of.separator, separated),
        parts.quoting: _choice(QUOTINGS, how.quoting, of.quoting, separated),
        parts.header: _choice(HEADERS, how.header, header, separated),
    }


def _choice(names: dict[str, str], chosen: str, found: str, visible: bool) -> gr.Dropdown:
    """A choice whose first entry leaves it to the reader, and says what that found."""
    first = f"{names[found]} (found)" if not chosen and found in names else "found by itself"
    choices = [(first, ""), *((name, value) for value, name in names.items() if value)]
    return gr.Dropdown(choices=choices, value=chosen, visible=visible)
