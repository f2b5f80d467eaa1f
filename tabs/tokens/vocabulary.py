"""Vocabulary, a part of the Tokens tab: which pieces exist, and why a word is split as it is.

What to try: look for " cat" with SmolLM2; explain "playgrounds" with each of the three algorithms.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

import playground as pg
from tabs.components import model_picker
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, receipt_panel, receipt_values, view
from tabs.tokens.format import HEADERS
from tabs.tokens.handlers import both_answers, both_questions, search_pieces, split_word


def build_section(playground: pg.Playground, tab: gr.Tab) -> Watched:
    """Lays out the section inside the current Blocks; what comes back is lent to the links."""
    explain(
        "A tokenizer knows a fixed list of pieces and one rule for choosing among them. Nothing about meaning goes in:"
        " a piece is long because it was **frequent** in the text on which the list was learned."
    )
    model = model_picker(
        playground, "feature-extraction", "text-generation", "text2text-generation", "text-classification",
    )  # fmt: skip
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=320):
            word = gr.Textbox("playgrounds", label="Why is this word split so?", max_lines=1, max_length=60)
            steps = view("tokens/split", {}, elem_id="pg-tokens-split")
        with gr.Column(scale=1, min_width=320):
            query = gr.Textbox("ground", label="Search pieces and ids", max_lines=1, max_length=200)
            found = gr.Markdown(elem_classes="pg-explain")
            table = gr.Dataframe(headers=HEADERS, interactive=False, show_label=False, max_height=420)
    share, kept = share_view(), gr.State()
    fields = {"word": word, "query": query, "model_id": model}
    _wire(playground, tab, fields, {"steps": steps, "found": found, "table": table, "kept": kept}, receipt_panel())
    return Watched("vocabulary", fields, steps, kept, partial(both_answers, playground), shared=Shared(share))


def _wire(
    playground: pg.Playground,
    tab: gr.Tab,
    asked: dict[str, Any],
    shown: dict[str, Any],
    code: tuple[gr.Code, gr.DownloadButton],
) -> None:
    """The steps follow the word, the table the query, both the model."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    word, query, model = asked["word"], asked["query"], asked["model_id"]
    inputs, outputs = {word, query, model}, [*shown.values(), *code]

    def search(data: dict[Any, Any]) -> dict[Any, Any]:
        said, table = search_pieces(playground, data[query], data[model])
        return {shown["found"]: said, shown["table"]: table}

    def split(data: dict[Any, Any]) -> dict[Any, Any]:
        return {shown["steps"]: split_word(playground, data[word], data[model])}

    def receipt(data: dict[Any, Any]) -> dict[Any, Any]:
        questions = both_questions(data[query], data[word], data[model])
        if questions is None:
            return {shown["kept"]: None}
        values = receipt_values(playground.vocabulary_receipt(*questions))
        return {shown["kept"]: questions, **dict(zip(code, values, strict=True))}

    def everything(data: dict[Any, Any]) -> dict[Any, Any]:
        return search(data) | split(data) | receipt(data)

    def open_tab(data: dict[Any, Any]) -> dict[Any, Any]:
        return {code[0]: gr.skip()} if (data[shown["steps"]] or {}).get("steps") else everything(data)

    tab.select(friendly(open_tab), inputs | {shown["steps"]}, outputs, **quiet)
    model.change(friendly(everything), inputs, outputs, **quiet)
    # .input of a text box misses what is pasted or deleted
    query.change(friendly(search), inputs, outputs, trigger_mode="always_last", **quiet)
    word.change(friendly(split), inputs, outputs, trigger_mode="always_last", **quiet)
    gr.on([query.change, word.change], friendly(receipt), inputs, outputs, trigger_mode="always_last", **quiet)
