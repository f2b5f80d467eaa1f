"""Several models at once, which read the same tokens: whether their tokenizers agree and all of them fit.

Asked before any of them is loaded, so that what can't be is said at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from playground.errors import BudgetError, InputError
from playground.generation.request import TASK
from playground.models.lending import ModelKey
from playground.units import format_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from playground.models.manager import ModelManager


def keys_of(manager: ModelManager, asked: Iterable[tuple[str | None, str]]) -> tuple[ModelKey, ...]:
    """The models of pairs (model_id, quantization), each once, in the order in which everybody borrows them.

    Who borrows several in one order never waits for somebody who waits for them.
    """
    keys = {ModelKey(manager.spec(model_id, TASK).id, TASK, quantization) for model_id, quantization in asked}
    return tuple(sorted(keys, key=lambda key: (key.model_id, key.quantization)))


def require_together(manager: ModelManager, keys: tuple[ModelKey, ...]) -> None:
    """Nothing, if these models may stand side by side.

    Raises:
        InputError: their tokenizers differ.
        BudgetError: together they need more than the budget.
        UnsupportedOptionError: one of them can't work here in its quantization.
    """
    require_same_tokens(manager, [key.model_id for key in keys])
    needed = {(key.model_id, _exact(manager, key)): 0 for key in keys}
    needed = {held: _bytes(manager, *held) for held in needed}
    budget, total = manager.snapshot().devices[0].budget_bytes, sum(needed.values())
    if len(needed) > 1 and total > budget:
        parts = [
            f"{manager.spec(model_id, TASK).title} in {quantization} {format_bytes(count)}"
            for (model_id, quantization), count in needed.items()
        ]
        raise BudgetError(
            f"Side by side they need {format_bytes(total)} ({', '.join(parts)}); the budget for models is "
            f"{format_bytes(budget)}.",
            "Choose fewer bits or smaller models" + ("." if manager.settings.public else ", or raise --memory-budget."),
        )


def require_same_tokens(manager: ModelManager, model_ids: Iterable[str]) -> None:
    """Nothing, if these models read every text alike.

    Raises:
        InputError: their tokenizers differ.
    """
    first, *others = dict.fromkeys(model_ids)
    for other in others:
        if not same_tokenizer(manager.tokenizer(first), manager.tokenizer(other)):
            names = " and ".join(manager.spec(one, TASK).title for one in (first, other))
            raise InputError(
                f"{names} have different tokenizers: what is one token for the first is another for the second.",
                "Choose models of one family, or one model in two quantizations.",
            )


def same_tokenizer(one: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> bool:
    """Whether two tokenizers cut every text into the same ids, as far as their files can tell."""
    if one is other:
        return True
    if one.get_vocab() != other.get_vocab() or one.all_special_ids != other.all_special_ids:
        return False
    rules = [getattr(tokenizer, "backend_tokenizer", None) for tokenizer in (one, other)]
    if None in rules:
        return type(one) is type(other)
    return _cutting(one) == _cutting(other)


def _cutting(tokenizer: PreTrainedTokenizerBase) -> str:
    """The rules of a fast tokenizer, without how it pads and where it cuts off."""
    import json

    rules = json.loads(tokenizer.backend_tokenizer.to_str())
    return json.dumps({name: rules[name] for name in ("normalizer", "pre_tokenizer", "post_processor", "model")})


def _exact(manager: ModelManager, key: ModelKey) -> str:
    """How a model will be held, never "auto"."""
    if key.quantization != "auto":
        return key.quantization
    return manager.pretrained(key.model_id, key.task, key.quantization).quantization


def _bytes(manager: ModelManager, model_id: str, quantization: str) -> int:
    """What a model takes, or will take; 0 where nobody can tell before it is loaded."""
    for model in manager.snapshot().models:
        if (model.model_id, model.task, model.quantization) == (model_id, TASK, quantization) and model.measured_bytes:
            return model.measured_bytes
    options = manager.quantizations(model_id, TASK)
    return next((one.predicted_bytes or 0 for one in options if one.name == quantization), 0)
