"""What differs from family to family of models when one is run for its attention: what it needs, and what it returns.

Each question has a yes or a reason that a person can be told.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from playground.errors import PlaygroundError, UnsupportedOptionError
from playground.models.cpu.fast_8bit import Fast8bitEmbedding
from playground.models.memory import is_out_of_memory
from playground.models.reasons import refusal

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Longformer, LED and LongT5 read in bands: at some lengths their weights have the shape of full attention all the same.
_BANDED = ("attention_window", "local_radius")
# These return what they take the softmax of: how their classes begin, and the name of the output.
_SCORES = (
    ("SqueezeBert", "attentions"),
    ("ProphetNetEncoder", "attentions"),
    ("ProphetNet", "encoder_attentions"),
    ("ProphetNet", "cross_attentions"),
)


def is_classifier(model: PreTrainedModel) -> bool:
    """True for a head that answers about the whole text; such a model gives its decoder the text itself."""
    return "SequenceClassification" in type(model).__name__


def check_ids(model: PreTrainedModel, token_ids: Sequence[int]) -> None:
    """Nothing, if the model has an embedding for each id.

    Raises:
        UnsupportedOptionError: it hasn't.
    """
    rows = embedding_rows(model)
    beyond = [token_id for token_id in token_ids if rows and not 0 <= token_id < rows]
    if rows and beyond:
        raise UnsupportedOptionError(
            f"The tokenizer makes the id {beyond[0]}, and the model knows only 0 to {rows - 1}: they don't belong"
            " together.",
            "Use the tokenizer that the model was trained with.",
        )


def embedding_rows(model: PreTrainedModel) -> int | None:
    """How many tokens a model has an embedding for; None where no table has them, as in CANINE, which hashes."""
    try:
        table: Any = model.get_input_embeddings()
    except NotImplementedError:
        return None
    weight = getattr(table, "weight", None)
    return None if weight is None else int(weight.shape[0])


def token_vectors(table: Any) -> Tensor:
    """The vectors of a table of tokens as floats, however it holds them."""
    return table.floats() if isinstance(table, Fast8bitEmbedding) else table.weight.float()  # type: ignore[no-any-return]


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


def gives_scores(model: PreTrainedModel, name: str) -> bool:
    """Whether a family returns the scores before the softmax under the name of its weights."""
    return any(type(model).__name__.startswith(family) and name == output for family, output in _SCORES)


def weights_of(
    model: PreTrainedModel, outputs: Any, name: str, queries: int, keys: int
) -> Float[Tensor, "layer row head query key"]:
    """The attention weights that a run returned under a name, such as ``cross_attentions``.

    Raises:
        UnsupportedOptionError: there isn't a weight for each layer, head, query and key; the message says what the
            family has instead.
    """
    layers = outputs.get(name)
    _check_shapes(model, name, layers, queries, keys)
    weights = torch.stack([layer.float() for layer in layers])
    if gives_scores(model, name):
        weights = weights.softmax(dim=-1)
    check_finite(model, weights)
    if bool((weights < 0).any()):  # the state of linear attention, which at some lengths has the shape of weights
        raise UnsupportedOptionError(
            f"What {type(model).__name__} returns as attention isn't weights: some of it is below 0.",
            "Pick a model with full attention in each layer.",
        )
    return weights


def _check_shapes(model: PreTrainedModel, name: str, attentions: Any, queries: int, keys: int) -> None:
    """Nothing, if there is a number for each layer, head, query and key."""
    family, kind = type(model).__name__, name.removesuffix("attentions").rstrip("_") or "self"
    if not attentions or any(layer is None for layer in attentions):
        raise UnsupportedOptionError(
            f"{family} returns no {kind} attention weights for each of its layers.",
            "Pick another model: state-space and linear-attention layers have none, and some families keep theirs.",
        )
    shapes = {tuple(getattr(layer, "shape", ())) for layer in attentions}  # some give several tensors for a layer
    config = getattr(model, "config", None)  # an encoder by itself, as FSMT's, may have none
    is_banded = any(hasattr(config, setting) for setting in _BANDED)
    if is_banded or any(len(shape) != 4 or shape[2:] != (queries, keys) for shape in shapes):
        raise UnsupportedOptionError(
            f"The attention of {family} isn't one weight for each pair of tokens: it reads in windows, chunks or pooled"
            " positions, or in several streams at once.",
            "Pick a model with full attention.",
        )
    if len(shapes) > 1:
        raise UnsupportedOptionError(f"The layers of {family} have different numbers of heads.", "Pick another model.")


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


def check_hidden_states(model: PreTrainedModel, output: Any, length: int) -> None:
    """Nothing, if a model answered with a hidden state for each of so many tokens.

    Raises:
        UnsupportedOptionError: it has none, or other ones than for tokens.
    """
    hidden = output.get("last_hidden_state")
    if hidden is None or hidden.ndim != 3 or hidden.shape[1] != length:
        raise UnsupportedOptionError(
            f"{type(model).__name__} gives no hidden state for every token of a text, so it has no embedding to"
            " compare.",
            "Pick an encoder, such as all-MiniLM-L6-v2.",
        )


@contextmanager
def explaining(model: PreTrainedModel, what: str = "can't be run on a text alone") -> Iterator[None]:
    """Whatever a family of models needs beside a text, it says so in its own way; that becomes a reason of ours.

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
        raise refusal(model, type(model).__name__, what, error, "Pick another model.") from error
