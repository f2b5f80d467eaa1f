"""What comes back: the events of a running generation, and what they add up to, in plain values.

The events of one request, in this order::

    Waiting* Started Reading* (Step | BeamStep)* Finished
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from playground.generation.request import GenerateRequest

Reason = Literal["eos", "stop_string", "length", "context", "crowded", "stopped"]
BeamState = Literal["kept", "finished", "dropped"]


@dataclass(frozen=True)
class Waiting:
    """The device is full: ``position`` 1 is next in line. ``reason`` is a sentence where it waits for memory."""

    type: ClassVar[Literal["waiting"]] = "waiting"
    position: int
    reason: str = ""


@dataclass(frozen=True)
class Started:
    """The prompt is being read, after ``queue_seconds`` in line.

    ``notes`` are sentences for the person: what was cut, what the model will read. ``model_settings`` are pairs (name,
    JSON) of what the model's own ``generation_config.json`` adds to the request. ``quantization`` is how the weights
    are held, never "auto", and ``dtype`` what the model computes in.
    """

    type: ClassVar[Literal["started"]] = "started"
    prompt_tokens: int
    context_length: int
    max_new_tokens: int
    notes: tuple[str, ...] = ()
    queue_seconds: float = 0.0
    model_settings: tuple[tuple[str, str], ...] = ()
    quantization: str = ""
    dtype: str = ""


@dataclass(frozen=True)
class Reading:
    """How much of a long prompt has been read; a prompt that is read at once has none of these."""

    type: ClassVar[Literal["reading"]] = "reading"
    read_tokens: int
    prompt_tokens: int


@dataclass(frozen=True)
class Alternative:
    """A token that could stand here. ``after`` is 0 and ``kept`` False for one that the sampler cut off."""

    token_id: int
    piece: str
    before: float
    after: float
    kept: bool


@dataclass(frozen=True)
class Step:
    """One token of the reply.

    ``piece`` shows this token alone, with bytes that are no whole character as ``<0xE2>``. ``text`` is what the reply
    grew by: nothing while later tokens may still change it, so the joined texts are the reply.
    ``probability_before`` is the model's own, ``probability_after`` the one that it was drawn with (temperature, top_k,
    top_p ... applied; 1.0 when greedy). ``entropy`` is of the model's own distribution, in nats: 0 is certain.
    ``forced`` marks tokens of ``prefix_token_ids``, ``guessed`` tokens that prompt lookup had guessed right.
    """

    type: ClassVar[Literal["step"]] = "step"
    index: int
    token_id: int
    piece: str
    text: str
    probability_before: float
    probability_after: float
    entropy: float
    elapsed_seconds: float
    alternatives: tuple[Alternative, ...]
    forced: bool = False
    guessed: bool = False


@dataclass(frozen=True)
class BeamNode:
    """One candidate of beam search. ``state`` is kept (goes on), finished (ended by eos or a stop string) or dropped.

    ``parent`` is the node it continues, -1 for the prompt. ``total_log_probability`` is the sum along its path;
    the final ranking divides it by the number of tokens.
    """

    node: int
    parent: int
    step: int
    token_id: int
    piece: str
    log_probability: float
    total_log_probability: float
    state: BeamState


@dataclass(frozen=True)
class BeamStep:
    """What beam search looked at in one step, best first. ``text`` is the best running beam's whole reply so far."""

    type: ClassVar[Literal["beamstep"]] = "beamstep"
    index: int
    nodes: tuple[BeamNode, ...]
    text: str
    elapsed_seconds: float


@dataclass(frozen=True)
class Beam:
    """One finished hypothesis; ``node`` is its last one in the tree, ``mean_log_probability`` what it was ranked by."""

    node: int
    token_ids: tuple[int, ...]
    text: str
    total_log_probability: float
    mean_log_probability: float


@dataclass(frozen=True)
class Finished:
    """The end of a reply and its figures.

    ``reason`` is eos (the model ended), stop_string, length (max_new_tokens reached), context (the model's context is
    full), crowded (others waited, and it was long enough) or stopped. ``text`` leaves special tokens out; ``token_ids``
    has them. ``perplexity`` is exp of the mean loss that the model gives its own reply, None for an empty one.
    ``tokens_per_second`` counts tokens after the first, so it says how fast the stream flows;
    ``seconds_to_first_token`` holds the wait and the reading of the prompt. ``people`` shared the device at the end.
    ``beams`` is empty unless num_beams > 1. ``use_cache`` is False where every step read the whole text, because the
    model keeps no keys and values. ``max_new_tokens`` is where it would have ended at the latest: less than was asked
    for where the context or a crowd allowed no more.
    """

    type: ClassVar[Literal["finished"]] = "finished"
    reason: Reason
    text: str
    token_ids: tuple[int, ...]
    prompt_tokens: int
    context_length: int
    perplexity: float | None
    tokens_per_second: float | None
    seconds_to_first_token: float | None
    elapsed_seconds: float
    people: int
    beams: tuple[Beam, ...] = ()
    use_cache: bool = True
    max_new_tokens: int = 0


Event = Waiting | Started | Reading | Step | BeamStep | Finished


@dataclass(frozen=True)
class GenerationResult:
    """All of one stream, read to its end; ``started`` is None for one that was stopped while it waited."""

    request: GenerateRequest
    started: Started | None
    steps: tuple[Step, ...]
    beam_steps: tuple[BeamStep, ...]
    finished: Finished

    @property
    def text(self) -> str:
        """The reply."""
        return self.finished.text


@dataclass(frozen=True)
class Candidate:
    """A token that may come next, with its raw ``logit``; ``seen`` if it stands in the text already."""

    token_id: int
    piece: str
    logit: float
    before: float
    after: float
    kept: bool
    seen: bool


@dataclass(frozen=True)
class NextTokenResult:
    """The distribution over the next token: the best candidates one by one, the rest in bins.

    ``rest`` are pairs (how many tokens, their common logit), such that sums over the rest stay within a thousandth at
    usual temperatures: enough to apply other settings in the page, without running the model again. ``quantization``
    and ``dtype`` as in `Started`.
    """

    prompt_tokens: int
    context_length: int
    entropy: float
    candidates: tuple[Candidate, ...]
    rest: tuple[tuple[float, float], ...]
    notes: tuple[str, ...] = ()
    quantization: str = ""
    dtype: str = ""
