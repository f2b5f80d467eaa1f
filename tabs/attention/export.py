"""A page with one attention result that works anywhere: one file, no network, the same view as in the app.

The weights of all heads are in it as 16-bit numbers (steps of 1/65535), packed with zlib, which browsers can unpack.
"""

from __future__ import annotations

import base64
import json
import zlib

import playground as pg
from playground.errors import InputTooLongError
from playground.wire import to_json
from tabs.attention.api import answer_of
from tabs.attention.format import format_overview, format_result
from tabs.stand_alone import Alone, page_of

MAX_CELLS = 20_000_000
STEPS = 65535


def document(result: pg.AttentionResult, title: str, form: str, kind: str) -> dict[str, str]:
    """Name and text of a file to take away: JSON of one kind, or the page that works offline."""
    name = f"attention-{result.request.model_id.rpartition('/')[2]}"
    if form == "json":
        return {"name": f"{name}-{kind}.json", "text": json.dumps(to_json(answer_of(result, kind, None, None)))}
    return {"name": f"{name}.html", "text": stand_alone_page(result, title)}


def stand_alone_page(result: pg.AttentionResult, title: str) -> str:
    """The text of an HTML file with the whole result in it.

    Raises:
        InputTooLongError: the file would be too large to open.
    """
    return page_of(alone(result, title))


def alone(result: pg.AttentionResult, title: str) -> Alone:
    """What that file holds.

    Raises:
        InputTooLongError: it would be too large to open.
    """
    cells = sum(stack.weights.size for stack in result.stacks)
    if cells > MAX_CELLS:
        raise InputTooLongError(f"The page would hold {cells:,} weights.", "Give a shorter text, or take the CSV.")
    data = {
        "value": format_result(result, "offline", title),
        "steps": STEPS,
        "packed": {stack.kind: _packed(stack) for stack in result.stacks},
        "overviews": {
            stack.kind + suffix: format_overview(stack, hidden)
            for stack in result.stacks
            for suffix, hidden in (("", False), ("/hidden", True))
        },
    }
    ending = f"All weights are in this file, in steps of 1/{STEPS}."
    return Alone("attention", "attention/view", f"Attention of {title}", result.request.text, data, ending)


def _packed(stack: pg.AttentionStack) -> str:
    return base64.b64encode(zlib.compress(stack.in_steps(STEPS), level=6)).decode("ascii")
