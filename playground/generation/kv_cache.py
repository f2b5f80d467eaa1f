"""Keys and values of many streams in one table, whose rows join and leave while the model keeps running.

Every row is one stream, every column one position of the forward pass. Rows are aligned on the right, so that the next
token of every stream goes into the same column, whatever the length of its text::

    columns   0 1 2 3 4 5 | 6        a's text is long; b joined later with two tokens; c is new.
    row a     # # # # # # | next     first column in use: 0
    row b     . . . . # # | next     first column in use: 4 (dots are masked)
    row c     . . . . . # | next     first column in use: 5

transformers' own caches grow by a copy per token and can neither lose a row nor take one in. This one is a transformers
`Cache` too, so any causal model runs on it. It keeps all positions of sliding-window layers and leaves it to the mask
to hide the old ones. It leaves out who owns a row (`batch`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, PreTrainedModel
from transformers.cache_utils import CacheLayerMixin, DummyLayer, get_layer_types_and_kwargs

from playground.errors import UnsupportedOptionError

BLOCK = 64
_ATTENTION = ("full_attention", "sliding_attention", "chunked_attention")


class TableLayer(CacheLayerMixin):
    """One layer's keys and values, shape (rows, heads, columns, head_dim) of which the table says what is in use."""

    def __init__(self, table: KeyValueTable, is_sliding: bool) -> None:
        super().__init__()
        self.table = table
        self.is_sliding = is_sliding

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Room for the first keys and values."""
        self.dtype, self.device = key_states.dtype, key_states.device
        self.keys = self._room("keys", key_states)
        self.values = self._room("values", value_states)
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """All keys and values in use, the new ones in the last columns."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None
        assert self.values is not None
        table, end = self.table, self.table.cursor + key_states.shape[-2]
        self.keys[: table.rows, :, table.cursor : end] = key_states
        self.values[: table.rows, :, table.cursor : end] = value_states
        used = slice(table.first, end)
        return self.keys[: table.rows, :, used], self.values[: table.rows, :, used]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns that attention sees, and the first one's number."""
        return self.table.cursor - self.table.first + query_length, 0

    def get_seq_length(self) -> int:
        """Columns in use before the running forward pass."""
        return self.table.cursor - self.table.first

    def get_max_length(self) -> int:
        """-1: there is no fixed limit."""
        return -1

    def move(self, rows: Sequence[int], shift: int) -> None:
        """Into fresh room: only these rows, in this order, ``shift`` columns further right."""
        for name in ("keys", "values"):
            old = getattr(self, name)
            new = self._room(name, old, len(rows))
            table = self.table
            source = old[:, :, table.first : table.cursor]
            target = slice(table.first + shift, table.cursor + shift)
            if list(rows) == list(range(len(rows))):
                new[: len(rows), :, target] = source[: len(rows)]
            else:
                new[: len(rows), :, target] = source[list(rows)]
            setattr(self, name, new)

    def _room(self, name: str, like: Tensor, rows: int = 0) -> Tensor:
        height, width = max(self.table.capacity[0], rows), self.table.capacity[1]
        return self._zeros(name, like, (height, like.shape[1], width, like.shape[3]))

    def _zeros(self, name: str, like: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Memory for the ``keys`` or ``values``."""
        return like.new_zeros(shape)


class KeyValueTable(Cache):
    """The cache of all rows that share a forward pass; see the module's picture."""

    layer_class: type[TableLayer] = TableLayer

    def __init__(self, model: PreTrainedModel) -> None:
        layer_types, _ = get_layer_types_and_kwargs(model.config.get_text_config(decoder=True))
        check_layer_types(layer_types)
        self.rows = 0
        self.cursor = 0
        self.capacity = (1, BLOCK)
        self.starts: list[int] = []
        super().__init__(
            layers=[
                DummyLayer() if one == "dummy" else self.layer_class(self, one != "full_attention")
                for one in layer_types
            ]
        )

    @property
    def first(self) -> int:
        """The first column that any row uses."""
        return min(self.starts, default=self.cursor)

    @property
    def width(self) -> int:
        """Columns in use."""
        return self.cursor - self.first

    @property
    def nbytes(self) -> int:
        """Bytes allocated."""
        return sum(t.nbytes for layer in self._filled() for t in (layer.keys, layer.values) if t is not None)

    @property
    def bytes_per_token(self) -> int:
        """Bytes that one token of one row takes; 0 before the first forward pass."""
        return self.nbytes // (self.capacity[0] * self.capacity[1])

    @classmethod
    def tokens_of(cls, rows: int, columns: int) -> int:
        """The most tokens that there is room for in a table of rows that grow up to so many columns.

        >>> KeyValueTable.tokens_of(5, 100)  # room for 8 rows of 192 columns
        1536
        """
        return _height(rows) * cls._width(columns + 1)

    def open(self, lengths: Sequence[int], columns: int) -> None:
        """An empty table for new rows of these lengths, about to be filled by passes of ``columns`` columns in all."""
        self.rows, self.cursor = len(lengths), 0
        self.capacity = (len(lengths), columns)
        self.starts = [columns - length for length in lengths]

    def fill(self, row: int, other: KeyValueTable, source: int, tokens: int) -> None:
        """Copies the first tokens of another table's row into a row of this one, which `open` has made."""
        to = slice(self.starts[row], self.starts[row] + tokens)
        begin = other.starts[source]
        for own, theirs in zip(self.layers, other.layers, strict=True):
            if isinstance(own, TableLayer) and isinstance(theirs, TableLayer) and theirs.is_initialized:
                if not own.is_initialized:
                    own.lazy_initialization(theirs.keys, theirs.values)  # type: ignore[arg-type]
                for name in ("keys", "values"):
                    getattr(own, name)[row, :, to] = getattr(theirs, name)[source, :, begin : begin + tokens]

    def inputs(self, columns: int) -> dict[str, Tensor | None]:
        """``attention_mask`` and ``position_ids`` of a pass over the next columns; no mask where no row has padding."""
        starts = torch.tensor(self.starts)[:, None]
        seen = torch.arange(self.first, self.cursor + columns)[None]
        position_ids = (seen[:, -columns:] - starts).clamp(min=0)
        mask = None if len(set(self.starts)) == 1 else (seen >= starts).long()
        return {"attention_mask": mask, "position_ids": position_ids}

    def reserve(self, columns: int) -> None:
        """Makes room for the next columns, by a copy into a larger table about once in a hundred tokens."""
        if self.cursor + columns > self.capacity[1]:
            self._rebuild(range(self.rows), self.width + columns, self.rows)

    def advance(self, columns: int) -> None:
        """The next columns are filled (or, with a negative number, taken back)."""
        self.cursor += columns

    def join(self, other: KeyValueTable, sources: Sequence[int]) -> None:
        """Takes in rows of another table, one for each of ``sources``."""
        need = max(self.width, other.width)
        rows = self.rows + len(sources)
        if not self._filled() or not self.rows:
            self._adopt(other)
        fits = rows <= self.capacity[0] and self.cursor >= other.width and self.cursor < self.capacity[1]
        if not fits:
            self._rebuild(range(self.rows), need + 1, rows, need)
        for own, theirs in zip(self._filled(), other._filled(), strict=True):
            for name in ("keys", "values"):
                new = getattr(theirs, name)[list(sources), :, other.first : other.cursor]
                getattr(own, name)[self.rows : rows, :, self.cursor - other.width : self.cursor] = new
        self.starts += [self.cursor - (other.cursor - other.starts[source]) for source in sources]
        self.rows = rows

    def keep(self, rows: Sequence[int]) -> None:
        """Only these rows, in this order; a row may be kept twice. Moves nothing that stays in its place."""
        if len(rows) > self.capacity[0]:
            self._rebuild(rows, self.width + 1, len(rows))
            return
        moved = [(to, row) for to, row in enumerate(rows) if to != row]
        if moved:
            target, source = [to for to, _ in moved], [row for _, row in moved]
            used = slice(self.first, self.cursor)
            for layer in self._filled():
                for tensor in (layer.keys, layer.values):
                    assert tensor is not None
                    tensor[target, :, used] = tensor[source, :, used]
        self.rows, self.starts = len(rows), [self.starts[row] for row in rows]
        if not rows:
            self.clear()
        elif self.capacity[0] > 4 * len(rows):
            self._rebuild(range(self.rows), self.width + 1, len(rows))

    def clear(self) -> None:
        """Gives all memory back."""
        for layer in self._filled():
            layer.keys = layer.values = None
            layer.is_initialized = False
        self.rows, self.cursor, self.starts, self.capacity = 0, 0, [], (1, BLOCK)

    def _filled(self) -> list[TableLayer]:
        return [layer for layer in self.layers if isinstance(layer, TableLayer) and layer.is_initialized]

    def _adopt(self, other: KeyValueTable) -> None:
        """An empty table of the other's kind."""
        self.clear()
        self.cursor = other.width
        for own, theirs in zip(self.layers, other.layers, strict=True):
            if isinstance(own, TableLayer) and isinstance(theirs, TableLayer) and theirs.is_initialized:
                own.dtype, own.device = theirs.dtype, theirs.device
                own.keys, own.values = theirs.keys[:0], theirs.values[:0]  # type: ignore[index]
                own.is_initialized = True
        self.capacity = (0, 0)

    def _rebuild(self, rows: Sequence[int], columns: int, height: int, cursor: int | None = None) -> None:
        """The same content in fresh room for ``columns`` columns, and ``height`` rows."""
        first, width = self.first, self.width
        cursor = width if cursor is None else max(width, cursor)
        self.capacity = (_height(height), self._width(columns))
        shift = cursor - width - first
        for layer in self._filled():
            layer.move(rows, shift)
        self.starts = [self.starts[row] + shift for row in rows]
        self.rows, self.cursor = len(rows), cursor

    @staticmethod
    def _width(columns: int) -> int:
        """Columns that a table has room for: a few more than it needs now."""
        return -(-(columns + BLOCK) // BLOCK) * BLOCK


def _height(rows: int) -> int:
    """Rows that a table has room for: a power of two."""
    return 1 << max(0, rows - 1).bit_length()


def check_layer_types(layer_types: Sequence[str]) -> None:
    """Nothing, if every layer keeps keys and values.

    Raises:
        UnsupportedOptionError: a layer keeps a state of another kind, which rows can't share.
    """
    others = sorted(set(layer_types) - {*_ATTENTION, "dummy"})
    if others:
        raise UnsupportedOptionError(
            f"This model has layers of the kind {others[0]}, which streams can't share.",
            "Pick a model with attention layers only.",
        )
