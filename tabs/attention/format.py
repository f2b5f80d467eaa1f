"""Attention results -> what the view draws: tokens and masks as columns, weights as base64."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import playground as pg
from playground.attention.habits import habits_in_words, habits_of
from playground.texts import quoted

KIND_NAMES = {"self": "Self-attention", "encoder": "Encoder", "decoder": "Decoder", "cross": "Cross"}
THUMBNAIL_BYTES = 400_000


def format_result(result: pg.AttentionResult, ticket: str, title: str) -> str:
    """The view's value: JSON text with tokens, masks and summaries, all heads small and one head exact."""
    kind, layer = opening(result)
    value: dict[str, Any] = {"ticket": ticket, "title": title, "notes": format_notes(result), "kinds": []}
    value["origin"] = format_origin(result, title)
    request = result.request
    value["asked"] = [request.text, request.model_id, request.second_text, request.padding]
    for stack in result.stacks:
        sides = {"queries": f"{stack.kind}_queries", "keys": f"{stack.kind}_keys"}
        value[sides["queries"]] = format_tokens(stack.queries)
        value[sides["keys"]] = format_tokens(stack.keys)
        value["kinds"].append(format_stack(stack) | sides)
    first = result.stacks[kind]
    value["first"] = {"kind": kind, "layer": layer, "head": first.heads, "weights": encoded(first.head(layer, None))}
    value["first"]["overview"] = format_overview(first, hide_special=False)
    return json.dumps(value, separators=(",", ":"))


def opening(result: pg.AttentionResult) -> tuple[int, int]:
    """Kind and layer to open with, averaged over its heads: no head is picked because it looks as if it understood.

    It is the last layer; of an encoder-decoder model its cross-attention.
    """
    kind = len(result.stacks) - 1
    return kind, result.stacks[kind].layers - 1


def format_origin(result: pg.AttentionResult, title: str) -> str:
    """What was run: a picture stays true under another text or model in the fields above it."""
    request, held = result.request, result.pretrained
    texts = [quoted(text, 60) for text in (request.text, request.second_text) if text]
    padding = f" · {request.padding:,} padding tokens" if request.padding else ""
    return f"{title} · {held.dtype} · " + " | ".join(texts) + padding


def format_notes(result: pg.AttentionResult) -> list[str]:
    """What the person must know about what is shown."""
    notes = []
    if result.tokens_given > result.tokens_shown:
        notes.append(
            f"The text has {result.tokens_given:,} tokens. The first {result.tokens_shown} were given to the model "
            "and are shown; the rest was cut off before it ran."
        )
    if result.decoder_reads == "input":
        notes.append("The decoder reads the input again, shifted by one: this model gives it that by itself.")
    if result.written is not None:
        text = result.written.strip() or "nothing"
        notes.append(f"The decoder reads what the model wrote by itself: {text}. Give a target to choose it yourself.")
    if any(stack.from_scores for stack in result.stacks):
        notes.append("transformers returns this model's scores before the softmax; shown is the softmax: the weights.")
    if any(stack.reads_more for stack in result.stacks):
        notes.append(
            "Rows sum to less than 1 here: the rest goes to what is no token of the text, such as an attention sink."
        )
    return notes


def format_tokens(tokens: tuple[Any, ...]) -> dict[str, list[Any]]:
    """Tokens as columns."""
    return {
        "text": [token.text for token in tokens],
        "token": [token.token for token in tokens],
        "id": [token.token_id for token in tokens],
        "special": [int(token.special) for token in tokens],
        "attended": [int(token.attended) for token in tokens],
    }


def format_stack(stack: pg.AttentionStack) -> dict[str, Any]:
    """One kind of attention without its weights: sizes, masks as runs of equal reasons, summaries by measure."""
    separators = [key.text for key in stack.keys[1:] if key.special and key.attended]
    measures = [name for name, number in vars(stack.summaries[0][0]).items() if number is not None]
    return {
        "kind": stack.kind,
        "name": KIND_NAMES[stack.kind],
        "attribute": stack.output,
        "softmax": ".softmax(-1)" if stack.from_scores else "",
        "layers": stack.layers,
        "heads": stack.heads,
        "masks": [_run_lengths(mask) for mask in stack.masks],
        "mask_of_layer": stack.mask_of_layer,
        "habits": habits_of(stack),
        "habitsInWords": habits_in_words(stack),
        "separatorLabel": separators[-1] if separators else "the end token",
        "summaries": {
            name: [[round(getattr(head, name), 5) for head in layer] for layer in stack.summaries] for name in measures
        },
    }


def format_overview(stack: pg.AttentionStack, hide_special: bool) -> dict[str, Any]:
    """The thumbnails of all heads, small enough together to be sent at once."""
    count = stack.layers * (stack.heads + 1)
    edge = max(12, min(40, int((THUMBNAIL_BYTES / count) ** 0.5)))
    cells, largest = stack.overview(edge, hide_special)
    return {
        "rows": cells.shape[2],
        "columns": cells.shape[3],
        "cells": encoded(cells),
        "largest": [[round(float(number), 6) for number in layer] for layer in largest],
    }


def encoded(array: Any) -> str:
    """The bytes of an array in base64."""
    return base64.b64encode(array.tobytes()).decode("ascii")


def _run_lengths(mask: bytes) -> list[int]:
    """reason, count, reason, count, ... in reading order."""
    return list(itertools.chain.from_iterable((reason, len(list(run))) for reason, run in itertools.groupby(mask)))
