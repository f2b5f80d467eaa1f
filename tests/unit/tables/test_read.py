"""Reading what people paste and drop: every kind of file, every way in which a row can be wrong."""

from __future__ import annotations

import pytest

from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.tables import read_file, read_lines, write_csv


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_quoted_cell_runs_over_lines_and_the_line_numbers_stay_true(tmp_path):
    path = write(tmp_path, "a.csv", 'text,label\n"one\ntwo",1\nthree,0\n\nfour,1\n')
    table = read_file(path)
    assert table.rows == (("one\ntwo", "1"), ("three", "0"), ("four", "1"))
    assert table.lines == (2, 4, 6)


def test_a_row_of_the_wrong_length_is_reported_and_the_others_stay(tmp_path):
    table = read_file(write(tmp_path, "a.csv", "text,label\ngood,1\nbad\nfine,1,2\nlast,0\n"))
    assert [row[0] for row in table.rows] == ["good", "last"]
    assert [(bad.line, "cell" in bad.reason) for bad in table.bad_rows] == [(3, True), (4, True)]


def test_a_comma_in_the_only_column_is_part_of_the_text(tmp_path):
    table = read_file(write(tmp_path, "a.csv", 'text\nGood, but dear, too.\n"quoted, as well"\nplain\n'))
    assert [row[0] for row in table.rows] == ["Good, but dear, too.", "quoted, as well", "plain"]
    assert table.bad_rows == ()


@pytest.mark.parametrize(
    ("rows", "kept", "lost"),
    [
        ('good,1\n"open,0\nfine,1\npoor,0\n', ["good", "fine", "poor"], [3]),
        ('"open,0\nfine,1\n"two\nlines",0\nlast,1\n', ["fine", "two\nlines", "last"], [2]),
        ('"open,0\n"again,1\nlast,1\n', ["last"], [2, 3]),
        ('"sloppy" quote,0\nlast,1\n', ["sloppy quote", "last"], []),
    ],
)
def test_a_quote_that_is_never_closed_loses_only_its_own_line(tmp_path, rows, kept, lost):
    table = read_file(write(tmp_path, "a.csv", "text,label\n" + rows))
    assert [row[0] for row in table.rows] == kept
    assert [bad.line for bad in table.bad_rows] == lost


def test_a_first_line_with_a_number_is_a_row_and_an_unusual_header_is_doubted(tmp_path):
    table = read_file(write(tmp_path, "a.csv", "I loved it,5\nAwful,1\n"))
    assert table.columns == ("column 1", "column 2") and len(table.rows) == 2 and table.lines == (1, 2)
    assert table.text_column == "column 1" and not table.format.header_doubtful
    assert read_file(write(tmp_path, "b.csv", "I loved it\nAwful\n")).format.header_doubtful
    assert not read_file(write(tmp_path, "c.csv", "id,Review\n1,good\n")).format.header_doubtful


@pytest.mark.parametrize(("sign", "name"), [(";", "a.csv"), ("\t", "a.tsv"), ("\t", "a.csv"), (",", "a.csv")])
def test_every_separator(tmp_path, sign, name):
    table = read_file(write(tmp_path, name, f"label{sign}sentence\n1{sign}it's \u201cgood\u201d\n"))
    assert table.columns == ("label", "sentence")
    assert (table.text_column, table.label_column) == ("sentence", "label")


def test_a_lone_quote_in_a_tsv_swallows_nothing(tmp_path):
    table = read_file(write(tmp_path, "a.tsv", 'text\tlabel\n"oops\t1\nfine\t0\n'))
    assert [row[0] for row in table.rows] == ['"oops', "fine"]


def test_jsonl_with_wrong_lines(tmp_path):
    content = '{"text": "good", "stars": 5}\nnot json\n[1]\n\n{"text": null}\n{"text": "b\\ud83d", "stars": 1}\n'
    table = read_file(write(tmp_path, "a.jsonl", content))
    assert table.columns == ("text", "stars")
    assert table.rows[0] == ("good", "5") and table.lines == (1, 5, 6)
    assert [bad.line for bad in table.bad_rows] == [2, 3]
    assert table.label_column == "stars"


@pytest.mark.parametrize(
    "raw", ["text\ncafé\n".encode("utf-8-sig"), "text\ncafé\n".encode("cp1252"), "text\ncafé\n".encode("utf-16")]
)
def test_every_encoding_that_spreadsheets_write(tmp_path, raw):
    assert read_file(write(tmp_path, "a.csv", raw)).rows == (("café",),)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.csv", "", EmptyInputError),
        ("a.csv", "text,label\n", EmptyInputError),
        ("a.jsonl", "no\n", EmptyInputError),
        ("a.xlsx", "PK", InputError),
        ("a.csv", b"\x89PNG\r\n\0\0\0", InputError),
        ("a.csv", "text\n" + "good\n" * 10_001, InputTooLongError),
    ],
)
def test_files_that_can_not_be_used_are_refused_kindly(tmp_path, name, content, error):
    with pytest.raises(error) as caught:
        read_file(write(tmp_path, name, content))
    assert caught.value.fix


def test_columns_without_or_with_the_same_name(tmp_path):
    table = read_file(write(tmp_path, "a.csv", "a,,a\nlong long text,2,3\n"))
    assert table.columns == ("a", "column 2", "a (3)")
    assert table.text_column == "a" and table.label_column is None
    with pytest.raises(InputError, match="column 2"):
        table.column("b")


def test_pasted_lines_and_csv_there_and_back(tmp_path):
    assert read_lines("\n a \n\r\nb\n").rows == (("a",), ("b",))
    text = write_csv(["line", "text"], [[1, 'with "quotes", commas'], [2, "two\nlines"]])
    assert read_file(write(tmp_path, "a.csv", text)).column("text") == ['with "quotes", commas', "two\nlines"]


def test_what_is_no_number_is_an_empty_cell_in_json(tmp_path):
    table = read_file(write(tmp_path, "a.jsonl", '{"text": "good", "stars": NaN}\n{"text": "bad", "stars": null}\n'))
    assert table.rows == (("good", ""), ("bad", "")) and not table.bad_rows


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_only_lf_and_cr_end_a_line(sign):
    assert [row[0] for row in read_lines(f"one{sign}text\nanother").rows] == [f"one{sign}text", "another"]
