"""How a file was read is shown, and a choice changes it, for that file alone."""

from __future__ import annotations

import gradio as gr
import pytest

from playground.errors import InputError
from tabs.table_file import HowRead, lay_out_table_file, read_or_none, read_table, show, show_new


@pytest.fixture(scope="module")
def parts():
    with gr.Blocks():
        return lay_out_table_file("table")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes('text;label\n"schön; gut";1\nschlecht\nfein;0\n'.encode("cp1252"))
    return str(file)


def test_what_was_found_is_shown_above_the_first_rows(parts, path):
    page = show_new(parts, path)
    assert page[parts.panel].visible and page[parts.how] == HowRead(path)
    assert page[parts.said] == "2 rows, 2 columns; 1 line can't be used (line 3: it has 1 cell, the header has 2)."
    assert page[parts.rows].value["data"] == [["names", "text", "label"], ["2", "schön; gut", "1"], ["4", "fein", "0"]]
    first = {part: page[part].choices[0] for part in parts.choices}
    assert first[parts.encoding] == ("Western (Windows-1252) (found)", "")
    assert first[parts.separator] == ("semicolon (found)", "")
    assert first[parts.header] == ("names the columns (found)", "")
    assert all(page[part].value == "" for part in parts.choices)


def test_a_choice_changes_the_reading_and_stays(parts, path):
    how = HowRead(path, "cp1251", ",", "none", "no")
    page = show(parts, how)
    assert page[parts.separator].value == "," and page[parts.separator].choices[0] == ("found by itself", "")
    assert page[parts.rows].value["data"][1] == ["1", "text;label"] and page[parts.how] == how
    assert read_table(path, how).rows[1] == ('"schцn; gut";1',)


def test_a_choice_for_another_file_says_nothing(path):
    assert read_table(path, HowRead("another", separator=",")).rows == read_table(path, None).rows


def test_what_can_not_be_read_is_said_and_the_choice_stays(parts, path, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text\n" + b"\xe9\n" * 10_001)
    how = HowRead(path, "utf-8")
    page = show(parts, how)
    assert "not in the encoding utf-8" in page[parts.said] and page[parts.how] == how
    assert not page[parts.rows].visible
    with pytest.raises(InputError):
        read_table(path, how)
    assert read_or_none(path, how) is None and read_or_none(None, None) is None
    assert page[parts.encoding].value == "utf-8" and page[parts.separator].choices[0] == ("found by itself", "")
    (tmp_path / "empty.csv").write_text("")
    page = show_new(parts, str(tmp_path / "empty.csv"))  # nothing that was found in the file before
    assert [page[part].choices[0][0] for part in parts.choices] == ["found by itself"] * 4


def test_no_name_of_a_column_becomes_a_heading_which_would_be_html(parts, tmp_path):
    (tmp_path / "a.csv").write_text("<img src=x onerror=alert(1)>,label\ngood,1\n")
    page = show_new(parts, str(tmp_path / "a.csv"))
    assert page[parts.rows].headers == ["line", "1", "2"]
    assert page[parts.rows].value["data"][0][1] == "<img src=x onerror=alert(1)>"


def test_lines_and_json_have_no_separator(parts, tmp_path):
    (tmp_path / "a.txt").write_text("good\nbad\n")
    page = show_new(parts, str(tmp_path / "a.txt"))
    assert [page[part].visible for part in parts.choices] == [True, False, False, False]


def test_without_a_file_there_is_nothing(parts):
    page = show_new(parts, None)
    assert not page[parts.panel].visible and page[parts.how] == HowRead()
