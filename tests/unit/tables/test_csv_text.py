"""What is exported can't become a formula, and comes back as it was."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.tables import read_file, write_csv
from playground.tables.csv_text import guarded, unguarded

CASES = json.loads((Path(__file__).parents[2] / "data" / "csv_cases.json").read_text(encoding="utf-8"))["cells"]
CELLS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="=+-@'\t\r\n\",;|ab1. ", max_size=12),
    st.sampled_from([str(cell) for cell, _ in CASES]),
)


@pytest.mark.parametrize(("cell", "text"), CASES, ids=ascii)
def test_a_cell_is_written_as_the_table_of_cases_says(cell, text):
    written = csv.reader(io.StringIO(write_csv(["a", "b"], [[cell, "x"]]), newline=""))
    assert list(written) == [["\ufeffa", "b"], [text, "x"]]


@given(st.text(alphabet="=+-@'\t\r a1", max_size=6))
def test_reading_takes_off_what_writing_put_on(cell):
    assert unguarded(str(guarded(cell))) == cell


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)))
def test_what_was_written_is_read_back(tmp_path_factory, rows):
    rows = [["row", *row] for row in rows]
    path = tmp_path_factory.mktemp("written") / "a.csv"
    path.write_text(write_csv(["name", *(f"c{n}" for n in range(1, len(rows[0])))], rows), "utf-8", newline="")
    table = read_file(path, separator=",", quoting="doubled", header=True)
    expected = [tuple(re.sub("[\0\ud83d]", "\ufffd", cell) for cell in row) for row in rows]
    assert list(table.rows) == expected and table.bad_rows == ()


def test_headings_are_cells_too():
    assert write_csv(["=cmd", "-1"], []) == "\ufeff'=cmd,-1\r\n"
