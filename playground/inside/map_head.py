"""One attention head for one query token, step by step: q, k, q·k, scaled, masked, softmax, times v, and their sum.

What enters torch's own attention is taken from the run itself, so that grouped heads, rotary positions, scales and
biases are what the model really uses. The steps are then repeated one by one, and their sum is compared with what
torch's attention returned: where the two differ, nothing is shown. It leaves out the output projection, and attention
that a family computes without that function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.overrides import TorchFunctionMode

from playground.errors import InputError, UnsupportedOptionError
from playground.inside.map_request import ModelMapRequest
from playground.inside.map_result import HeadKey, HeadUnrolled, MapAttention
from playground.inside.map_run import ATTEND, state_in

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-5}  # of the largest number that is compared
COARSE = 3e-2  # the same in 16 bits
CLOSE = {torch.float32: 1e-4, torch.float64: 1e-4}  # of what a module returned and what is used of it
Rows = Float[Tensor, "token head feature"]


class HeadWatch(TorchFunctionMode):
    """Keeps what enters and leaves the ``index``-th attention of a run, and what the modules in it returned before."""

    def __init__(self, model: PreTrainedModel, index: int, attention: MapAttention) -> None:
        super().__init__()
        self.attended: _Attended | None = None
        self.made: dict[str, Tensor] = {}
        self._left = index
        for name, module in model.get_submodule(attention.name).named_modules():
            if name:
                module.register_forward_hook(self._noting(f"{attention.name}.{name}"))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Whatever torch does; the wanted attention is kept."""
        answer = func(*args, **(kwargs or {}))
        if func is ATTEND:
            if self._left == 0:
                self.attended = _Attended(answer, *args, **(kwargs or {}))
            self._left -= 1
        return answer

    def _noting(self, name: str) -> Any:
        def note(module: Any, given: Any, output: Any) -> None:
            state = state_in(output)
            if self.attended is None and state is not None:
                self.made[name] = state

        return note


@dataclass
class _Attended:
    """The arguments of torch's attention, by its own names, and what it returned."""

    answer: Tensor
    query: Tensor
    key: Tensor
    value: Tensor
    attn_mask: Tensor | None = None
    dropout_p: float = 0.0
    is_causal: bool = False
    scale: float | None = None
    enable_gqa: bool = False
    rest: dict[str, Any] = field(default_factory=dict)

    @property
    def scaling(self) -> float:
        """What q·k is multiplied by."""
        return 1 / math.sqrt(self.query.shape[-1]) if self.scale is None else float(self.scale)

    def mask_of(self, head: int, position: int) -> tuple[Tensor, Tensor]:
        """For each key: whether the query may not read it, and what is added to its score."""
        keys = torch.arange(self.key.shape[2], device=self.key.device)
        masked, added = torch.zeros_like(keys, dtype=torch.bool), torch.zeros(len(keys), device=keys.device)
        if self.is_causal:
            masked = keys > position
        if self.attn_mask is None:
            return masked, added
        row = self.attn_mask.expand(self.query.shape[0], self.query.shape[1], -1, -1)[0, head, position]
        if row.dtype == torch.bool:
            return masked | ~row, added
        closed = row.float() <= torch.finfo(row.dtype).min / 2
        return masked | closed, torch.where(closed, 0.0, row.float())


def chosen(request: ModelMapRequest, attentions: tuple[MapAttention, ...], lengths: dict[str, int]) -> int:
    """The place of the attention that is asked for among those that ran; ``lengths`` are the queries of each stack.

    Raises:
        InputError: there is none, or not this head or token.
    """
    stack = request.stack or attentions[0].stack
    layers = [n for n, one in enumerate(attentions) if one.stack == stack]
    if not layers:
        known = ", ".join(dict.fromkeys(one.stack for one in attentions))
        raise InputError(f"This model has no {stack} attention.", f"It has: {known}.")
    assert request.layer is not None  # else nothing is unrolled
    _require("layer", request.layer, len(layers))
    place = layers[request.layer]
    _require("head", request.head, attentions[place].heads)
    if request.position is not None:
        _require("token", request.position, lengths[stack])
    return place


def _require(name: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise InputError(f"There is no {name} {value}.", f"They are 0 to {count - 1}.")


def unrolled(
    watch: HeadWatch, model: PreTrainedModel, attention: MapAttention, request: ModelMapRequest
) -> HeadUnrolled:
    """One head for one query token.

    Raises:
        UnsupportedOptionError: the steps don't give what the model computes.
    """
    seen, head = watch.attended, request.head
    if seen is None or seen.query.dim() != 4:
        raise unfit(model)
    position = seen.query.shape[2] - 1 if request.position is None else request.position
    own = head * seen.key.shape[1] // attention.heads
    query, keys, values = seen.query[0, head, position], seen.key[0, own], seen.value[0, own]
    steps = _steps(seen, query, keys, values, (head, position))
    difference = float((steps.output - seen.answer[0, head, position].float()).abs().max())
    if not difference <= TOLERANCE.get(query.dtype, COARSE) * max(1.0, float(steps.output.abs().max())):
        raise unfit(model)
    made = _Made(watch.made, attention)
    q, k, v = made.query(seen.query[0]), made.key(seen.key[0]), made.value(seen.value[0])
    group, others = _shared(attention, head)
    return HeadUnrolled(
        attention=attention,
        head=head,
        position=position,
        key_value_head=group,
        shared_with=others,
        scaling=seen.scaling,
        query_scale=q.scale,
        rotary=q.turned or k.turned,
        biased=bool(steps.added.any()),
        query_from=q.name,
        key_from=k.name,
        value_from=v.name,
        query_before=() if q.before is None else _plain(q.before[position, head]),
        query=_plain(query),
        keys=tuple(steps.key(place, keys, values, k.before_of(group)) for place in range(len(keys))),
        output=_plain(steps.output),
        difference=difference,
    )


def _shared(attention: MapAttention, head: int) -> tuple[int, tuple[int, ...]]:
    """The head of keys and values that a query head reads, and the other query heads that read it."""
    size = attention.heads // attention.key_value_heads
    group = head // size
    return group, tuple(n for n in range(group * size, (group + 1) * size) if n != head)


@dataclass(frozen=True)
class _Steps:
    """The numbers of one head for one query, a row for each key."""

    products: Tensor
    scaled: Tensor
    added: Tensor
    masked: Tensor
    weights: Tensor
    weighted: Tensor
    output: Tensor

    def key(self, place: int, keys: Tensor, values: Tensor, before: Tensor | None) -> HeadKey:
        """One row as plain values."""
        return HeadKey(
            position=place,
            key_before=() if before is None else _plain(before[place]),
            key=_plain(keys[place]),
            product=float(self.products[place]),
            scaled=float(self.scaled[place]),
            added=float(self.added[place]),
            masked=bool(self.masked[place]),
            weight=float(self.weights[place]),
            value=_plain(values[place]),
            weighted=_plain(self.weighted[place]),
        )


def _steps(seen: _Attended, query: Tensor, keys: Tensor, values: Tensor, at: tuple[int, int]) -> _Steps:
    """The head computed step by step, in float32; ``at`` is head and position."""
    masked, added = seen.mask_of(*at)
    products = keys.float() @ query.float()
    scaled = products * seen.scaling
    weights = (scaled + added).masked_fill(masked, -math.inf).softmax(-1)
    weighted = weights[:, None] * values.float()
    return _Steps(products, scaled, added, masked, weights, weighted, weighted.sum(0))


def unfit(model: PreTrainedModel) -> UnsupportedOptionError:
    """The answer where heads can't be unrolled."""
    has_some = any("attention" in type(one).__name__.lower() for one in model.modules())
    why = "computes its attention in a way of its own" if has_some else "has no attention"
    return UnsupportedOptionError(
        f"{type(model).__name__} {why}, so no head of it is unrolled here; its picture is whole.",
        "Pick another model to see one head's numbers.",
    )


def _plain(row: Tensor) -> tuple[float, ...]:
    return tuple(row.float().tolist())


@dataclass(frozen=True)
class _Source:
    """Which module made some rows, and what they were before they were turned by their position, or scaled.

    An empty ``name`` says that no module's output explains them.
    """

    name: str = ""
    before: Rows | None = None
    turned: bool = False
    scale: float = 1.0

    def before_of(self, head: int) -> Tensor | None:
        """The rows of one head before they were turned."""
        return None if self.before is None else self.before[:, head]


@dataclass(frozen=True)
class _Made:
    """What the modules inside an attention returned, cut into heads."""

    outputs: dict[str, Tensor]
    attention: MapAttention

    def query(self, used: Float[Tensor, "head token feature"]) -> _Source:
        """Where the queries come from."""
        return self._find(used, 0, self.attention.heads)

    def key(self, used: Float[Tensor, "head token feature"]) -> _Source:
        """Where the keys come from, each once however often it is repeated for its group."""
        return self._find(self._once(used), 1, self.attention.key_value_heads)

    def value(self, used: Float[Tensor, "head token feature"]) -> _Source:
        """Where the values come from."""
        return self._find(self._once(used), 2, self.attention.key_value_heads)

    def _once(self, used: Tensor) -> Tensor:
        return used[:: max(1, used.shape[0] // self.attention.key_value_heads)]

    def _find(self, used: Tensor, role: int, heads: int) -> _Source:
        """The first of the last outputs that the rows are, or were before a rotation or a scale."""
        rows, exact = used.transpose(0, 1).float(), CLOSE.get(used.dtype, COARSE)
        for name, output in reversed(self.outputs.items()):
            for cut in self._cuts(output, role, heads):
                before = cut.float()
                if before.shape != rows.shape:
                    continue
                if _close(rows, before, exact):
                    return _Source(name)
                if _close(rows.norm(dim=-1), before.norm(dim=-1), exact) and _close(rows[0], before[0], exact):
                    return _Source(name, before, turned=True)
                scale = float((rows * before).sum() / (before * before).sum().clamp(min=1e-30))
                if scale > 0 and _close(rows, before * scale, exact):
                    return _Source(name, before, scale=float(f"{scale:.6g}"))
        return _Source()

    def _cuts(self, output: Tensor, role: int, heads: int) -> list[Tensor]:
        """The rows of a role in an output: alone, or beside the others, one after the other or head by head."""
        flat = output.reshape(-1, output.shape[-1]) if output.shape[-1] != self.attention.head_dim else output[0]
        if flat.dim() == 3:
            return [flat, flat.transpose(0, 1)]
        one, size = self.attention, self.attention.head_dim
        widths = [one.heads * size, one.key_value_heads * size, one.key_value_heads * size]
        if flat.shape[-1] == widths[role]:
            return [flat.view(-1, heads, size)]
        if flat.shape[-1] != sum(widths):
            return []
        start = sum(widths[:role])
        cuts = [flat[:, start : start + widths[role]].reshape(-1, heads, size)]
        return cuts + ([flat.view(-1, heads, 3, size)[:, :, role]] if one.heads == one.key_value_heads else [])


def _close(one: Tensor, other: Tensor, exact: float) -> bool:
    return bool((one - other).abs().max() <= exact * other.abs().max().clamp(min=1e-6))
