"""A section of the Generation tab: one text under two models, token by token, and what each writes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

import playground as pg
from playground.models.catalog import QUANTIZATIONS
from playground.wire import to_json
from server.arrival import address_of
from tabs.components import model_picker
from tabs.generation.twin_format import format_twin
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, progress_view, receipt_panel, receipt_values, so_far, view

TEXT = (
    "The capital of France is Paris. Water boils at 100 degrees Celsius, and the quick brown fox jumps over the lazy "
    "dog. Once upon a time there was"
)
NO_OTHER = "the same model"
Values = dict[Any, Any]


def build_twin(playground: pg.Playground) -> Watched:
    """Lays out the section; what comes back is lent to the lessons."""
    with gr.Accordion("What fewer bits cost: two models on one text", open=False, elem_id="twin"):
        explain(
            "Both models read **the same tokens**, so each is asked for the next one after the same beginning. The "
            "**KL divergence** says how far the second's distribution is from the first's, in nats: 0 is the same."
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
    _wire(playground, inputs, (button, stop), (doing, shown, kept, code, notebook))
    return Watched("twin", inputs, shown, kept, shared=Shared(share))


def _lay_out(playground: pg.Playground) -> dict[str, Any]:
    """The text, and what tells the two apart."""
    text = gr.Textbox(TEXT, label="text", lines=3, max_lines=10, elem_id="twin-text")
    ways = list(QUANTIZATIONS)
    with gr.Row():
        model_id = model_picker(playground, "text-generation", label="first model", scale=2, min_width=260)
        quantization = gr.Dropdown(ways, value="float32", label="first quantization", min_width=140)
        other = model_picker(playground, "text-generation", label="second model", scale=2, min_width=260)
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


def _wire(
    playground: pg.Playground, inputs: dict[str, Any], buttons: tuple[Any, Any], outputs: tuple[Any, ...]
) -> None:
    button, stop = buttons
    doing, shown, kept, code, notebook = outputs
    quiet: dict[str, Any] = {"api_visibility": "private"}

    def no_result() -> Values:
        return dict.fromkeys(outputs)

    def nothing() -> Values:
        return {**no_result(), stop: gr.Button(interactive=False)}

    @friendly
    def compare(data: Values, request: gr.Request) -> Iterator[Values]:
        yield {**nothing(), stop: gr.Button(interactive=True)}
        values = {name: data[control] for name, control in inputs.items()}
        try:
            asked = request_of(values, request.session_hash or "", address_of(request))
            for event in playground.quantization_twin(asked):
                if isinstance(event, pg.TwinResult):
                    receipt = receipt_values(playground.twin_receipt(event))
                    found = {shown: to_json(format_twin(event), short=True), kept: event}
                    yield {**nothing(), **found, code: receipt[0], notebook: receipt[1]}
                else:
                    yield {doing: so_far(event.done, event.total, f"{event.doing}…")}
        except Exception:
            yield nothing()
            raise

    all_outputs = [*outputs, stop]
    work: dict[str, Any] = {"concurrency_id": "twin", "concurrency_limit": 4}
    run = button.click(compare, set(inputs.values()), all_outputs, show_progress="hidden", **work, **quiet)
    stop.click(nothing, None, all_outputs, cancels=run, show_progress="hidden", **quiet)
    # A number is told when its field is left, which may be by the click on the button: that must not end the run.
    number = inputs["max_new_tokens"]
    changes = [control.change for control in inputs.values() if control is not number]
    gr.on(changes, nothing, None, all_outputs, cancels=run, show_progress="hidden", **quiet)
    number.change(no_result, None, list(outputs), show_progress="hidden", **quiet)
