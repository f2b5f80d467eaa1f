"""A model of one's own over everybody's weights: hooks and exchanged parts of it are seen by nobody else."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def private_view(model: PreTrainedModel) -> PreTrainedModel:
    """A second module tree over the same weights, so that hooks never touch the model that others use."""
    tensors: list[Any] = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
