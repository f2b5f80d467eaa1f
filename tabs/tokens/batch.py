"""Batch & masks, a part of the Tokens tab: the rows that ``tokenizer(...)`` returns, and what a wrong mask does.

What to try: switch padding_side; truncate to 8 tokens with an overflow; click a bit of attention_mask and see how far
the model's answer moves without any error being raised.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

import playground as pg
from tabs.components import model_picker
from tabs.gradio_patches import payload
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, receipt_panel, receipt_values, view
from tabs.tokens.handlers import (
    EMPTY,
    OWN,
    SEPARATOR,
    YES_NO,
    MasksShown,
    make_mistake,
    read_flips,
    show_batch,
)

EXAMPLE = "The cat sat on the mat.\nCats sleep.\nUnbelievable playgrounds everywhere!"
ARTICLE = "We are very happy to show you the 🤗 Transformers library.\nWe hope you don't hate it."
# label, texts, padding, truncation
EXAMPLES = (
    ("Three texts", EXAMPLE, "longest", "do_not_truncate"),
    ("Hugging Face", ARTICLE, "longest", "do_not_truncate"),
    ("Pairs", "How old are you? ||| I am forty.\nWhere is it? ||| On the table.", "longest", "do_not_truncate"),
    ("Truncated", "To be, or not to be, that is the question: whether 'tis nobler", "max_length", "only_first"),
)
MISTAKES = ("no mask", "wrong padding side", "no special tokens")
PADDINGS = ["longest", "max_length", "do_not_pad"]
TRUNCATIONS = ["do_not_truncate", "longest_first", "only_first", "only_second"]


def build_section(playground: pg.Playground, tab: gr.Tab) -> list[Watched]:
    """Lays out the section inside the current Blocks; the example is run when its tab is opened first.

    What comes back is lent to the lessons.
    """
    explain(
        "A model reads a **rectangle of ids**. Shorter texts are padded, and `attention_mask` says which ids count."
        " **Click a bit of the mask**: the model runs with both masks, and no error will tell you which one was wrong."
    )
    controls = _controls(playground)
    gr.Examples(
        [list(example[1:]) for example in EXAMPLES],
        [controls[name] for name in ("texts", "padding", "truncation")],
        example_labels=[example[0] for example in EXAMPLES],
        label="Try",
        api_visibility="private",
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            batch = view("tokens/batch", EMPTY, events=["flip"], elem_id="pg-tokens-batch")
        with gr.Column(scale=1, min_width=320):
            dictionary = _dictionary()
    share = share_view()
    gr.Markdown("**One-click mistakes**, each without an error message:", elem_classes="pg-explain")
    with gr.Row():
        buttons = [gr.Button(mistake[0].upper() + mistake[1:], size="sm", min_width=120) for mistake in MISTAKES]
    comparison = view("tokens/mask_comparison", EMPTY, elem_id="pg-mask-comparison")
    notes = gr.Markdown(elem_classes="pg-explain")
    share_masks = share_view()
    code = receipt_panel()
    asked = _wire_batch(playground, tab, controls, batch, dictionary, comparison, notes, code)
    compared = _wire_masks(playground, controls, batch, buttons, comparison, notes, code)
    return [
        Watched("batch", controls, batch, asked, playground.encode, shared=Shared(share)),
        Watched("masks", controls, comparison, compared, drawn={"flips": batch}, shared=Shared(share_masks)),
    ]


def _controls(playground: pg.Playground) -> dict[str, gr.components.Component]:
    """The arguments of ``tokenizer(...)``, by their labels."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            info = f"One per line, up to eight; a pair is written: first {SEPARATOR} second"
            texts = gr.Textbox(EXAMPLE, label="texts", info=info, lines=4, max_lines=10)
            model = model_picker(
                playground, "feature-extraction", "text-classification", "text-generation", "text2text-generation"
            )
        with gr.Column(scale=2, min_width=280):
            with gr.Row():
                padding = gr.Dropdown(PADDINGS, value="longest", label="padding", min_width=120)
                side = gr.Dropdown([OWN, "right", "left"], value=OWN, label="padding_side", min_width=120)
            with gr.Row():
                truncation = gr.Dropdown(TRUNCATIONS, value="do_not_truncate", label="truncation", min_width=120)
                length = gr.Slider(1, 128, 12, step=1, label="max_length", min_width=200)
            special = gr.Checkbox(True, label="add_special_tokens")
    with gr.Accordion("More arguments", open=False), gr.Row():
        types = gr.Dropdown(list(YES_NO), value=OWN, label="return_token_type_ids", min_width=140)
        info = "Cut tokens go on in further rows."
        overflow = gr.Checkbox(False, label="return_overflowing_tokens", info=info, min_width=180)
        stride = gr.Slider(0, 64, 2, step=1, label="stride", info="Tokens that rows of one text share.", min_width=140)
    return {
        "texts": texts, "model_id": model, "padding": padding, "padding_side": side, "truncation": truncation,
        "max_length": length, "add_special_tokens": special, "return_token_type_ids": types,
        "return_overflowing_tokens": overflow, "stride": stride,
    }  # fmt: skip


def _dictionary() -> gr.Code:
    return gr.Code(
        "{}",  # gradio's picture of an empty one has a label that no screen reader may read
        language="json",
        interactive=False,
        label="what tokenizer(...) returns",
        buttons=["copy"],
        wrap_lines=True,
        show_line_numbers=False,
        max_lines=24,
        elem_id="pg-tokens-dictionary",
    )


def _wire_batch(
    playground: pg.Playground,
    tab: gr.Tab,
    controls: dict[str, gr.components.Component],
    batch: gr.HTML,
    dictionary: gr.Code,
    comparison: gr.HTML,
    notes: gr.Markdown,
    code: tuple[gr.Code, gr.DownloadButton],
) -> gr.State:
    """The rows follow every control; a comparison of other rows goes. Where the last question is kept comes back."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    asked = gr.State()
    shown = [batch, dictionary, comparison, notes, asked, *code]

    @friendly
    def show(data: dict[Any, Any]) -> dict[Any, Any]:
        found = show_batch(playground, {name: data[control] for name, control in controls.items()})
        receipt = dict(zip(code, receipt_values(found.code), strict=True)) if found.code else {}
        rows = {batch: found.batch, dictionary: found.dictionary, asked: found.asked}
        return rows | {comparison: EMPTY, notes: ""} | receipt

    def open_tab(data: dict[Any, Any]) -> dict[Any, Any]:
        drawn = data[batch] or EMPTY
        return {batch: gr.skip()} if drawn.get("rows") else show(data)

    inputs = set(controls.values())
    tab.select(open_tab, inputs | {batch}, shown, **quiet)
    changes = [control.change for control in controls.values()]  # .input of a text box misses what is pasted or deleted
    gr.on(changes, show, inputs, shown, trigger_mode="always_last", **quiet)
    return asked


def _wire_masks(
    playground: pg.Playground,
    controls: dict[str, gr.components.Component],
    batch: gr.HTML,
    buttons: list[gr.Button],
    comparison: gr.HTML,
    notes: gr.Markdown,
    code: tuple[gr.Code, gr.DownloadButton],
) -> gr.State:
    """A clicked bit, or a mistake, runs the model with both masks. Where the last answer is kept comes back."""
    compared = gr.State()
    work: dict[str, Any] = {"concurrency_id": "masks", "concurrency_limit": 4, "api_visibility": "private"}
    shown, inputs = [comparison, notes, compared, *code], set(controls.values())

    def answer(found: MasksShown) -> dict[Any, Any]:
        receipt = dict(zip(code, receipt_values(found.code), strict=True))
        return {comparison: found.comparison, notes: found.notes, compared: found.kept, **receipt}

    def values(data: dict[Any, Any]) -> dict[str, Any]:
        return {name: data[control] for name, control in controls.items()}

    @friendly
    def flip(data: dict[Any, Any], event: gr.EventData) -> dict[Any, Any]:
        flips = read_flips(payload(event))
        if not flips:
            return {comparison: EMPTY, notes: "", compared: None}
        return answer(make_mistake(playground, values(data), "flipped bits", flips))

    batch.flip(flip, inputs, shown, trigger_mode="always_last", **work)
    for button, mistake in zip(buttons, MISTAKES, strict=True):

        def make(data: dict[Any, Any], mistake: str = mistake) -> dict[Any, Any]:
            return answer(make_mistake(playground, values(data), mistake))

        button.click(friendly(make), inputs, shown, **work)
    return compared
