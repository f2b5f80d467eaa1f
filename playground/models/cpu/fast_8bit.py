"""``fast-8-bit``: linear layers that multiply whole numbers of 8 bits on a CPU, and so read a quarter of the bytes.

Each row of a weight (the weights of one output) is held as whole numbers from -127 to 127 and one float32, its scale:
``weight = codes · scale``. That alone costs little precision. To multiply whole numbers, the input has to be whole as
well, and there 8 bits are too few: one large number in a row takes the bits from all others. So each number of the
input becomes two of 8 bits, as one writes 3.7 as 3 and 7 tenths::

    x = (whole + rest / 127) · unit          unit = the largest |x| of the row / 127
    x · weight = (whole · codes + rest · codes / 127) · unit · scale

which keeps 14 bits. Sums of whole numbers are exact, in any order: a row gets the same numbers alone and in company.

Few rows, as a decoding step of some streams has, are multiplied in bfloat16 where that is quicker (`round_few`): it
keeps 8 bits of each number of the input, whatever the others are, and costs a tenth of a percent of perplexity.

The table of tokens is held in the same way, once for the embedding and for the head where a model has one table for
both. It leaves out how a model gets here (`loading`) and which quantizations there are (`catalog`).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

FEW = 8  # rows
MOST = 127  # the largest whole number of 8 bits, for both signs
PIECE = 4096  # rows
PARTS = MOST  # of the unit, in which what is left of it is counted


class Codes:
    """A weight of shape (rows, columns) as whole numbers and a scale for each row."""

    def __init__(self, weight: Tensor) -> None:
        scale = torch.maximum(weight.amax(1, True), -weight.amin(1, True)).div_(MOST).clamp_(min=1e-30)
        pieces = (weight,) if weight.is_meta else weight.split(PIECE)  # a large table is no second time in memory
        pairs = zip(pieces, scale.split(len(pieces[0])), strict=True)
        whole = [(rows / own).round_().to(torch.int8) for rows, own in pairs]
        numbers = whole[0] if len(whole) == 1 else torch.cat(whole)
        self.numbers, self.scale = nn.Parameter(numbers, requires_grad=False), scale.view(-1)


class Fast8bitLinear(nn.Linear):
    """A `torch.nn.Linear` whose ``weight`` is whole numbers, and ``scale`` what they are multiplied by.

    Few rows are multiplied in bfloat16 where it has ``ones``.
    """

    weight: nn.Parameter
    scale: Tensor
    ones: Tensor | None = None

    def __init__(self, codes: Codes, bias: nn.Parameter | None) -> None:
        nn.Module.__init__(self)
        self.out_features, self.in_features = codes.numbers.shape
        self.weight, self.bias = codes.numbers, bias  # type: ignore[assignment]
        self.register_buffer("scale", codes.scale)

    def forward(self, input: Tensor) -> Tensor:
        """``input`` of shape (..., in_features) -> (..., out_features); gradients go through the numbers as floats."""
        if torch.is_grad_enabled() and input.requires_grad:
            return nn.functional.linear(input, _floats(self), self.bias)
        rows = input.reshape(-1, self.in_features)
        if self.ones is None or len(rows) > FEW:
            output = self._sums(rows).mul_(self.scale)
        else:
            output = few_product(rows, self.weight, self.ones) * self.scale
        if self.bias is not None:
            output += self.bias
        return output.view(*input.shape[:-1], self.out_features)

    def _sums(self, rows: Tensor) -> Tensor:
        """The products of rows with the whole numbers, of shape (rows, out_features)."""
        unit = rows.abs().amax(1, keepdim=True).div_(MOST)
        units = rows / unit
        whole = units.to(torch.int8)
        rest = units.sub_(whole).mul_(PARTS).to(torch.int8)
        if len(rows) == 1:  # one row after the other is read quicker than two
            sums, rests = int_product(whole, self.weight), int_product(rest, self.weight)
        else:
            sums, rests = int_product(torch.cat((whole, rest)), self.weight).chunk(2)
        return sums.float().add_(rests, alpha=1 / PARTS).mul_(unit)


class Fast8bitEmbedding(nn.Embedding):
    """A `torch.nn.Embedding` over whole numbers: only the rows that are looked up become floats."""

    weight: nn.Parameter
    scale: Tensor

    def __init__(self, codes: Codes, padding_idx: int | None) -> None:
        nn.Module.__init__(self)
        self.num_embeddings, self.embedding_dim = codes.numbers.shape
        self.padding_idx, self.max_norm, self.norm_type = padding_idx, None, 2.0
        self.scale_grad_by_freq = self.sparse = False
        self.weight = codes.numbers
        self.register_buffer("scale", codes.scale)

    def forward(self, input: Tensor) -> Tensor:
        """``input`` of any shape -> (..., embedding_dim)."""
        return self.weight[input] * self.scale[input].unsqueeze(-1)

    def floats(self) -> Tensor:
        """The whole table as floats."""
        return _floats(self)


def int_product(rows: Tensor, weight: Tensor) -> Tensor:
    """``rows · weightᵀ`` of whole numbers: int8 of shape (rows, columns) and (features, columns) -> int32.

    The only use of a private name of torch here; `obstacle` finds out whether it is there and right.
    """
    return torch._int_mm(rows, weight.t())


def few_product(rows: Tensor, weight: Tensor, ones: Tensor) -> Tensor:
    """``rows · weightᵀ`` in bfloat16: float32 of shape (rows, columns), int8 (features, columns), a 1 for each feature.

    Another private name of torch; `has_few_product` finds out whether it is there, right and quick.
    """
    return torch._weight_int8pack_mm(rows.bfloat16(), weight, ones)


def round_few(layer: Fast8bitLinear) -> None:
    """Nothing; the layer multiplies few rows in bfloat16 from now on, where this machine does that quicker."""
    if layer.in_features % 64 == 0 and has_few_product():  # it reads whole registers
        layer.ones = torch.ones(layer.out_features, dtype=torch.bfloat16)


def _floats(layer: Fast8bitLinear | Fast8bitEmbedding) -> Tensor:
    """The weight that a layer stands for."""
    return layer.weight * layer.scale[:, None]


def hold_in_8_bits(model: Any) -> None:
    """Nothing; the linear layers of a model, and the table of its tokens, hold whole numbers from now on.

    Norms, tables of positions and layers of a class of their own stay floats. On the meta device only shapes change.
    """
    model.is_quantized = True  # what transformers calls a model whose answers are compared roughly
    known: dict[int, Codes] = {}  # a tied weight becomes one, too
    table: Any = _token_table(model)
    for holder in list(model.modules()):
        for name, layer in list(holder.named_children()):
            if (kind := type(layer)) not in (nn.Linear, Conv1D) and layer is not table:
                continue
            if id(layer.weight) not in known:
                weight: Any = layer.weight.detach()
                known[id(layer.weight)] = Codes(weight.t().contiguous() if kind is Conv1D else weight)
            codes = known[id(layer.weight)]
            if layer is table:
                setattr(holder, name, Fast8bitEmbedding(codes, layer.padding_idx))  # type: ignore[arg-type]
            else:
                setattr(holder, name, Fast8bitLinear(codes, layer.bias))  # type: ignore[arg-type]


def _token_table(model: Any) -> nn.Module | None:
    """The embedding of tokens, where it is an ordinary one: a class of its own may do more than look up."""
    try:
        table = model.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None
    return table if type(table) is nn.Embedding and table.max_norm is None else None


@functools.cache
def obstacle() -> str:
    """Why whole numbers can't be multiplied on this machine, in one sentence; empty if they can."""
    rows, weight = torch.tensor([[MOST, -MOST, 3]]).to(torch.int8), torch.tensor([[MOST, MOST, 5]]).to(torch.int8)
    try:
        right = int_product(rows, weight).tolist() == [[15]]
    except (AttributeError, RuntimeError, NotImplementedError):
        right = False
    return "" if right else f"torch {torch.__version__} multiplies no whole numbers of 8 bits on this CPU."


@functools.cache
def is_quicker() -> bool:
    """Whether this processor multiplies whole numbers quicker than float32, as it does with VNNI; takes some ms."""
    rows, weight = (torch.ones(count, 576, dtype=torch.float32) for count in (8, 1536))
    codes = torch.ones_like(rows, dtype=torch.int8), torch.ones_like(weight, dtype=torch.int8)
    return _first_is_quicker(lambda: int_product(*codes), lambda: nn.functional.linear(rows, weight))


@functools.cache
def has_few_product() -> bool:
    """Whether a row is multiplied in bfloat16 here, and quicker than in two parts; takes some ms."""
    layer = Fast8bitLinear(Codes(torch.arange(-1, 1, 2**-12, dtype=torch.float32).view(64, 128)), None)
    row = torch.linspace(-1, 1, 128, dtype=torch.float32)[None]
    ones = torch.ones(64, dtype=torch.bfloat16)
    with torch.inference_mode():
        truth = layer._sums(row)
        try:
            right = torch.allclose(few_product(row, layer.weight, ones).float(), truth, rtol=0.02, atol=0.5)
        except (AttributeError, RuntimeError, NotImplementedError):
            return False
        return right and _first_is_quicker(lambda: few_product(row, layer.weight, ones), lambda: layer._sums(row))


def _first_is_quicker(first: Callable[[], Any], second: Callable[[], Any]) -> bool:
    """Whether the quickest of some calls is the first's; by turns: a machine that is busy hinders both alike."""
    taken = []
    for _ in range(12):
        times = [time.perf_counter()]
        for work in (first, second):
            work()
            times.append(time.perf_counter())
        taken.append((times[1] - times[0], times[2] - times[1]))
    return min(one for one, _ in taken) < min(other for _, other in taken)
