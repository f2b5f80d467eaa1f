"""No small file costs much: work and memory grow at most as the file does, and every bound that is reached is said."""

from __future__ import annotations

import json
import sys
import tracemalloc

import pytest

from playground.errors import InputTooLongError, PlaygroundError
from playground.tables import MAX_ROWS, read_file, read_lines

# What a file of about n lines or cells could cost in the square of n, were it not for bounds and what is remembered.
HOSTILE = {
    "json lines with distinct keys": ("a.jsonl", lambda n: "".join(f'{{"key{i}": 1}}\n' for i in range(n))),
    "one json line with many keys": ("a.jsonl", lambda n: json.dumps({f"k{i}": i for i in range(n)})),
    "many columns": ("a.csv", lambda n: ",".join(f"c{i}" for i in range(n)) + "\n" + ",".join("1" * n) + "\n"),
    "one wide line": ("a.csv", lambda n: "," * 10 * n + "\n" + "a\n" * n),
    "columns of one name": ("a.csv", lambda n: "a," * n + "a\n" + "1," * n + "1\n"),
    "quotes that are never closed": ("a.csv", lambda n: "text,label\n" + 'a","b\n' * n),
    "quotes that close in turn": ("a.csv", lambda n: "text,label\n" + '"a\n' * n),
    "quotes closed at the very end": ("a.csv", lambda n: "text,label\n" + 'a","b\n' * n + '","\n'),
    "quotes and nothing else": ("a.csv", lambda n: '"' * n + "\n" + '"\n' * n),
    "quoted blank lines": ("a.csv", lambda n: 'text\n"x\n' + '""\n' * n),
    "blank lines": ("a.csv", lambda n: "text\n" + "\n" * n + "a\n"),
    "bad rows": ("a.csv", lambda n: "text,label\n" + "a\n" * n),
    "bad bytes": ("a.csv", lambda n: "text,label\nüü,1\n".encode() + b"\xff,1\n\xc3\xbc\xc3\xbc,1\n" * n),
    "one long cell": ("a.csv", lambda n: "text,label\n" + "x" * 20 * n + ",1\n"),
    "digits": ("a.csv", lambda n: "text,label\n" + "1" * 20 * n + ",1\n"),
    "lines": ("a.txt", lambda n: "a\n" * n),
}


def cost(path) -> tuple[int, int]:
    """How many functions are called while the file is read, and how much memory is held at most."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    tracemalloc.start()
    sys.setprofile(count)
    try:
        read_file(path)
    except PlaygroundError:
        pass
    finally:
        sys.setprofile(None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return calls, peak


@pytest.mark.parametrize("name", HOSTILE)
def test_twice_the_file_costs_at_most_twice_as_much(name, tmp_path):
    file, make = HOSTILE[name]
    costs = []
    for n in (500, 1_000):
        content = make(n)
        path = tmp_path / f"{n}-{file}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        cost(path)  # what is set up once isn't counted
        costs.append(cost(path))
    (calls, memory), (more_calls, more_memory) = costs
    assert more_calls <= 2.2 * calls + 1_000
    assert more_memory <= 2.2 * memory + 100_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", ",".join(f"c{i}" for i in range(300)) + "\n" + ",".join("x" * 300) + "\n", "There are 300 columns"),
        ("a.jsonl", "".join(f'{{"k{i}": 1}}\n' for i in range(300)), "more than 200 keys"),
    ],
)
def test_more_columns_than_fit_are_left_out_and_that_is_said(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    table = read_file(tmp_path / name)
    assert len(table.columns) == 200 and {len(row) for row in table.rows} == {200}
    assert any(said in note for note in table.notes)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text,label\n" + "x" * 100_001 + ",1\ngood,0\n"),
        ("a.jsonl", json.dumps({"text": "x" * 100_001}) + '\n{"text": "good"}\n'),
        ("a.txt", "x" * 100_001 + "\ngood\n"),
    ],
)
def test_a_cell_that_is_too_long_costs_its_row(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    table = read_file(tmp_path / name)
    assert [row[0] for row in table.rows] == ["good"]
    assert len(table.bad_rows) == 1 and "100,000" in table.bad_rows[0].reason


def test_reading_stops_at_the_row_that_is_too_much(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "bad\n" * MAX_ROWS + "good,1\n")
    with pytest.raises(InputTooLongError, match="more than 10,000 rows"):
        read_file(tmp_path / "a.csv")
    with pytest.raises(InputTooLongError, match="more than 10,000 rows"):
        read_lines("a\n" * (MAX_ROWS + 1))
    assert len(read_lines("a\n" * MAX_ROWS).rows) == MAX_ROWS
