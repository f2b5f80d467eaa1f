"""Texts that have been read: who begins with the same text reads only what follows.

The keys and values of a token depend on what stands before it, and on nothing after it. So the chat template, a system
message, or an exercise that a whole class works on are read once; and of a reply that somebody goes on from, or from
the middle of it, nothing is read again, since it is kept how its tokens were chosen, too.

All of it stays when nobody generates, where there is room that nobody else needs: it is the first that is given up. It
leaves out when a text is read (`reader`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from playground.generation.choose import Choice
from playground.generation.kv_cache import KeyValueTable

KEPT_BYTES, KEPT_TEXTS = 256 * 2**20, 64  # in all; of the newest text as many as it has
WORTH_KEEPING = 16  # tokens
MOST_FOUND = 1_000

Text = tuple[int, ...]


class Prefix(NamedTuple):
    """The first ``tokens`` of a text, as they stand in a row of a table."""

    table: KeyValueTable
    row: int
    tokens: int


class Reply(NamedTuple):
    """How the tokens after a prompt were chosen, with which settings of the sampler."""

    prompt: Text
    settings: tuple[Any, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, eq=False)
class Kept:
    """Texts, one a row of a table that nobody changes any more; ``reply`` belongs to the only one."""

    texts: tuple[Text, ...]
    table: KeyValueTable
    reply: Reply | None
    nbytes: int


class Prefixes:
    """Texts that were read, with their keys and values; the one used last is given up last.

    ``spare`` says how many bytes nobody has; below 0, somebody else needs what is kept. Any thread may ask and clear,
    one keeps.
    """

    def __init__(self, spare: Callable[[], int]) -> None:
        self._spare = spare
        self._kept: tuple[Kept, ...] = ()
        self._found: dict[Text, Prefix | None] = {}  # in what is kept now; a pass over prompts asks many times

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values."""
        return sum(kept.nbytes for kept in self._kept)

    def find(self, ids: Sequence[int], most: int) -> Prefix | None:
        """The longest beginning of these tokens that was read, up to ``most`` of them."""
        beginning, found = tuple(ids[:most]), self._found
        if beginning not in found:
            found[beginning] = _longest(self._kept, beginning)
            if len(found) > MOST_FOUND:
                self._found = {}
        return found[beginning]

    def choices(self, prompt: Sequence[int], replied: Sequence[int], settings: tuple[Any, ...]) -> tuple[Choice, ...]:
        """How as many of the first tokens of a reply were chosen as were chosen before, after the same prompt."""
        best: tuple[Choice, ...] = ()
        for reply in (kept.reply for kept in self._kept):
            if reply and reply.settings == settings and reply.prompt == tuple(prompt):
                alike = _alike(tuple(choice.token_id for choice in reply.choices), tuple(replied))
                best = max(best, reply.choices[:alike], key=len)
        return best

    def is_worth(self, texts: Sequence[Sequence[int]]) -> bool:
        """Whether enough of some texts is new; if not, they count as used."""
        known = [self.find(text, len(text)) for text in texts]
        new = [len(text) - (prefix.tokens if prefix else 0) for text, prefix in zip(texts, known, strict=True)]
        if max(new) >= WORTH_KEEPING:
            return True
        used = {id(prefix.table) for prefix in known if prefix}
        self._kept = tuple(sorted(self._kept, key=lambda kept: id(kept.table) in used))
        return False

    def keep(self, texts: Sequence[Sequence[int]], table: KeyValueTable, reply: Reply | None = None) -> None:
        """Keeps texts where there is room, in place of those that they begin with."""
        new = Kept(tuple(map(tuple, texts)), table, reply, table.nbytes)
        older = [kept for kept in self._kept if not _begins(kept, new)]
        total = sum(kept.nbytes for kept in older) + new.nbytes
        while older and (total > KEPT_BYTES or len(older) >= KEPT_TEXTS):
            total -= older.pop(0).nbytes
        self._kept = (*older, new)
        while self._kept and self._spare() < 0:
            self._kept = self._kept[1:]
        self._found = {}

    def clear(self) -> None:
        """Forgets everything."""
        self._kept = ()
        self._found = {}


def _longest(everything: Sequence[Kept], beginning: Text) -> Prefix | None:
    """The row that begins with most of these tokens; None where none has the first."""
    found = (
        Prefix(kept.table, row, _alike(text, beginning)) for kept in everything for row, text in enumerate(kept.texts)
    )
    best = max(found, key=lambda one: one.tokens, default=None)
    return best if best and best.tokens > 0 else None


def _begins(kept: Kept, new: Kept) -> bool:
    """True if all that is kept is the beginning of something new."""
    return all(any(text == other[: len(text)] for other in new.texts) for text in kept.texts)


def _alike(one: Text, other: Text) -> int:
    """How many tokens two texts begin with alike; by halves, since comparing slices is quick."""
    alike, beyond = 0, min(len(one), len(other)) + 1
    while beyond - alike > 1:
        middle = (alike + beyond) // 2
        if one[alike:middle] == other[alike:middle]:
            alike = middle
        else:
            beyond = middle
    return alike
