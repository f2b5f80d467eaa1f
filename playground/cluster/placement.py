"""Which replica answers a call: where its model is, where its person is, and what is less busy.

The rules, the first that fits:

1. A person's streams of one model run in one replica while any of them runs: so they are in one line, and what a
   person may have at once holds over the whole fleet.
2. A person comes back to where they were last, for what was read and said is kept there, unless that one is busier
   than another that holds the model.
3. A model that some hold: the least busy of them. Where all of these are busy and another replica isn't, that one
   loads it, too; so what is hot is on several, and what is cold on one.
4. A model that nobody holds: of the replicas with at least half as much room as the roomiest, the one with the fewest
   models, then the least busy; and the same one for all who ask before it says that it has it.

It knows replicas by what they tell and by what was sent to them, and nothing of Ray.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from playground.cluster.calls import AUTO, Call

REMEMBERED = 4096  # persons, by model
SENT_SECONDS = 30.0  # how long a model is taken to be where it was sent, before its replica says so
CHOSEN_SECONDS = 10.0  # how long a choice counts as a call, before it is known to have been sent
BUSY, MUCH_LESS = 6, 3  # calls on every holder, and how many fewer on another one that then gets a copy

Person = tuple[str, tuple[str, str]]  # a model, and who asks for it


@dataclass(frozen=True)
class Standing:
    """What a replica says of itself: the keys of models that it holds or loads, and the bytes free for others."""

    replica_id: str
    models: frozenset[str]
    free_bytes: int = 0


class Placement:
    """Chooses replicas for calls, and remembers who was sent where."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ongoing: Counter[str] = Counter()
        self._streams: Counter[tuple[str, Person]] = Counter()
        self._calls: dict[str, tuple[str, Person]] = {}
        self._chosen: dict[str, float] = {}  # calls that aren't known to have been sent, and when they were chosen
        self._last: OrderedDict[Person, str] = OrderedDict()
        self._sent: dict[tuple[str, str], float] = {}  # replica and model, where that replica doesn't tell of it

    def choose(self, call: Call, standings: Sequence[Standing]) -> list[list[str]]:
        """The ids of replicas, in groups: whoever sends takes one of the first group, and of the next if none can.

        The call counts as sent to the first, until `sent` says otherwise or never comes.
        """
        self._forget(standings)
        everybody = sorted((one.replica_id for one in standings), key=self._ongoing.__getitem__)
        if not everybody:
            return []
        first = self._first(call, standings) if call.model else everybody[0]
        self.ended(call.call_id)
        self._count(call, first)
        self._chosen[call.call_id] = self._clock()
        others = [one for one in everybody if one != first]
        return [[first], others] if others else [[first]]

    def sent(self, call: Call, replica_id: str) -> None:
        """A call has gone there; to be told of its end by `ended`."""
        self.ended(call.call_id)
        self._count(call, replica_id)

    def ended(self, call_id: str) -> None:
        """A call has ended, however it did."""
        self._chosen.pop(call_id, None)
        if (found := self._calls.pop(call_id, None)) is not None:
            replica_id, person = found
            self._ongoing -= Counter([replica_id])
            self._streams -= Counter([(replica_id, person)])

    def _first(self, call: Call, standings: Sequence[Standing]) -> str:
        """The replica for a call that needs a model."""
        person, ids = (call.model, call.party), [one.replica_id for one in standings]
        running = [one for one in ids if self._streams[(one, person)]]
        if running and any(call.party):
            return max(running, key=lambda one: self._streams[(one, person)])
        holders = [one for one in standings if call.model in one.models or (one.replica_id, call.model) in self._sent]
        if not holders:
            return self._roomiest(call.model, standings) if call.loads else min(ids, key=self._ongoing.__getitem__)
        least = min((one.replica_id for one in holders), key=lambda one: (self._ongoing[one], _draw(call.model, one)))
        last = self._last.get(person, "")
        is_there = last in ids and any(one.replica_id == last for one in holders)
        if any(call.party) and is_there and self._ongoing[last] <= self._ongoing[least]:
            return last
        most = self._ongoing[least] - MUCH_LESS
        free = [one for one in standings if one not in holders and self._ongoing[one.replica_id] <= most]
        spreads = call.loads and self._ongoing[least] >= BUSY and free
        return self._roomiest(call.model, free) if spreads else least

    def _roomiest(self, model: str, standings: Sequence[Standing]) -> str:
        """Where a new model goes: of those with room, to the fewest others, those that are on their way among them."""
        most = max(one.free_bytes for one in standings)

        def cost(one: Standing) -> tuple[bool, int, int, bytes]:
            coming = sum(replica_id == one.replica_id for replica_id, _ in self._sent)
            held = sum(not key.endswith(f" {AUTO}") for key in one.models)
            has_room = one.free_bytes >= most / 2
            return not has_room, coming + held, self._ongoing[one.replica_id], _draw(model, one.replica_id)

        return min(standings, key=cost).replica_id

    def _count(self, call: Call, replica_id: str) -> None:
        person = (call.model, call.party)
        self._calls[call.call_id] = (replica_id, person)
        self._ongoing[replica_id] += 1
        self._streams[(replica_id, person)] += 1
        if call.model and call.loads:
            self._sent.setdefault((replica_id, call.model), self._clock())
            self._last[person] = replica_id
            self._last.move_to_end(person)
            while len(self._last) > REMEMBERED:
                self._last.popitem(last=False)

    def _forget(self, standings: Sequence[Standing]) -> None:
        """Drops what replicas tell of themselves by now, what is too old, and replicas that have gone."""
        now, ids = self._clock(), {one.replica_id for one in standings}
        told = {(one.replica_id, model) for one in standings for model in one.models}
        self._sent = {
            one: at for one, at in self._sent.items() if one not in told and one[0] in ids and now - at < SENT_SECONDS
        }
        late = [call_id for call_id, at in self._chosen.items() if now - at > CHOSEN_SECONDS]
        gone = [call_id for call_id, (replica_id, _) in self._calls.items() if replica_id not in ids]
        for call_id in [*late, *gone]:
            self.ended(call_id)


def _draw(model: str, replica_id: str) -> bytes:
    """Breaks ties, alike in every front."""
    return blake2b(f"{model} {replica_id}".encode(), digest_size=8).digest()
