"""A replica of a simulated fleet: what it holds, who runs on it and who waits there. Time is whatever it is told."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from playground.cluster.calls import Call, model_key
from playground.cluster.placement import Standing
from playground.errors import InputError

MODEL_BYTES = 2**30  # of each; only how many fit matters


@dataclass(frozen=True)
class Crowd:
    """Who comes and what they meet; seconds and numbers.

    ``mix`` are models and how often each is wanted, in any unit. ``reply_seconds`` is the mean length of a reply
    that runs alone; beside ``n`` others it takes ``1 + n * crowding`` times as long. ``spread`` says how lengths
    differ: "exponential", or "equal". Who waits for a load that finds no room for ``patience_seconds``, since all
    models are in use, is refused.
    """

    rate: float
    mix: tuple[tuple[str, float], ...] = (("a", 4.0), ("b", 3.0), ("c", 2.0), ("d", 1.0))
    replicas: int = 2
    holds: int = 3
    streams: int = 32
    reply_seconds: float = 5.0
    crowding: float = 0.05
    load_seconds: float = 3.0
    patience_seconds: float = 20.0
    people: int = 200
    requests: int = 5000
    spread: str = "exponential"
    seed: int = 0

    def __post_init__(self) -> None:
        positive = (self.rate, self.reply_seconds, *(weight for _, weight in self.mix))
        whole = (self.replicas, self.holds, self.streams, self.people, self.requests)
        if not self.mix or min(positive) <= 0 or min(whole) < 1 or min(self.crowding, self.load_seconds) < 0:
            raise InputError("A crowd needs positive numbers.", "Only crowding and load_seconds may be 0.")


@dataclass(eq=False)
class Request:
    """One reply that somebody wants; ``work`` is how long it takes alone."""

    number: int
    model: str
    arrived: float
    work: float
    call: Call


@dataclass(eq=False)
class Replica:
    """One replica. ``virtual`` is the work that each of its streams has been given since it began."""

    name: str
    crowd: Crowd
    resident: OrderedDict[str, int] = field(default_factory=OrderedDict)  # streams by model, last used last
    waiting: dict[str, deque[Request]] = field(default_factory=dict)
    running: list[tuple[float, int, Request]] = field(default_factory=list)
    loading: str = ""
    blocked: dict[str, float] = field(default_factory=dict)  # models that find no room, and since when
    virtual: float = 0.0
    at: float = 0.0
    busy: float = 0.0
    version: int = 0
    loads: int = 0
    evictions: int = 0

    @property
    def standing(self) -> Standing:
        """What it tells the router."""
        held = [*self.resident, *filter(None, [self.loading])]
        free = (self.crowd.holds - len(held)) * MODEL_BYTES
        return Standing(self.name, frozenset(map(model_key, held)), free)

    @property
    def speed(self) -> float:
        """Work that a stream gets in a second."""
        return 1 / (1 + self.crowd.crowding * (len(self.running) - 1))

    def advance(self, now: float) -> None:
        """Lets its streams run until now."""
        if self.running:
            self.virtual += (now - self.at) * self.speed
        if self.running or self.loading:
            self.busy += now - self.at
        self.at = now

    def next_end(self) -> float:
        """When the first stream ends, if nothing changes until then."""
        return self.at + max(0.0, self.running[0][0] - self.virtual) / self.speed

    def take(self, request: Request) -> None:
        """One more that waits here."""
        self.waiting.setdefault(request.model, deque()).append(request)

    def begin(self) -> Iterator[Request]:
        """Those whose reply begins now, first come first served."""
        while len(self.running) < self.crowd.streams:
            heads = [line[0] for name, line in self.waiting.items() if name in self.resident]
            if not heads:
                return
            request = min(heads, key=lambda one: one.number)
            self._leave_line(request)
            self.resident[request.model] += 1
            self.resident.move_to_end(request.model)
            heappush(self.running, (self.virtual + request.work, request.number, request))
            yield request

    def end(self) -> Request:
        """The request whose reply has ended."""
        _, _, request = heappop(self.running)
        self.resident[request.model] -= 1
        return request

    def want(self) -> bool:
        """Whether a load begins now: of what the first waits for who finds no model, if there is room."""
        heads = [line[0] for name, line in self.waiting.items() if name not in self.resident]
        if self.loading or not heads:
            return False
        model = min(heads, key=lambda one: one.number).model
        if len(self.resident) >= self.crowd.holds:
            idle = [name for name, streams in self.resident.items() if not streams and name not in self.waiting]
            if not idle:
                self.blocked.setdefault(model, self.at)
                return False
            del self.resident[idle[0]]
            self.evictions += 1
        self.loading = model
        self.loads += 1
        self.blocked.pop(model, None)
        return True

    def give_up(self, model: str, since: float) -> deque[Request]:
        """Those who wait for a model that has found no room since then; they wait no longer."""
        if self.blocked.get(model) != since:
            return deque()
        del self.blocked[model]
        return self.waiting.pop(model)

    def loaded(self) -> None:
        """What was loaded is resident."""
        self.resident[self.loading], self.loading = 0, ""

    def _leave_line(self, request: Request) -> None:
        line = self.waiting[request.model]
        line.popleft()
        if not line:
            del self.waiting[request.model]
