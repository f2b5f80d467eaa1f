"""A text on its way through a model: in which order its modules compute, and what each of them returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from playground.inside.map_result import MapAttention, MapPart, MapState

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SAMPLED = 8  # tokens whose numbers are kept to find the additions
ATTEND = torch.nn.functional.scaled_dot_product_attention


@dataclass(eq=False)
class Call:
    """One call of a module: what entered and came out (of the first tokens), the calls in it and the one around it."""

    name: str
    around: Call | None = None
    inputs: list[torch.Tensor] = field(default_factory=list)
    output: torch.Tensor | None = None
    calls: list[Call] = field(default_factory=list)


class Run(TorchFunctionMode):
    """Watches one run of a private view of a model; a ``with`` block.

    ``states`` are what modules returned, ``order`` when each began, ``calls`` how often each was called. ``attends``
    are the calls of torch's attention, each with the name of the module that made it.
    """

    def __init__(self, model: PreTrainedModel, parts: tuple[MapPart, ...]) -> None:
        super().__init__()
        self.states: dict[str, MapState] = {}
        self.order: dict[str, int] = {}
        self.calls: dict[str, int] = {}
        self.attends: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = []
        self.kept: dict[str, Call] = {}
        self._stack: list[Call] = [Call("")]
        self._listed = {part.name for part in parts}
        self._kinds = {part.name: part.kind for part in parts}
        for name, module in model.named_modules():
            module.register_forward_pre_hook(self._entering(name), with_kwargs=True)
            module.register_forward_hook(self._leaving(name))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Whatever torch does, which is noted where it attends."""
        if func is ATTEND:
            self.attends.append((self._stack[-1].name, tuple(args[0].shape), tuple(args[1].shape)))
        return func(*args, **(kwargs or {}))

    def is_block(self, name: str) -> bool:
        """Whether a module is a block."""
        return self._kinds.get(name) == "block"

    def _entering(self, name: str) -> Any:
        def note(module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            call = Call(name, self._stack[-1])
            if name in self._listed:
                call.inputs = [_sample(one) for one in (*given, *named.values()) if _is_state(one)]
            self._stack[-1].calls.append(call)
            self._stack.append(call)
            self.order.setdefault(name, len(self.order))
            self.calls[name] = self.calls.get(name, 0) + 1

        return note

    def _leaving(self, name: str) -> Any:
        def note(module: Any, given: Any, output: Any) -> None:
            call = self._stack.pop()
            state = state_in(output)
            if state is None:
                return
            if name in self._listed:
                call.output = _sample(state)
                self.kept.setdefault(name, call)
            self._note_state(name, state)

        return note

    def _note_state(self, name: str, state: torch.Tensor) -> None:
        shape = tuple(state.shape)
        per_token = self._kinds.get(name) in ("block", "embedding") and len(shape) == 3
        norms = torch.linalg.vector_norm(state.float(), dim=-1)
        each = tuple(norms[0].tolist()) if per_token else ()
        self.states.setdefault(name, MapState(name, shape, float(norms.mean()), each))


def state_in(output: Any) -> torch.Tensor | None:
    """The numbers in what a module returned: the first tensor of floats, in a tuple or an output of transformers."""
    if isinstance(output, torch.Tensor):
        return output if output.is_floating_point() and output.dim() > 1 else None
    values = output.values() if hasattr(output, "values") else output if isinstance(output, tuple | list) else ()
    return next((found for one in values if (found := state_in(one)) is not None), None)


def attentions_of(run: Run, model: PreTrainedModel, parts: tuple[MapPart, ...]) -> tuple[MapAttention, ...]:
    """The attentions that ran through torch's own function, in the order in which they did."""
    listed = {part.name: part for part in parts}
    two_sides = bool(getattr(model.config, "is_encoder_decoder", False))
    found: list[MapAttention] = []
    for name, query, key in run.attends:
        module: Any = model.get_submodule(name)
        stack = _stack_of(name, listed, two_sides)
        heads, dimension = query[1], query[3]
        groups = int(getattr(module, "num_key_value_groups", 0) or 0) or heads // key[1]
        layer = sum(one.stack == stack for one in found)
        found.append(MapAttention(name, stack, layer, heads, heads // groups, dimension))
    return tuple(found)


def _stack_of(name: str, listed: dict[str, MapPart], two_sides: bool) -> str:
    """Whose layers are counted; a module in a block that isn't listed is what it is in the one that it is like."""
    part = listed.get(name)
    if part is None:
        for other in listed.values():
            if other.like and name.startswith(f"{other.name}."):
                part = listed.get(other.like + name[len(other.name) :])
    if part is not None and part.kind == "cross-attention":
        return "cross"
    side = "decoder" if ".decoder." in f".{name}" else "encoder"
    return side if two_sides else "self"


def _is_state(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() in (2, 3)


def _sample(state: torch.Tensor) -> torch.Tensor:
    """The first tokens alone, of shape (1, token, feature); OPT's feed-forward part has no batch."""
    rows = state[None] if state.dim() == 2 else state
    return rows[:1, :SAMPLED].detach().clone()
