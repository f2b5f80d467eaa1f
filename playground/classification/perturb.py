"""What if a token were not there: the labels of a text before and after some of its tokens are masked or deleted.

Leaves out which tokens are worth it (`attribution`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.classification.batching import Encoding, classifier
from playground.classification.classify import check_text, tokens_of
from playground.classification.describe import TASK, classifier_info, label_probabilities
from playground.classification.request import PerturbRequest
from playground.classification.result import PerturbResult
from playground.errors import InputError
from playground.models.neutral import neutral_token_id

if TYPE_CHECKING:
    from playground.models.manager import ModelManager


def perturb(manager: ModelManager, request: PerturbRequest) -> PerturbResult:
    """The labels of a text before and after some of its tokens were masked or deleted.

    Raises:
        EmptyInputError, InputError: the text can't be used, or there is no such token.
    """
    text = request.request
    check_text(text.text)
    with manager.lease(text.model_id or manager.catalog.default_for(TASK).id, TASK, text.quantization) as loaded:
        machine = classifier(loaded)
        info = classifier_info(loaded, machine)
        encoding = machine.encode(text.text, text.text_pair or None)
        tokens = tokens_of(machine.tokenizer, encoding)
        wrong = [n for n in request.positions if not 0 <= n < len(tokens) or tokens[n].special]
        if wrong or request.action not in ("mask", "delete"):
            raise InputError("This token can't be changed.", "Choose a token of the text, and mask or delete.")
        if request.action == "delete" and len(set(request.positions)) == len(tokens):
            raise InputError("Nothing would be left of the text.", "Leave at least one token.")
        neutral_id = neutral_token_id(loaded.model, machine.tokenizer)
        if request.action == "mask":
            changed = with_neutral(machine.inputs(encoding), list(request.positions), neutral_id)
        else:
            changed = without(machine.inputs(encoding), set(request.positions))
        futures = machine.submit_many([encoding, changed])
        before, after = (label_probabilities(future.result().logits, info) for future in futures)
    neutral_token = str(machine.tokenizer.convert_ids_to_tokens(neutral_id))
    return PerturbResult(request, info, tokens, before, after, neutral_token)


def with_neutral(inputs: Encoding, positions: list[int], neutral_id: int) -> dict[str, list[int]]:
    """The inputs of a text with the neutral token at these positions."""
    changed = {name: list(values) for name, values in inputs.items()}
    for position in positions:
        changed["input_ids"][position] = neutral_id
    return changed


def without(inputs: Encoding, positions: set[int]) -> dict[str, list[int]]:
    """The inputs of a text without the tokens at these positions."""
    kept = [n for n in range(len(inputs["input_ids"])) if n not in positions]
    return {name: [values[n] for n in kept] for name, values in inputs.items()}
