"""A section of the Generation tab: one text under two models, token by token, and what each writes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.models.catalog import QUANTIZATIONS
from playground.wire import to_json
from server.arrival import address_of
from tabs.components import buttons_of_run, model_note, model_picker
from tabs.generation.twin_format import format_twin
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, progress_view, receipt_panel, receipt_values, run_refused, so_far, view

TEXT = (
    "The capital of France is Paris. Water boils at 100 degrees Celsius, and the quick brown fox jumps over the lazy "
    "dog. Once upon a time there was"
)
NO_OTHER = "the same model"
STARTING = so_far(0, 1, "Starting…")
Values = dict[Any, Any]


def build_twin(playground: pg.Playground) -> Watched:
    """Lays out the section; what comes back is lent to the lessons."""
    with gr.Accordion("What fewer bits cost: two models on one text", open=False, elem_id="twin"):
        explain(
            "Both models read **the same tokens**, so each is asked for the next one after the same beginning. The "
            "**KL divergence** says how far the second's distribution is from the first's, in nats: 0 is the same. On "
            "a CPU, 4-bit and 8-bit save memory and mostly cost time; one made for 8-bit numbers saves both in "
            "fast-8-bit."
        )
        inputs = _lay_out(playground)
        with gr.Row():
            button = gr.Button("Compare both", variant="primary", min_width=140, elem_id="twin-start")
            stop = gr.Button("Stop", variant="stop", min_width=80, interactive=False)
        doing = progress_view("twin-progress")
        shown = view("generation/twin", elem_id="twin-view")
        share = share_view()
        code, notebook = receipt_panel("Code: both models on this text with plain transformers")
    kept = gr.State()
    _wire(playground, inputs, _Parts(doing, shown, kept, code, notebook, button, stop))
    return Watched("twin", inputs, shown, kept, shared=Shared(share))


def _lay_out(playground: pg.Playground) -> dict[str, Any]:
    """The text, and what tells the two apart."""
    text = gr.Textbox(TEXT, label="text", lines=3, max_lines=10, elem_id="twin-text")
    ways = list(QUANTIZATIONS)
    with gr.Row():
        with gr.Column(scale=2, min_width=260):
            model_id = model_picker(playground, "text-generation", label="first model")
            model_note(playground, model_id, label="about the first model")
        quantization = gr.Dropdown(ways, value="float32", label="first quantization", min_width=140)
        with gr.Column(scale=2, min_width=260):
            other = model_picker(playground, "text-generation", label="second model")
            model_note(playground, other, label="about the second model", beside=model_id)
        other_quantization = gr.Dropdown(ways, value="8-bit", label="second quantization", min_width=140)
        longest = gr.Slider(0, 100, 24, step=1, label="tokens that each writes", min_width=220)
    other.choices = [(NO_OTHER, ""), *other.choices]
    other.value = ""
    return {
        "text": text,
        "model_id": model_id,
        "quantization": quantization,
        "other_model_id": other,
        "other_quantization": other_quantization,
        "max_new_tokens": longest,
    }


def stopped_at(come: dict[str, Any] | None) -> dict[str, Any]:
    """The value of the progress view after Stop, of the one before it: the bar stays where it was.

    >>> stopped_at({"percent": 40, "text": "Both read 28 tokens…", "running": True})["text"]
    'Stopped at “Both read 28 tokens…”: nothing is compared before both are through.'
    """
    percent, doing = (come["percent"], come["text"]) if come else (0, STARTING["text"])
    said = f"Stopped at “{doing}”: nothing is compared before both are through."
    return {"percent": percent, "text": said, "running": False}


def request_of(values: dict[str, Any], person: str = "", address: str = "") -> pg.TwinRequest:
    """What the controls ask; no second model is the first one."""
    return pg.TwinRequest(
        text=values["text"] or "",
        model_id=values["model_id"] or None,
        quantization=values["quantization"],
        other_model_id=values["other_model_id"] or None,
        other_quantization=values["other_quantization"],
        max_new_tokens=values["max_new_tokens"] or 0,
        person=person,
        address=address,
    )


class _Parts(NamedTuple):
    """What a comparison fills."""

    doing: gr.HTML
    shown: gr.HTML
    kept: gr.State
    code: gr.Code
    notebook: gr.DownloadButton
    start: gr.Button
    stop: gr.Button

    def no_result(self) -> Values:
        """Nothing is said of the two."""
        return dict.fromkeys(self[:-2])

    def nothing(self) -> Values:
        """Nor does anything run."""
        return {**self.no_result(), **buttons_of_run(self.start, self.stop, working=False)}

    def stopped(self, come: dict[str, Any] | None) -> Values:
        """Somebody ended it, having ``come`` so far: there is nothing of the first alone."""
        return {**self.nothing(), self.doing: stopped_at(come)}


def _compared(playground: pg.Playground, parts: _Parts, request: pg.TwinRequest) -> Iterator[Values]:
    """How far both have come, and last what they say."""
    for event in playground.quantization_twin(request):
        if isinstance(event, pg.TwinResult):
            code, notebook = receipt_values(playground.twin_receipt(event))
            found = {parts.shown: to_json(format_twin(event), short=True), parts.kept: event}
            yield {**parts.nothing(), **found, parts.code: code, parts.notebook: notebook}
        else:
            yield {parts.doing: so_far(event.done, event.total, f"{event.doing}…")}


def _wire(playground: pg.Playground, inputs: dict[str, Any], parts: _Parts) -> None:
    """The button compares both; another question ends that, and takes away what was found before."""
    last = LastRun()

    def values_in(data: Values) -> dict[str, Any]:
        return {name: data[control] for name, control in inputs.items()}

    @friendly
    def compare(data: Values, request: gr.Request) -> Iterator[Values]:
        values = values_in(data)
        wanted = last.begin(request, values)
        yield {**parts.no_result(), parts.doing: STARTING, **buttons_of_run(parts.start, parts.stop, working=True)}
        try:
            asked = request_of(values, request.session_hash or "", address_of(request))
            for found in _compared(playground, parts, asked):
                if not wanted():
                    break
                yield found
        except Exception as error:
            yield parts.nothing() | {parts.doing: run_refused(error)}
            raise
        if not wanted():
            yield gr.skip()  # whoever ended it has said what stands there now

    given, quiet = set(inputs.values()), {"show_progress": "hidden", "api_visibility": "private"}
    many: dict[str, Any] = {"concurrency_id": "twin", "concurrency_limit": 4, "trigger_mode": "multiple"}
    run = parts.start.click(compare, given, list(parts), **many, **quiet)  # one that was stopped may still load
    parts.stop.click(last.none(parts.stopped), parts.doing, list(parts), cancels=run, **quiet)
    # A number is told when its field is left, which may be by the click on the button: that must not end the run.
    number = inputs["max_new_tokens"]
    changes = [control.change for control in inputs.values() if control is not number]
    gr.on(changes, last.none(parts.nothing), None, list(parts), cancels=run, **quiet)
    number.change(last.none(parts.nothing, values_in), given, list(parts), **quiet)
