"""One loop that decodes for everybody: streams join and leave, and all of them share each forward pass of the model.

The loop, in the only thread that steps the model::

    wait for those who are just arriving, so that a class begins together
    while there are streams:
        let go of those that were stopped; let in those that fit, the person with the fewest streams first
        read a piece of a new prompt (a piece, so that a long one stalls nobody); one that is read joins the table
        one forward pass for all rows -> logits -> each row chooses by its own settings -> a Step for each stream

The thread lives as long as it has work: when the last stream has ended there is no thread and no lease. What was read
and said stays for whoever goes on from it (`prefixes`), until somebody else needs the room. A pass that fails ends only
the stream that it was for: those that shared it are read again and go on apart.

It leaves out how a token is chosen (`choose`), how the model is run (`passes`), whose turn it is (`line`) and how
events reach their reader (`running`).
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from playground.errors import BusyError, DeviceMemoryError, PlaygroundError
from playground.generation.arrivals import ARRIVALS
from playground.generation.batch import Batch
from playground.generation.choose import Draw
from playground.generation.events import Event, NextTokenResult
from playground.generation.kv_cache import KeyValueTable
from playground.generation.line import Line, Room
from playground.generation.passes import NO_NEXT_TOKEN, Passes
from playground.generation.reader import READS, Reader
from playground.generation.request import GenerateRequest
from playground.generation.steps import advance, advance_alone, distribution
from playground.generation.stream import Stream, Task
from playground.generation.tasks import Tasks
from playground.models.cpu.linear import prepare_for_crowd
from playground.models.families import explaining
from playground.models.memory import is_out_of_memory

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel

log = logging.getLogger(__name__)

REST = 3.0


class Engine:
    """Decodes for all streams of one resident model; a companion of its `LoadedModel`."""

    def __init__(
        self, loaded: LoadedModel, max_streams: int = 32, max_streams_per_person: int = 4, graphs: bool | None = None
    ) -> None:
        prepare_for_crowd(loaded.model)
        self.passes = Passes(loaded.model, graphs)
        self.device = self.passes.device
        self._tasks = Tasks(loaded, self.passes)
        self._line = Line(max_streams, max_streams_per_person)
        self._room = Room(self.device, self.passes.bytes_per_token, loaded.make_room, self.passes.shared_class)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed, self._rests_until = False, 0.0
        self._waiting: list[Stream] = []
        self._reader = Reader(self.passes, loaded.spare)
        self._batch = Batch(self.passes, self._reader.keep, loaded.busy)
        self._alone: list[Stream] = []
        self._aside: list[KeyValueTable] = []

    # What callers use, from any thread

    def prepare(self, request: GenerateRequest) -> Task:
        """What the model needs to answer a request; see `Tasks.prepare`."""
        return self._tasks.prepare(request)

    def stream(
        self, task: Task, post: Callable[[Event | Exception], None], release: Callable[[], None], asked_at: float
    ) -> Stream:
        """The stream of a task. One that guesses ahead shares no pass, nor does any of a model that can't share."""
        apart = not self.passes.padded or bool(task.request.prompt_lookup_num_tokens)
        return Stream(task, self._tasks.speaker, post, release, lambda: self.people, asked_at, apart)

    def submit(self, streams: Sequence[Stream]) -> None:
        """Takes streams in; they wait where there is no room.

        Raises:
            BusyError: the queue is full, or the model is being unloaded.
        """
        with self._lock:
            if self._closed:
                raise BusyError("The model is just being unloaded.", "Try again.")
            self._line.require_place(streams, self._waiting)
            self._waiting += streams
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="playground-engine", daemon=True)
                self._thread.start()

    @torch.inference_mode()
    def next_token(self, request: GenerateRequest, count: int = 200) -> NextTokenResult:
        """The distribution over the next token, computed in the caller's thread."""
        task, speaker = self.prepare(request), self._tasks.speaker
        ids = [*task.prompt.token_ids, *request.prefix_token_ids]
        with explaining(self.passes.model, NO_NEXT_TOKEN):
            row = self._read_aside(ids).float()
        draw = Draw(request, ids, torch.Generator(self.device), processors=task.processors())
        return distribution(row, draw, count, task.prompt, speaker)

    @property
    def people(self) -> int:
        """Persons whose streams share the device now."""
        return len({stream.request.person for stream in self._active()})

    @property
    def streams(self) -> tuple[int, int]:
        """How many run, and how many wait in line."""
        return len(self._active()), len(self._waiting)

    @property
    def idle(self) -> bool:
        """True when there is no thread, no stream and no table of theirs."""
        with self._lock:
            return self._thread is None and not self._waiting and not self._active() and not self._batch.nbytes

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values now: of the table that all share, of prompts being read, and of kept texts."""
        tables = {stream.table for stream in self._active() if stream.table}
        own = max(self._batch.nbytes, self.passes.static_bytes) + self._reader.prefixes.nbytes
        return own + sum(one.nbytes for one in [*tables, *self._aside])

    @property
    def reserved_bytes(self) -> int:
        """What `nbytes` may grow to before the streams that were let in have ended, apart from what is kept."""
        aside = sum(math.prod(table.capacity) for table in list(self._aside)) * self._room.bytes_per_token
        return max(self.nbytes - self.kept_bytes, self._most_bytes(self._active()) + aside)

    @property
    def kept_bytes(self) -> int:
        """Bytes of texts that somebody may go on from, and of recorded steps while nobody runs."""
        return self._reader.prefixes.nbytes + (0 if self._thread else self.passes.static_bytes)

    def forget(self) -> None:
        """Gives up what is kept."""
        self._reader.prefixes.clear()
        with self._lock:
            if self._thread is None:
                self.passes.forget()

    def close(self) -> None:
        """Ends all streams as stopped, and the thread."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self.forget()

    # The loop

    @torch.inference_mode()
    def _run(self) -> None:
        """The thread: it may not die while anybody waits."""
        self._batch.threads.begin()
        ARRIVALS.wait()
        going = True
        while going:
            try:
                if going := self._admit():
                    self._read_prompts()
                    self._step()
            except Exception as error:  # not of any stream's pass
                self._fail(error)

    def _active(self) -> list[Stream]:
        return [*self._reader.streams, *self._batch.streams, *self._alone]

    def _admit(self) -> bool:
        """Lets stopped streams go and waiting ones in; False, and no thread any more, when nothing is left."""
        with self._lock:
            waiting, closed = list(self._waiting), self._closed
        for stream in [*waiting, *self._active()]:
            if stream.stopped or closed:
                if stream.table and stream in self._alone:
                    self._reader.keep(stream, stream.table)
                stream.end("stopped")
        self._let_go()
        waiting = [stream for stream in waiting if not stream.ended]
        while (following := self._line.next(waiting, self._active())) is not None and self._fits(following):
            waiting.remove(following)
            self._line.let_in(following)
            self._line.shorten(waiting, [following])
            self._attempt([following], self._begin, following)
        waiting = [stream for stream in waiting if not stream.ended]
        self._line.shorten(waiting, self._active())
        self._line.tell_positions(waiting, self._active())
        with self._lock:
            gone = [*self._active(), *waiting]
            self._waiting = waiting + [one for one in self._waiting if not one.ended and one not in gone]
            if self._waiting or self._active():
                return True
            self._batch.clear()
            self._line.forget()
            self._thread = None
            return False

    def _fits(self, stream: Stream) -> bool:
        """True if there are rows and memory for it; one that would not fit alone is ended here."""
        active = self._active()
        if not self._line.has_rows(stream, active):
            return False
        stream.ahead = self._line.is_beside_crowd(stream, active)
        stream.apart = stream.apart or stream.ahead
        shortage = self._shortage(self._most_bytes([*active, stream]))
        if shortage is None:
            return True
        if alone := self._shortage(self._most_bytes([stream])) if active else shortage:
            stream.end(alone)
        stream.reason = stream.reason or f"{shortage.message} It begins when others have ended."
        return False

    def _most_bytes(self, streams: Sequence[Stream]) -> int:
        return self._room.most_bytes(streams, [*self._batch.streams, *self._alone], self._reader.pass_tokens)

    def _shortage(self, needed: int) -> PlaygroundError | None:
        if needed + self.kept_bytes > self._room.free(self.nbytes):
            self.forget()
        return self._room.shortage(needed, self.nbytes)

    def _begin(self, stream: Stream) -> None:
        """A stream's first turn, or its first after its keys and values were lost."""
        stream.begin()
        (self._reader.streams if self.passes.cached else self._alone).append(stream)

    def _let_go(self) -> None:
        """Drops streams that have ended since the last step."""
        self._reader.drop(())
        self._alone = [stream for stream in self._alone if not stream.ended]
        self._batch.let_go()

    def _read_prompts(self) -> None:
        """Newcomers first, so that nobody's first token waits for long: a few passes before the others' next step."""
        for left in reversed(range(READS)):
            group = self._reader.next_group(left)
            short = bool(group) and self._reader.is_short(group[0])
            if group:
                self._attempt(group, self._read, group)
            if not short:
                return

    def _read(self, group: Sequence[Stream]) -> None:
        """One forward pass over new prompts; the first free choice of those that are read, which then run on."""
        read = self._reader.read(group, shared=len(self._active()) > 1)
        if read is None:
            self._reader.drop(())
            return
        self._reader.drop(group)
        rows = [source for stream, source in zip(group, read.sources, strict=True) for _ in range(stream.rows)]
        kept = [rows[row] for row in advance(group, read.logits[rows].float())]
        going = [stream for stream in group if not stream.ended]
        if going and going[0].apart:
            going[0].table = self.passes.table()
            going[0].table.join(read.table, kept)
            self._alone += going
        elif going:
            self._batch.join(going, read.table, kept)

    def _read_aside(self, ids: Sequence[int]) -> Tensor:
        """The logits after these tokens, shape (vocab,), from a table of their own, read in the caller's thread."""
        if not self.passes.cached:
            return self.passes.whole([ids])[0]
        if short := self._shortage(self.reserved_bytes + len(ids) * self._room.bytes_per_token):
            raise short
        table = self._reader.open(ids, len(ids) - 1)
        self._aside.append(table)
        try:
            for begin in range(table.cursor, len(ids), self._reader.pass_tokens):
                logits = self.passes.forward(table, [ids[begin : begin + self._reader.pass_tokens]])
            return logits[0, -1]
        finally:
            self._aside.remove(table)

    # Decoding

    def _step(self) -> None:
        """One step for everybody; beside a crowd, others go on while it rests, thrice as long as its step has taken."""
        ahead = [stream for stream in self._alone if stream.ahead]
        began = time.perf_counter()
        if not ahead or began >= self._rests_until:
            self._attempt(list(self._batch.streams), self._batch.step)
            for stream in [one for one in self._alone if not one.ahead]:
                self._attempt([stream], self._decode_alone, stream)
            self._rests_until = began + (1 + REST) * (time.perf_counter() - began)
        for stream in ahead:
            self._attempt([stream], self._decode_alone, stream)

    def _decode_alone(self, stream: Stream) -> None:
        """One step of a stream that shares no pass."""
        table = stream.table
        advance_alone(stream, self.passes)
        if stream.ended and table is not None:
            self._reader.keep(stream, table)

    # When something breaks

    def _attempt(self, streams: Sequence[Stream], work: Callable[..., None], *arguments: object) -> None:
        """Does a piece of work for some streams; what goes wrong with it costs them, and nobody else."""
        try:
            work(*arguments)
        except Exception as error:
            self._recover(error, streams)

    def _recover(self, error: Exception, streams: Sequence[Stream]) -> None:
        """Ends the stream whose work failed; of several, each goes on apart from the others, so that it is found.

        Out of memory ends the newest of all. Whoever had rows in a table that may be spoilt is read again.
        """
        again = [*streams]
        if is_out_of_memory(error):
            again = self._active()
            self.forget()
            newest = max(again, key=lambda one: one.asked_at)
            newest.end(DeviceMemoryError("The device's memory is full.", "Try again when fewer people use it."))
        elif len(streams) == 1:
            log.exception("a generation failed", exc_info=error)
            streams[0].end(_broken(error))
        else:
            log.warning("a shared pass failed: its %d streams go on apart", len(streams), exc_info=error)
            for stream in streams:
                stream.apart = True
        if any(stream in self._batch.streams for stream in again):
            again += [stream for stream in self._batch.clear() if stream not in again]
        self._reader.drop(again)
        self._alone = [stream for stream in self._alone if stream not in again]
        for stream in again:
            if not stream.ended:
                self._begin(stream)
        if is_out_of_memory(error):
            self.passes.give_back()

    def _fail(self, error: Exception) -> None:
        """Ends everybody: the loop itself is broken."""
        log.exception("the loop of generation failed", exc_info=error)
        with self._lock:
            everybody = [*self._active(), *self._waiting]
        self._batch.clear()
        self._reader.streams, self._alone = [], []
        for stream in everybody:
            stream.end(_broken(error))


def _broken(error: Exception) -> PlaygroundError:
    if isinstance(error, PlaygroundError):
        return error
    return PlaygroundError(
        f"Generation failed: transformers stopped with {type(error).__name__} in the middle of the model.",
        "Try another prompt or other settings; if it stays, pick another model.",
    )
