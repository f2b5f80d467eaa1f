"""A body in OpenAI's words -> what the playground is asked: every parameter is used, or refused with a sentence."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground.errors import EmptyInputError, InputError
from playground.generation.request import MOST_REQUESTS, GenerateRequest, Message
from playground.models.tokenizers import read_messages
from playground.similarity.request import EmbedRequest
from playground.values import real_number, texts, truth, whole_number

CHAT_TOKENS = 512  # OpenAI has no limit here; a machine that many people share needs one
COMPLETION_TOKENS = 16  # OpenAI's own default
MOST_STOPS = 4
ROLES = ("system", "developer", "user", "assistant", "tool")
MOST_ALTERNATIVES = 20
SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed", "stop", "n")
GENERATING = ("model", "max_tokens", "stream", "stream_options", "user", "logprobs", "quantization", *SAMPLING)
CHAT = ("messages", "max_completion_tokens", "top_logprobs", "safety_identifier", *GENERATING)
COMPLETION = ("prompt", *GENERATING)
EMBEDDINGS = ("input", "model", "encoding_format", "user", "quantization")
# Parameters that aren't supported, with the values that ask for nothing: those pass.
NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "parallel_tool_calls": (True, False),
    "functions": ([],),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "store": (False,),
    "metadata": ({},),
    "service_tier": ("auto", "default"),
}


@dataclass(frozen=True)
class Asked:
    """What a body asks for: one request for each choice, ``choices`` of them for each of ``prompts``.

    ``logprobs`` is how many alternatives are told of each token, None for no log-probabilities at all.
    """

    chat: bool
    requests: tuple[GenerateRequest, ...]
    prompts: int
    choices: int
    stream: bool
    include_usage: bool
    logprobs: int | None

    @property
    def stops(self) -> tuple[str, ...]:
        """What a reply ends before."""
        return self.requests[0].stop_strings


def read_chat(body: Mapping[str, Any], address: str) -> Asked:
    """The meaning of a body for ``/v1/chat/completions``.

    Raises:
        InputError: a parameter isn't supported, or its value isn't one; the message names it.
    """
    _refuse_others(body, CHAT)
    given = body.get("messages")
    if not given:
        raise EmptyInputError("There are no messages.", "Give a list of messages, each with a role and a content.")
    messages = tuple(_message(place, one) for place, one in enumerate(read_messages(given), start=1))
    alternatives = _whole(body, "top_logprobs", 0, 0, MOST_ALTERNATIVES)
    wanted = _truth(body, "logprobs")
    if alternatives and not wanted:
        raise InputError("top_logprobs is set and logprobs isn't.", "Set logprobs to true.")
    return _asked(body, [{"messages": messages}], CHAT_TOKENS, alternatives if wanted else None, address)


def read_completion(body: Mapping[str, Any], address: str) -> Asked:
    """The meaning of a body for ``/v1/completions``.

    Raises:
        InputError: as `read_chat`.
    """
    _refuse_others(body, COMPLETION)
    prompts = _texts("prompt", body.get("prompt"))
    wanted = body.get("logprobs") is not None
    alternatives = _whole(body, "logprobs", 0, 0, MOST_ALTERNATIVES)
    sources = [{"prompt": prompt} for prompt in prompts]
    return _asked(body, sources, COMPLETION_TOKENS, alternatives if wanted else None, address)


def read_embeddings(body: Mapping[str, Any]) -> tuple[EmbedRequest, bool]:
    """The meaning of a body for ``/v1/embeddings``, and whether vectors are sent as base64.

    Raises:
        InputError: as `read_chat`.
    """
    _refuse_others(body, EMBEDDINGS)
    form = body.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise InputError(f"encoding_format is {form!r}.", "It is float or base64.")
    request = EmbedRequest(_texts("input", body.get("input")), model_of(body), _quantization(body))
    return request, form == "base64"


def model_of(body: Mapping[str, Any]) -> str | None:
    """The id of the model that a body names; None for the catalog's first.

    Raises:
        InputError: it is no text.
    """
    model = body.get("model")
    if model is not None and not isinstance(model, str):
        raise InputError(f"model is {model!r}.", "Give an id that /v1/models lists.")
    return model or None


def person_of(body: Mapping[str, Any]) -> str:
    """Who asks, among those of one address: what ``safety_identifier`` or ``user`` says."""
    named = body.get("safety_identifier") or body.get("user") or ""
    if not isinstance(named, str) or len(named) > 200:
        raise InputError("user is no text of at most 200 characters.", "Shorten it, or leave it out.")
    return f"v1 {named}"


def _asked(
    body: Mapping[str, Any], sources: list[dict[str, Any]], tokens: int, logprobs: int | None, address: str
) -> Asked:
    choices = _whole(body, "n", 1, 1, MOST_REQUESTS)
    if len(sources) * choices > MOST_REQUESTS:
        raise InputError(
            f"{len(sources)} prompts with n={choices} are {len(sources) * choices} replies.",
            f"Ask for at most {MOST_REQUESTS} at a time.",
        )
    stream = _truth(body, "stream")
    options = body.get("stream_options") or {}
    if not isinstance(options, dict) or set(options) - {"include_usage"} or (options and not stream):
        raise InputError("stream_options can't be read.", "With stream it may say include_usage, and nothing else.")
    shared = {
        **_sampling(body),
        "model_id": model_of(body),
        "quantization": _quantization(body),
        "max_new_tokens": _most_tokens(body, tokens),
        "top": max(1, logprobs or 1),
        "person": person_of(body),
        "address": address,
    }
    seed = shared.pop("seed")
    requests = tuple(
        GenerateRequest(**source, **shared, seed=(seed + number) % 2**63)
        for source in sources
        for number in range(choices)
    )
    usage = truth("include_usage", options.get("include_usage", False))
    return Asked("messages" in sources[0], requests, len(sources), choices, stream, usage, logprobs)


def _sampling(body: Mapping[str, Any]) -> dict[str, Any]:
    """How tokens are chosen: temperature 0 is greedy, and where no seed is given each call has its own."""
    stops = texts("stop", body.get("stop"))
    if len(stops) > MOST_STOPS:
        raise InputError(f"stop has {len(stops):,} texts.", f"Give at most {MOST_STOPS}.")
    temperature = real_number("temperature", _or(body, "temperature", 1.0))
    if temperature and not 0.01 <= temperature <= 100:
        raise InputError(f"temperature is {temperature}.", "It goes from 0.01 to 100.0, or is 0: always the likeliest.")
    seed = _or(body, "seed", None)
    return {
        "do_sample": temperature != 0,
        "temperature": temperature or 1.0,
        "top_p": _or(body, "top_p", 1.0),
        "top_k": _or(body, "top_k", 0),
        "min_p": _or(body, "min_p", 0.0),
        "repetition_penalty": _or(body, "repetition_penalty", 1.0),
        "stop_strings": stops,
        "seed": secrets.randbelow(2**53) if seed is None else whole_number("seed", seed) % 2**63,
    }


def _most_tokens(body: Mapping[str, Any], default: int) -> int:
    named = {name: body[name] for name in ("max_tokens", "max_completion_tokens") if body.get(name) is not None}
    if len({*map(str, named.values())}) > 1:
        raise InputError("max_tokens and max_completion_tokens differ.", "Give one of them.")
    return _whole(body, next(iter(named), "max_tokens"), default, 1, 1_000_000)


def _message(place: int, given: dict[str, str]) -> Message:
    """A message; ``developer`` is OpenAI's newer word for what chat templates call ``system``.

    Raises:
        InputError: its role is none of OpenAI's; a template would write it down all the same, and bend the reply.
    """
    role = given["role"]
    if role not in ROLES:
        raise InputError(f"Message {place} has the role {role[:40]!r}.", f"It is one of {', '.join(ROLES)}.")
    return Message("system" if role == "developer" else role, given["content"])


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list) and value and all(isinstance(one, int | list) for one in value):
        raise InputError(f"{name} is given as token ids.", "Give a text, or a list of texts.")
    found = texts(name, value)
    if not found:
        raise EmptyInputError(f"There is no {name}.", "Give a text, or a list of texts.")
    return found


def _refuse_others(body: Mapping[str, Any], supported: tuple[str, ...]) -> None:
    for name, value in body.items():
        if name not in supported and value is not None and value not in NEUTRAL.get(name, ()):
            raise InputError(f"{name[:60]} isn't supported here.", f"Leave it out. Supported: {', '.join(supported)}.")


def _or(body: Mapping[str, Any], name: str, default: Any) -> Any:
    value = body.get(name)
    return default if value is None else value


def _truth(body: Mapping[str, Any], name: str) -> bool:
    return truth(name, _or(body, name, False))


def _whole(body: Mapping[str, Any], name: str, default: int, lowest: int, highest: int) -> int:
    value = whole_number(name, _or(body, name, default))
    if not lowest <= value <= highest:
        raise InputError(f"{name} is {value}.", f"It goes from {lowest} to {highest}.")
    return value


def _quantization(body: Mapping[str, Any]) -> str:
    value = _or(body, "quantization", "auto")
    if not isinstance(value, str):
        raise InputError(f"quantization is {value!r}.", "Give a text, such as auto or 8-bit.")
    return value
