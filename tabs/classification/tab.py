"""The Classification tab: ``pipeline("text-classification")`` and what happens inside it.

You will see what the pipeline returns beside every step that leads there: tokens, logits, softmax, label.
Try: change one word and watch the bars; open Why to see which words spoke for the label; then give it a whole table
of texts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from tabs.classification import api
from tabs.classification.examples import FAILURES, FIRST, PICKED
from tabs.classification.format import PRESS_EXPLAIN, format_said
from tabs.classification.handlers import PREDICTED, OneText, Parts, about_fields, about_link, about_result
from tabs.classification.table import build_table_section
from tabs.components import example_chips, model_note, model_picker, model_row
from tabs.gradio_patches import blocks_being_built
from tabs.lessons.watched import Shared, Watched
from tabs.links.asking import Asking
from tabs.links.bar import share_view
from tabs.page import explain, friendly, heading, receipt_panel, tell, view

TITLE = "Classification"
TASK = "text-classification"
KEYS = "The answer follows while you type; Shift+Enter asks at once."
QUANTIZATIONS = ("auto", "float32", "8-bit", "fast-8-bit", "4-bit")
ASIDE = "pg-aside"  # takes no room while it is empty (style.css)
QUIET: dict[str, Any] = {"api_visibility": "private"}
UNSEEN: dict[str, Any] = {"show_progress": "hidden", **QUIET}


class _Input(NamedTuple):
    """Where a text is given and sent off."""

    text: gr.Textbox
    pair: gr.Textbox
    samples: list[gr.Button]
    shows: gr.Markdown
    button: gr.Button
    bars: gr.HTML
    share: gr.HTML


class _Why(NamedTuple):
    """Which label shall be explained, and by what."""

    label: gr.Dropdown
    button: gr.Button
    attribution: gr.HTML
    share: gr.HTML
    code: gr.Code
    notebook: gr.DownloadButton


class _WhatIf(NamedTuple):
    """The three experiments."""

    action: gr.Radio
    toggles: gr.HTML
    changed: gr.HTML
    share: gr.HTML
    edited: gr.Textbox
    compare_texts: gr.Button
    edited_bars: gr.HTML
    second: gr.Dropdown
    quantization: gr.Dropdown
    compare_models: gr.Button
    second_bars: gr.HTML
    share_both: gr.HTML
    code: gr.Code
    notebook: gr.DownloadButton


class _Inside(NamedTuple):
    """What stands below an answer, each in a tab of its own."""

    tabs: dict[str, gr.Tab]
    steps: gr.HTML
    info: gr.Markdown
    why: _Why
    what_if: _WhatIf
    codes: list[Any]


def build_tab(playground: pg.Playground) -> list[Watched]:
    """Lays out the tab inside the current Blocks; what comes back is lent to the lessons."""
    explain(
        "A classifier reads a text and gives every label a number. **Change a word and watch the answer move**, then "
        "look inside: the pipeline is no magic, only four steps."
    )
    model = model_row(playground, TASK)
    with gr.Tabs(elem_id="classification-parts", overflow_behavior="wrap"):
        with gr.Tab("One text", id="one-text"):
            heading("One text", 3)
            given = _lay_out_input()
            inside = _lay_out_inside(playground, model)
            parts, asking = _wire(playground, model, given, inside)
        with gr.Tab("A table of texts", id="table"):
            heading("A table of texts", 3)
            table = build_table_section(playground, model)
    api.ClassificationApi(playground).publish()
    controls = {"text": given.text, "text_pair": given.pair, "model_id": model}
    why, what_if = inside.why, inside.what_if
    shared, beside = Shared(given.share), {"steps": inside.steps}
    return [
        Watched("classification", controls, given.bars, parts.result, shared=shared, beside=beside),
        Watched("attribution", {}, why.attribution, parts.explained, shared=Shared(why.share, again=asking)),
        Watched("perturb", {}, what_if.changed, parts.tried, shared=Shared(what_if.share, again=asking)),
        Watched("beside", {}, what_if.second_bars, parts.beside, shared=Shared(what_if.share_both, again=asking)),
        table,
    ]


def _lay_out_input() -> _Input:
    with gr.Row(equal_height=False, elem_id="classification-ask"):
        with gr.Column(scale=5, min_width=300):
            text = gr.Textbox(FIRST.text, label="text", lines=3, max_lines=8, info=KEYS, elem_id="classification-text")
            pair = gr.Textbox(label="text_pair", lines=2, max_lines=6, visible=False)
            shows = gr.Markdown(elem_classes="pg-explain", elem_id="classification-shows", min_height=24)
            button = gr.Button("Classify", variant="primary", elem_id="classification-run")
        with gr.Column(scale=6, min_width=300):
            bars = view("classification/label_bars", events=["first_view"], elem_id="classification-bars")
            share = share_view()
    with gr.Row():
        samples = example_chips([one.name for one in PICKED])
        samples += example_chips([one.name for one in FAILURES], "Where it fails")
    return _Input(text, pair, samples, shows, button, bars, share)


def _lay_out_inside(playground: pg.Playground, model: gr.Dropdown) -> _Inside:
    with gr.Tabs(elem_id="classification-inside", overflow_behavior="wrap"):
        with gr.Tab("Step by step", id="steps") as steps_tab:
            steps = view("classification/pipeline_steps", elem_id="classification-steps")
            info = gr.Markdown(elem_classes="pg-explain", elem_id="classification-info", min_height=24)
        with gr.Tab("Why", id="why") as why_tab:
            heading("Why", 3)
            why = _lay_out_why()
        with gr.Tab("What if", id="what-if") as what_if_tab:
            heading("What if", 3)
            what_if = _lay_out_what_if(playground, model)
        with gr.Tab("Code", id="code") as code_tab:
            explain("This exact run with plain transformers, two ways. Both print the numbers above.")
            codes = [*receipt_panel("With the pipeline", opened=True), *receipt_panel("Step by step, with AutoModel")]
    tabs = {"steps": steps_tab, "why": why_tab, "what if": what_if_tab, "code": code_tab}
    return _Inside(tabs, steps, info, why, what_if, codes)


def _lay_out_why() -> _Why:
    explain(
        "Which words speak **for** a label, and which **against** it? Three methods side by side; choose any label, "
        "also one that was not predicted."
    )
    with gr.Row(equal_height=True):
        label = gr.Dropdown([PREDICTED], value=-1, label="label to explain", scale=3, min_width=200)
        button = gr.Button(
            "Explain", variant="primary", scale=1, min_width=120, elem_id="classification-explain", elem_classes="pg-go"
        )
    said = format_said(PRESS_EXPLAIN)
    attribution = view("classification/attribution", said, ["rested"], elem_id="classification-attribution")
    share = share_view()
    return _Why(label, button, attribution, share, *receipt_panel("Code: these values with plain transformers"))


def _lay_out_what_if(playground: pg.Playground, model: gr.Dropdown) -> _WhatIf:
    explain("**Take out a token**: press it, and the dashed line shows where each bar was.")
    action = gr.Radio([("masked", "mask"), ("deleted", "delete")], value="mask", label="a pressed token is")
    toggles = view("classification/token_toggles", elem_id="classification-tokens")
    changed = view("classification/label_bars", elem_id="classification-perturbed", elem_classes=ASIDE)
    share = share_view()
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            explain("**Edit a copy**: change a word, and the same model judges both texts.")
            edited = gr.Textbox(FIRST.text, label="edited text", lines=3, max_lines=6)
            compare_texts = gr.Button("Compare the two texts", elem_id="classification-compare-texts")
            edited_bars = view("classification/label_bars", elem_id="classification-edited", elem_classes=ASIDE)
        with gr.Column(min_width=300):
            explain("**A second model** on the same text; or the same one with fewer bits per weight.")
            with gr.Row():
                with gr.Column(scale=3, min_width=260):
                    second = model_picker(playground, TASK, elem_id="classification-second-model")
                    model_note(playground, second, label="about the second model", beside=model)
                bits = gr.Dropdown(
                    list(QUANTIZATIONS), value="8-bit", label="quantization", scale=1, min_width=130,
                    elem_id="classification-second-bits",
                )  # fmt: skip
            compare_models = gr.Button("Ask the second model", elem_id="classification-compare-models")
            second_bars = view("classification/label_bars", elem_id="classification-second", elem_classes=ASIDE)
    share_both = share_view()
    code = receipt_panel("Code: the last of these experiments with plain transformers")
    shown = second_bars, share_both, *code
    return _WhatIf(
        action, toggles, changed, share, edited, compare_texts, edited_bars, second, bits, compare_models, *shown
    )


def _wire(playground: pg.Playground, model: gr.Dropdown, given: _Input, inside: _Inside) -> tuple[Parts, Asking]:
    """Ties what people do to the handlers; what they fill and what links ask comes back."""
    parts, code_shown = _parts(given, inside), gr.State(False)
    handlers = OneText(playground, parts)
    inputs, changes = [given.text, given.pair, model], [given.text.change, given.pair.change]
    # First of what follows a change: the page would tell of it only once the next text's answer is there.
    told = f"(...values) => {tell(given.bars, 'texts', 'values')}"
    gr.on(changes, None, inputs[:2], None, js=told, **QUIET)
    asides = [*_wire_why(handlers, parts, inside, inputs), *_wire_what_if(handlers, parts, inside.what_if, inputs)]
    under_way = [*_wire_answer(handlers, parts, given, inputs, code_shown), *asides]
    gr.on(changes, handlers.forget_asides, inputs[:2], parts.asides, queue=False, **UNSEEN)
    told = f"(...values) => {tell(parts.attribution, 'texts', 'values')}"  # explained by itself when nobody types
    gr.on(changes, None, inputs[:2], None, js=told, **QUIET)
    for name, tab in inside.tabs.items():
        tab.select(lambda shown=name == "code": shown, None, code_shown, **UNSEEN)
    inside.tabs["code"].select(friendly(handlers.fill_code), parts.result, inside.codes, **UNSEEN)
    # Hidden: a spinner over the example would hide the first thing that a visitor should read.
    describing: dict[str, Any] = {
        "inputs": [model, given.pair, parts.kept_pair],
        "outputs": parts.everything,
        **UNSEEN,
    }
    running = {**_running(handlers, parts, inputs, code_shown), "show_progress_on": given.bars}
    model.change(None, cancels=under_way)  # what is still said of the model before would come too late
    model.change(friendly(handlers.describe), **describing).success(**running)
    # The page opens with an answer on it, unless a link asks for another.
    described = blocks_being_built().load(friendly(handlers.describe_first), **describing)
    described.success(None, js=f"() => {tell(given.bars, 'described')}", **QUIET)
    return parts, handlers.asking


def _parts(given: _Input, inside: _Inside) -> Parts:
    return Parts(
        info=inside.info,
        shows=given.shows,
        text=given.text,
        pair=given.pair,
        label=inside.why.label,
        kept_pair=gr.State(""),
        result=gr.State(),
        bars=given.bars,
        steps=inside.steps,
        attribution=inside.why.attribution,
        explained=gr.State(),
        why_code=inside.why.code,
        why_notebook=inside.why.notebook,
        action=inside.what_if.action,
        toggles=inside.what_if.toggles,
        pressed=gr.State(()),
        changed=inside.what_if.changed,
        tried=gr.State(),
        edited=inside.what_if.edited,
        edited_bars=inside.what_if.edited_bars,
        second=inside.what_if.second,
        quantization=inside.what_if.quantization,
        second_bars=inside.what_if.second_bars,
        beside=gr.State(),
        what_if_code=inside.what_if.code,
        what_if_notebook=inside.what_if.notebook,
        codes=inside.codes,
    )


def _running(handlers: OneText, parts: Parts, inputs: list[Any], code_shown: gr.State) -> dict[str, Any]:
    return {
        "fn": friendly(handlers.answers.wins(handlers.run)),
        "inputs": [*inputs, code_shown, parts.result],
        "outputs": parts.everything,
        "trigger_mode": "always_last",  # what is asked while another answer is on its way gets its turn
        **QUIET,
    }


def _wire_answer(handlers: OneText, parts: Parts, given: _Input, inputs: list[Any], code_shown: gr.State) -> list[Any]:
    running = _running(handlers, parts, inputs, code_shown)
    typing = {
        **running,
        "fn": friendly(handlers.answers.wins(handlers.follow)),
        "show_progress": "hidden",
    }
    looks = gr.State(0)  # one event answers the first look and what is typed meanwhile: one after the other
    given.bars.first_view(lambda: 1, None, looks, **UNSEEN)
    for sample, example in zip(given.samples, (*PICKED, *FAILURES), strict=True):
        sample.click(lambda text=example.text: text, None, given.text, **QUIET)
    return [
        gr.on([given.button.click, given.text.submit, given.pair.submit], **running, show_progress_on=given.bars),
        gr.on([looks.change, given.text.change, given.pair.change], **typing),  # .input misses what is pasted
    ]


def _wire_why(handlers: OneText, parts: Parts, inside: _Inside, inputs: list[Any]) -> list[Any]:
    why, last = inside.why, handlers.whys
    outputs = [why.attribution, parts.explained, why.code, why.notebook]
    asking: dict[str, Any] = {
        "fn": friendly(last.wins(handlers.why, about_fields)),
        "inputs": [*inputs, why.label],
        "outputs": outputs,
        "trigger_mode": "always_last",  # a label that is chosen while another is explained gets its turn
        **UNSEEN,
    }
    asked = gr.on([why.button.click, why.label.input, inside.tabs["why"].select], **asking)
    again = friendly(handlers.asking.of(last.wins(handlers.why_again, about_link)))
    return [asked, why.attribution.rested(**asking), why.share.again(again, None, [*outputs, why.label], **UNSEEN)]


def _wire_what_if(handlers: OneText, parts: Parts, what_if: _WhatIf, inputs: list[Any]) -> list[Any]:
    """The three experiments; what asks for them comes back."""
    return [
        *_wire_tries(handlers, parts, what_if),
        *_wire_edits(handlers, parts, what_if, inputs),
        *_wire_seconds(handlers, parts, what_if, inputs),
    ]


def _wire_tries(handlers: OneText, parts: Parts, what_if: _WhatIf) -> list[Any]:
    """Tokens taken out of the answered text."""
    last, code = handlers.tries, [what_if.code, what_if.notebook]
    pressing = [parts.pressed, parts.changed, parts.tried, *code]
    press = friendly(last.wins(handlers.press, lambda event, *given: about_result(*given)))
    taking_out = what_if.toggles.select(
        press, [parts.result, what_if.action], pressing, trigger_mode="multiple", **UNSEEN
    )
    switching = [parts.result, parts.pressed, what_if.action]
    perturb = friendly(last.wins(handlers.perturb, about_result))
    other_way = what_if.action.change(perturb, switching, [what_if.changed, parts.tried, *code], **UNSEEN)
    again = friendly(handlers.asking.of(last.wins(handlers.try_again, about_link)))
    return [
        taking_out,
        other_way,
        what_if.share.again(again, None, [*pressing, parts.action, parts.toggles], **UNSEEN),
    ]


def _wire_edits(handlers: OneText, parts: Parts, what_if: _WhatIf, inputs: list[Any]) -> list[Any]:
    """The text beside its edited copy."""
    text, pair, model = inputs
    comparing: dict[str, Any] = {
        "inputs": [text, pair, what_if.edited, model],
        "outputs": [what_if.edited_bars, parts.beside, what_if.code, what_if.notebook],
        "trigger_mode": "always_last",
    }
    pressed, follow = (
        friendly(handlers.edits.wins(compare, about_fields))
        for compare in (handlers.compare_pressed, handlers.compare_texts)
    )
    pressing = gr.on([what_if.compare_texts.click, what_if.edited.submit], pressed, **comparing, **QUIET)
    return [pressing, what_if.edited.change(follow, **comparing, **UNSEEN)]


def _wire_seconds(handlers: OneText, parts: Parts, what_if: _WhatIf, inputs: list[Any]) -> list[Any]:
    """A second model's answer beside the first; a link also asks here for two texts."""
    bars = [what_if.second_bars, parts.beside, what_if.code, what_if.notebook]
    ask = friendly(handlers.seconds.wins(handlers.ask_second, about_fields))
    fields = [what_if.second, what_if.quantization]
    second = what_if.compare_models.click(ask, [*inputs, *fields], bars, trigger_mode="always_last", **UNSEEN)
    both = friendly(handlers.asking.of(handlers.edits.wins(handlers.beside_again, about_link)))
    filled = [what_if.edited_bars, *bars, what_if.edited, *fields]
    beside = what_if.share_both.again(both, None, filled, **UNSEEN)
    # What a link has filled in is no other question: it comes with its answer.
    others = [what_if.second.input, what_if.quantization.input]
    gr.on(others, handlers.seconds.wins(lambda: (None, None)), None, bars[:2], **UNSEEN)
    return [second, beside]
