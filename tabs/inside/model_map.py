"""The whole model in one picture: any model drawn from its own modules, a text on its way, and one head unrolled.

What to try: open the blocks, then one of them, and watch the residual stream go past attention and feed-forward part;
compare a classifier with a model that generates; press *Unroll one of its heads* and follow one token through it.

`build_section` is called inside the Models tab. It leaves out how the pictures are drawn (``assets/views/inside``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.errors import EmptyInputError, InputError
from playground.models.catalog import QUANTIZATIONS, TASKS
from tabs.components import model_note, model_picker, title_of
from tabs.gradio_patches import payload
from tabs.inside.map_format import format_head, format_map, format_no_head
from tabs.inside.tab import COMING, QUIET, WORK, no_longer_coming
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.asking import Asking
from tabs.links.bar import share_view
from tabs.links.handlers import asked_in
from tabs.page import (
    answer_or,
    friendly,
    heading,
    receipt_panel,
    receipt_values,
    refusal_text,
    said_in_place,
    tell,
    view,
)
from tabs.page import explain as say

ID = "whole-model"
EXAMPLE = "The capital of France is"
OWN = ("the model's own", "")
SENT = ("text", "model_id", "task", "quantization")
SEEN = "() => setTimeout(() => document.querySelector('#model-head .ih')?.scrollIntoView({block: 'start'}), 50)"


class _Parts(NamedTuple):
    """The components of the section."""

    text: gr.Textbox
    decoder_text: gr.Textbox
    model: gr.Dropdown
    task: gr.Dropdown
    quantization: gr.Dropdown
    button: gr.Button
    picture: gr.HTML
    head: gr.HTML
    share: gr.HTML
    code: tuple[gr.Code, gr.DownloadButton]
    drawn: gr.State


def build_section(playground: pg.Playground, ledger: gr.HTML, tabs: gr.Tabs) -> list[Watched]:
    """Lays out the section inside the current Blocks; what comes back is lent to the lessons.

    ``ledger`` lists the models, ``tabs`` holds this section.
    """
    parts, asking = _lay_out(playground), Asking()
    _wire(playground, parts, ledger, tabs, asking)
    fields = {
        "text": parts.text,
        "decoder_text": parts.decoder_text,
        "model_id": parts.model,
        "task": parts.task,
        "quantization": parts.quantization,
    }
    return [Watched("model_map", fields, parts.picture, parts.drawn, shared=Shared(parts.share, again=asking))]


def _lay_out(playground: pg.Playground) -> _Parts:
    say(
        "Any model, **drawn from its own modules**: what it is made of, what each part costs, and what a text becomes "
        "on its way through. Open the blocks, then a block; the **residual stream** goes past its parts."
    )
    with gr.Row(equal_height=False, elem_classes="pg-ask"):
        with gr.Column(scale=3, min_width=280):
            text = gr.Textbox(EXAMPLE, label="text", lines=1, max_lines=6, elem_id="map-text")
            decoder = gr.Textbox("", label="what the decoder reads", visible=False, elem_id="map-decoder-text")
        with gr.Column(scale=3, min_width=280):
            model = model_picker(playground, "text-generation", *(one for one in TASKS if one != "text-generation"))
            model_note(playground, model)
            button = gr.Button("Draw it", variant="primary", elem_id="map-draw")
    with gr.Accordion("Another head, or fewer bits", open=False), gr.Row():
        heads = [OWN, *((one, one) for one in TASKS)]
        task = gr.Dropdown(heads, value="", label="head", info="What is loaded on top of the body.")
        bits = "How the weights are held in memory."
        quantization = gr.Dropdown(list(QUANTIZATIONS), value="auto", label="quantization", info=bits)
    picture = view(
        "inside/map", events=["first_view", "unroll", "whole"], elem_id="model-map", elem_classes="pg-answer"
    )
    heading("One head unrolled", 4)
    say("**One head unrolled**: what one attention head computes for one token, number by number.")
    head = view("inside/head", events=["unroll"], elem_id="model-head")
    share = share_view()
    code = receipt_panel("Code: these sizes, this text and this head with plain transformers")
    return _Parts(text, decoder, model, task, quantization, button, picture, head, share, code, gr.State())


def _wire(playground: pg.Playground, parts: _Parts, ledger: gr.HTML, tabs: gr.Tabs, asking: Asking) -> None:
    """A press, Enter, the first look, another part of the page or a link draws; of several the last one counts."""
    given, rest, heads = _fields(parts), [parts.head, *parts.code, parts.drawn], LastRun()
    wins = partial(LastRun().wins, ends=[heads])

    @friendly
    @wins
    def draw(*fields: str) -> Iterator[list[Any]]:
        found = partial(_drawn_as_typed, playground, fields)
        yield from answer_or(found, lambda error: [refusal_text(error, fields), *[None] * len(rest)])

    @wins
    def open_link(event: gr.EventData) -> Iterator[list[Any]]:
        found, kept = partial(_drawn_as_linked, playground, event), [gr.skip()] * len(given)
        yield from answer_or(found, lambda error: [*kept, refusal_text(error), *[None] * len(rest)])

    work: dict[str, Any] = {**WORK, "show_progress_on": parts.picture}
    outputs = [parts.picture, *rest]
    for start in (parts.button.click, parts.text.submit, parts.decoder_text.submit, parts.picture.first_view):
        start(draw, given, outputs, trigger_mode="always_last", **work)
    parts.share.again(friendly(asking.of(open_link)), None, [*given, *outputs], **work)
    told = f"(...values) => {tell(parts.picture, 'fields', 'values')}"  # a picture says that it was made from others
    gr.on([one.change for one in given], None, given, None, js=told, **QUIET)

    def chosen(event: gr.EventData) -> list[Any]:
        model_id, task, quantization = map(str, payload(event))
        return [gr.Tabs(selected=ID), model_id, task, quantization, COMING]

    def looked_into(event: gr.EventData) -> list[Any]:
        return [*text_fields(payload(event)), COMING]

    fields = [tabs, parts.model, parts.task, parts.quantization, parts.picture]
    for filled in (
        ledger.draw(chosen, None, fields, queue=False, **QUIET),
        parts.picture.whole(looked_into, None, [*given, parts.picture], queue=False, **QUIET),
    ):
        filled.then(draw, given, outputs, **work).failure(no_longer_coming, parts.picture, parts.picture, **QUIET)
    _wire_heads(playground, parts, rest, heads)
    sides = [parts.model, parts.task]
    gr.on([one.change for one in sides], two_sides(playground), sides, parts.decoder_text, **QUIET)


def _fields(parts: _Parts) -> list[Any]:
    return [parts.text, parts.decoder_text, parts.model, parts.task, parts.quantization]


def _wire_heads(playground: pg.Playground, parts: _Parts, rest: list[Any], heads: LastRun) -> None:
    """Any head can be unrolled, for any token, of what is drawn."""

    @friendly
    @heads.wins
    def unroll(event: gr.EventData, drawn: pg.ModelMapResult | None) -> Iterator[list[Any]]:
        try:
            _, *values = _drawn(playground, head_request(drawn, payload(event)))
        except Exception as error:
            said = said_in_place(error)
            yield [format_no_head(said) if said else gr.skip(), *[gr.skip() for _ in rest[1:]]]
            raise
        yield values

    work: dict[str, Any] = {**WORK, "trigger_mode": "multiple"}
    unrolled = parts.picture.unroll(unroll, parts.drawn, rest, show_progress_on=parts.head, **work)
    unrolled.success(None, None, None, js=SEEN, **QUIET)
    parts.head.unroll(unroll, parts.drawn, rest, show_progress="hidden", **work)


def _drawn(playground: pg.Playground, request: pg.ModelMapRequest, fields: Sequence[str] = ()) -> list[Any]:
    """What the picture, the head, the code and the state take of an answer to what stood in the fields, or will."""
    result = playground.model_map(request)
    title, code = title_of(playground, result.request.model_id), playground.model_map_receipt(result)
    return [
        format_map(result, title, fields or _asked(result.request)),
        format_head(result, title),
        *receipt_values(code),
        result,
    ]


def _drawn_as_typed(playground: pg.Playground, fields: Sequence[str]) -> list[Any]:
    """The same of what stands in the fields."""
    return _drawn(playground, request_of(*fields), fields)


def _drawn_as_linked(playground: pg.Playground, event: gr.EventData) -> list[Any]:
    """The same of what a link asks, after the fields."""
    (asked,) = asked_in(event)
    values = _drawn(playground, asked)
    return [*_asked(values[-1].request), *values]


def _asked(request: pg.ModelMapRequest) -> list[str]:
    """What stands in the fields when this is asked."""
    return [request.text, request.decoder_text, request.model_id, request.task, request.quantization]


def text_fields(sent: Mapping[str, Any]) -> list[str]:
    """What the fields hold of a text that another part of the page has looked into."""
    text, model_id, task, quantization = (str(sent.get(name) or "") for name in SENT)
    return [text, "", model_id, task if task in TASKS else "", quantization or "auto"]


def two_sides(playground: pg.Playground) -> Any:
    """A function that shows the decoder's field where the model has two sides."""

    def about(model_id: str, task: str) -> gr.Textbox:
        spec = playground.catalog.find(model_id or "")
        wanted = task or (spec.task if spec else "")
        return gr.Textbox(visible=wanted == "text2text-generation")

    return about


def request_of(text: str, decoder_text: str, model_id: str, task: str, quantization: str) -> pg.ModelMapRequest:
    """What a press asks for: with a text, the first head is unrolled at once."""
    has_text = bool((text or "").strip())
    return pg.ModelMapRequest(
        text=text or "",
        model_id=model_id or "",
        decoder_text=decoder_text or "",
        task=task or "",
        quantization=quantization or "auto",
        layer=0 if has_text else None,
    )


def head_request(drawn: pg.ModelMapResult | None, sent: Mapping[str, Any]) -> pg.ModelMapRequest:
    """The same with another head, or for another token.

    Raises:
        EmptyInputError: nothing is drawn yet.
        InputError: what the page sent names no head.
    """
    if drawn is None:
        raise EmptyInputError("Nothing is drawn yet.", "Press Draw it.")
    try:
        position = sent.get("position")
        return replace(
            drawn.request,
            stack=str(sent.get("stack") or ""),
            layer=int(sent["layer"]),
            head=int(sent.get("head") or 0),
            position=None if position is None else int(position),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("This head can't be unrolled.", "Choose another.") from error
