"""Who is let in next: the order of those who wait, and the memory that all of them together may need.

It knows streams by their rows and by who asks alone, and runs nothing. Who asks has two names: a person, which is a
session that a program can make up, and an address, which it can't. So turns go to the address with the fewest rows and
there to the person with the fewest: the rule of ``server/turns.py``. An address may have all rows while nobody else
wants any; beside such a crowd a newcomer of another address is let in at once, and the crowd rests meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import torch

from playground.errors import BudgetError, BusyError, DeviceMemoryError, PlaygroundError
from playground.generation.events import Waiting
from playground.generation.kv_cache import KeyValueTable
from playground.generation.stream import Stream
from playground.models.memory import device_memory
from playground.units import format_bytes

MEMORY_SHARE = 0.8
MAX_WAITING = 100  # of one address
MAX_WAITING_IN_ALL = 400
TABLE_TOKENS = 768  # of prompts that are read together, with what was read of them before
CROWDED_TOKENS = 200  # of a reply, while others wait; what a person usually asks for is below it

Party = tuple[str, ...]


def parties_of(stream: Stream) -> tuple[Party, Party]:
    """Who asks for a stream: its address, and there its person."""
    return (stream.request.address,), (stream.request.address, stream.request.person)


def rows_of(streams: Sequence[Stream]) -> Counter[Party]:
    """How many rows each address and each person has."""
    rows: Counter[Party] = Counter()
    for stream in streams:
        rows.update(dict.fromkeys(parties_of(stream), stream.rows))
    return rows


class Line:
    """Turns go to the address with the fewest rows, of equal ones to who had a turn longest ago; there to a person.

    ``max_streams`` are rows: a beam counts as a stream.
    """

    def __init__(self, max_streams: int, max_streams_per_person: int) -> None:
        self.max_streams = max_streams
        self.max_streams_per_person = max_streams_per_person
        self._last_turn: dict[Party, int] = {}
        self._turns = 0

    def require_place(self, new: Sequence[Stream], waiting: Sequence[Stream]) -> None:
        """Nothing, if there is a place in the line.

        Raises:
            BusyError: the line is full, or one address has its part of it.
        """
        own = sum(parties_of(one)[0] == parties_of(new[0])[0] for one in waiting)
        if own + len(new) > MAX_WAITING or len(waiting) + len(new) > MAX_WAITING_IN_ALL:
            raise BusyError(f"{len(waiting)} generations are waiting already.", "Try again in a minute.")

    def order(self, waiting: Sequence[Stream], active: Sequence[Stream]) -> list[Stream]:
        """Those who wait, the next one first."""
        rows, ranked = rows_of(active), []
        for number, stream in enumerate(waiting):
            parties = parties_of(stream)
            ranked.append(([(rows[party], self._last_turn.get(party, -1)) for party in parties], number))
            rows.update(dict.fromkeys(parties, stream.rows))
        return [waiting[number] for _, number in sorted(ranked)]

    def next(self, waiting: Sequence[Stream], active: Sequence[Stream]) -> Stream | None:
        """The first in line whose person stays within the limit; who has nothing may have one that is larger."""
        rows = rows_of(active)
        for stream in self.order(waiting, active):
            held = rows[parties_of(stream)[1]]
            if not stream.ended and (not held or held + stream.rows <= self.max_streams_per_person):
                return stream
        return None

    def is_beside_crowd(self, stream: Stream, active: Sequence[Stream]) -> bool:
        """True where another address has half of all rows or more, and this one at most a quarter of that."""
        rows, (address, _) = rows_of(active), parties_of(stream)
        largest = max((held for party, held in rows.items() if len(party) == 1 and party != address), default=0)
        return 2 * largest >= self.max_streams and 4 * (rows[address] + stream.rows) <= largest

    def has_rows(self, stream: Stream, active: Sequence[Stream]) -> bool:
        """True if there are rows for it; one that is alone may have more than all together.

        A quarter more is kept for those who come beside a crowd.
        """
        spare = self.max_streams // 4 if self.is_beside_crowd(stream, active) else 0
        return not active or sum(one.rows for one in active) + stream.rows <= self.max_streams + spare

    def let_in(self, stream: Stream) -> None:
        """Remembers whose turn it was."""
        self._turns += 1
        self._last_turn |= dict.fromkeys(parties_of(stream), self._turns)

    def shorten(self, waiting: Sequence[Stream], active: Sequence[Stream]) -> None:
        """Sets an end to the long replies that others wait for."""
        people = {parties_of(stream)[1] for stream in waiting}
        for stream in active:
            if others := len(people - {parties_of(stream)[1]}):
                stream.shorten(CROWDED_TOKENS, others)

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
    """The bytes of keys and values that streams may grow to, and whether there is room for them.

    ``shared`` is the kind of table that streams share.
    """

    def __init__(
        self,
        device: torch.device,
        bytes_per_token: int,
        make_room: Callable[[int], None],
        shared: type[KeyValueTable] = KeyValueTable,
    ) -> None:
        self._device = device
        self._make_room = make_room
        self._shared = shared
        self.bytes_per_token = bytes_per_token

    def free(self, held: int) -> float:
        """Bytes that tables may take on the device, of which ``held`` are in use."""
        return device_memory(self._device).free_bytes * MEMORY_SHARE + held

    def shortage(self, needed: int, held: int) -> PlaygroundError | None:
        """None if there is room for ``needed`` bytes, of which ``held`` are in use; else what would help."""
        room = self.free(held)
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
        tokens = min(len(prompts) * max(prompts, default=0), max(pass_tokens, TABLE_TOKENS))
        tokens += max((length for length in prompts if length > pass_tokens), default=0)  # read beside them
        shared = [one for one in streams if not one.apart]
        if shared:
            width = max(one.most_tokens for one in shared)
            tokens += self._shared.tokens_of(sum(one.rows for one in shared), width)
        for one in streams:
            if one.apart:
                tokens += KeyValueTable.tokens_of(one.rows, one.most_tokens + one.request.prompt_lookup_num_tokens)
        return tokens * self.bytes_per_token
