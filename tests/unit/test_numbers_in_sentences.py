"""Sentences write their counts as the page does: 9,780 tokens."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for root in ("playground", "tabs", "server") for path in (ROOT / root).rglob("*.py"))
THINGS = "bytes|characters|columns|examples|lines|people|rows|samples|texts|tokens|words"
COUNTED = re.compile(rf" (?:[a-z]+ )?(?:{THINGS})\b")


def ungrouped(source: str) -> list[str]:
    """Counts of things in f-strings that would be written without a comma: calls but len's give text."""
    return [
        f"line {given.lineno}: {{{ast.unparse(given.value)}}}{counted[0]}"
        for text in ast.walk(ast.parse(source))
        if isinstance(text, ast.JoinedStr)
        for given, after in zip(text.values, text.values[1:], strict=False)
        if isinstance(given, ast.FormattedValue) and isinstance(after, ast.Constant)
        if given.format_spec is None and given.conversion == -1 and (counted := COUNTED.match(after.value))
        if not (isinstance(given.value, ast.Name) and given.value.id.isupper())
        if not isinstance(given.value, ast.Call) or ast.unparse(given.value.func) == "len"
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_counts_are_grouped(path):
    assert not ungrouped(path.read_text(encoding="utf-8"))


def test_a_count_that_is_not_grouped_is_found():
    source = 'a = f"{count} tokens, {len(rows)} different rows, {count:,} tokens, {MOST} texts, {counted(rows)} rows"'
    assert ungrouped(source) == ["line 1: {count} tokens", "line 1: {len(rows)} different rows"]
