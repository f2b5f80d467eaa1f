"""Every way in which spreadsheets, pandas, R and people write a table, each read as what it is."""

from __future__ import annotations

import csv
import io
import random

import pytest

from playground.tables import read_file

TEXTS = (
    "The soup was cold; the waiter never came back.",
    'He said "never again", and left.',
    "Good, but dear, too.",
    "I would go there again | tomorrow.",
    "Two lines,\nand a second one.",
    "Not bad at all for the price.",
    "It does what it says: no more, no less.",
)
ROWS = [["id", "review", "stars"]] + [[str(n), text, str(n % 5 + 1)] for n, text in enumerate(TEXTS)]
FLAT = [[cell.replace("\n", " ") for cell in row] for row in ROWS]
HEADED = [['text; raw, as "typed"', "gold, by hand, twice"], *([row[1], row[2]] for row in ROWS[1:])]
GERMAN = [["Text", "Wert"], *([text, f"{n},5"] for n, text in enumerate(TEXTS))]


def written(rows, separator, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n", **options) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=lineterminator, **options).writerows(rows)
    return out.getvalue()


def joined(rows, separator) -> str:
    return "\n".join(separator.join(row) for row in rows) + "\n"


def read(tmp_path, content, name="a.csv", **options):
    (tmp_path / name).write_bytes(content.encode())
    return read_file(tmp_path / name, **options)


ESCAPED = {"quoting": csv.QUOTE_ALL, "doublequote": False, "escapechar": "\\"}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("rows", "options", "quoting"),
    [
        (ROWS, {}, "doubled"),
        (ROWS, {"quoting": csv.QUOTE_ALL}, "doubled"),
        (ROWS, {"quoting": csv.QUOTE_NONNUMERIC, "lineterminator": "\n"}, "doubled"),
        (ROWS[:3], {}, "doubled"),
        (HEADED, {}, "doubled"),
        (ROWS, ESCAPED, "backslash"),
    ],
    ids=["excel", "all quoted", "R", "two rows", "signs in the header", "backslashes"],
)
def test_what_programs_write(tmp_path, separator, rows, options, quoting):
    table = read(tmp_path, written(rows, separator, **options))
    assert [list(row) for row in table.rows] == rows[1:] and table.bad_rows == ()
    assert table.columns == tuple(rows[0])
    assert (table.format.separator, table.format.quoting, table.format.header) == (separator, quoting, True)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["sep={}\r\n", "SEP={}\n", '"sep={}"\r\n'])
def test_excel_s_line_that_names_the_separator(tmp_path, separator, line):
    table = read(tmp_path, line.format(separator) + written(ROWS, separator))
    assert table.columns == ("id", "review", "stars") and table.format.separator == separator
    assert table.lines[:6] == (3, 4, 5, 6, 7, 9)


@pytest.mark.parametrize("chance", [0.02, 0.3, 1.0])
def test_a_tsv_without_quoting_keeps_its_quotes(tmp_path, chance):
    """The files of GLUE: a quote is a character like any other, alone or in pairs."""
    random.seed(1)
    words = "it 's a charming and often affecting journey of the film that works".split()
    rows = [["sentence", "label"]]
    for n in range(200):
        text = " ".join(f'"{word}' if random.random() < chance / 10 else word for word in words)
        rows.append([f'"{text}"' if random.random() < chance else text, str(n % 2)])
    table = read(tmp_path, joined(rows, "\t"), "train.tsv")
    if chance < 1:  # where every text stands in quotes, these may as well be the file's own
        assert [list(row) for row in table.rows] == rows[1:]
        assert table.format.quoting == "none"
    assert table.bad_rows == ()


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('text\tlabel\n"oops\t1\nfine\t0\n', [('"oops', "1"), ("fine", "0")]),
        ('text\tlabel\n"Great" they said\t1\nfine\t0\n', [('"Great" they said', "1"), ("fine", "0")]),
        ('text\tlabel\n"one\ntwo"\t1\n"say ""hi"""\t0\n', [("one\ntwo", "1"), ('say "hi"', "0")]),
        ('label, text\n1, "good, fine"\n0, "bad"\n', [("1", "good, fine"), ("0", "bad")]),
        ("text,tags,label\ngood,a|b|c,1\nbad,a|d|c,0\n", [("good", "a|b|c", "1"), ("bad", "a|d|c", "0")]),
        (
            "payload\tid\n{'a': 1, 'b': 2}\t1\n{'a': 1, 'b': 3}\t2\n",
            [("{'a': 1, 'b': 2}", "1"), ("{'a': 1, 'b': 3}", "2")],
        ),
        ("text\nGood, but dear\nCheap, and bad\n", [("Good, but dear",), ("Cheap, and bad",)]),
    ],
)
def test_small_files_that_mislead(tmp_path, content, rows):
    table = read(tmp_path, content)
    assert list(table.rows) == rows and table.bad_rows == ()


def test_decimal_commas_are_no_separators(tmp_path):
    table = read(tmp_path, written(GERMAN, ";"))
    assert [list(row) for row in table.rows] == GERMAN[1:]


def test_row_names_without_a_heading(tmp_path):
    """What R's ``write.table`` writes: the header has one cell less than the rows."""
    lines = '"text"\t"label"\n' + "".join(f'"{n}"\t"text {n}"\t{n % 2}\n' for n in range(20))
    table = read(tmp_path, lines, "a.tsv")
    assert table.columns == ("column 1", "text", "label")
    assert table.rows[3] == ("3", "text 3", "1") and len(table.rows) == 20


def test_what_was_chosen_is_not_questioned(tmp_path):
    content = written(ROWS, ";")
    table = read(tmp_path, content, separator=",", quoting="none", header=False)
    assert (table.format.separator, table.format.quoting, table.format.header) == (",", "none", False)
    assert table.rows[0] == ("id;review;stars",)
    table = read(tmp_path, 'text\tlabel\n"one"\t1\n', separator="\t", quoting="none")
    assert table.rows == (('"one"', "1"),)


def test_the_only_record_of_a_file_is_a_row(tmp_path):
    table = read(tmp_path, "I loved it;Awful\n")
    assert table.rows == (("I loved it", "Awful"),) and not table.format.header


@pytest.mark.parametrize(
    ("content", "columns", "doubtful"),
    [
        ("text,label\ngood,1\n", ("text", "label"), False),
        ("id,Review\n1,good\n", ("id", "Review"), False),
        ("phrase,mark\ngood,1\nbad,0\n", ("phrase", "mark"), False),
        ("phrase,mark\ngood,yes\nbad,no\n", ("phrase", "mark"), True),
        ("I loved it,positive\nAwful,negative\nGreat,positive\n", ("column 1", "column 2"), False),
        ("I loved it,5\nAwful,1\n", ("column 1", "column 2"), False),
        ("I loved it\nAwful\n", ("I loved it",), True),
    ],
)
def test_whether_the_first_line_is_a_header(tmp_path, content, columns, doubtful):
    table = read(tmp_path, content)
    assert table.columns == columns and table.format.header_doubtful is doubtful
    assert table.format.header is (columns[0] != "column 1")
    assert bool(table.notes) is (doubtful or not table.format.header)
    assert read(tmp_path, content, header=False).columns[0] == "column 1"
    assert read(tmp_path, content, header=True).columns[0] == content.split("\n")[0].split(",")[0]
