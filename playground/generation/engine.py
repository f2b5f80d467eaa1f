"""One loop that decodes for everybody: streams join and leave, and all of them share each forward pass of the model.

The loop, in the only thread that steps the model::

    while there are streams:
        let go of those that were stopped; let in those that fit, the person with the fewest streams first
        read a piece of a new prompt (a piece, so that a long one stalls nobody); one that is read joins the table
        one forward pass for all rows -> logits -> each row chooses by its own settings -> a Step for each stream

The thread lives as long as it has work: when the last stream has ended there is no thread, no lease and no cache.
It leaves out how a token is chosen (`decoding`), where keys and values live (`kv_cache`) and how events reach their
reader (`streams`).
"""

from __future__ import annotations

import inspect
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from playground.errors import BudgetError, BusyError, DeviceMemoryError, PlaygroundError
from playground.generation.beam_search import BeamSearch
from playground.generation.choose import Choice, Draw, candidates, choose, look_up, rest_in_bins
from playground.generation.events import (
    Beam,
    BeamStep,
    Event,
    Finished,
    NextTokenResult,
    Reading,
    Started,
    Step,
    Waiting,
)
from playground.generation.kv_cache import KeyValueTable
from playground.generation.pieces import Pieces, ReplyText, decode
from playground.generation.prompts import Prompt, context_length, prepare
from playground.generation.request import GenerateRequest
from playground.models.cpu.linear import prepare_for_crowd
from playground.models.cpu.threads import release_helpers
from playground.models.memory import device_memory
from playground.units import format_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from playground.models.manager import LoadedModel

log = logging.getLogger(__name__)

MAX_WAITING = 100
PASS_TOKENS = {"cpu": 40, "cuda": 2048}  # tokens of new prompts that one pass reads
READS = 2  # passes over new prompts between two steps of the others
MEMORY_SHARE = 0.8


@dataclass(eq=False)
class Stream:
    """One request on its way through the engine. Only the engine's thread changes it, apart from `stop`."""

    request: GenerateRequest
    prompt: Prompt
    post: Callable[[Event | Exception], None]
    release: Callable[[], None]
    asked_at: float = field(default_factory=time.perf_counter)
    stopped: bool = False
    ended: bool = False
    started: bool = False
    position: int = 0
    reason: str = ""  # why it has to wait, if it is for memory
    told: str = ""
    reply: list[int] = field(default_factory=list)
    losses: float = 0.0
    first_token_at: float = 0.0
    last_token_at: float = 0.0
    read: int = 0
    table: KeyValueTable | None = None
    beams: BeamSearch | None = None
    beam_steps: int = 0

    def begin(self, engine: Engine) -> None:
        """Ready to be read; a second time only after the table was lost."""
        if self.position != -1:
            self.text = ReplyText(engine.tokenizer, self.prompt.token_ids)
            self.generator = torch.Generator(engine.device).manual_seed(self.request.seed)
        self.position, self.read, self.table = -1, 0, None
        if self.request.num_beams > 1:
            self.beams = BeamSearch(
                self.request, self.prompt.token_ids, engine.eos_ids, self.prompt.max_new_tokens, engine.pieces
            )

    def stop(self) -> None:
        """Asks the engine to end this stream; it does within one step."""
        self.stopped = True

    @property
    def rows(self) -> int:
        """Rows of the table that it takes."""
        return self.request.num_beams

    @property
    def to_read(self) -> list[int]:
        """What is read before the next free choice: the prompt and the forced tokens (or, read again, the reply)."""
        replied = self.reply if len(self.reply) >= len(self.request.prefix_token_ids) else self.request.prefix_token_ids
        return [*self.prompt.token_ids, *replied]

    @property
    def most_tokens(self) -> int:
        """How long prompt and reply can become."""
        return len(self.prompt.token_ids) + self.prompt.max_new_tokens


class Engine:
    """Decodes for all streams of one resident model; a companion of its `LoadedModel`."""

    def __init__(self, loaded: LoadedModel, max_streams: int = 32, max_streams_per_person: int = 4) -> None:
        self.model: PreTrainedModel = loaded.model
        prepare_for_crowd(self.model)
        self.tokenizer = loaded.tokenizer
        self.device = torch.device(loaded.device)
        self.pieces = Pieces(loaded.tokenizer)
        self.context_length = context_length(loaded.model.config)
        self.eos_ids = eos_ids(loaded.model)
        self.max_streams = max_streams
        self.max_streams_per_person = max_streams_per_person
        self._pass_tokens = PASS_TOKENS.get(self.device.type, PASS_TOKENS["cpu"])
        self._options = set(inspect.signature(self.model.forward).parameters)
        self._table = KeyValueTable(self.model)
        self._aside: list[KeyValueTable] = []
        self._make_room = loaded.make_room
        self._bytes_per_token = self._measure_token()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._waiting: list[Stream] = []
        self._reading: list[Stream] = []
        self._running: list[Stream] = []
        self._alone: list[Stream] = []
        self._last_turn: dict[str, int] = {}
        self._turns = 0

    # What callers use, from any thread

    def prepare(self, request: GenerateRequest) -> Prompt:
        """The token ids that a request starts from, checked against the model's limits; see `prompts.prepare`."""
        return prepare(request, self.tokenizer, self.context_length, self.model.config.get_text_config().vocab_size)

    def submit(self, streams: Sequence[Stream]) -> None:
        """Takes streams in; they wait where there is no room.

        Raises:
            BusyError: the queue is full, or the model is being unloaded.
        """
        with self._lock:
            if self._closed:
                raise BusyError("The model is just being unloaded.", "Try again.")
            if len(self._waiting) + len(streams) > MAX_WAITING:
                raise BusyError(f"{len(self._waiting)} generations are waiting already.", "Try again in a minute.")
            self._waiting += streams
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="playground-engine", daemon=True)
                self._thread.start()

    @torch.inference_mode()
    def next_token(self, request: GenerateRequest, count: int = 200) -> NextTokenResult:
        """The distribution over the next token, computed in the caller's thread."""
        prompt = self.prepare(request)
        ids = [*prompt.token_ids, *request.prefix_token_ids]
        logits = self._read_aside(ids)
        row = logits[0, -1].float()
        best = candidates(row, Draw(request, ids, torch.Generator(self.device)), count, self.pieces)
        others = torch.ones_like(row, dtype=torch.bool)
        others[[one.token_id for one in best]] = False
        entropy = float(torch.special.entr(row.softmax(-1)).sum())
        rest = rest_in_bins(row[others].cpu())
        return NextTokenResult(len(prompt.token_ids), self.context_length, entropy, best, rest, prompt.notes)

    @property
    def people(self) -> int:
        """Persons whose streams share the device now."""
        return len({stream.request.person for stream in self._active()})

    @property
    def idle(self) -> bool:
        """True when there is no thread, no stream and no cache."""
        with self._lock:
            return self._thread is None and not self._waiting and not self._active() and not self._table.nbytes

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values now: of the table that all share, and of prompts that are being read."""
        tables = {self._table, *(stream.table for stream in self._active() if stream.table)}
        return sum(table.nbytes for table in [*tables, *self._aside])

    @property
    def reserved_bytes(self) -> int:
        """What `nbytes` may grow to before the streams that were let in have ended."""
        aside = sum(math.prod(table.capacity) for table in list(self._aside)) * self._bytes_per_token
        return max(self.nbytes, self._most_bytes(self._active()) + aside)

    def close(self) -> None:
        """Ends all streams as stopped, and the thread."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    # Who is let in

    @torch.inference_mode()
    def _run(self) -> None:
        """The thread: it may not die while anybody waits."""
        going = True
        while going:
            try:
                going = self._cycle()
            except Exception as error:
                self._recover(error)

    def _cycle(self) -> bool:
        """One turn of the loop; False when nothing is left to do."""
        if not self._admit():
            return False
        self._read_prompts()
        self._decode()
        for stream in list(self._alone):
            self._decode_alone(stream)
        return True

    def _active(self) -> list[Stream]:
        return [*self._reading, *self._running, *self._alone]

    def _admit(self) -> bool:
        """Lets stopped streams go and waiting ones in; False, and no thread any more, when nothing is left."""
        with self._lock:
            waiting, closed = list(self._waiting), self._closed
        for stream in [*waiting, *self._active()]:
            if stream.stopped or closed:
                self._end(stream, "stopped")
        self._let_go()
        waiting = [stream for stream in waiting if not stream.ended]
        while (following := self._next_in_line(waiting)) is not None and self._fits(following):
            waiting.remove(following)
            self._let_in(following)
        waiting = [stream for stream in waiting if not stream.ended]
        self._tell_positions(waiting)
        with self._lock:
            gone = [*self._active(), *waiting]
            self._waiting = waiting + [one for one in self._waiting if not one.ended and one not in gone]
            if self._waiting or self._active():
                return True
            self._table.clear()
            self._thread = None
            return False

    def _line(self, waiting: Sequence[Stream]) -> list[Stream]:
        """Round robin between people: who has the fewest streams, among those who had a turn longest ago."""
        counts = Counter(stream.request.person for stream in self._active())
        ranked = []
        for number, stream in enumerate(waiting):
            person = stream.request.person
            ranked.append((counts[person], self._last_turn.get(person, -1), number, stream))
            counts[person] += 1
        return [stream for *_, stream in sorted(ranked, key=lambda one: one[:3])]

    def _next_in_line(self, waiting: Sequence[Stream]) -> Stream | None:
        """The first in line whose person is below the limit."""
        counts = Counter(stream.request.person for stream in self._active())
        allowed = (one for one in self._line(waiting) if counts[one.request.person] < self.max_streams_per_person)
        return next((one for one in allowed if not one.ended), None)

    def _fits(self, stream: Stream) -> bool:
        """True if there are rows and memory for it; one that would not fit alone is ended here."""
        active = self._active()
        if active and sum(one.rows for one in active) + stream.rows > self.max_streams:
            return False
        shortage = self._shortage(self._most_bytes([*active, stream]))
        if shortage is None:
            return True
        if alone := self._shortage(self._most_bytes([stream])) if active else shortage:
            self._end(stream, alone)
        stream.reason = stream.reason or f"{shortage.message} It begins when others have ended."
        return False

    def _shortage(self, needed: int) -> PlaygroundError | None:
        """None if the device and the budget have room for so many bytes of keys and values; else what would help."""
        room = device_memory(self.device).free_bytes * MEMORY_SHARE + self.nbytes
        if needed > room:
            return _too_large(needed, room)
        try:
            self._make_room(needed)
        except BudgetError as error:
            return error.again()
        return None

    def _most_bytes(self, streams: Sequence[Stream]) -> int:
        """Bytes that tables for these streams, with one for the prompts that are read just then, can grow to."""
        if not streams:
            return 0
        width = max(one.most_tokens for one in streams)
        prompts = [len(one.to_read) for one in streams if one not in self._running and one not in self._alone]
        short = [length for length in prompts if length <= self._pass_tokens]  # read together, beside one long prompt
        reading = min(len(short) * max(short, default=0), self._pass_tokens)
        reading += max((length for length in prompts if length > self._pass_tokens), default=0)
        alone = [one.request.prompt_lookup_num_tokens for one in streams if one.request.prompt_lookup_num_tokens]
        rows = sum(one.rows for one in streams) - len(alone)
        tokens = KeyValueTable.tokens_of(rows, width) if rows else 0
        tokens += sum(KeyValueTable.tokens_of(1, width + guesses) for guesses in alone)
        return (tokens + reading) * self._bytes_per_token

    def _let_in(self, stream: Stream) -> None:
        self._turns += 1
        self._last_turn[stream.request.person] = self._turns
        stream.begin(self)
        self._reading.append(stream)

    def _tell_positions(self, waiting: Sequence[Stream]) -> None:
        """Posts each waiting stream's place in line when it has changed."""
        for position, stream in enumerate(self._line(waiting), start=1):
            if stream.position != position or stream.reason not in ("", stream.told):
                stream.position, stream.told = position, stream.reason
                stream.post(Waiting(position, stream.reason))

    # Reading prompts

    def _read_prompts(self) -> None:
        """Newcomers first, so that nobody's first token waits for long: a few passes before the others' next step.

        Short prompts share them. Of a long one a single piece is read, and after the short ones: those who came with
        short prompts don't wait for it, and those who are decoding wait no longer than for the shared passes.
        """
        for left in reversed(range(READS)):
            short = [stream for stream in self._reading if self._is_short(stream)]
            long = [stream for stream in self._reading if stream not in short]
            if short and (left or not long):
                self._read(self._group(short))
            else:
                self._read(long[:1])
                return

    def _read(self, group: Sequence[Stream]) -> None:
        """One forward pass over new prompts: several short ones together, or the next piece of a long one."""
        if not group:
            return
        self._tell_started(group)
        texts = list(dict.fromkeys(tuple(stream.to_read) for stream in group))
        sources = [texts.index(tuple(stream.to_read)) for stream in group]
        table = group[0].table or KeyValueTable(self.model)
        if not group[0].read:
            table.open([len(text) for text in texts], max(map(len, texts)))
        begin = group[0].read
        shared = len(self._active()) > 1  # a stream that is alone makes nobody wait
        piece = self._pass_tokens * (1 if shared else 4)
        end = min(begin + piece, len(texts[0])) if len(group) == 1 else table.capacity[1]
        wanted = max(1, end - max(begin, len(group[0].prompt.token_ids) - 1 + len(group[0].reply)))
        if len(group) == 1:
            logits = self._forward(table, [texts[0][begin:end]], wanted)
        else:
            logits = self._forward(table, [(0,) * (end - len(text)) + text for text in texts])
        for stream in group:
            stream.table, stream.read = table, end
        if len(group) == 1:
            self._force(group[0], logits[0], begin)
            if end < len(texts[0]):
                group[0].post(Reading(end, len(texts[0])))
                return
        self._join([stream for stream in group if not stream.ended], table, logits[:, -1], sources)

    def _tell_started(self, group: Sequence[Stream]) -> None:
        for stream in group:
            if not stream.started:
                stream.started, prompt = True, stream.prompt
                queued = time.perf_counter() - stream.asked_at
                stream.post(
                    Started(len(prompt.token_ids), self.context_length, prompt.max_new_tokens, prompt.notes, queued)
                )

    def _is_short(self, stream: Stream) -> bool:
        """True if its prompt is read in one pass, together with others."""
        return _shareable(stream) and len(stream.to_read) <= self._pass_tokens

    def _group(self, short: Sequence[Stream]) -> list[Stream]:
        """The streams whose short prompts are read next: the first in line, and others while the pass has room."""
        group, texts = [short[0]], {tuple(short[0].to_read)}
        for stream in short[1:]:
            new = {*texts, tuple(stream.to_read)}
            if len(new) * max(map(len, new)) <= self._pass_tokens:
                group.append(stream)
                texts = new
        return group

    def _force(self, stream: Stream, logits: Tensor, begin: int) -> None:
        """Steps for the forced tokens whose turn has been read."""
        forced = stream.request.prefix_token_ids[len(stream.reply) :]
        ready = forced[: max(0, stream.read - len(stream.prompt.token_ids) + 1 - len(stream.reply))]
        if not ready:
            return
        ids = [*stream.prompt.token_ids, *stream.reply, *ready]
        lengths = range(len(ids) - len(ready), len(ids))
        draws = [
            Draw(stream.request, ids[:length], stream.generator, token_id)
            for length, token_id in zip(lengths, ready, strict=True)
        ]
        for choice in choose(logits[: len(ready)].float(), draws, self.pieces):
            last = len(stream.reply) + 1 == len(stream.request.prefix_token_ids)
            reason = self._take(stream, choice, forced=True)
            if reason and last:
                self._end(stream, reason)

    def _join(self, group: Sequence[Stream], table: KeyValueTable, logits: Tensor, sources: Sequence[int]) -> None:
        """The first free choice of streams whose prompts are read, which then run with the others."""
        self._reading = [stream for stream in self._reading if stream not in group and not stream.ended]
        rows = [source for stream, source in zip(group, sources, strict=False) for _ in range(stream.rows)]
        if not rows:
            return
        kept = self._advance(group, logits[rows].float())
        going = [stream for stream in group if not stream.ended]
        for stream in going:
            stream.table = None
        if going and going[0].request.prompt_lookup_num_tokens and len(group) == 1:
            going[0].table = table
            self._alone.append(going[0])
        elif going:
            self._running += going
            self._table.join(table, [rows[row] for row in kept])

    # Decoding

    def _decode(self) -> None:
        """One forward pass for all rows, and one step for every stream."""
        if not self._running:
            return
        last = [
            [reply[-1]]
            for stream in self._running
            for reply in (stream.beams.running if stream.beams else [stream.reply])
        ]
        self._table.reserve(1)
        logits = self._forward(self._table, last)[:, -1].float()
        self._settle(self._advance(self._running, logits))

    def _advance(self, streams: Sequence[Stream], logits: Tensor) -> list[int]:
        """One choice for every stream; the rows that go on, in the order of the streams that do."""
        firsts, total = [], 0
        for stream in streams:
            firsts.append(total)
            total += stream.rows
        single = [i for i, stream in enumerate(streams) if stream.beams is None]
        draws = [
            Draw(streams[i].request, [*streams[i].prompt.token_ids, *streams[i].reply], streams[i].generator)
            for i in single
        ]
        rows = [firsts[i] for i in single]
        own = logits if len(rows) == len(logits) else logits[rows]
        choices = dict(zip(single, choose(own, draws, self.pieces) if draws else [], strict=True))
        kept: list[int] = []
        for i, stream in enumerate(streams):
            if stream.beams is not None:
                kept += [
                    firsts[i] + row for row in self._advance_beams(stream, logits[firsts[i] : firsts[i] + stream.rows])
                ]
            elif reason := self._take(stream, choices[i]):
                self._end(stream, reason)
            else:
                kept.append(firsts[i])
        return kept

    def _advance_beams(self, stream: Stream, logits: Tensor) -> list[int]:
        """One step of beam search; the rows that its beams go on from."""
        search = stream.beams
        assert search is not None
        nodes, rows = search.advance(
            logits, lambda reply: self._stops(stream, decode(self.tokenizer, reply, skip=True))
        )
        if nodes[0].step >= stream.beam_steps:
            stream.beam_steps += 1
            self._clock(stream)
            best = decode(self.tokenizer, search.running[0], skip=True).rstrip("\ufffd")
            stream.post(BeamStep(nodes[0].step, nodes, best, stream.last_token_at - stream.asked_at))
        if search.done:
            self._end(stream, self._beam_reason(stream))
            return []
        return rows

    def _beam_reason(self, stream: Stream) -> str:
        assert stream.beams is not None
        best = stream.beams.finished[0]
        if best.token_ids[-1] in self.eos_ids:
            return "eos"
        if self._stops(stream, decode(self.tokenizer, best.token_ids, skip=True)):
            return "stop_string"
        return self._length_reason(stream)

    def _decode_alone(self, stream: Stream) -> None:
        """One step of assisted decoding: guessed tokens are checked in one pass, the right ones are all taken."""
        table = stream.table
        assert table is not None
        left = stream.prompt.max_new_tokens - len(stream.reply)
        guesses = look_up(stream.to_read, min(stream.request.prompt_lookup_num_tokens, left - 1))
        table.reserve(1 + len(guesses))
        logits = self._forward(table, [[stream.reply[-1], *guesses]], 1 + len(guesses))[0].float()
        taken = 0
        for row, guess in enumerate([*guesses, None]):
            draw = Draw(stream.request, stream.to_read, stream.generator)
            choice = choose(logits[row : row + 1], [draw], self.pieces)[0]
            reason, taken = self._take(stream, choice, guessed=choice.token_id == guess), taken + 1
            if reason:
                self._end(stream, reason)
                self._alone.remove(stream)
            if reason or choice.token_id != guess:
                break
        table.advance(taken - 1 - len(guesses))

    def _settle(self, kept: list[int]) -> None:
        """Gives up the rows of streams that ended; the last rows move into the gaps."""
        going = [stream for stream in self._running if not stream.ended]
        if len(kept) < self._table.rows and all(stream.beams is None for stream in going):
            owners = dict(zip(kept, going, strict=True))
            order = [row if row in owners else -1 for row in range(len(kept))]
            movers = sorted(row for row in owners if row >= len(kept))
            order = [movers.pop() if row < 0 else row for row in order]
            kept, going = order, [owners[row] for row in order]
        self._running = going
        if kept != list(range(self._table.rows)):
            self._table.keep(kept)

    def _let_go(self) -> None:
        """Drops streams that have ended since the last step."""
        self._reading = [stream for stream in self._reading if not stream.ended]
        self._alone = [stream for stream in self._alone if not stream.ended]
        if any(stream.ended for stream in self._running):
            kept, row = [], 0
            for stream in self._running:
                kept += [] if stream.ended else list(range(row, row + stream.rows))
                row += stream.rows
            self._settle(kept)

    def _forward(self, table: KeyValueTable, token_ids: Sequence[Sequence[int]], wanted: int = 1) -> Tensor:
        """The logits of the last ``wanted`` columns, shape (rows, wanted, vocab); the table grows by the columns."""
        columns = len(token_ids[0])
        inputs = {name: value.to(self.device) for name, value in table.inputs(columns).items() if value is not None}
        if "position_ids" not in self._options:
            inputs.pop("position_ids")
        if "logits_to_keep" in self._options:
            inputs["logits_to_keep"] = wanted  # type: ignore[assignment]
        output = self.model(
            input_ids=torch.tensor(token_ids, device=self.device), past_key_values=table, use_cache=True, **inputs
        )
        table.advance(columns)
        return output.logits[:, -wanted:]

    @torch.inference_mode()
    def _read_aside(self, ids: Sequence[int]) -> Tensor:
        """The logits after these tokens, from a table of their own, read in the caller's thread."""
        if short := self._shortage(self.reserved_bytes + len(ids) * self._bytes_per_token):
            raise short
        table = KeyValueTable(self.model)
        table.open([len(ids)], len(ids))
        self._aside.append(table)
        try:
            for begin in range(0, len(ids), self._pass_tokens):
                logits = self._forward(table, [ids[begin : begin + self._pass_tokens]])
            return logits
        finally:
            self._aside.remove(table)

    @torch.inference_mode()
    def _measure_token(self) -> int:
        """Bytes of the keys and values of one token: only the model knows, so it reads one."""
        table = KeyValueTable(self.model)
        table.open([1], 1)
        self._forward(table, [[0]])
        release_helpers()  # this is the caller's thread, which computes no more
        return table.bytes_per_token

    # What a stream gets

    def _take(self, stream: Stream, choice: Choice, forced: bool = False, guessed: bool = False) -> str | None:
        """Posts the step of a choice; the reason why the reply ends with it, if it does."""
        self._clock(stream)
        before = len(stream.text.text)
        text = stream.text.add(choice.token_id)
        index = len(stream.reply)
        stream.reply.append(choice.token_id)
        stream.losses -= math.log(max(choice.before, 1e-45))
        stream.post(
            Step(
                index, choice.token_id, self.pieces[choice.token_id], text, choice.before, choice.after, choice.entropy,
                stream.last_token_at - stream.asked_at, choice.alternatives, forced, guessed,
            )
        )  # fmt: skip
        if choice.token_id in self.eos_ids:
            return "eos"
        if text and self._stops(stream, stream.text.text, before):
            return "stop_string"
        return self._length_reason(stream) if len(stream.reply) >= stream.prompt.max_new_tokens else None

    def _length_reason(self, stream: Stream) -> str:
        return "length" if stream.prompt.max_new_tokens == stream.request.max_new_tokens else "context"

    def _stops(self, stream: Stream, text: str, known: int = 0) -> bool:
        """True if a stop string ends in what is new since ``known`` characters."""
        return any(stop in text[max(0, known - len(stop) + 1) :] for stop in stream.request.stop_strings)

    def _clock(self, stream: Stream) -> None:
        stream.last_token_at = time.perf_counter()
        stream.first_token_at = stream.first_token_at or stream.last_token_at

    def _end(self, stream: Stream, why: str | PlaygroundError) -> None:
        """The stream's last event, after its lease was given back."""
        if stream.ended:
            return
        stream.ended, people = True, self.people
        stream.table = None
        last = why if isinstance(why, PlaygroundError) else self._finished(stream, why, people)
        stream.release()
        stream.post(last)

    def _finished(self, stream: Stream, reason: str, people: int) -> Finished:
        ids, beams, loss = tuple(stream.reply), self._beams(stream), stream.losses
        text = stream.text.text if ids else ""
        if beams:
            ids, text, loss = beams[0].token_ids, beams[0].text, -beams[0].total_log_probability
        flowing = stream.last_token_at - stream.first_token_at
        counted = (stream.beam_steps or len(ids)) - 1
        return Finished(
            reason, text, ids, len(stream.prompt.token_ids), self.context_length,
            math.exp(min(loss / len(ids), 700.0)) if ids else None,
            counted / flowing if counted > 0 and flowing > 0 else None,
            stream.first_token_at - stream.asked_at if stream.first_token_at else None,
            time.perf_counter() - stream.asked_at, people, beams,
        )  # fmt: skip

    def _beams(self, stream: Stream) -> tuple[Beam, ...]:
        """The finished beams, best first; those still running where the search was stopped."""
        if stream.beams is None:
            return ()
        return tuple(
            replace(beam, text=decode(self.tokenizer, beam.token_ids, skip=True)) for beam in stream.beams.best()
        )

    # When something breaks

    def _recover(self, error: Exception) -> None:
        """Out of memory ends the newest stream, and the others are read again; anything else ends all."""
        self._table.clear()
        active = sorted(self._active(), key=lambda one: one.asked_at)
        self._reading, self._running, self._alone = [], [], []
        if not is_out_of_memory(error):
            log.exception("generation failed", exc_info=error)
            with self._lock:
                active += self._waiting
            for stream in active:
                self._end(stream, _broken(error))
            return
        self._end(active[-1], DeviceMemoryError("The device's memory is full.", "Try again when fewer people use it."))
        for stream in active:
            if not stream.ended:
                stream.begin(self)
                self._reading.append(stream)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def eos_ids(model: PreTrainedModel) -> frozenset[int]:
    """The token ids that end a reply, as the model's generation config names them."""
    value = getattr(model.generation_config, "eos_token_id", None)
    if value is None:
        return frozenset()
    return frozenset([value] if isinstance(value, int) else value)


def _shareable(stream: Stream) -> bool:
    """True if its prompt can be read together with others: nothing is read yet, and only its last logits matter."""
    request = stream.request
    return not (stream.read or stream.reply or request.prefix_token_ids or request.prompt_lookup_num_tokens)


def is_out_of_memory(error: Exception) -> bool:
    """True for the errors with which torch says that the device is full."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)


def _too_large(needed: float, room: float) -> DeviceMemoryError:
    return DeviceMemoryError(
        f"With this request the KV cache may grow to {format_bytes(needed)}; the device has room for "
        f"{format_bytes(room)}.",
        "Lower max_new_tokens or num_beams, or shorten the prompt.",
    )


def _broken(error: Exception) -> PlaygroundError:
    if isinstance(error, PlaygroundError):
        return error
    return PlaygroundError(f"Generation failed: {error}.", "Try again; if it stays, pick another model.")
