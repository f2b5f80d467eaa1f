"""A whole model, and one head of it -> what the views draw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import playground as pg
from playground.inside.result import InsideToken
from playground.texts import quoted
from playground.wire import to_json

READS = {
    "target": "the decoder reads what you gave it",
    "written": "the decoder reads what the model writes",
    "input": "the decoder reads the text, too",
}


def format_map(result: pg.ModelMapResult, title: str, asked: Sequence[str]) -> str:
    """The map view's value: JSON text. What each module returned is found by its name.

    ``asked`` are the fields that it was made from: the page says so once others stand there.
    """
    kept = ("model_class", "parameters", "bytes", "ran", "parts", "shares", "attentions", "unfit", "notes")
    states = {one.name: {"shape": one.shape, "norm": one.norm, "norms": one.norms} for one in result.states}
    value = {
        **{name: to_json(getattr(result, name), short=True) for name in kept},
        "title": title,
        "asked": list(asked),
        "origin": _origin(result, title),
        "tokens": _pieces(result.tokens),
        "decoder_tokens": _pieces(result.decoder_tokens),
        "states": to_json(states, short=True),
    }
    return json.dumps(value, separators=(",", ":"))


def format_head(result: pg.ModelMapResult, title: str) -> str:
    """The head view's value: JSON text. Without a head it says why there is none."""
    head = to_json(result.head, short=True) if result.head else None
    value = {
        "title": title,
        "unfit": result.unfit,
        "attentions": to_json(result.attentions),
        "tokens": _pieces(result.tokens),
        "decoder_tokens": _pieces(result.decoder_tokens),
        "head": head,
    }
    return json.dumps(value, separators=(",", ":"))


def format_no_head(why: str) -> str:
    """The same for a head that can't be shown."""
    return json.dumps({"unfit": why, "head": None})


def _pieces(tokens: tuple[InsideToken, ...]) -> list[str]:
    return [one.piece for one in tokens]


def _origin(result: pg.ModelMapResult, title: str) -> str:
    """What is drawn, in one line."""
    held: Any = result.pretrained
    quantized = f"{held.quantization}, the rest in {held.dtype}" if held.quantized else held.dtype
    text = result.request.text.strip()
    read = quoted(text, 60) if result.tokens else "no text"
    decoder = f"; {READS[result.decoder_reads]}" if result.decoder_tokens and result.decoder_reads else ""
    return f"{title} · {quantized} · {read}{decoder}"
