"""Prompt -> stream of steps, each with the alternatives it beat; many streams share each forward pass.

Importing this module brings torch; `request` and `events`, which say what is asked and what comes back, don't.

Example:
    >>> with playground.generate(GenerateRequest(prompt="A list of colors: red, blue")) as events:  # doctest: +SKIP
    ...     for event in events:
    ...         if isinstance(event, Step):
    ...             print(event.text, end="")
    , green, yellow, orange, purple, and black.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from playground.errors import InputError
from playground.generation.events import NextTokenResult
from playground.generation.request import MOST_REQUESTS, GenerateRequest
from playground.generation.running import Generation, start
from playground.generation.running import next_token as ask
from playground.generation.together import keys_of, require_together

if TYPE_CHECKING:
    from playground.models.manager import ModelManager


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
    return start(manager, (request,))


def compare(manager: ModelManager, requests: Sequence[GenerateRequest], asked_at: float | None = None) -> Generation:
    """Up to twelve requests, read together: ``read()`` and ``batches()`` give pairs (which request, event).

    They may be for several models, or several quantizations of one, that share a tokenizer and fit at once.

    ``asked_at`` is when they arrived (``time.perf_counter``), for those who count the time in line from then.

    Raises:
        InputError: there are none or more than twelve, or their models have different tokenizers.
        BudgetError: their models don't fit at once.
        As `generate`.
    """
    if not 1 <= len(requests) <= MOST_REQUESTS:
        raise InputError(f"{len(requests)} settings can't be compared.", f"Choose one to {MOST_REQUESTS}.")
    asked = {(request.model_id, request.quantization) for request in requests}
    if len(asked) > 1:
        require_together(manager, keys_of(manager, asked))
    return start(manager, tuple(requests), asked_at)


def next_token(manager: ModelManager, request: GenerateRequest, count: int = 200) -> NextTokenResult:
    """The distribution over the token after the prompt (and after ``prefix_token_ids``); nothing is generated.

    Raises:
        As `generate`.
    """
    return ask(manager, request, count)
