"""Prompts that have been read: who begins with the same text reads only what follows.

The keys and values of a token depend on what stands before it, and on nothing after it. So the chat template, a system
message, or an exercise that a whole class works on are read once. They are kept while anybody generates, in the
tables in which they were read, and given up first where memory is short. It leaves out when a prompt is read
(`reader`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from playground.generation.kv_cache import KeyValueTable

KEPT_TOKENS = 2048  # in all; the newest text is kept whatever its length
WORTH_KEEPING = 16  # tokens


class Prefix(NamedTuple):
    """The first ``tokens`` of a text, as they stand in a row of a table."""

    table: KeyValueTable
    row: int
    tokens: int


class Prefixes:
    """Texts that were read, with their keys and values; the one used last is given up last."""

    def __init__(self) -> None:
        self._kept: list[tuple[list[tuple[int, ...]], KeyValueTable]] = []

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values."""
        return sum(table.nbytes for _, table in list(self._kept))

    def find(self, ids: Sequence[int], most: int) -> Prefix | None:
        """The longest beginning of these tokens that was read, up to ``most`` of them."""
        beginning = tuple(ids[:most])
        found = [
            Prefix(table, row, _alike(text, beginning)) for texts, table in self._kept for row, text in enumerate(texts)
        ]
        best = max(found, key=lambda one: one.tokens, default=None)
        return best if best and best.tokens > 0 else None

    def keep(self, texts: Sequence[Sequence[int]], table: KeyValueTable) -> None:
        """Keeps texts, one a row of a table that nobody changes any more; what is known already is not kept twice."""
        known = [self.find(text, len(text)) for text in texts]
        new = [len(text) - (prefix.tokens if prefix else 0) for text, prefix in zip(texts, known, strict=True)]
        if max(new) < WORTH_KEEPING:
            used = {id(prefix.table) for prefix in known if prefix}
            self._kept.sort(key=lambda kept: id(kept[1]) in used)
            return
        self._kept.append(([tuple(text) for text in texts], table))
        while len(self._kept) > 1 and sum(_size(kept) for _, kept in self._kept) > KEPT_TOKENS:
            del self._kept[0]

    def clear(self) -> None:
        """Forgets everything."""
        self._kept = []


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many tokens two texts begin with alike; by halves, since comparing slices is quick."""
    alike, beyond = 0, min(len(one), len(other)) + 1
    while beyond - alike > 1:
        middle = (alike + beyond) // 2
        if one[alike:middle] == other[alike:middle]:
            alike = middle
        else:
            beyond = middle
    return alike


def _size(table: KeyValueTable) -> int:
    """Tokens that a table has room for."""
    return table.capacity[0] * table.capacity[1]
