"""One request on its way through the engine: what has been chosen for it, and the events that its reader gets.

It leaves out when its turn comes (`line`) and where its logits come from (`engine`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from playground.errors import PlaygroundError
from playground.generation.beam_search import BeamSearch
from playground.generation.choose import Choice, Draw, sampler_settings
from playground.generation.events import Beam, BeamStep, Event, Finished, Reason, Started, Step
from playground.generation.pieces import Decoder, Pieces, ReplyText
from playground.generation.prompts import Prompt
from playground.generation.request import GenerateRequest
from playground.generation.stop_strings import StopStrings

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import LogitsProcessorList

    from playground.generation.kv_cache import KeyValueTable


@dataclass(frozen=True, eq=False)
class Speaker:
    """What all streams of one model share: its way from ids to text, and what ends its replies."""

    decoder: Decoder
    pieces: Pieces
    eos_ids: frozenset[int]
    context_length: int
    vocab: int
    device: torch.device
    use_cache: bool
    quantization: str = ""
    dtype: str = ""


@dataclass(frozen=True, eq=False)
class Task:
    """A request made ready for one model.

    ``processors`` makes the logits processors where the model's own config adds some to the request's settings: they
    may remember what they have seen, so a stream that begins again gets new ones.
    """

    request: GenerateRequest
    prompt: Prompt
    stop_strings: StopStrings
    processors: Callable[[], LogitsProcessorList | None]
    model_settings: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False)
class Stream:
    """A task, and how far it has come. Only the engine's thread changes it, apart from `stop`."""

    task: Task
    speaker: Speaker
    post: Callable[[Event | Exception], None]
    release: Callable[[], None]
    people: Callable[[], int]  # how many share the device
    asked_at: float = field(default_factory=time.perf_counter)
    apart: bool = False  # whether it shares no forward pass with others
    ahead: bool = False  # whether a crowd rests for it
    stopped: bool = False
    ended: bool = False
    started: bool = False
    queue_seconds: float | None = None
    position: int = 0
    reason: str = ""  # why it has to wait, if it is for memory
    told: str = ""
    reply: list[int] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    losses: float = 0.0
    first_token_at: float = 0.0
    last_token_at: float = 0.0
    read: int = 0
    table: KeyValueTable | None = None
    beams: BeamSearch | None = None
    beam_steps: int = 0

    def __post_init__(self) -> None:
        self.request, self.prompt = self.task.request, self.task.prompt
        self.text = ReplyText(self.speaker.decoder, self.prompt.token_ids)

    def begin(self) -> None:
        """Ready to be read; once more if its keys and values were lost, with the tokens that it has."""
        self.read, self.table = 0, None
        self.processors = self.task.processors()
        self.generator = torch.Generator(self.speaker.device).manual_seed(self.request.seed)
        for _ in self.reply:
            self.pass_random_numbers()
        if self.request.num_beams > 1:
            self.beams = BeamSearch(
                self.request, self.prompt.token_ids, self.speaker.eos_ids, self.prompt.max_new_tokens,
                self.speaker.pieces, self.processors,
            )  # fmt: skip

    def pass_random_numbers(self) -> None:
        """Draws, and forgets, the random numbers that the choice of a token takes."""
        if self.request.do_sample:
            times = torch.empty(1, self.speaker.vocab, dtype=torch.float32, device=self.speaker.device)
            times.exponential_(generator=self.generator)

    def stop(self) -> None:
        """Asks the engine to end this stream; it does within one step."""
        self.stopped = True

    def shorten(self, most: int, others: int) -> None:
        """Lets the reply have no more than so many free tokens, or one more than it has, since others wait.

        A reply whose end a processor of the model prepares from afar keeps its length.
        """
        length = max(most + len(self.request.prefix_token_ids), self.length + 1)
        if length >= self.prompt.max_new_tokens or self.task.processors() is not None:
            return
        waits = "another person waits" if others == 1 else f"{others:,} other people wait"
        note = (
            f"Since {waits}, this reply ends after {length:,} tokens at the latest, not {self.prompt.max_new_tokens}."
        )
        self.prompt = replace(self.prompt, max_new_tokens=length, notes=(*self.prompt.notes, note))
        if self.beams:
            self.beams.max_new_tokens = length

    @property
    def length(self) -> int:
        """Tokens of its reply so far; of the running ones, if it searches with beams."""
        return len(self.replies[0])

    @property
    def rows(self) -> int:
        """Rows of a forward pass that it takes."""
        return self.request.num_beams

    @property
    def replies(self) -> list[tuple[int, ...]]:
        """What its rows have generated so far."""
        return self.beams.running if self.beams else [tuple(self.reply)]

    @property
    def to_read(self) -> list[int]:
        """What is read before the next free choice: the prompt and the forced tokens (or, read again, the reply)."""
        replied = self.reply if len(self.reply) >= len(self.request.prefix_token_ids) else self.request.prefix_token_ids
        return [*self.prompt.token_ids, *replied]

    @property
    def most_tokens(self) -> int:
        """How long prompt and reply can become."""
        return len(self.prompt.token_ids) + self.prompt.max_new_tokens

    @property
    def settings(self) -> tuple[Any, ...]:
        """What its choices depend on beside its text, and what is told of each."""
        return *sampler_settings(self.request), self.request.top

    def draw(self) -> Draw:
        """Its next turn to choose; a token that the request forces is chosen already."""
        forced, number = self.request.prefix_token_ids, len(self.reply)
        ids = [*self.prompt.token_ids, *self.reply]
        return Draw(
            self.request, ids, self.generator, forced[number] if number < len(forced) else None, self.processors
        )

    def leave_line(self) -> None:
        """Its prompt is read from now on: its time in line is over."""
        if self.queue_seconds is None:
            self.queue_seconds = time.perf_counter() - self.asked_at

    def tell_started(self) -> None:
        """Posts `Started`, once."""
        self.leave_line()
        if not self.started:
            self.started, prompt = True, self.prompt
            queued = self.queue_seconds or 0.0
            self.post(
                Started(
                    len(prompt.token_ids), self.speaker.context_length, prompt.max_new_tokens, prompt.notes, queued,
                    self.task.model_settings, self.speaker.quantization, self.speaker.dtype,
                )
            )  # fmt: skip

    def take(self, choice: Choice, forced: bool = False, guessed: bool = False) -> Reason | None:
        """Posts the step of a choice; the reason why the reply ends with it, if it does."""
        self.tell_started()
        self._clock()
        index = len(self.reply)
        self.reply.append(choice.token_id)
        self.choices.append(choice)
        reason = self._ends(self.reply)
        text = self.text.add(choice.token_id, ended=reason is not None)
        self.losses -= math.log(max(choice.before, 1e-45))
        self.post(
            Step(
                index, choice.token_id, self.speaker.pieces[choice.token_id], text, choice.before, choice.after,
                choice.entropy, self.last_token_at - self.asked_at, choice.alternatives, forced, guessed,
            )
        )  # fmt: skip
        return reason

    def take_beams(self, logits: Tensor) -> tuple[list[int], Reason | None]:
        """One step of beam search: the rows that its beams go on from, and the reason why it ends, if it does."""
        search = self.beams
        assert search is not None
        self.tell_started()
        nodes, rows = search.advance(logits, self._stops)
        if nodes and nodes[0].step >= self.beam_steps:
            self.beam_steps += 1
            self._clock()
            text = self.speaker.decoder.reply(self.prompt.token_ids, search.running[0], ended=False)
            self.post(BeamStep(nodes[0].step, nodes, text, self.last_token_at - self.asked_at))
        if not search.done:
            return rows, None
        best = search.best()
        return [], (self._ends(best[0].token_ids) if best else None) or "length"

    def end(self, why: Reason | PlaygroundError) -> None:
        """The stream's last event, after its lease was given back."""
        if self.ended:
            return
        people = self.people()
        self.ended, self.table = True, None
        last = why if isinstance(why, PlaygroundError) else self._finished(why, people)
        self.release()
        self.post(last)

    def _ends(self, reply: list[int] | tuple[int, ...]) -> Reason | None:
        """Why a reply ends here, if it does."""
        if reply[-1] in self.speaker.eos_ids:
            return "eos"
        if self._stops(reply):
            return "stop_string"
        if len(reply) < self.prompt.max_new_tokens:
            return None
        if self.prompt.max_new_tokens < self.task.prompt.max_new_tokens:
            return "crowded"
        return "length" if self.prompt.max_new_tokens == self.request.max_new_tokens else "context"

    def _stops(self, reply: list[int] | tuple[int, ...]) -> bool:
        """True if a stop string ends in its last token; it may begin in the prompt."""
        return self.task.stop_strings.end(reply, self.prompt.token_ids)

    def _clock(self) -> None:
        self.last_token_at = time.perf_counter()
        self.first_token_at = self.first_token_at or self.last_token_at

    def _finished(self, reason: Reason, people: int) -> Finished:
        self.text.extend([], ended=True)
        ids, text, beams, loss = tuple(self.reply), self.text.text, self._beams(), self.losses
        if beams:
            ids, text, loss = beams[0].token_ids, beams[0].text, -beams[0].total_log_probability
        flowing = self.last_token_at - self.first_token_at
        counted = (self.beam_steps or len(ids)) - 1
        return Finished(
            reason, text, ids, len(self.prompt.token_ids), self.speaker.context_length,
            math.exp(min(loss / len(ids), 700.0)) if ids else None,
            counted / flowing if counted > 0 and flowing > 0 else None,
            self.first_token_at - self.asked_at if self.first_token_at else None,
            time.perf_counter() - self.asked_at, people, beams, self.speaker.use_cache, self.prompt.max_new_tokens,
        )  # fmt: skip

    def _beams(self) -> tuple[Beam, ...]:
        """The finished beams, best first; those still running where the search was stopped."""
        if self.beams is None:
            return ()
        reply = self.speaker.decoder.reply
        return tuple(replace(one, text=reply(self.prompt.token_ids, one.token_ids)) for one in self.beams.best())
