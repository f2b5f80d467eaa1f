"""Watch a model choose token by token, and choose yourself.

Press Start: the reply streams in, tinted where the model hesitated. Point at a token to see what else it could have
been, before and after the sampler; choose one, and the text goes on from there. Then take single steps, set strategies
side by side, or watch beam search grow its tree.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

import gradio as gr

import playground as pg
from playground.models.catalog import QUANTIZATIONS
from server.arrival import address_of, arrived_at
from tabs.components import example_chips, model_note, model_picker
from tabs.generation.api import GenerationApi
from tabs.generation.examples import EXAMPLES, FIRST, MODEL, Example
from tabs.generation.handlers import stream_run, write_receipt
from tabs.generation.runs import Runs, answered
from tabs.generation.settings import DEFAULTS, PRESETS, SPELLED
from tabs.generation.twin import build_twin
from tabs.gradio_patches import blocks_being_built, payload
from tabs.inside.tab import build_section
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, heading, receipt_panel, receipt_values, tell, view

TITLE = "Generation"


def build_tab(playground: pg.Playground) -> list[Watched]:
    """Lays out the tab inside the current Blocks; what comes back is lent to the lessons."""
    with gr.Tabs(elem_id="generation-parts", overflow_behavior="wrap") as tabs:
        with gr.Tab("Reply", id="reply"):
            page, watched = _build_reply(playground)
        with gr.Tab("Look inside", id="inside"):
            heading("Look inside", 3)
            watched += build_section(playground, page, tabs)
    return watched


def _build_reply(playground: pg.Playground) -> tuple[gr.HTML, list[Watched]]:
    """The reply with all that it is made from; its view, and what is lent to the lessons."""
    explain(
        "A causal model knows one thing: how probable each token of its vocabulary is as the **next** one. "
        "Point at or tap a token of the reply to see what else it could have been, and choose another."
    )
    with gr.Row(equal_height=False, elem_id="generation-body"):
        with gr.Column(scale=1, min_width=310, elem_id="generation-settings"):
            model_id = model_picker(playground, "text-generation")
            model_note(playground, model_id)
            preset = gr.Radio(list(PRESETS), value="greedy", label="preset", elem_id="generation-preset")
            controls = _first_controls()
            with gr.Accordion("More settings", open=False):
                controls |= _more_sampling() | _more_decoding()
        with gr.Column(scale=4, min_width=320, elem_id="generation-main"):
            mode, prompt, chips = _lay_out_prompt()
            heading("Reply", 3)
            page = _view(playground, model_id.value)
            share = share_view()
    code = receipt_panel()
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    asked = {"model_id": model_id, "mode": mode, "prompt": prompt, **controls}
    runs = _wire_runs(playground, page, asked, code, private)
    page.emptied(None, None, prompt, js="() => ''", **private)
    _wire_settings(page, preset, controls, private)
    _wire_standing(page, preset, asked, private)
    _wire_prompt(page, {"model_id": model_id, "mode": mode, "prompt": prompt}, private)
    _wire_examples(page, chips, [mode, prompt, controls["max_new_tokens"]], private)
    GenerationApi(playground).publish()
    shared = Shared(share, kept=runs.last_run, answer=answered)
    lent = Watched("generation", asked, page, runs.last, drawn={"prompt": page}, shared=shared)
    return page, [lent, build_twin(playground)]


def _lay_out_prompt() -> tuple[gr.Radio, gr.Textbox, list[gr.Button]]:
    first = EXAMPLES[0]
    mode = gr.Radio(list(FIRST), value=first.mode, label="prompt as", container=False, elem_id="generation-mode")
    keys = "Ctrl+Enter starts, Esc stops."
    prompt = gr.Textbox(
        first.prompt,
        label="prompt",
        lines=2,
        max_lines=14,
        info=keys,
        elem_classes="pg-keys",
        elem_id="generation-prompt",
    )
    return mode, prompt, example_chips([one.label for one in EXAMPLES])


def _first_controls() -> dict[str, gr.components.Component]:
    """The settings that matter most, under transformers' names, each with one line of what it does."""
    cold = "Below 1 sharpens the distribution, above 1 flattens it."
    mass = "Keeps the fewest tokens that together reach this probability."
    return {
        "do_sample": gr.Checkbox(False, label="do_sample", info="Draw by chance; off: nothing is left to chance."),
        "temperature": gr.Slider(0.05, 3, 1.0, step=0.05, label="temperature", info=cold),
        "top_p": gr.Slider(0.0, 1.0, 1.0, step=0.01, label="top_p", info=mass),
        "max_new_tokens": gr.Slider(
            1,
            400,
            EXAMPLES[0].max_new_tokens,
            step=1,
            label="max_new_tokens",
            info="The reply ends here at the latest.",
        ),
    }


def _more_sampling() -> dict[str, gr.components.Component]:
    """The rest of what changes the distribution that a token is drawn from."""
    share = "Cuts tokens below this share of the best one's probability."
    again = "Above 1 makes tokens less likely that stand in the text."
    return {
        "top_k": gr.Slider(0, 200, 50, step=1, label="top_k", info="Keeps this many of the best tokens; 0: all."),
        "min_p": gr.Slider(0.0, 0.5, 0.0, step=0.01, label="min_p", info=share),
        "repetition_penalty": gr.Slider(1.0, 2.0, 1.0, step=0.01, label="repetition_penalty", info=again),
        "seed": gr.Number(0, precision=0, label="seed", info="The same seed draws the same tokens."),
    }


def _more_decoding() -> dict[str, gr.components.Component]:
    """The other ways to decode, where a reply ends, and how the prompt is read."""
    beams = "Above 1: beam search follows this many texts at once."
    lookup = "Above 0: greedy only; guesses ahead from repetitions and checks the guesses in one pass."
    plain = "Read special tokens that you type as plain text."
    return {
        "num_beams": gr.Slider(1, 8, 1, step=1, label="num_beams", info=beams),
        "prompt_lookup_num_tokens": gr.Slider(0, 20, 0, step=1, label="prompt_lookup_num_tokens", info=lookup),
        "stop_strings": gr.Textbox(
            "", label="stop_strings", lines=2, info="The reply ends after one of these, one per line."
        ),
        "split_special_tokens": gr.Checkbox(False, label="split_special_tokens", info=plain),
        "quantization": gr.Dropdown(
            list(QUANTIZATIONS),
            value="auto",
            label="quantization",
            info="How the weights are held in memory. A CPU made for 8-bit numbers is quickest in fast-8-bit.",
        ),
        "system": gr.Textbox("", label="system message", lines=2, info="For chat. Empty: what the template says."),
    }


def _wire_runs(
    playground: pg.Playground,
    page: gr.HTML,
    inputs: dict[str, Any],
    code: tuple[gr.Code, gr.DownloadButton],
    private: dict[str, Any],
) -> Runs:
    """What the view triggers: go, halt and receipt; and the page's end."""
    runs = Runs(playground.cancel)

    @friendly
    async def go(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> AsyncIterator[str]:
        values = {name: data[control] for name, control in inputs.items()}
        run = partial(stream_run, playground, runs, values, payload(event))
        async with aclosing(run(request.session_hash or "", arrived_at(request), address_of(request))) as deltas:
            async for delta in deltas:
                yield delta

    async def halt(event: gr.EventData, request: gr.Request) -> None:
        runs.stop(request.session_hash or "", str(payload(event).get("run")))

    @friendly
    def show_code(event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        run = runs.find(request.session_hash or "", str(payload(event).get("run")))
        return dict(zip(code, receipt_values(write_receipt(playground, run)), strict=True))

    def forget(request: gr.Request) -> None:
        runs.forget(request.session_hash or "")

    page.go(
        go, set(inputs.values()), page, postprocess=False, concurrency_limit=100, concurrency_id="generation",
        trigger_mode="multiple", **private,
    ).failure(None, js=f"() => {{ {tell(page, 'failed')} }}")  # fmt: skip
    page.halt(halt, trigger_mode="multiple", **private)
    page.receipt(show_code, None, list(code), trigger_mode="multiple", **private)
    blocks_being_built().unload(forget)
    return runs


def _view(playground: pg.Playground, model_id: str | None) -> gr.HTML:
    """The reply with its toolbar; under an id of its own, so that two on one page don't hear each other."""
    own = f"generation-{secrets.token_hex(4)}"
    events = ("go", "halt", "receipt", "emptied", "reseed", "look_inside", "standing")
    first = EXAMPLES[0]
    return view(
        "generation/view",
        events=events,
        elem_id=own,
        inbox=own,
        presets=PRESETS,
        defaults={**DEFAULTS, **SPELLED, "max_new_tokens": first.max_new_tokens},
        opening={"mode": first.mode, "prompt": first.prompt, "model_id": model_id, "system": ""},
        examples=[dataclasses.asdict(one) for one in EXAMPLES],
        tried_with=MODEL,
        quantizations=list(QUANTIZATIONS),
        titles={spec.id: spec.title for spec in playground.catalog.for_task("text-generation")},
    )


def _wire_settings(page: gr.HTML, preset: gr.Radio, controls: dict[str, Any], private: dict[str, Any]) -> None:
    """Presets and sliders reach the view at once, in the browser; nothing here asks the server."""
    known = [controls[name] for name in DEFAULTS]
    presets, first = json.dumps(PRESETS), json.dumps(DEFAULTS)
    kept = f"const page = document.getElementById('{page.elem_id}'); page.settings ??= {first};"
    for name, control in controls.items():
        # Each tells its own value alone: where several change at once, what the others have by then may be old.
        # .input alone would miss what a lesson, a link or a page that remembers puts there
        changed = (
            f"(value) => {{ {kept} page.settings[{json.dumps(name)}] = value;"
            f" {tell(page, 'settings', f'{{{name}: value}}')} const presets = {presets};"
            " return Object.keys(presets).find((one) =>"
            " Object.entries(presets[one]).every(([k, v]) => page.settings[k] === v)) || null; }"
        )
        control.change(None, control, preset, js=changed, **private)
    chosen = (
        f"(name) => {{ const all = {presets}; {kept} Object.assign(page.settings, all[name]);"
        f" {tell(page, 'settings', 'all[name]')} return {json.dumps(list(DEFAULTS))}.map((one) => all[name][one]); }}"
    )
    preset.input(None, preset, known, js=chosen, **private)
    seed = f"() => Number(document.getElementById('{page.elem_id}').dataset.seed)"
    page.reseed(None, None, controls["seed"], js=seed, **private)


def _wire_standing(page: gr.HTML, preset: gr.Radio, asked: dict[str, Any], private: dict[str, Any]) -> None:
    """What stands in the fields when the view appears: after a reload not what they began with, and no change tells."""
    standing = (
        f"(...values) => {{ const names = {json.dumps(list(asked))}, presets = {json.dumps(PRESETS)};"
        f" const page = document.getElementById('{page.elem_id}');"
        " const all = Object.fromEntries(names.map((name, i) => [name, values[i]]));"
        f" page.settings = Object.fromEntries({json.dumps(list(DEFAULTS))}.map((name) => [name, all[name]]));"
        f" {tell(page, 'standing', 'all')}"
        " return Object.keys(presets).find((one) => Object.entries(presets[one]).every(([k, v]) => all[k] === v))"
        " || null; }"
    )
    page.standing(None, list(asked.values()), preset, js=standing, **private)


def _wire_prompt(page: gr.HTML, parts: dict[str, Any], private: dict[str, Any]) -> None:
    """The view hears of another model, mode or prompt, so that it can say what a reply was made from."""
    mode, prompt = parts["mode"], parts["prompt"]
    for name, part in parts.items():
        # .input alone would miss what an example or the end of a chat's turn puts there
        part.change(None, part, None, js=f"(value) => {tell(page, 'settings', f'{{{name}: value}}')}", **private)
    first = json.dumps({name: one.prompt for name, one in FIRST.items()})
    offered = json.dumps([one.prompt for one in EXAMPLES])
    switched = (
        f"(mode, prompt) => {{ {tell(page, 'mode', 'mode')}"
        f" return {offered}.includes(prompt) || !prompt ? {first}[mode] : prompt; }}"
    )
    mode.input(None, [mode, prompt], prompt, js=switched, **private)


def _wire_examples(page: gr.HTML, chips: list[gr.Button], outputs: list[Any], private: dict[str, Any]) -> None:
    """A chip fills in its example and starts it."""
    for chip, one in zip(chips, EXAMPLES, strict=True):
        values = json.dumps([one.mode, one.prompt, one.max_new_tokens])
        told = tell(page, "example", json.dumps(_asked(one)))
        chip.click(None, None, outputs, js=f"() => {values}", **private).then(
            None, None, None, js=f"() => {told}", **private
        )


def _asked(example: Example) -> dict[str, Any]:
    """What an example sets."""
    return {"mode": example.mode, "prompt": example.prompt, "max_new_tokens": example.max_new_tokens}
