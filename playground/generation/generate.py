"""Prompt -> stream of steps, each with the alternatives it beat; many streams share each forward pass.

The way of one request::

    GenerateRequest -> generate() -> Generation, read as  Waiting* Started Reading* (Step | BeamStep)* Finished

This module says what is asked and what comes back, in plain Python values. It leaves out how a token is chosen
(`decoding`), how many streams share one forward pass (`engine`) and how events travel to their reader (`streams`).
Importing it is cheap: torch comes with the first call.

Example:
    >>> with playground.generate(GenerateRequest(prompt="A list of colors: red, blue")) as events:  # doctest: +SKIP
    ...     for event in events:
    ...         if isinstance(event, Step):
    ...             print(event.text, end="")
    , green, yellow, orange, purple, and black.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from playground.errors import EmptyInputError, InputError
from playground.texts import usable_text

if TYPE_CHECKING:
    from playground.generation.running import Generation
    from playground.models.manager import ModelManager

DEFAULT_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
MAX_BEAMS = 8


@dataclass(frozen=True)
class Message:
    """One turn of a chat, as chat templates take it: ``role`` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class GenerateRequest:
    """Everything that decides what is generated; the names and defaults are those of transformers'
    ``GenerationConfig``.

    Give either ``prompt`` (plain completion) or ``messages`` (the model's chat template is applied).

    ``prefix_token_ids`` are tokens that the reply must begin with. Rewinding to a choice is the tokens before it plus
    the chosen one; Continue is all tokens so far; one step at a time is that with ``max_new_tokens`` one larger each
    time. They count towards ``max_new_tokens`` and draw from the random stream as if they had been chosen, so that a
    reply which was stopped and continued is the reply that was never stopped.

    ``prompt_lookup_num_tokens`` above 0 is assisted decoding without a second model: tokens guessed from repetitions in
    the text so far are checked in one forward pass. The tokens are those of greedy decoding, only sooner.

    ``person`` is who asks (a session): limits and turns are per person. It changes nothing in the answer.
    """

    prompt: str | None = None
    messages: tuple[Message, ...] | None = None
    model_id: str = DEFAULT_MODEL
    quantization: str = "auto"
    max_new_tokens: int = 100
    do_sample: bool = False
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int = 0
    stop_strings: tuple[str, ...] = ()
    num_beams: int = 1
    prompt_lookup_num_tokens: int = 0
    prefix_token_ids: tuple[int, ...] = ()
    split_special_tokens: bool = False
    top: int = 10
    person: str = ""

    def __post_init__(self) -> None:
        check_request(self)


@dataclass(frozen=True)
class Waiting:
    """The device is full: ``position`` 1 is next in line. ``reason`` is a sentence where it waits for memory."""

    position: int
    reason: str = ""


@dataclass(frozen=True)
class Started:
    """The prompt is being read, after ``queue_seconds`` in line.

    ``notes`` are sentences for the person: what was cut, what the model will read.
    """

    prompt_tokens: int
    context_length: int
    max_new_tokens: int
    notes: tuple[str, ...] = ()
    queue_seconds: float = 0.0


@dataclass(frozen=True)
class Reading:
    """How much of a long prompt has been read; a prompt that is read at once has none of these."""

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
    grew by: nothing while a character is still incomplete, so joined texts are always valid. ``probability_before`` is
    the model's own, ``probability_after`` the one that it was drawn with (temperature, top_k, top_p ... applied; 1.0
    when greedy). ``entropy`` is of the model's own distribution, in nats: 0 is certain. ``forced`` marks tokens of
    ``prefix_token_ids``, ``guessed`` tokens that prompt lookup had guessed right.
    """

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
    state: str


@dataclass(frozen=True)
class BeamStep:
    """What beam search looked at in one step, best first. ``text`` is the best running beam's whole reply so far."""

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
    full) or stopped. ``text`` leaves special tokens out; ``token_ids`` has them. ``perplexity`` is exp of the mean
    loss that the model gives its own reply, None for an empty one. ``tokens_per_second`` counts tokens after the
    first, so it says how fast the stream flows; ``seconds_to_first_token`` holds the wait and the reading of the
    prompt. ``people`` shared the device at the end. ``beams`` is empty unless num_beams > 1.
    """

    reason: str
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
    usual temperatures: enough to apply other settings without running the model again, see `after_sampler`.
    """

    prompt_tokens: int
    context_length: int
    entropy: float
    candidates: tuple[Candidate, ...]
    rest: tuple[tuple[float, float], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Divergence:
    """The first place where replies to one prompt differ: each reply's own token there, None where it had ended."""

    index: int
    steps: tuple[Step | None, ...]


def generate(manager: ModelManager, request: GenerateRequest) -> Generation:
    """The running generation: iterate over it for its events, or read it in batches; close it to stop.

    Blocks while the model loads. From then on the model's engine does the work in its own thread, and a slow reader
    slows nobody down. Leaving it early (``close``, the end of a ``with``, garbage collection) frees the slot within one
    step.

    Raises:
        EmptyInputError: there is no prompt and nothing that the model could start from.
        InputTooLongError: the prompt doesn't fit into the model's context.
        InputError: a prefix token isn't in the vocabulary, or the model has no chat template.
        BusyError: too many people are waiting already.
        ModelError, BudgetError: the model can't be used; see `ModelManager.lease`.
    """
    from playground.generation.running import start

    return start(manager, (request,))


def compare(manager: ModelManager, requests: Sequence[GenerateRequest], asked_at: float | None = None) -> Generation:
    """Up to four requests in one batch, read together: ``read()`` and ``batches()`` give pairs (which request, event).

    ``asked_at`` is when they arrived (``time.perf_counter``), for those who count the time in line from then.

    Raises:
        InputError: there are none or more than four, or they are for different models.
        As `generate`.
    """
    from playground.generation.running import start

    if not 1 <= len(requests) <= 4:
        raise InputError(f"{len(requests)} settings can't be compared.", "Choose one to four.")
    if len({(request.model_id, request.quantization) for request in requests}) > 1:
        raise InputError("The settings are for different models.", "Choose one model for all of them.")
    return start(manager, tuple(requests), asked_at)


def next_token(manager: ModelManager, request: GenerateRequest, count: int = 200) -> NextTokenResult:
    """The distribution over the token after the prompt (and after ``prefix_token_ids``); nothing is generated.

    Raises:
        As `generate`.
    """
    from playground.generation.running import next_token as ask

    return ask(manager, request, count)


def first_divergence(results: Sequence[GenerationResult]) -> Divergence | None:
    """Where replies first differ, or None if they are the same token for token."""
    sequences = [result.finished.token_ids for result in results]
    for index in range(max(map(len, sequences), default=0)):
        if len({ids[index] if index < len(ids) else None for ids in sequences}) > 1:
            steps = tuple(result.steps[index] if index < len(result.steps) else None for result in results)
            return Divergence(index, steps)
    return None


def after_sampler(result: NextTokenResult, settings: GenerateRequest) -> tuple[Candidate, ...]:
    """The same candidates with the probabilities that other settings give them: arithmetic on cached logits, no model.

    The order is transformers': repetition_penalty, temperature, top_k, top_p, min_p. Exact while everything that is
    kept stands among the candidates (any top_k up to their number); otherwise as exact as the bins of the rest.
    """
    logits = [
        _penalized(one.logit, settings.repetition_penalty) if one.seen else one.logit for one in result.candidates
    ]
    if not settings.do_sample:
        best = max(range(len(logits)), key=logits.__getitem__)
        return tuple(replace(one, after=float(i == best), kept=i == best) for i, one in enumerate(result.candidates))
    scaled = [logit / settings.temperature for logit in logits]
    rest = [(count, logit / settings.temperature) for count, logit in result.rest]
    if 0 < settings.top_k < len(scaled):
        least = sorted(scaled, reverse=True)[settings.top_k - 1]
        scaled, rest = [logit if logit >= least else -math.inf for logit in scaled], []
    scaled, rest = _cut_top_p(scaled, rest, settings.top_p)
    scaled, rest = _cut_min_p(scaled, rest, settings.min_p)
    after = _softmax(scaled, rest)
    return tuple(
        replace(one, after=probability, kept=logit > -math.inf)
        for one, probability, logit in zip(result.candidates, after, scaled, strict=True)
    )


def check_request(request: GenerateRequest) -> None:
    """Nothing, if every setting is in its range; the model's own limits are checked later.

    Raises:
        EmptyInputError: neither prompt nor messages.
        InputError: a setting is out of range; the message names it and what is allowed.
    """
    if request.prompt is None and not request.messages:
        raise EmptyInputError("There is no prompt.", "Write something for the model to go on from.")
    if request.prompt is not None and request.messages:
        raise InputError("There is a prompt and a chat.", "Give one of them.")
    for name, lowest, highest in _RANGES:
        value = getattr(request, name)
        if not isinstance(value, int | float) or math.isnan(value) or not lowest <= value <= highest:
            raise InputError(f"{name} is {value}.", f"It goes from {lowest} to {highest}.")
    if request.num_beams > 1 and (request.do_sample or request.prompt_lookup_num_tokens):
        raise InputError(
            "Beam search is deterministic here.", "Switch do_sample and prompt lookup off, or num_beams to 1."
        )
    if request.prompt_lookup_num_tokens and request.do_sample:
        raise InputError("Prompt lookup is for greedy decoding here.", "Switch do_sample off.")
    if request.num_beams > 1 and request.prefix_token_ids:
        raise InputError("Beam search starts at the prompt.", "Remove the chosen tokens, or set num_beams to 1.")
    if any(not text for text in request.stop_strings):
        raise InputError("A stop string is empty.", "Remove it.")
    for text in [request.prompt or "", *(one.content for one in request.messages or ()), *request.stop_strings]:
        usable_text(text)


def as_dict(value: Any) -> Any:
    """A result or event as JSON-ready values; each dataclass says its ``type``.

    >>> as_dict(Waiting(2))
    {'type': 'waiting', 'position': 2, 'reason': ''}
    """
    if isinstance(value, tuple | list):
        return [as_dict(item) for item in value]
    if not (names := _field_names(value.__class__)):
        return value
    shaped = {"type": type(value).__name__.lower()}
    for name in names:
        one = getattr(value, name)
        shaped[name] = one if type(one) in _PLAIN else as_dict(one)
    return shaped


@functools.cache
def _field_names(kind: type) -> tuple[str, ...]:
    """The names of a dataclass's fields; none for any other class."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


_PLAIN = {str, int, float, bool, type(None)}  # most of what is in an event: there is nothing to look into
_RANGES: tuple[tuple[str, float, float], ...] = (
    ("max_new_tokens", 1, 1_000_000),
    ("temperature", 0.01, 100),
    ("top_k", 0, 1_000_000),
    ("top_p", 0.0, 1.0),
    ("min_p", 0.0, 1.0),
    ("repetition_penalty", 0.1, 10),
    ("seed", 0, 2**63 - 1),
    ("num_beams", 1, MAX_BEAMS),
    ("prompt_lookup_num_tokens", 0, 20),
    ("top", 1, 100),
)


def _penalized(logit: float, penalty: float) -> float:
    return logit * penalty if logit < 0 else logit / penalty


def _softmax(logits: list[float], rest: list[tuple[float, float]]) -> list[float]:
    """Probabilities of the listed logits when the rest counts too."""
    largest = max(logits)
    total = sum(math.exp(logit - largest) for logit in logits) + sum(n * math.exp(logit - largest) for n, logit in rest)
    return [math.exp(logit - largest) / total for logit in logits]


def _cut_top_p(
    logits: list[float], rest: list[tuple[float, float]], top_p: float
) -> tuple[list[float], list[tuple[float, float]]]:
    """The smallest set of best tokens that holds at least ``top_p`` of the probability; the best one always stays."""
    if top_p >= 1.0:
        return logits, rest
    probabilities, total, kept = _softmax(logits, rest), 0.0, list(logits)
    for index in sorted(range(len(logits)), key=logits.__getitem__, reverse=True):
        if total >= top_p and total > 0:
            kept[index] = -math.inf
        total += probabilities[index]
    return kept, (rest if total < top_p else [])


def _cut_min_p(
    logits: list[float], rest: list[tuple[float, float]], min_p: float
) -> tuple[list[float], list[tuple[float, float]]]:
    """The tokens at least ``min_p`` times as probable as the best one."""
    if min_p <= 0.0:
        return logits, rest
    least = max(logits) + math.log(min_p)
    return (
        [logit if logit >= least else -math.inf for logit in logits],
        [(count, logit) for count, logit in rest if logit >= least],
    )
