"""Who is let in next: the order of those who wait, and the memory that all of them together may need.

It knows streams by their size and their person alone, and runs nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import torch

from playground.errors import BudgetError, DeviceMemoryError, PlaygroundError
from playground.generation.events import Waiting
from playground.generation.kv_cache import KeyValueTable
from playground.generation.stream import Stream
from playground.models.memory import device_memory
from playground.units import format_bytes

MEMORY_SHARE = 0.8


class Line:
    """Round robin between people: who has the fewest streams, among those who had a turn longest ago."""

    def __init__(self, max_streams: int, max_streams_per_person: int) -> None:
        self.max_streams = max_streams
        self.max_streams_per_person = max_streams_per_person
        self._last_turn: dict[str, int] = {}
        self._turns = 0

    def order(self, waiting: Sequence[Stream], active: Sequence[Stream]) -> list[Stream]:
        """Those who wait, the next one first."""
        counts = Counter(stream.request.person for stream in active)
        ranked = []
        for number, stream in enumerate(waiting):
            person = stream.request.person
            ranked.append((counts[person], self._last_turn.get(person, -1), number, stream))
            counts[person] += 1
        return [stream for *_, stream in sorted(ranked, key=lambda one: one[:3])]

    def next(self, waiting: Sequence[Stream], active: Sequence[Stream]) -> Stream | None:
        """The first in line whose person is below the limit."""
        counts = Counter(stream.request.person for stream in active)
        allowed = (
            one for one in self.order(waiting, active) if counts[one.request.person] < self.max_streams_per_person
        )
        return next((one for one in allowed if not one.ended), None)

    def has_rows(self, stream: Stream, active: Sequence[Stream]) -> bool:
        """True if there are rows for it; one that is alone may have more than all together."""
        return not active or sum(one.rows for one in active) + stream.rows <= self.max_streams

    def let_in(self, stream: Stream) -> None:
        """Remembers whose turn it was."""
        self._turns += 1
        self._last_turn[stream.request.person] = self._turns

    def forget(self) -> None:
        """Forgets whose turn it was, when nobody is left."""
        self._last_turn.clear()

    def tell_positions(self, waiting: Sequence[Stream], active: Sequence[Stream]) -> None:
        """Posts each waiting stream's place in line when it has changed."""
        for position, stream in enumerate(self.order(waiting, active), start=1):
            if stream.position != position or stream.reason not in ("", stream.told):
                stream.position, stream.told = position, stream.reason
                stream.post(Waiting(position, stream.reason))


class Room:
    """The bytes of keys and values that streams may grow to, and whether there is room for them."""

    def __init__(self, device: torch.device, bytes_per_token: int, make_room: Callable[[int], None]) -> None:
        self._device = device
        self._make_room = make_room
        self.bytes_per_token = bytes_per_token

    def shortage(self, needed: int, held: int) -> PlaygroundError | None:
        """None if there is room for ``needed`` bytes, of which ``held`` are in use; else what would help."""
        room = device_memory(self._device).free_bytes * MEMORY_SHARE + held
        if needed > room:
            return DeviceMemoryError(
                f"With this request the KV cache may grow to {format_bytes(needed)}; the device has room for "
                f"{format_bytes(room)}.",
                "Lower max_new_tokens or num_beams, or shorten the prompt.",
            )
        try:
            self._make_room(needed)
        except BudgetError as error:
            return error.again()
        return None

    def most_bytes(self, streams: Sequence[Stream], decoding: Sequence[Stream], pass_tokens: int) -> int:
        """Bytes that tables for these streams can grow to, with one for the prompts that are read just then.

        ``decoding`` are those whose prompts are read; ``pass_tokens`` is how much of new prompts one pass reads.
        """
        if not streams or not self.bytes_per_token:
            return 0
        prompts = [len(one.to_read) for one in streams if one not in decoding]
        short = [length for length in prompts if length <= pass_tokens]  # read together, beside one long prompt
        tokens = min(len(short) * max(short, default=0), pass_tokens)
        tokens += max((length for length in prompts if length > pass_tokens), default=0)
        shared = [one for one in streams if not one.apart]
        if shared:
            width = max(one.most_tokens for one in shared)
            tokens += KeyValueTable.tokens_of(sum(one.rows for one in shared), width)
        for one in streams:
            if one.apart:
                tokens += KeyValueTable.tokens_of(one.rows, one.most_tokens + one.request.prompt_lookup_num_tokens)
        return tokens * self.bytes_per_token
