"""A decoding step in which every tensor keeps its place, so that a GPU can record it once and play it for everybody.

Three things change from step to step: who says what, in which column it is written, and what each row sees. Here they
are numbers on the device, and everything else about a step is the shape of its table. So one recording serves each
shape, whoever's rows stand there::

    table   8 rows of 256 columns   its keys and values begin at the same place as those of any other shape
    numbers 3 of each row           token_ids: 11  42  7  0  0  0  0  0     (five rows are nobody's)
                                    starts:     0   9  3 20 20 20 20 20     first column in use
                                    cursor:    20  20 20 20 20 20 20 20     column that is written

Shapes are powers of two, so there are few of them. A model whose step can't be recorded, or says something else then,
is decoded as anywhere (`passes`). It leaves out what a recording is (`models/recorded.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers.cache_utils import get_layer_types_and_kwargs

from playground.generation.kv_cache import BLOCK, KeyValueTable, TableLayer
from playground.models.lending import is_spread
from playground.models.memory import is_out_of_memory
from playground.models.recorded import Recorder, Work

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LEAST = 256  # columns


class Places:
    """Memory for the keys and values of one table at a time, whatever its shape: a place for each layer's.

    A place is as large as the largest shape so far. What was recorded before a place ``moved`` is no longer right.
    """

    def __init__(self) -> None:
        self._memory: dict[tuple[int, str], Tensor] = {}
        self.moved = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all places."""
        return sum(one.nbytes for one in list(self._memory.values()))

    def zeros(self, place: tuple[int, str], like: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Zeros of a shape in the memory of a place; what stood there is gone."""
        count = math.prod(shape)
        if place not in self._memory or len(self._memory[place]) < count:
            self.moved += 1
            self._memory.pop(place, None)
            self._memory[place] = like.new_empty(count)
        return self._memory[place][:count].view(shape).zero_()

    def clear(self) -> None:
        """Gives all memory back."""
        self._memory.clear()
        self.moved += 1


class StaticLayer(TableLayer):
    """A layer whose keys and values stand in `Places`."""

    table: StaticTable

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """In a step of fixed shape: all keys and values that there is room for, the new ones in the given column."""
        if self.table.column is None:
            return super().update(key_states, value_states, *args, **kwargs)
        assert self.keys is not None
        assert self.values is not None
        self.keys.index_copy_(2, self.table.column, key_states)
        self.values.index_copy_(2, self.table.column, value_states)
        return self.keys, self.values

    def move(self, rows: Sequence[int], shift: int) -> None:
        """As for any table; old and new room begin at the same place."""
        assert self.keys is not None
        assert self.values is not None
        self.keys, self.values = self.keys.clone(), self.values.clone()
        super().move(rows, shift)

    def _zeros(self, name: str, like: Tensor, shape: tuple[int, ...]) -> Tensor:
        return self.table.places.zeros((self.table.layers.index(self), name), like, shape)


class StaticTable(KeyValueTable):
    """A table of few shapes; ``column`` is the one that is written, as a number on the device, in a static step."""

    layer_class = StaticLayer

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__(model)
        self.places = Places()
        self.column: Tensor | None = None

    @staticmethod
    def _width(columns: int) -> int:
        return max(LEAST, 1 << (columns + BLOCK - 1).bit_length())


class StaticStep:
    """One token of every row -> the logits after it, over its ``table``; ``refused`` says why it can't be used."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model: Any = model
        self._recorder = Recorder(model.device)
        self._recorded: dict[tuple[int, int], tuple[Tensor, Work]] = {}
        self._moved = 0
        self._unrecorded: set[tuple[int, int]] = set()
        self._windows = windows_of(model)
        self.table = StaticTable(model)
        self.refused = ""

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values, of the largest table so far, and of what recordings keep."""
        return self.table.places.nbytes + self._recorder.nbytes

    @property
    def usable(self) -> bool:
        """Whether the next step may be static. A shape for which no memory was left is recorded after `clear` again."""
        return not self.refused and self.table.capacity not in self._unrecorded

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """The shapes of the table, (rows, columns), whose step is recorded."""
        return sorted(self._recorded)

    def __call__(self, token_ids: Sequence[int]) -> Tensor:
        """Logits of shape (rows, vocab), which the next step overwrites; the table grows by a column.

        Raises:
            RuntimeError: it can't be recorded. Where that is for want of memory, this shape is no longer `usable`.
        """
        table = self.table
        height, spare = table.capacity[0], table.capacity[0] - table.rows
        ids, starts = [*token_ids, *[0] * spare], [*table.starts, *[table.cursor] * spare]
        now = torch.tensor([ids, starts, [table.cursor] * height])
        if self._moved != table.places.moved:
            self._forget()
        if table.capacity not in self._recorded:
            self._recorded[table.capacity] = self._record(now.to(self._model.device))
        numbers, play = self._recorded[table.capacity]
        numbers.copy_(now)
        logits = play()
        table.advance(1)
        return logits[: table.rows]

    def _record(self, numbers: Tensor) -> tuple[Tensor, Work]:
        try:
            return numbers, self._recorder(lambda: self._step(numbers))
        except Exception as error:
            if is_out_of_memory(error):
                self._unrecorded.add(self.table.capacity)
            raise

    def _step(self, numbers: Tensor) -> Tensor:
        """The logits of all rows that there is room for, by transformers' own forward."""
        table, (token_ids, starts, cursor) = self.table, numbers[:, :, None]
        masks = {kind: self._mask(starts, cursor, window) for kind, window in self._windows.items()}
        table.column = numbers[2, :1]
        try:
            output = self._model(
                input_ids=token_ids, position_ids=cursor - starts,
                attention_mask=masks if len(masks) > 1 else next(iter(masks.values())),
                past_key_values=table, use_cache=True,
            )  # fmt: skip
        finally:
            table.column = None
        return output.logits[:, -1]  # type: ignore[no-any-return]

    def _mask(self, starts: Tensor, cursor: Tensor, window: int | None) -> Tensor:
        """What is added to the scores of each column, shape (rows, 1, 1, columns)."""
        columns = torch.arange(self.table.capacity[1], device=cursor.device)
        hidden = (columns < starts) | (columns > cursor)
        if window is not None:
            hidden |= columns <= cursor - window
        mask = torch.zeros(hidden.shape, dtype=self._model.dtype, device=cursor.device)
        return mask.masked_fill_(hidden, torch.finfo(mask.dtype).min)[:, None, None]

    def refuse(self, reason: str) -> None:
        """Records nothing any more; the table stays for those who stand in it."""
        self.refused = reason
        self._forget()

    def clear(self) -> None:
        """Gives all memory back; the table may not be in use."""
        self.table.places.clear()
        self._forget()

    def _forget(self) -> None:
        """Drops what was recorded."""
        self._recorded.clear()
        self._unrecorded.clear()
        self._recorder.clear()
        self._moved = self.table.places.moved


def obstacle(model: PreTrainedModel, options: set[str]) -> str:
    """Why no step of a model is recorded, in a few words; empty where that has to be tried.

    ``options`` are what its ``forward`` takes.
    """
    if is_spread(model):
        return "a part of it is elsewhere"
    if "position_ids" not in options:
        return "it takes no position_ids"
    if any(type(module).__name__ == "Linear8bitLt" for module in model.modules()):
        return "bitsandbytes looks for large numbers in 8 bits, and waits for what it finds"
    if "chunked_attention" in windows_of(model):
        return "its layers read in chunks"
    return ""


def windows_of(model: PreTrainedModel) -> dict[str, int | None]:
    """How many columns the layers of each kind see, counted from the newest; None: all of them."""
    config = model.config.get_text_config(decoder=True)
    kinds = [kind for kind in get_layer_types_and_kwargs(config)[0] if kind != "dummy"]
    return {kind: config.sliding_window if kind == "sliding_attention" else None for kind in kinds}
