"""Batch & masks, a part of the Tokens tab: the rows that ``tokenizer(...)`` returns, and what a wrong mask does.

What to try: switch padding_side; truncate to 8 tokens with an overflow; click a bit of attention_mask and see how far
the model's answer moves without any error being raised.
"""

from __future__ import annotations

import base64
import json
from array import array
from typing import Any

import gradio as gr

import playground as pg
from playground.errors import InputError
from playground.wire import to_json
from tabs.components import model_picker
from tabs.gradio_patches import payload
from tabs.page import explain, friendly, publish, receipt_panel, receipt_values, view
from tabs.tokens import api

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
SEPARATOR = "|||"
EXAMPLE = "The cat sat on the mat.\nCats sleep.\nUnbelievable playgrounds everywhere!"
# label, texts, padding, truncation
EXAMPLES = (
    ("Three texts", EXAMPLE, "longest", "do_not_truncate"),
    ("Pairs", "How old are you? ||| I am forty.\nWhere is it? ||| On the table.", "longest", "do_not_truncate"),
    ("Truncated", "To be, or not to be, that is the question: whether 'tis nobler", "max_length", "only_first"),
)
MISTAKES = ("no mask", "wrong padding side", "no special tokens")
OWN = "tokenizer's own"
YES_NO = {OWN: None, "True": True, "False": False}


def parse_texts(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and pairs out of lines; ``first ||| second`` is a pair.

    >>> parse_texts("a cat\\nwhere? ||| here")
    (('a cat', 'where?'), ('', 'here'))
    """
    lines = [line for line in text.splitlines() if line.strip()]
    parts = [line.partition(SEPARATOR) for line in lines]
    texts = tuple(first.strip() if mark else first for first, mark, _ in parts)
    pairs = tuple(second.strip() for _, _, second in parts)
    return texts, pairs if any(pairs) else ()


def format_batch(batch: pg.EncodedBatch, flips: tuple[tuple[int, int], ...] = ()) -> dict[str, Any]:
    """What the batch view draws."""
    return {
        "rows": [
            {
                "sample": row.sample,
                "shown": list(row.shown),
                "kinds": list(row.kinds),
                "input_ids": list(row.input_ids),
                "token_type_ids": None if row.token_type_ids is None else list(row.token_type_ids),
                "attention_mask": list(row.attention_mask),
                "special_tokens_mask": list(row.special_tokens_mask),
            }
            for row in batch.rows
        ],
        "truncated": list(batch.truncated),
        "flips": [list(pair) for pair in flips],
    }


def format_dictionary(dictionary: dict[str, list[Any]]) -> str:
    """The dictionary as Python shows it, one row per line."""
    lines = []
    for name, rows in dictionary.items():
        inside = ",\n".join(f"        {json.dumps(row)}" for row in rows)
        lines.append(f'    "{name}": [\n{inside}\n    ]')
    return "{\n" + ",\n".join(lines) + "\n}"


def format_masks(result: pg.MaskComparison) -> dict[str, Any]:
    """What the comparison view draws; attention travels as 16-bit numbers."""
    attention = result.attention
    return {
        "mistake": result.request.mistake,
        "rows": to_json([masked_row(index, row) for index, row in enumerate(result.rows)]),
        "attention": {
            "row": attention.row,
            "mistake": result.request.mistake,
            "layers": len(attention.right),
            "aligned": attention.aligned,
            "right": _packed(attention.right),
            "wrong": _packed(attention.wrong),
            "right_tokens": list(attention.right_tokens),
            "wrong_tokens": list(attention.wrong_tokens),
            "right_mask": list(attention.right_mask),
            "wrong_mask": list(attention.wrong_mask),
        },
    }


def masked_row(index: int, row: Any) -> api.MaskedRow:
    """One row of a batch under both masks, as the page and the API show it."""
    quantities = tuple(api.MaskQuantity(one.name, one.right, one.wrong) for one in row.quantities)
    return api.MaskedRow(
        title=f"row {index}: text {row.sample}",
        unit=row.unit,
        summary=row.summary,
        compared=row.compared,
        largest_difference=row.largest_difference,
        quantities=quantities,
    )


def _packed(layers: Any) -> str:
    numbers = array("H", (round(value * 65535) for layer in layers for row in layer for value in row))
    return base64.b64encode(numbers.tobytes()).decode()


def format_api(batch: pg.EncodedBatch) -> api.Encoded:
    """The result of the ``/encode`` endpoint: the dictionary, and one list of tokens per row."""
    return api.Encoded(
        input_ids=tuple(row.input_ids for row in batch.rows),
        token_type_ids=tuple(row.token_type_ids or () for row in batch.rows) if batch.rows[0].token_type_ids else None,
        attention_mask=tuple(row.attention_mask for row in batch.rows),
        special_tokens_mask=tuple(row.special_tokens_mask for row in batch.rows),
        tokens=tuple(row.pieces for row in batch.rows),
        truncated=batch.truncated,
    )


def build_section(playground: pg.Playground, tab: gr.Tab) -> None:
    """Lays out the section inside the current Blocks; the example is run when its tab is opened first."""

    def request_of(
        text: str, model_id: str, padding: str, side: str, truncation: str, max_length: float, special: bool,
        types: str, overflow: bool, stride: float,
    ) -> pg.EncodeRequest:  # fmt: skip
        texts, pairs = parse_texts(text)
        return pg.EncodeRequest(
            texts, pairs, model_id, padding, None if side == OWN else side, truncation, int(max_length or 0), special,
            YES_NO[types], int(stride or 0), overflow,
        )  # fmt: skip

    def show(*values: Any) -> tuple[Any, ...]:
        if not values[0].strip():
            return {"rows": [], "hint": "Type a text, one per line."}, "", gr.skip(), gr.skip(), {"rows": []}
        request = request_of(*values)
        batch = playground.encode(request)
        code = receipt_values(playground.token_receipt(request))
        return format_batch(batch), format_dictionary(batch.dictionary), *code, {"rows": []}

    def open_tab(drawn: dict[str, Any] | None, *values: Any) -> tuple[Any, ...]:
        return (gr.skip(),) * 5 if drawn and drawn.get("rows") else show(*values)

    def compare(mistake: str, flips: tuple[tuple[int, int], ...], *values: Any) -> tuple[dict[str, Any], str, str]:
        row = flips[-1][0] if flips else 0
        request = pg.MaskRequest(request_of(*values), mistake, flips, row)
        if not flips and mistake != "no special tokens":
            masks = [item.attention_mask for item in playground.encode(request.batch).rows]
            row = next((k for k, mask in enumerate(masks) if 0 in mask), 0)
            request = pg.MaskRequest(request.batch, mistake, flips, row)
        result = playground.compare_masks(request)
        return format_masks(result), *receipt_values(playground.token_receipt(result))

    def flip(event: gr.EventData, *values: Any) -> tuple[Any, Any, Any]:
        flips = tuple((int(row), int(column)) for row, column in payload(event).get("flips", []))
        if not flips:
            return {"rows": []}, gr.skip(), gr.skip()
        return compare("flipped bits", flips, *values)

    def encode(
        texts: list[str],
        model_id: str = DEFAULT_MODEL,
        pairs: list[str] | None = None,
        padding: str = "longest",
        padding_side: str | None = None,
        truncation: str = "do_not_truncate",
        max_length: int | None = None,
        add_special_tokens: bool = True,
    ) -> api.Encoded:
        """The dictionary that ``tokenizer(texts, pairs, ...)`` returns, with the tokens of each row.

        Args:
            texts: one to eight texts.
            model_id: whose tokenizer.
            pairs: a second text for each, or nothing.
            padding: longest, max_length or do_not_pad.
            padding_side: right, left, or nothing for the tokenizer's own.
            truncation: longest_first, only_first, only_second or do_not_truncate.
            max_length: 1 to 512, where padding or truncation needs it.
            add_special_tokens: add what the model expects around a text.

        Returns:
            input_ids, attention_mask, special_tokens_mask, token_type_ids (some tokenizers), tokens, truncated.
        """
        request = pg.EncodeRequest(
            tuple(texts),
            tuple(pairs or ()),
            model_id,
            padding,
            padding_side,
            truncation,
            max_length,
            add_special_tokens,
        )
        return format_api(playground.encode(request))

    def flip_mask(
        texts: list[str], flips: list[list[int]], model_id: str = DEFAULT_MODEL, mistake: str = "flipped bits"
    ) -> api.MasksCompared:
        """What a model makes of a batch with its right attention_mask and with a wrong one.

        Args:
            texts: one to eight texts, padded to the longest.
            flips: [row, column] of each bit to turn over; empty for the other mistakes.
            model_id: an embedded model, or one of the catalog.
            mistake: "flipped bits", "no mask", "wrong padding side" or "no special tokens".

        Returns:
            mistake, right_mask, wrong_mask, and per row: summary, unit, quantities (right, wrong), largest_difference.
        """
        if not all(len(pair) == 2 for pair in flips):
            raise InputError("A flip is a pair of numbers.", "Use [row, column].")
        pairs = tuple((int(row), int(column)) for row, column in flips)
        result = playground.compare_masks(pg.MaskRequest(pg.EncodeRequest(tuple(texts), (), model_id), mistake, pairs))
        rows = tuple(masked_row(index, row) for index, row in enumerate(result.rows))
        return api.MasksCompared(result.request.mistake, result.right_mask, result.wrong_mask, rows)

    explain(
        "A model reads a **rectangle of ids**. Shorter texts are padded, and `attention_mask` says which ids count."
        " **Click a bit of the mask**: the model runs with both masks, and no error will tell you which one was wrong."
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            text = gr.Textbox(
                EXAMPLE,
                label="texts",
                info=f"One per line, up to eight; a pair is written: first {SEPARATOR} second",
                lines=4,
                max_lines=10,
            )
            model = model_picker(
                playground, "feature-extraction", "text-classification", "text-generation", "text2text-generation"
            )
        with gr.Column(scale=2, min_width=280):
            with gr.Row():
                padding = gr.Dropdown(
                    ["longest", "max_length", "do_not_pad"], value="longest", label="padding", min_width=120
                )
                side = gr.Dropdown([OWN, "right", "left"], value=OWN, label="padding_side", min_width=120)
            with gr.Row():
                truncation = gr.Dropdown(
                    ["do_not_truncate", "longest_first", "only_first", "only_second"],
                    value="do_not_truncate",
                    label="truncation",
                    min_width=120,
                )
                max_length = gr.Slider(1, 128, 12, step=1, label="max_length", min_width=120)
            special = gr.Checkbox(True, label="add_special_tokens")
    with gr.Accordion("More arguments", open=False), gr.Row():
        types = gr.Dropdown(list(YES_NO), value=OWN, label="return_token_type_ids", min_width=140)
        overflow = gr.Checkbox(
            False, label="return_overflowing_tokens", info="Cut tokens go on in further rows.", min_width=180
        )
        stride = gr.Slider(0, 64, 2, step=1, label="stride", info="Tokens that rows of one text share.", min_width=140)
    gr.Examples(
        [list(example[1:]) for example in EXAMPLES],
        [text, padding, truncation],
        example_labels=[example[0] for example in EXAMPLES],
        label="Try",
        api_visibility="private",
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            batch = view("token-batch", {"rows": []}, elem_id="pg-tokens-batch")
        with gr.Column(scale=1, min_width=320):
            dictionary = gr.Code(
                language="json",
                interactive=False,
                label="what tokenizer(...) returns",
                buttons=["copy"],
                wrap_lines=True,
                show_line_numbers=False,
                max_lines=24,
                elem_id="pg-tokens-dictionary",
            )
    gr.Markdown("**One-click mistakes**, each without an error message:", elem_classes="pg-explain")
    with gr.Row():
        buttons = [gr.Button(mistake[0].upper() + mistake[1:], size="sm", min_width=120) for mistake in MISTAKES]
    comparison = view("mask-comparison", {"rows": []}, elem_id="pg-mask-comparison")
    code, notebook = receipt_panel()

    controls = [text, model, padding, side, truncation, max_length, special, types, overflow, stride]
    shown = [batch, dictionary, code, notebook, comparison]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    tab.select(friendly(open_tab), [batch, *controls], shown, **quiet)
    changes = [control.change for control in controls]  # .input of a text box misses what is pasted or deleted
    gr.on(changes, friendly(show), controls, shown, trigger_mode="always_last", **quiet)
    model_work: dict[str, Any] = {"concurrency_id": "masks", "concurrency_limit": 4, "api_visibility": "private"}
    batch.flip(friendly(flip), controls, [comparison, code, notebook], trigger_mode="always_last", **model_work)
    for button, mistake in zip(buttons, MISTAKES, strict=True):

        def make_mistake(*values: Any, mistake: str = mistake) -> tuple[dict[str, Any], str, str]:
            return compare(mistake, (), *values)

        button.click(friendly(make_mistake), controls, [comparison, code, notebook], **model_work)
    publish(encode)
    publish(flip_mask, concurrency_id="masks")
