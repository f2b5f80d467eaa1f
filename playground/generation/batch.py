"""The streams that share each forward pass, and the table that their rows stand in.

It leaves out what a row chooses (`choose`) and who may join (`line`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from torch import Tensor

from playground.generation.kv_cache import KeyValueTable
from playground.generation.passes import Passes
from playground.generation.steps import advance
from playground.generation.stream import Stream
from playground.models.cpu.threads import StepThreads, threads_of_cpu, use_threads


class Batch:
    """The streams whose rows share one table and each forward pass, in the order of their rows.

    ``keep`` gets each stream that has ended, with the table and its row there; ``busy`` see `StepThreads`.
    """

    def __init__(
        self, passes: Passes, keep: Callable[[Stream, KeyValueTable, int], None], busy: Callable[[], float]
    ) -> None:
        self._passes, self._keep = passes, keep
        self.table: KeyValueTable | None = None
        self.streams: list[Stream] = []
        self.threads = StepThreads(threads_of_cpu() if passes.device.type == "cpu" else 1, use_threads, busy)

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values."""
        return 0 if self.table is None else self.table.nbytes

    def join(self, streams: Sequence[Stream], table: KeyValueTable, rows: Sequence[int]) -> None:
        """Takes in streams whose rows stand in another table."""
        self.streams += streams
        self.table = self._passes.shared_table() if self.table is None else self.table
        self.table.join(table, rows)

    def step(self) -> None:
        """One forward pass for all rows, and one step for every stream."""
        if self.streams:
            self.threads.heed()
            rows, began = sum(stream.rows for stream in self.streams), time.perf_counter()
            self.settle(advance(self.streams, self._logits()))
            self.threads.took(rows, time.perf_counter() - began)

    def _logits(self) -> Tensor:
        """The logits after everybody's last token, shape (rows, vocab)."""
        assert self.table is not None
        self.table.reserve(1)
        last = [[reply[-1]] for stream in self.streams for reply in stream.replies]
        return self._passes.forward(self.table, last)[:, -1].float()

    def let_go(self) -> None:
        """Drops the rows of streams that have ended since the last pass."""
        if any(stream.ended for stream in self.streams):
            kept, row = [], 0
            for stream in self.streams:
                kept += [] if stream.ended else list(range(row, row + stream.rows))
                row += stream.rows
            self.settle(kept)

    def settle(self, kept: list[int]) -> None:
        """Gives up the rows of streams that ended; the last rows move into the gaps."""
        assert self.table is not None
        row = 0
        for stream in self.streams:
            if stream.ended:
                self._keep(stream, self.table, row)
            row += stream.rows
        going = [stream for stream in self.streams if not stream.ended]
        if len(kept) < self.table.rows and all(stream.beams is None for stream in going):
            owners = dict(zip(kept, going, strict=True))
            order = [row if row in owners else -1 for row in range(len(kept))]
            movers = sorted(row for row in owners if row >= len(kept))
            order = [movers.pop() if row < 0 else row for row in order]
            kept, going = order, [owners[row] for row in order]
        self.streams = going
        if kept != list(range(self.table.rows)):
            self.table.keep(kept)

    def clear(self) -> list[Stream]:
        """Gives the table up, and the streams that had their rows in it."""
        if self.table is not None:
            self.table.clear()
        streams, self.streams = self.streams, []
        return streams
