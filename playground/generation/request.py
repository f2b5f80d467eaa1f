"""What can be asked: `GenerateRequest`, `TwinRequest` and `Message`, checked as soon as they are made.

It leaves out what comes back (`events`) and the limits that only a model knows (`prompts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playground.errors import EmptyInputError, InputError
from playground.models.tokenizers import Message, read_messages
from playground.texts import usable_text
from playground.values import real_number, texts, truth, whole_number, whole_numbers

TASK = "text-generation"
MAX_BEAMS = 8
TWIN_CHARACTERS = 20_000
TWIN_REPLY = 200
MOST_REQUESTS = 12  # side by side, to one model
_WHOLE = {
    "max_new_tokens": (1, 1_000_000),
    "top_k": (0, 1_000_000),
    "seed": (0, 2**63 - 1),
    "num_beams": (1, MAX_BEAMS),
    "prompt_lookup_num_tokens": (0, 20),
    "top": (1, 100),
}
_REAL = {"temperature": (0.01, 100.0), "top_p": (0.0, 1.0), "min_p": (0.0, 1.0), "repetition_penalty": (0.1, 10.0)}


@dataclass(frozen=True)
class GenerateRequest:
    """Everything that decides what is generated; the names and defaults are those of transformers'
    ``GenerationConfig``.

    Give either ``prompt`` (plain completion) or ``messages`` (the model's chat template is applied).

    ``prefix_token_ids`` are tokens that the reply must begin with. Rewinding to a choice is the tokens before it plus
    the chosen one; Continue is all tokens so far; one step at a time is that with ``max_new_tokens`` one larger each
    time. They count towards ``max_new_tokens``, end the reply where one of them would, and draw from the random stream
    as if they had been chosen, so that a reply which was stopped and continued is the reply that was never stopped.

    ``prompt_lookup_num_tokens`` above 0 is assisted decoding without a second model: tokens guessed from repetitions in
    the text so far are checked in one forward pass. The tokens are those of greedy decoding, only sooner.

    Values are taken as what they mean: one stop string may be a plain string, numbers may be numpy's, and messages may
    be dictionaries as chat clients send them.

    Without a ``model_id`` it is the catalog's first model that generates text. ``person`` is who asks (a session) and
    ``address`` where from, which no client may choose for itself: limits and turns are per person and per address.
    `Playground.cancel` ends what runs under ``run_id``. None of them changes anything in the answer, but in a crowd
    a long reply may end early (`Finished` says so).
    """

    prompt: str | None = None
    messages: tuple[Message, ...] | None = None
    model_id: str | None = None
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
    address: str = ""
    run_id: str = ""

    def __post_init__(self) -> None:
        taken: dict[str, Any] = {name: _within(whole_number, self, name, _WHOLE[name]) for name in _WHOLE}
        taken |= {name: _within(real_number, self, name, _REAL[name]) for name in _REAL}
        taken |= {name: truth(name, getattr(self, name)) for name in ("do_sample", "split_special_tokens")}
        taken["stop_strings"] = texts("stop_strings", self.stop_strings)
        taken["prefix_token_ids"] = whole_numbers("prefix_token_ids", self.prefix_token_ids)
        taken["messages"] = None if self.messages is None else _messages(self.messages)
        for name, value in taken.items():
            object.__setattr__(self, name, value)
        check_request(self)


@dataclass(frozen=True)
class TwinRequest:
    """Read one text with two models token for token: one model in two quantizations, or two that share a tokenizer.

    Without ``other_model_id`` the second is the same model. Then each goes on by itself for ``max_new_tokens`` tokens,
    always the most probable one; 0: neither does.
    """

    text: str
    model_id: str | None = None
    quantization: str = "float32"
    other_model_id: str | None = None
    other_quantization: str = "8-bit"
    max_new_tokens: int = 24
    person: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not self.text.strip():
            raise EmptyInputError("There is no text.", "Write a sentence for both models to read.")
        usable_text(self.text, TWIN_CHARACTERS)
        count = whole_number("max_new_tokens", self.max_new_tokens)
        if not 0 <= count <= TWIN_REPLY:
            raise InputError(f"max_new_tokens is {count}.", f"It goes from 0 to {TWIN_REPLY}.")
        object.__setattr__(self, "max_new_tokens", count)


def check_request(request: GenerateRequest) -> None:
    """Returns if the settings go together; the model's own limits are checked later.

    Raises:
        EmptyInputError: neither prompt nor messages.
        InputError: settings that exclude each other, or a text that no tokenizer can read.
    """
    if request.prompt is None and not request.messages:
        raise EmptyInputError("There is no prompt.", "Write something for the model to go on from.")
    if request.prompt is not None and request.messages:
        raise InputError("There is a prompt and a chat.", "Give one of them.")
    if not isinstance(request.prompt, str | None):
        raise InputError("The prompt is no text.", "Give a text, or messages for a chat.")
    if request.num_beams > 1 and (request.do_sample or request.prompt_lookup_num_tokens):
        raise InputError(
            "Beam search is deterministic here.", "Switch do_sample and prompt lookup off, or num_beams to 1."
        )
    if request.prompt_lookup_num_tokens and request.do_sample:
        raise InputError("Prompt lookup is for greedy decoding here.", "Switch do_sample off.")
    if request.num_beams > 1 and request.prefix_token_ids:
        raise InputError("Beam search starts at the prompt.", "Remove the chosen tokens, or set num_beams to 1.")
    if not all(request.stop_strings):
        raise InputError("A stop string is empty.", "Remove it.")
    for text in [request.prompt or "", *(one.content for one in request.messages or ()), *request.stop_strings]:
        usable_text(text)


def _within(read: Any, request: GenerateRequest, name: str, limits: tuple[float, float]) -> Any:
    """A setting as the number that it is.

    Raises:
        InputError: it is no number, or out of its range; the message names it and what is allowed.
    """
    value, (lowest, highest) = read(name, getattr(request, name)), limits
    if not lowest <= value <= highest:
        raise InputError(f"{name} is {value}.", f"It goes from {lowest} to {highest}.")
    return value


def _messages(given: Any) -> tuple[Message, ...]:
    """Messages, also from dictionaries."""
    if isinstance(given, list | tuple):
        given = [{"role": one.role, "content": one.content} if isinstance(one, Message) else one for one in given]
    return tuple(Message(**one) for one in read_messages(given))
