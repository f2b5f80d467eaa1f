"""Which columns of a table hold what: the texts, the second texts of pairs, the right labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playground.tables import Table

# Names of first and second texts as data sets write them (GLUE, SNLI, PAWS, MS MARCO ...), compared without signs.
PAIRED_NAMES = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("text1", "text2"),
    ("question1", "question2"),
    ("texta", "textb"),
    ("sentencea", "sentenceb"),
    ("text", "textpair"),
    ("query", "passage"),
    ("query", "document"),
    ("question", "answer"),
    ("question", "sentence"),
    ("question", "passage"),
    ("context", "response"),
)


@dataclass(frozen=True)
class Columns:
    """Names of columns; None where there is no such one."""

    text: str
    pair: str | None
    label: str | None


def guess_columns(table: Table, pairs: bool = False) -> Columns:
    """The columns that most likely hold what a classifier needs; with ``pairs`` one for second texts, too.

    >>> table = Table(("id", "question1", "question2", "is_duplicate"), (("7", "Why?", "How so?", "1"),), (2,))
    >>> guess_columns(table, pairs=True)
    Columns(text='question1', pair='question2', label=None)
    """
    if not pairs:
        return Columns(table.text_column, None, table.label_column)
    plain = {re.sub(r"[\W_]", "", name).casefold(): name for name in reversed(table.columns)}
    for first, second in PAIRED_NAMES:
        if first in plain and second in plain:
            return Columns(plain[first], plain[second], table.label_column)
    others = [name for name in table.columns if name not in (table.text_column, table.label_column)]
    longest = max(others, key=lambda name: _characters(table, name), default=None)
    return Columns(table.text_column, longest, table.label_column)


def _characters(table: Table, name: str) -> int:
    return sum(len(value) for value in table.column(name)[:200])
