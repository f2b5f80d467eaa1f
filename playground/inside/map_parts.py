"""A model -> its parts, from its own modules, with parameters and bytes that add up to the model's own totals.

Every number is counted once, at the first name under which it is met: weights that are tied to others count nothing
again, and neither does a module that stands in two places. Blocks that are built alike are listed once.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from playground.inside.map_kinds import about, kind_of, side_of
from playground.inside.map_result import MapPart, MapShare, MapTensor
from playground.models.cpu.linear import class_name
from playground.models.memory import own_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SHARES = ("embedding", "attention", "mlp", "norm", "head", "other")
KIND_OF_SHARE = MappingProxyType(
    {
        **{"embedding": "embedding", "positions": "embedding", "attention": "attention"},
        **{"cross-attention": "attention", "mlp": "mlp", "norm": "norm", "head": "head", "pooler": "head"},
    }
)
_QUANTIZED = ("Linear4bit", "Linear8bitLt")


def parts_of(model: PreTrainedModel) -> tuple[MapPart, ...]:
    """All parts in the order of their classes, the whole model first; what is built alike is listed once."""
    body = None if model.base_model is model else model.base_model
    walk = _Walk(bool(getattr(model.config, "is_encoder_decoder", False)), body)
    walk.visit("", model, "", model)
    return tuple(_without_repeats(walk.parts))


@dataclass
class _Walk:
    """What was met so far: tensors by identity, storages by address, modules by identity, each with its first name."""

    two_sides: bool
    body: nn.Module | None = None
    parts: list[MapPart] = field(default_factory=list)
    tensors: dict[int, str] = field(default_factory=dict)
    storages: dict[int, str] = field(default_factory=dict)
    modules: dict[int, str] = field(default_factory=dict)

    def visit(self, name: str, module: nn.Module, around: str, holder: nn.Module) -> tuple[int, int]:
        """Parameters and bytes of a module with all that is in it; its parts are appended."""
        side = side_of(name) if self.two_sides else ""
        kind = "body" if module is self.body else kind_of(name, module, around, holder)
        kind_name = class_name(module)
        if id(module) in self.modules:
            first = self.modules[id(module)]
            self.parts.append(MapPart(name, kind, kind_name, side, about(module), 0, 0, (), same_as=first))
            return 0, 0
        self.modules[id(module)] = name
        tensors = tuple(self._tensor(name, module, own, tensor) for own, tensor in own_tensors(module))
        place = len(self.parts)
        self.parts.append(MapPart(name, kind, kind_name, side, about(module), 0, 0, tensors))
        counts = [(one.parameters, one.bytes) for one in tensors]
        for own, child in module.named_modules(remove_duplicate=False):
            if own and "." not in own:
                counts.append(self.visit(f"{name}.{own}".lstrip("."), child, kind, module))
        parameters, size = sum(one[0] for one in counts), sum(one[1] for one in counts)
        self.parts[place] = replace(self.parts[place], parameters=parameters, bytes=size)
        return parameters, size

    def _tensor(self, name: str, module: nn.Module, own: str, tensor: torch.Tensor) -> MapTensor:
        """One tensor, counted unless it was before."""
        full = f"{name}.{own}".lstrip(".")
        storage = tensor.untyped_storage()
        first = self.tensors.get(id(tensor)) or self.storages.get(storage.data_ptr(), "")
        shape, dtype = _held(module, own, tensor)
        learned = isinstance(tensor, nn.Parameter) and id(tensor) not in self.tensors
        count = _count(shape) if learned and "." not in own else 0
        size = 0 if storage.data_ptr() in self.storages else storage.nbytes()
        self.tensors.setdefault(id(tensor), full)
        self.storages.setdefault(storage.data_ptr(), full)
        return MapTensor(own, shape, dtype, count, size, first)


def _held(module: Any, own: str, tensor: torch.Tensor) -> tuple[tuple[int, ...], str]:
    """The shape in which a tensor computes, and how its numbers are held."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    if class_name(module) not in _QUANTIZED or own != "weight":
        return tuple(tensor.shape), dtype
    if class_name(module) == "Linear4bit":
        dtype = f"4-bit {getattr(tensor, 'quant_type', '')}".strip()
    return (module.out_features, module.in_features), dtype


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def shares_of(parts: tuple[MapPart, ...]) -> tuple[MapShare, ...]:
    """What all modules of a kind hold together, the blocks that are built alike included."""
    listed = {part.name: part for part in parts}
    alike = Counter(part.like for part in parts if part.like)
    found = {kind: [0, 0] for kind in SHARES}
    for part in parts:
        if part.like:
            continue
        around = [part.name, *reversed(_around(part.name))]
        count = math.prod(1 + alike[name] for name in around)
        kinds = [KIND_OF_SHARE[kind] for name in around if (kind := listed[name].kind) in KIND_OF_SHARE]
        for tensor in part.tensors:
            sums = found["norm" if part.kind == "norm" else kinds[0] if kinds else "other"]
            sums[0] += count * tensor.parameters
            sums[1] += count * tensor.bytes
    return tuple(MapShare(kind, *sums) for kind, sums in found.items())


def _without_repeats(parts: list[MapPart]) -> list[MapPart]:
    """The same list in which a member of a list that is built as an earlier one is named, and not opened again."""
    inside: dict[str, list[MapPart]] = {}
    for part in parts:
        for name in _around(part.name):
            inside.setdefault(name, []).append(part)
    members = {part.name for part in parts if part.kind in ("stack", "list")}
    firsts: dict[Any, str] = {}
    like: dict[str, str] = {}
    for part in parts:
        holder = part.name.rpartition(".")[0]
        if part.name and holder in members and part.name in inside:
            shape = (holder, part.class_name, _built(part, inside[part.name]))
            first = firsts.setdefault(shape, part.name)
            if first != part.name:
                like[part.name] = first
    hidden = {one.name for name in like for one in inside[name]}
    return [replace(part, like=like.get(part.name, "")) for part in parts if part.name not in hidden]


def _around(name: str) -> list[str]:
    """The names of all modules around one, but for the whole model."""
    steps = name.split(".")
    return [".".join(steps[:count]) for count in range(1, len(steps))]


def _built(part: MapPart, inside: list[MapPart]) -> tuple[Any, ...]:
    """What must be the same in two modules that are built alike: all but their names."""
    cut = len(part.name)

    def shape(one: MapPart) -> tuple[Any, ...]:
        shared = one.same_as and not one.same_as.startswith(part.name)
        return (one.name[cut:], one.kind, one.class_name, one.about, one.parameters, one.bytes, shared, one.tensors)

    return tuple(shape(one) for one in (part, *inside))
