"""Components that know the playground and belong to no tab: models, the header's status line, three ways in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

import playground as pg
from playground.models.origin import about_model
from playground.wire import to_json
from tabs.glossary import words_of_the_page
from tabs.page import view


def model_picker(playground: pg.Playground, *tasks: str, label: str = "model_id", **options: Any) -> gr.Dropdown:
    """A list of the catalog's models for these tasks; any Hub id can be typed in where the settings allow it."""
    offered = [spec for task in tasks for spec in playground.catalog.for_task(task)]
    specs = sorted(offered, key=lambda spec: spec.source == "hub")  # models that need no network come first
    if playground.settings.hub == "off":
        specs = [spec for spec in specs if spec.source != "hub"]
    anything = playground.settings.hub == "any" and not playground.settings.public
    return gr.Dropdown(
        [(spec.title if spec.source != "hub" else f"{spec.title} (Hub)", spec.id) for spec in specs],
        value=specs[0].id if specs else None,
        label=label,
        info="Pick one, or type the id of any model on the Hub." if anything else None,
        allow_custom_value=anything,
        elem_classes="pg-model",
        **options,
    )


def model_note(
    playground: pg.Playground,
    picker: gr.Dropdown,
    label: str = "about this model",
    beside: gr.Dropdown | None = None,
) -> gr.Textbox:
    """A few sentences about the picked model: who made it, what it is good and bad at, whether its copy differs.

    It stands right below the picker, in its card, or beside it. Of a second model it stands only while another one is
    picked ``beside`` it.
    """

    def about(model_id: str, said_already: str = "") -> str:
        return "" if model_id == said_already else about_of(playground, model_id)

    pickers = [picker, beside] if beside else [picker]
    first = about(*(one.value for one in pickers))
    note = gr.Textbox(
        first,
        label=label,
        visible=bool(first) or not beside,
        lines=2,
        max_lines=6,
        interactive=False,
        elem_classes="pg-about",
    )

    def say(*models: str) -> gr.Textbox:
        said = about(*models)
        return gr.Textbox(said, visible=bool(said))

    changes = [one.change for one in pickers]
    gr.on(changes, say, pickers, note, show_progress="hidden", api_visibility="private")
    return note


def model_row(playground: pg.Playground, *tasks: str, explained_last: bool = False) -> gr.Dropdown:
    """The list of models and, beside it or on a phone below it, what is to be said of the picked one.

    Where it is ``explained_last`` a phone shows the explanation above it below the answer.
    """
    with gr.Row(equal_height=False, elem_classes="pg-ask pg-models" if explained_last else "pg-models"):
        with gr.Column(min_width=300):
            model = model_picker(playground, *tasks)
        with gr.Column(min_width=300):
            model_note(playground, model)
    return model


def example_chips(names: Sequence[str], said: str = "Try") -> list[gr.Button]:
    """A row of examples to press, the same in every tab; on a phone it is one line that scrolls."""
    with gr.Row(elem_classes="pg-examples"):
        gr.Markdown(f"{said}:", elem_classes="pg-explain", min_height=0)
        return [gr.Button(name, size="sm", min_width=64) for name in names]


def halting(playground: pg.Playground) -> Callable[[str], None]:
    """What a Stop button does, given the id of the run that its page has begun."""

    def halt(run_id: str) -> None:
        playground.cancel(run_id)

    return halt


def buttons_of_run(start: gr.Button, stop: gr.Button, working: bool) -> dict[Any, Any]:
    """How the two buttons of a run look: while it works it can be stopped, and can't be begun once more."""
    return {start: gr.Button(interactive=not working), stop: gr.Button(interactive=working)}


def title_of(playground: pg.Playground, model_id: str) -> str:
    """A model's name on the page; the id of one that was typed in."""
    spec = playground.catalog.find(model_id)
    return spec.title if spec else model_id


def about_of(playground: pg.Playground, model_id: str) -> str:
    """What is to be said of a model of the catalog; nothing of one that was typed in."""
    spec = playground.catalog.find(model_id or "")
    return about_model(spec) if spec else ""


def format_status(warmth: pg.WarmUp) -> dict[str, Any]:
    """The header's line: ``{"ready": bool, "text": str}``."""
    if warmth.done and warmth.failed:
        return {"ready": False, "text": f"Not loaded: {', '.join(warmth.failed)} (see the Models tab)"}
    if warmth.done:
        return {"ready": True, "text": f"Ready on {warmth.device}"}
    if not warmth.device:  # how many models there will be isn't known before torch is there
        return {"ready": False, "text": f"Loading {warmth.current}…"}
    return {"ready": False, "text": f"Loading {warmth.current} ({warmth.finished + 1} of {warmth.total})…"}


def status_bar(playground: pg.Playground, demo: gr.Blocks) -> None:
    """The header's line about loading; it stops asking once everything is ready."""
    bar = view("shared/status", {"ready": False, "text": "Starting…"}, elem_id="pg-status")
    timer = gr.Timer(1.0)

    def refresh() -> tuple[dict[str, Any], gr.Timer]:
        warmth = playground.warmth()
        return format_status(warmth), gr.Timer(active=not warmth.done)

    gr.on([demo.load, timer.tick], refresh, None, [bar, timer], show_progress="hidden", api_visibility="private")


def three_ways_in() -> gr.HTML:
    """Three things to try, at the top of the page; what the page does as a whole comes with them."""
    return view("page/view", to_json(words_of_the_page()), elem_id="pg-door")
