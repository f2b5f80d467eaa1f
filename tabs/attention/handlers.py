"""What the attention section does: plain functions on a playground and the results that pages look at."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import playground as pg
from playground.errors import InputError
from playground.lessons.facts.field import told_apart
from playground.receipt import Receipt
from tabs.attention.format import encoded, format_overview, format_result, opening
from tabs.attention.results import Results
from tabs.components import title_of


def attention_request(text: str, model_id: str, second_text: str, padding: float) -> pg.AttentionRequest:
    """The request in what a page or a program sent."""
    return pg.AttentionRequest(text or "", (model_id or "").strip(), second_text or "", int(padding or 0))


@dataclass(frozen=True)
class ChosenHead:
    """The head that a page looks at, in the result of this ticket; ``head`` None is the average.

    ``query`` is the place of the one whose row is chosen; None where nobody has chosen one.
    """

    ticket: str
    kind: str
    layer: int
    head: int | None
    query: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> ChosenHead:
        """As the view sends it."""
        head, query = (_index(int(given.get(name, -1))) for name in ("head", "row"))
        return cls(str(given["ticket"]), str(given["kind"]), int(given["layer"]), head, query)


@dataclass(frozen=True)
class AttentionShown:
    """The view's value, as JSON text, the code of what it opens with, and that average."""

    heads: str
    code: Receipt
    looked: ChosenHead


def show_attention(
    playground: pg.Playground, results: Results, person: str, result: pg.AttentionResult
) -> AttentionShown:
    """All heads of a text; the result is kept for the page's further questions."""
    ticket = results.put(person, result)
    kind, layer = opening(result)
    receipt = playground.attention_receipt(result, result.stacks[kind].kind, layer, None)
    looked = ChosenHead(ticket, result.stacks[kind].kind, layer, None)
    return AttentionShown(format_result(result, ticket, title_of(playground, result.request.model_id)), receipt, looked)


def head_code(playground: pg.Playground, results: Results, chosen: ChosenHead) -> Receipt | None:
    """The code of a chosen head; None where the page's result was put away."""
    try:
        result = results.get(chosen.ticket)
    except InputError:
        return None
    return playground.attention_receipt(result, chosen.kind, chosen.layer, chosen.head, row_of(result, chosen))


def result_of(results: Results, chosen: ChosenHead) -> pg.AttentionResult | None:
    """The result whose first kind of attention a page looks at, one head large; None for an average."""
    with suppress(InputError):
        result = results.get(chosen.ticket)
        return result if chosen.head is not None and chosen.kind == result.stacks[0].kind else None
    return None


def answered(results: Results, looked: ChosenHead) -> tuple[tuple[pg.AttentionRequest, ...], pg.AttentionResult] | None:
    """What the page asked, and its result; None where that was put away."""
    with suppress(InputError):
        result = results.get(looked.ticket)
        return (result.request,), result
    return None


def seen(looked: ChosenHead, result: pg.AttentionResult) -> dict[str, Any]:
    """The head that a link shows again, of which kind of attention, and the chosen row; -1 is the average."""
    row = row_of(result, looked)
    head = -1 if looked.head is None else looked.head
    return {"kind": looked.kind, "layer": looked.layer, "head": head} | ({"row": row} if row else {})


def row_of(result: pg.AttentionResult, looked: ChosenHead) -> str:
    """The name of the chosen row's token, as lessons and links have it; empty where nobody has chosen one."""
    if looked.query is None:
        return ""
    names = told_apart([one.text for one in result.stack(looked.kind).queries])
    return names[looked.query] if looked.query < len(names) else ""


def head_weights(results: Results, ticket: str, kind: str, layer: int, head: int) -> dict[str, Any]:
    """The exact weights of one head, or of the average for -1."""
    return {"weights": encoded(results.get(ticket).stack(kind).head(layer, _index(head)))}


def overview(results: Results, ticket: str, kind: str, hide_special: bool) -> dict[str, Any]:
    """All heads small."""
    return format_overview(results.get(ticket).stack(kind), bool(hide_special))


def _index(number: int) -> int | None:
    return None if number < 0 else int(number)
