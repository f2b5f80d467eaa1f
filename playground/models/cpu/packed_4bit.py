"""4-bit layers on CPUs that multiply in bfloat16 (AVX512-BF16), where bitsandbytes keeps weights in another order.

There a layer packs its weights at its first forward pass, for a product that is several times quicker and as precise
as bfloat16. That pass fails for a layer whose shape doesn't fit, spoils the weights when two threads make it at once,
and afterwards no gradient flows through the layer. So layers are packed while a model is loaded, those that don't fit
keep the other order, and gradients go through the unpacked weights. Where nothing is packed (other CPUs, GPUs),
nothing changes. It leaves out what 4 bits hold (`loading.quantization_config`).
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

ROWS = 32  # output features that are packed together
BLOCK = 64  # weights that share a scale, in a row


def packs(layer: Any) -> bool:
    """Whether a ``Linear4bit`` on this CPU keeps its weights packed: its shape must fit into whole blocks.

    >>> packs(nn.Linear(64, 32))
    False
    """
    whole = layer.out_features % ROWS == 0 and layer.in_features % BLOCK == 0
    return whole and bool(getattr(layer, "support_avx512bf16_for_cpu", False))


def pack_4bit(model: nn.Module) -> None:
    """Packs the 4-bit layers of a model on the CPU that fit, and keeps the others as they are for good."""
    for layer in _layers_4bit(model):
        if layer.weight.device.type != "cpu":
            continue
        if not packs(layer):
            layer.support_avx512bf16_for_cpu = False
            continue
        with torch.no_grad():
            layer.eval()(torch.zeros(1, layer.in_features))  # bitsandbytes packs at the first pass
        layer.__class__ = _packed_class(type(layer))  # type: ignore[arg-type]


def _layers_4bit(model: nn.Module) -> list[Any]:
    """The 4-bit layers of a model; an empty list where nothing is quantized, without importing bitsandbytes."""
    return [module for module in model.modules() if type(module).__name__ == "Linear4bit"]


@functools.cache
def _packed_class(base: type[nn.Module]) -> type[nn.Module]:
    """bitsandbytes' own layer, of the same name, through which gradients flow although its weights are packed."""

    class Linear4bit(base):  # type: ignore[valid-type,misc]
        def forward(self, x: Tensor) -> Tensor:
            if not (torch.is_grad_enabled() and x.requires_grad):
                return super().forward(x)
            return nn.functional.linear(x, unpack(self).to(x.dtype), self.bias)

    return Linear4bit


def unpack(layer: Any) -> Tensor:
    """The weights of a packed layer as numbers, of shape (out_features, in_features).

    The bytes of 32 rows stand together, column pair by column pair: of the 64 values of a pair, the first 32 are the
    lower halves of 32 bytes and the others the upper halves.

    Source: bitsandbytes.functional._convert_weight_packed_for_cpu.
    """
    rows, columns, state = layer.out_features, layer.in_features, layer.weight.quant_state
    packed = layer.weight.data.view(-1, ROWS)
    codes = torch.cat([packed & 0xF, packed >> 4], dim=-1).view(rows // ROWS, columns // 2, ROWS, 2)
    codes = codes.transpose(1, 2).reshape(rows, columns)
    scales = state.absmax.t().float().repeat_interleave(state.blocksize, dim=1)
    return state.code[codes.int()] * scales
