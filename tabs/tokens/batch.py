"""Batch & masks, a part of the Tokens tab: the rows that ``tokenizer(...)`` returns, and what a wrong mask does.

What to try: switch padding_side; truncate to 8 tokens with an overflow; click a bit of attention_mask and see how far
the model's answer moves without any error being raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.receipt import Receipt
from tabs.components import model_note, model_picker
from tabs.gradio_patches import payload
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, receipt_panel, receipt_values, said_in_place, view
from tabs.tokens.handlers import (
    EMPTY,
    OWN,
    SEPARATOR,
    YES_NO,
    batch_request,
    make_mistake,
    read_flips,
    show_batch,
)

EXAMPLE = "The cat sat on the mat.\nCats sleep.\nUnbelievable playgrounds everywhere!"
ARTICLE = "We are very happy to show you the 🤗 Transformers library.\nWe hope you don't hate it."
# label, texts, padding, truncation, what it shows with the first model on the list: facts that tests hold
EXAMPLES = (
    (
        "Three texts", EXAMPLE, "longest", "do_not_truncate",
        "The shorter two are filled up with [PAD], whose mask is 0.",
    ),
    (
        "Hugging Face", ARTICLE, "longest", "do_not_truncate",
        "The article's own batch: 🤗 is [UNK], and the shorter text gets 3 of [PAD].",
    ),
    (
        "Pairs", "How old are you? ||| I am forty.\nWhere is it? ||| On the table.", "longest", "do_not_truncate",
        "Two texts in one row: token_type_ids tell them apart.",
    ),
    (
        "Truncated", "To be, or not to be, that is the question: whether 'tis nobler", "max_length", "only_first",
        "8 tokens are cut off, and the model never hears of them.",
    ),
)  # fmt: skip
MISTAKES = ("no mask", "wrong padding side", "no special tokens")
PADDINGS = ["longest", "max_length", "do_not_pad"]
COMING = {"rows": [], "coming": "The model runs with both masks…"}
Values = dict[Any, Any]
Flips = tuple[tuple[int, int], ...]
TRUNCATIONS = ["do_not_truncate", "longest_first", "only_first", "only_second"]


class _Parts(NamedTuple):
    """What is asked with and filled; ``mistakes`` knows which comparison of masks the page has asked for last."""

    playground: pg.Playground
    controls: dict[str, gr.components.Component]
    batch: gr.HTML
    dictionary: gr.Code
    comparison: gr.HTML
    notes: gr.Markdown
    asked: gr.State
    compared: gr.State
    code: tuple[gr.Code, gr.DownloadButton]
    mistakes: LastRun

    def values(self, data: Values) -> dict[str, Any]:
        """What stands in the controls."""
        return {name: data[control] for name, control in self.controls.items()}

    def about(self, data: Values) -> tuple[Any, ...]:
        """The same, for `LastRun`."""
        return tuple(self.values(data).values())

    def no_mistake(self) -> Values:
        """No comparison of masks."""
        return {self.comparison: EMPTY, self.notes: "", self.compared: None}

    def receipt(self, code: Receipt | None) -> Values:
        """The code, or none."""
        return dict(zip(self.code, receipt_values(code) if code else (None, None), strict=True))


def build_section(playground: pg.Playground) -> list[Watched]:
    """Lays out the section inside the current Blocks; the example is run when its tab is opened first.

    What comes back is lent to the lessons.
    """
    explain(
        "A model reads a **rectangle of ids**. Shorter texts are padded, and `attention_mask` says which ids count."
        " **Click a bit of the mask**: the model runs with both masks, and no error will tell you which one was wrong."
    )
    controls = _controls(playground)
    with gr.Row(equal_height=False, elem_classes="pg-answer"):
        with gr.Column(scale=2, min_width=320):
            batch = view("tokens/batch", EMPTY, events=["flip", "first_view"], elem_id="pg-tokens-batch")
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
    parts = _Parts(playground, controls, batch, dictionary, comparison, notes, gr.State(), gr.State(), code, LastRun())
    _wire_batch(parts)
    _wire_masks(parts, buttons)
    return [
        Watched("batch", controls, batch, parts.asked, playground.encode, shared=Shared(share)),
        Watched("masks", controls, comparison, parts.compared, drawn={"flips": batch}, shared=Shared(share_masks)),
    ]


def _controls(playground: pg.Playground) -> dict[str, gr.components.Component]:
    """The arguments of ``tokenizer(...)``, by their labels."""
    padding = gr.Dropdown(PADDINGS, value="longest", label="padding", min_width=120, scale=2, render=False)
    truncation = gr.Dropdown(TRUNCATIONS, value="do_not_truncate", label="truncation", min_width=180, render=False)
    with gr.Row(equal_height=False, elem_classes="pg-ask"):
        with gr.Column(scale=3, min_width=300):
            info = f"One per line, up to eight; a pair is written: first {SEPARATOR} second"
            texts = gr.Textbox(EXAMPLE, label="texts", info=info, lines=3, max_lines=10)
            model = model_picker(
                playground, "feature-extraction", "text-classification", "text-generation", "text2text-generation"
            )
            model_note(playground, model)
            shows = _examples([texts, padding, truncation])
        with gr.Column(scale=2, min_width=280, elem_classes="pg-more"):
            with gr.Row():
                padding.render()
                side = gr.Dropdown([OWN, "right", "left"], value=OWN, label="padding_side", min_width=160, scale=3)
            with gr.Row():
                truncation.render()
                length = gr.Slider(1, 128, 12, step=1, label="max_length", min_width=200)
            special = gr.Checkbox(True, label="add_special_tokens")
            types, overflow, stride = _more()
    controls = {
        "texts": texts, "padding": padding, "truncation": truncation, "model_id": model, "padding_side": side,
        "max_length": length, "add_special_tokens": special, "return_token_type_ids": types,
        "return_overflowing_tokens": overflow, "stride": stride,
    }  # fmt: skip
    _say_what_it_shows(list(controls.values()), shows)
    return controls


def _examples(filled: list[Any]) -> gr.Markdown:
    """What can be tried, and beside it the place for the sentence of what stands in the fields."""
    values, labels = [list(example[1:4]) for example in EXAMPLES], [example[0] for example in EXAMPLES]
    with gr.Row(elem_classes="pg-tried"):
        gr.Examples(values, filled, example_labels=labels, label="Try", api_visibility="private")
        return gr.Markdown(EXAMPLES[0][-1], elem_classes="pg-explain", elem_id="batch-shows", min_height=0)


def _say_what_it_shows(controls: list[Any], shows: gr.Markdown) -> None:
    """The example's sentence stands as long as its fields, the first three, and all others are as they were."""
    others = [one.value for one in controls[3:]]

    def what_it_shows(*given: Any) -> str:
        of_examples = {tuple(one[1:4]): one[4] for one in EXAMPLES}
        return of_examples.get(given[:3], "") if list(given[3:]) == others else ""

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    gr.on([one.change for one in controls], what_it_shows, controls, shows, queue=False, **quiet)


def _more() -> tuple[gr.Dropdown, gr.Checkbox, gr.Slider]:
    with gr.Accordion("More arguments", open=False), gr.Row():
        types = gr.Dropdown(list(YES_NO), value=OWN, label="return_token_type_ids", min_width=140)
        info = "Cut tokens go on in further rows."
        overflow = gr.Checkbox(False, label="return_overflowing_tokens", info=info, min_width=180)
        stride = gr.Slider(0, 64, 2, step=1, label="stride", info="Tokens that rows of one text share.", min_width=140)
    return types, overflow, stride


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


def _wire_batch(parts: _Parts) -> None:
    """The rows follow every control; a comparison of other rows goes, or no longer comes."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    controls, batch = parts.controls, parts.batch
    outputs = [batch, parts.dictionary, parts.asked, parts.comparison, parts.notes, parts.compared, *parts.code]

    def show(data: Values, request: gr.Request) -> Iterator[Values]:
        compares = parts.mistakes.goes_on(request, parts.about(data))
        try:
            found = show_batch(parts.playground, parts.values(data))
        except Exception as error:
            empty = EMPTY | {"hint": said_in_place(error)}
            yield {batch: empty, parts.dictionary: "{}", parts.asked: None, **parts.no_mistake(), **parts.receipt(None)}
            raise
        rows = {batch: found.batch, parts.dictionary: found.dictionary, parts.asked: found.asked}
        yield rows if compares else {**rows, **parts.no_mistake(), **parts.receipt(found.code)}

    inputs = set(controls.values())
    looks = gr.State(0)  # one event answers the first look and what is typed meanwhile: one after the other
    batch.first_view(lambda: 1, None, looks, **quiet)
    # .input of a text box misses what is pasted or deleted
    changes = [looks.change, *(control.change for control in controls.values())]
    gr.on(changes, friendly(show), inputs, outputs, trigger_mode="always_last", **quiet)


def _wire_masks(parts: _Parts, buttons: list[gr.Button]) -> None:
    """A clicked bit, or a mistake, runs the model with both masks."""
    work: dict[str, Any] = {
        "inputs": set(parts.controls.values()),
        "outputs": [parts.comparison, parts.notes, parts.compared, *parts.code],
        "trigger_mode": "always_last",
        "concurrency_id": "masks",
        "concurrency_limit": 4,
        "show_progress": "hidden",
        "api_visibility": "private",
    }

    def compare(data: Values, mistake: str, flips: Flips = ()) -> Iterator[Values]:
        yield {parts.comparison: COMING}
        try:
            found = make_mistake(parts.playground, parts.values(data), mistake, flips)
        except Exception as error:
            yield parts.no_mistake() | {parts.comparison: EMPTY | {"said": said_in_place(error)}} | parts.receipt(None)
            raise
        shown = {parts.comparison: found.comparison, parts.notes: found.notes, parts.compared: found.kept}
        yield shown | parts.receipt(found.code)

    def flip(event: gr.EventData, data: Values) -> Iterator[Values]:
        if flips := read_flips(payload(event)):
            yield from compare(data, "flipped bits", flips)
        else:
            rows = batch_request(parts.values(data))
            yield parts.no_mistake() | parts.receipt(parts.playground.token_receipt(rows))

    wins = parts.mistakes.wins
    # Other rows are drawn with no bit flipped: it doesn't go on there.
    parts.batch.flip(friendly(wins(flip)), **{**work, "trigger_mode": "multiple"})
    for button, mistake in zip(buttons, MISTAKES, strict=True):
        button.click(friendly(wins(partial(compare, mistake=mistake), parts.about)), **work)
