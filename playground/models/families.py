"""What differs from family to family of models when one is run for its attention: what it needs, and what it returns.

Each question has a yes or a reason that a person can be told.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError, UnsupportedOptionError, said_by
from playground.models.memory import is_out_of_memory

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)
# Longformer, LED and LongT5 read in bands: at some lengths their weights have the shape of full attention all the same.
_BANDED = ("attention_window", "local_radius")


def is_classifier(model: PreTrainedModel) -> bool:
    """True for a head that answers about the whole text; such a model gives its decoder the text itself."""
    return "SequenceClassification" in type(model).__name__


def check_ids(model: PreTrainedModel, token_ids: Sequence[int]) -> None:
    """Nothing, if the model has an embedding for each id.

    Raises:
        UnsupportedOptionError: it hasn't.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    beyond = [token_id for token_id in token_ids if not 0 <= token_id < rows]
    if beyond:
        raise UnsupportedOptionError(
            f"The tokenizer makes the id {beyond[0]}, and the model knows only 0 to {rows - 1}: they don't belong"
            " together.",
            "Use the tokenizer that the model was trained with.",
        )


def decoder_start(model: PreTrainedModel) -> int:
    """The id with which a decoder begins; what ``generate`` would begin with."""
    configs = (getattr(model, "generation_config", None), model.config)
    names = ("decoder_start_token_id", "bos_token_id", "pad_token_id")
    found = (getattr(config, name, None) for name in names for config in configs)
    return next((token_id for token_id in found if isinstance(token_id, int)), 0)


def returns_attention(model: PreTrainedModel) -> bool:
    """False for a family that has no attention weights to return, such as FNet."""
    parameters = inspect.signature(model.forward).parameters
    return "output_attentions" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def check_weights(model: PreTrainedModel, kind: str, attentions: Any, queries: int, keys: int) -> None:
    """Nothing, if there is a weight for each layer, head, query and key.

    Raises:
        UnsupportedOptionError: there isn't; the message says what the family has instead.
    """
    name = type(model).__name__
    if not attentions or any(layer is None for layer in attentions):
        raise UnsupportedOptionError(
            f"{name} returns no {kind} attention weights for each of its layers.",
            "Pick a transformer model; state-space and linear-attention layers have none.",
        )
    shapes = {tuple(getattr(layer, "shape", ())) for layer in attentions}  # some give several tensors for a layer
    is_banded = any(hasattr(model.config, setting) for setting in _BANDED)
    if is_banded or any(len(shape) != 4 or shape[2:] != (queries, keys) for shape in shapes):
        raise UnsupportedOptionError(
            f"The attention of {name} isn't one weight for each pair of tokens: it reads in windows, chunks or pooled"
            " positions.",
            "Pick a model with full attention.",
        )
    if len(shapes) > 1:
        raise UnsupportedOptionError(f"The layers of {name} have different numbers of heads.", "Pick another model.")


def check_finite(model: PreTrainedModel, numbers: Any) -> None:
    """Nothing, if a model answered with numbers.

    Raises:
        UnsupportedOptionError: some are NaN or infinite; a softmax over nothing gives that.
    """
    if not bool(numbers.isfinite().all()):
        raise UnsupportedOptionError(
            f"{type(model).__name__} answers with NaN here: a mask left some token nothing to read, or the numbers are"
            " too large for its dtype.",
            "Leave more of attention_mask at 1, or pick another model.",
        )


@contextmanager
def explaining(model: PreTrainedModel) -> Iterator[None]:
    """Whatever a family of models needs beside a text, it says so in its own way; that becomes the reason given.

    Raises:
        UnsupportedOptionError: the model couldn't be run.
    """
    try:
        yield
    except PlaygroundError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        name = type(model).__name__
        log.info("%s can't be run", name, exc_info=True)
        reason = said_by(error)
        raise UnsupportedOptionError(
            f"{name} can't be run on a text alone: {reason}.", "Pick another model."
        ) from error
