"""Linear layers that are quicker for the few rows that some streams make together on a CPU.

A decoding step multiplies every weight matrix with one row per stream. What torch calls for that (MKL) is tuned for
hundreds of rows, and multiplies a single one on one core only. Here up to 4 rows are multiplied with blocks of the
weight, one batched product; more of them by oneDNN, which comes with torch as well. On 2 cores with AVX-512 one row
takes a third of the time and 32 rows half of it; with AVX2 one row a third and 32 rows 0.9.

The numbers are the same up to rounding. Where torch has no oneDNN, up to 128 rows are multiplied the other way round,
``(W xᵀ)ᵀ`` for ``x Wᵀ``, in an order of reading that suits most libraries better. Whoever wants gradients gets torch's
own product. It leaves out who computes with how many rows (`engine`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

FEW = 4  # rows
BLOCK = 64  # rows of the weight
TURNED = range(FEW + 1, 129)


class CrowdLinear(nn.Linear):
    """A `torch.nn.Linear` of the same weights and products."""

    def forward(self, input: Tensor) -> Tensor:
        """``input`` of shape (..., in_features) -> (..., out_features)."""
        if torch.is_grad_enabled() or not input.is_cpu or not input.numel():
            return super().forward(input)
        return _product(input, self.weight, self.bias)


class CrowdConv1D(Conv1D):
    """The same for transformers' `Conv1D`, a linear layer of GPT-2's family whose weights lie the other way round."""

    def forward(self, x: Tensor) -> Tensor:
        """``x`` of shape (..., in_features) -> (..., out_features)."""
        if torch.is_grad_enabled() or not x.is_cpu or not x.numel():
            return super().forward(x)  # type: ignore[no-any-return]
        return _product(x, self.weight.t(), self.bias)


def prepare_for_crowd(model: nn.Module) -> None:
    """Nothing; a model in float32 on the CPU computes with `CrowdLinear` from now on, with the same weights.

    Layers of any other kind, such as quantized ones, stay as they are.
    """
    kinds: dict[type[nn.Module], type[nn.Module]] = {nn.Linear: CrowdLinear, Conv1D: CrowdConv1D}
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if type(module) in kinds and isinstance(weight, Tensor) and weight.dtype == torch.float32 and weight.is_cpu:
            module.__class__ = kinds[type(module)]


def class_name(module: nn.Module) -> str:
    """The name of a module's class; for one that is only quicker here, of the class whose products it computes.

    >>> layer = nn.Sequential(nn.Linear(2, 3))
    >>> prepare_for_crowd(layer)
    >>> type(layer[0]).__name__, class_name(layer[0])
    ('CrowdLinear', 'Linear')
    """
    kind = type(module)
    return str((kind.__base__ if kind in (CrowdLinear, CrowdConv1D) else kind).__name__)  # type: ignore[union-attr]


def join(layers: Sequence[nn.Linear]) -> nn.Linear:
    """One layer that computes what several of a kind do with the same input; they keep their weights, as parts of its.

    Each part has a storage of its own, so that whoever counts bytes finds those of each layer.
    """
    whole: Any = object.__new__(type(layers[0]))
    nn.Module.__init__(whole)
    whole.in_features, whole.out_features = layers[0].in_features, sum(layer.out_features for layer in layers)
    for name in ("weight", "bias", "scale"):
        parts: list[Any] = [getattr(layer, name, None) for layer in layers]
        if parts[0] is None:
            setattr(whole, name, None)
            continue
        tensor = torch.cat([part.detach() for part in parts])
        for part, own in zip(parts, tensor.split([len(part) for part in parts]), strict=True):
            part.data = torch.from_dlpack(own)
        setattr(whole, name, nn.Parameter(tensor, requires_grad=False))
    return whole  # type: ignore[no-any-return]


@functools.cache
def has_onednn() -> bool:
    """Whether torch's oneDNN multiplies here."""
    weight = torch.arange(6, dtype=torch.float32).view(2, 3)
    row = weight[:1]
    try:
        return torch.equal(_by_onednn(row, weight, None), row @ weight.t())
    except (AttributeError, RuntimeError):
        return False


def _product(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``input`` of shape (..., in_features) times the transposed weight of shape (out_features, in_features)."""
    features, width = weight.shape
    rows = input.numel() // width
    if rows <= FEW and features >= BLOCK and weight.is_contiguous():
        output = _by_blocks(input.reshape(rows, width), weight)
    elif has_onednn():
        return _by_onednn(input, weight, bias)
    elif rows in TURNED:
        output = (weight @ input.reshape(rows, width).t()).t().contiguous()
    else:
        return nn.functional.linear(input, weight, bias)
    if bias is not None:
        output += bias
    return output.view(*input.shape[:-1], features)


def _by_onednn(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What ``torch.compile`` calls for a linear layer; it has no public name, and `has_onednn` sees if it is there."""
    with torch.no_grad():
        return torch.ops.mkldnn._linear_pointwise(input, weight, bias, "none", [], "")  # type: ignore[no-any-return]


def _by_blocks(rows: Tensor, weight: Tensor) -> Tensor:
    """Few rows by blocks of the weight, side by side, and what is left of it."""
    (count, width), blocks = rows.shape, weight.shape[0] // BLOCK
    whole = weight[: blocks * BLOCK].view(blocks, BLOCK, width)
    output = torch.bmm(whole, rows.t().expand(blocks, width, count)).view(blocks * BLOCK, count).t()
    if blocks * BLOCK == weight.shape[0]:
        return output.contiguous()
    return torch.cat([output, nn.functional.linear(rows, weight[blocks * BLOCK :])], -1)
