"""The public endpoint of attention, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import playground as pg
from playground.errors import InputTooLongError
from tabs.attention.handlers import attention_request
from tabs.page import publish

MAX_LIST_CELLS = 2_000_000


@dataclass(frozen=True)
class Attended:
    """``/attention``: ``attentions[layer][head][query][key]``; each query's weights sum to 1."""

    model_id: str
    kind: str
    kinds: tuple[str, ...]
    layers: tuple[int, ...]
    heads: tuple[int, ...]
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    input_ids: tuple[int, ...]
    attention_mask: tuple[int, ...]
    attentions: tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]
    masked: tuple[tuple[tuple[int, ...], ...], ...]
    tokens_given: int
    tokens_shown: int
    decoder_reads: str
    written: str | None


class AttentionApi:
    """The endpoint over one playground. An empty ``model_id`` takes the catalog's first that makes embeddings."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds it to the page that is being built."""
        publish(self.attention, concurrency_id="attention", concurrency_limit=4)

    def attention(
        self,
        text: str,
        model_id: str = "",
        text_pair: str = "",
        kind: str = "",
        layer: int | None = None,
        head: int | None = None,
        padding: int = 0,
    ) -> Attended:
        """Attention weights of a model for a text, as transformers computes them with eager attention.

        Args:
            text: what the model reads; its first 256 tokens are used.
            model_id: a model of the catalog.
            text_pair: a second segment, or what the decoder of an encoder-decoder model reads.
            kind: one of self, encoder, decoder and cross; empty is the first that the model has.
            layer: one layer, counted from 0; all without it.
            head: one head, counted from 0; all without it.
            padding: how many padding tokens to add.

        Returns:
            queries, keys, attentions[layer][head][query][key], masked[layer][query][key] and what was run.
        """
        result = self._playground.attend(attention_request(text, model_id, text_pair, padding))
        return answer_of(result, kind, layer, head)


def answer_of(result: pg.AttentionResult, kind: str, layer: int | None, head: int | None) -> Attended:
    """One kind of attention as plain lists.

    Raises:
        InputError: there is no such kind, layer or head.
        InputTooLongError: that would be too many numbers at once.
    """
    stack = result.stack(kind)
    layers = list(range(stack.layers)) if layer is None else [layer]
    heads = list(range(stack.heads)) if head is None else [head]
    cells = len(layers) * len(heads) * len(stack.queries) * len(stack.keys)
    if cells > MAX_LIST_CELLS:
        raise InputTooLongError(f"That is {cells:,} numbers.", "Ask for one layer or one head, or give a shorter text.")
    return Attended(
        model_id=result.request.model_id,
        kind=stack.kind,
        kinds=tuple(result.kinds),
        layers=tuple(layers),
        heads=tuple(heads),
        queries=tuple(token.token for token in stack.queries),
        keys=tuple(token.token for token in stack.keys),
        input_ids=tuple(token.token_id for token in stack.keys),
        attention_mask=tuple(int(token.attended) for token in stack.keys),
        attentions=tuple(tuple(_rounded(stack.head(at, number)) for number in heads) for at in layers),
        masked=tuple(stack.mask(at).astype(bool).astype(int).tolist() for at in layers),
        tokens_given=result.tokens_given,
        tokens_shown=result.tokens_shown,
        decoder_reads=result.decoder_reads,
        written=result.written,
    )


def _rounded(matrix: Any) -> tuple[tuple[float, ...], ...]:
    """Floats that read like float32 numbers: eight digits are exact enough to get them back."""
    return tuple(tuple(float(f"{number:.8g}") for number in row) for row in matrix.tolist())
