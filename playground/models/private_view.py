"""A model of one's own over everybody's weights: hooks and exchanged parts of it are seen by nobody else."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from playground.models.memory import own_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def private_view(model: PreTrainedModel) -> PreTrainedModel:
    """A second module tree over the same weights, so that hooks never touch the model that others use.

    The scales of quantized weights are shared too: with a copy of its 8-bit state, a layer would exchange the weight
    that everybody has for one of its own.
    """
    tensors: list[Any] = [tensor for module in model.modules() for _, tensor in own_tensors(module)]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
