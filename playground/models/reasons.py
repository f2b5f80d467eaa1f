"""What a model raised when it was run on a text -> why it can't be, as a part of a sentence for a person.

The inner message of a library names tensors and sizes; it goes to the log, and never into an answer. Leaves out
failures of loading, whose messages name files.
"""

from __future__ import annotations

import inspect
import logging
import re
from typing import TYPE_CHECKING

from playground.errors import UnsupportedOptionError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)
_OF_A_TEXT = {"self", "input_ids", "inputs_embeds", "attention_mask", "token_type_ids", "position_ids"}


def why(model: PreTrainedModel, error: BaseException) -> str:
    """Why the model couldn't be run, without a full stop.

    >>> from types import SimpleNamespace
    >>> why(SimpleNamespace(forward=lambda input_ids, bbox=None: None), ValueError("You have to specify bbox"))
    'it needs bbox beside the tokens of a text'
    """
    log.info("%s can't be run", type(model).__name__, exc_info=error)
    kind = type(error).__name__
    if missing := _missing_inputs(model, error):
        return f"it needs {' or '.join(missing)} beside the tokens of a text"
    if isinstance(error, ImportError):
        return f"it needs the package {error.name}, which isn't installed" if error.name else "it needs a package"
    if isinstance(error, NotImplementedError):
        return "transformers hasn't written this for it"
    if isinstance(error, IndexError):
        return (
            f"in transformers it stops with {kind}: its tables are too short for what its tokenizer makes, or it reads"
            " another kind of input than a text"
        )
    return (
        f"in transformers it stops with {kind}: numbers in its config.json don't fit each other, or it can't do this"
        " with a text"
    )


def refusal(model: PreTrainedModel, name: str, what: str, error: BaseException, fix: str) -> UnsupportedOptionError:
    """The answer to a person: the model's name, what can't be done, why, and the way on."""
    return UnsupportedOptionError(f"{name} {what}: {why(model, error)}.", fix)


def _missing_inputs(model: PreTrainedModel, error: BaseException) -> list[str]:
    """Inputs of the model beyond those of a text that an error asks for."""
    if not isinstance(error, TypeError | ValueError):
        return []
    known = {*inspect.signature(model.forward).parameters}
    if "generate" in vars(type(model)):  # one of its own, which speaks or sings
        known |= {*inspect.signature(model.generate).parameters}
    said = dict.fromkeys(re.findall(r"\w+", str(error).lower()))
    return [name for name in said if name in known and name not in _OF_A_TEXT]
