"""What is in memory, what it was predicted to take and what it takes, and what could be there instead.

Try: open SmolLM2, look at what 8 and 4 bits would save and what they can't, load it in 4-bit and watch the bar above. A
model is loaded by the first tab that needs it, too; then everybody on this page shares that one copy. *Draw it* draws
the whole model from its own modules.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

import playground as pg
from playground.wire import to_json
from tabs.gradio_patches import payload
from tabs.inside.model_map import build_section
from tabs.lessons.watched import Watched
from tabs.models.api import ModelsApi
from tabs.models.format import format_models
from tabs.models.handlers import list_models, list_options, obey
from tabs.page import answering, explain, heading, view

TITLE = "Models"


def build_tab(playground: pg.Playground) -> list[Watched]:
    """Lays out the tab inside the current Blocks; what comes back is lent to the lessons."""
    with gr.Tabs(elem_id="models-parts", overflow_behavior="wrap") as tabs:
        with gr.Tab("In memory", id="memory"):
            ledger, watched = _build_ledger(playground)
        with gr.Tab("The whole model", id="whole-model"):
            heading("The whole model", 3)
            watched += build_section(playground, ledger, tabs)
    return watched


def _build_ledger(playground: pg.Playground) -> tuple[gr.HTML, list[Watched]]:
    """The list of models; what comes with it is lent to the lessons."""
    explain(
        "A model answers only while its weights are **resident**: in the memory of the device that computes. Everybody "
        "shares one copy; what it has read and written stays in its **KV cache**, until the room is needed. When the "
        "budget is full, the model that nobody used for longest leaves, never one in use. Open a model to see what "
        "it takes in 32, 16, 8 or 4 bits; a CPU made for 8-bit numbers is quickest in fast-8-bit."
    )

    # What the view's script calls, by these names.

    def models_state(asked_for: Any = None) -> dict[str, Any]:
        own = asked_for if isinstance(asked_for, list) else []
        return {"value": list_models(playground, [str(one) for one in own])}

    def model_options(given: list[Any]) -> dict[str, Any]:
        return {"value": list_options(playground, given)}

    def model_command(given: list[Any]) -> dict[str, Any]:
        obey(playground, given)
        return {"value": None}

    ledger = view(
        "models/view",
        to_json(format_models(playground.catalog, None, playground.settings, playground.visitor_rules())),
        events=["opened", "draw"],
        elem_id="models-ledger",
        server_functions=[answering(one) for one in (models_state, model_options, model_command)],
    )
    opened = gr.State()
    ledger.opened(_opened, None, opened, show_progress="hidden", api_visibility="private")
    ModelsApi(playground).publish()
    return ledger, [Watched("models", {}, ledger, opened, partial(list_options, playground), {"model_id": ledger})]


def _opened(event: gr.EventData) -> tuple[str, str]:
    """The id and the task of the model whose row was opened."""
    model_id, task = map(str, payload(event))
    return model_id, task
