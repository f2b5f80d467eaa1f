"""New prompts, read in pieces: short ones together, long ones a piece at a time, and no beginning twice.

It leaves out what happens when a prompt is read (`engine`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from playground.generation.events import Reading
from playground.generation.kv_cache import KeyValueTable
from playground.generation.line import TABLE_TOKENS
from playground.generation.passes import Passes
from playground.generation.prefixes import Prefixes, Reply
from playground.generation.steps import force, recall
from playground.generation.stream import Stream

PASS_TOKENS = {"cpu": 96, "cuda": 2048}  # tokens of one prompt that a pass reads
TOGETHER = 6  # times as many tokens of several: on a CPU a pass costs as much as 40 tokens beside its own
READS = 2  # passes over new prompts between two steps of the others


class Read(NamedTuple):
    """Streams whose prompts are read: their rows' logits, and which row of the table each of them has."""

    streams: Sequence[Stream]
    table: KeyValueTable
    logits: Tensor
    sources: Sequence[int]


class Reader:
    """The streams whose prompts are being read."""

    def __init__(self, passes: Passes, spare: Callable[[], int]) -> None:
        self._passes = passes
        self.pass_tokens = PASS_TOKENS.get(passes.device.type, PASS_TOKENS["cpu"])
        self.streams: list[Stream] = []
        self.prefixes = Prefixes(spare)

    def next_group(self, left: int) -> list[Stream]:
        """Whose prompts the next pass reads, ``left`` passes before the others' next step; empty: it is their turn.

        Short prompts share passes. Of a long one a single piece is read, and after the short ones: those who came with
        short prompts don't wait for it, and those who are decoding wait no longer than for the shared passes.
        """
        short = [stream for stream in self.streams if self.is_short(stream)]
        long = [stream for stream in self.streams if stream not in short]
        return self._group(short) if short and (left or not long) else long[:1]

    def drop(self, streams: Sequence[Stream]) -> None:
        """Forgets these, and those that have ended."""
        self.streams = [stream for stream in self.streams if stream not in streams and not stream.ended]

    def read(self, group: Sequence[Stream], shared: bool) -> Read | None:
        """One forward pass over new prompts; what comes out of it, if they are read to their end.

        ``shared`` says that others wait meanwhile. Who is read at once hears of its start with its first step: half as
        many events for a crowd that waits for it.
        """
        for stream in group:
            stream.leave_line()
            if not self.is_short(stream):
                stream.tell_started()
        if len(group) == 1:
            return self._read_piece(group[0], shared)
        texts = list(dict.fromkeys(tuple(stream.to_read) for stream in group))
        prefixes = [self.prefixes.find(text, len(text) - 1) for text in texts]
        new = max(map(self._unread, texts))
        columns = max(map(len, texts))
        table = self._passes.table()
        table.open([len(text) for text in texts], columns)
        for row, (text, prefix) in enumerate(zip(texts, prefixes, strict=True)):
            if prefix and len(text) > new:
                table.fill(row, prefix.table, prefix.row, len(text) - new)
        table.advance(columns - new)
        ends = [((0,) * (new - len(text)) + text)[-new:] for text in texts]
        logits = self._passes.forward(table, ends)
        if self.prefixes.is_worth(texts):
            self.prefixes.keep(texts, table)
        return Read(group, table, logits[:, -1], [texts.index(tuple(stream.to_read)) for stream in group])

    def _read_piece(self, stream: Stream, shared: bool) -> Read | None:
        """The next piece of one prompt, and steps for the forced tokens whose turn has come with it."""
        ids = stream.to_read
        if stream.table is None:
            self._recall(stream)
            if stream.ended:
                return None
            known = len(stream.prompt.token_ids) + len(stream.reply)
            stream.table = self.open(ids, known - 1)  # the logits after its last known token are needed
            stream.read = stream.table.cursor
        table = stream.table
        begin = stream.read
        end = min(begin + self.pass_tokens * (1 if shared else 4), len(ids))
        wanted = max(1, end - max(begin, len(stream.prompt.token_ids) - 1 + len(stream.reply)))
        logits = self._passes.forward(table, [ids[begin:end]], wanted)
        stream.read = end
        force(stream, logits[0])
        if stream.ended:
            return None
        if end < len(ids):
            stream.post(Reading(end, len(ids)))
            return None
        stream.table = None
        if self.prefixes.is_worth([ids]):
            self.prefixes.keep([ids], table)
        return Read([stream], table, logits[:, -1], [0])

    def open(self, ids: Sequence[int], most: int) -> KeyValueTable:
        """A table for one text, with what was read before of its first ``most`` tokens; any thread may ask."""
        table = self._passes.table()
        table.open([len(ids)], len(ids))
        if prefix := self.prefixes.find(ids, most):
            table.fill(0, prefix.table, prefix.row, prefix.tokens)
            table.advance(prefix.tokens)
        return table

    def _recall(self, stream: Stream) -> None:
        """Steps for those forced tokens that others, or the same person, got by choice."""
        forced = stream.request.prefix_token_ids
        if stream.processors is None and len(forced) > len(stream.reply):
            choices = self.prefixes.choices(stream.prompt.token_ids, forced, stream.settings)
            recall(stream, choices[len(stream.reply) :])

    def keep(self, stream: Stream, table: KeyValueTable, row: int = 0) -> None:
        """Keeps what a stream that ends has read and said, a row of a table, for whoever goes on from it."""
        if stream.beams is not None or not self._passes.cached:
            return
        length = table.cursor - table.starts[row]
        ids = [*stream.prompt.token_ids, *stream.reply][:length]
        if not self.prefixes.is_worth([ids]):
            return
        own = self._passes.table()
        own.open([length], length)
        own.fill(0, table, row, length)
        own.advance(length)
        reply = Reply(tuple(stream.prompt.token_ids), stream.settings, tuple(stream.choices))
        self.prefixes.keep([ids], own, None if stream.processors else reply)

    def _unread(self, ids: Sequence[int]) -> int:
        """How many tokens of a text have to be read; at least the last."""
        prefix = self.prefixes.find(ids, len(ids) - 1)
        return len(ids) - (prefix.tokens if prefix else 0)

    def is_short(self, stream: Stream) -> bool:
        """True if its prompt is read in one pass, together with others: only its last logits matter."""
        special = stream.apart or stream.read or stream.reply or stream.request.prefix_token_ids
        return not special and self._unread(stream.to_read) <= self.pass_tokens

    def _group(self, short: Sequence[Stream]) -> list[Stream]:
        """The streams whose short prompts are read next: the first in line, and others while the pass has room."""
        unread = {text: self._unread(text) for text in (tuple(stream.to_read) for stream in short)}
        group, texts = [short[0]], {tuple(short[0].to_read)}
        for stream in short[1:]:
            new = {*texts, tuple(stream.to_read)}
            fits = len(new) * max(map(len, new)) <= max(self.pass_tokens, TABLE_TOKENS) or new == texts
            if fits and len(new) * max(unread[text] for text in new) <= TOGETHER * self.pass_tokens:
                group.append(stream)
                texts = new
        return group
