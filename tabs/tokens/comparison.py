"""Compare, a part of the Tokens tab: two to four tokenizers on the same text, and what each costs per language.

What to try: the Thai sentence; a long number; code with indentation; see who falls back to bytes and who to [UNK].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

import playground as pg
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, receipt_panel, receipt_values, refusal, view
from tabs.tokens.handlers import SAMPLES, compare_texts, language_table

HEADERS = ["sample", "characters"]
NO_TEXT = "There is no text yet. Type some, or press an example."
START = "Unbelievably, tokenizers disagree: 12,345 playgrounds, naïve cafés, 👍🏽 and Straßen."


def build_section(playground: pg.Playground, tab: gr.Tab) -> Watched:
    """Lays out the section inside the current Blocks; what comes back is lent to the lessons."""
    explain(
        "The same text, cut in different ways. **Thick orange edges** are boundaries that only some tokenizers have."
        " A vocabulary learned on English needs more tokens for other languages: that costs more, and less of the text"
        " fits into the context. Try the same sentence in many of them."
    )
    with gr.Row(equal_height=False, elem_classes="pg-ask"):
        with gr.Column(scale=3, min_width=300):
            text = gr.Textbox(START, label="text", lines=3, max_lines=8)
        with gr.Column(scale=2, min_width=300):
            models = _picker(playground)
    gr.Examples(
        [[sample] for _, sample in SAMPLES],
        text,
        example_labels=[name for name, _ in SAMPLES],
        label="Try",
        examples_per_page=30,
        api_visibility="private",
    )
    shown = view("tokens/comparison", {}, events=["first_view"], elem_id="pg-tokens-compare", elem_classes="pg-answer")
    gr.Markdown(
        "**What each sample costs**: tokens, and tokens per word where words are set apart by spaces. Where pieces are"
        " **⚠ unknown**, few tokens are no bargain: the model can't read what they stand for."
    )
    table = gr.Dataframe(headers=HEADERS, interactive=False, show_label=False, max_height=900)
    share = share_view()
    asked = _wire(playground, tab, text, models, shown, table, receipt_panel())
    controls = {"text": text, "model_ids": models}
    return Watched("tokenizers", controls, shown, asked, playground.compare_tokenizers, shared=Shared(share))


def _picker(playground: pg.Playground) -> gr.Dropdown:
    """Two to four tokenizers; to begin with, one embedded model of each task."""
    specs = [spec for spec in playground.catalog if spec.source != "hub" or playground.settings.hub != "off"]
    first = {spec.task: spec.id for spec in reversed(specs) if spec.source == "embedded"}
    tasks = ("feature-extraction", "text-generation", "text2text-generation")
    chosen = [first[task] for task in tasks if task in first]
    return gr.Dropdown(
        [(spec.title, spec.id) for spec in specs],
        value=chosen if len(chosen) > 1 else [spec.id for spec in specs[:2]],
        multiselect=True,
        max_choices=4,
        label="tokenizers",
        info="Two to four.",
        allow_custom_value=playground.settings.hub == "any" and not playground.settings.public,
    )


def _wire(
    playground: pg.Playground,
    tab: gr.Tab,
    text: gr.Textbox,
    models: gr.Dropdown,
    shown: gr.HTML,
    table: gr.Dataframe,
    code: tuple[gr.Code, gr.DownloadButton],
) -> gr.State:
    """The comparison follows the text, the table the tokenizers. Where the last question is kept comes back."""
    asked, comparisons, tables = gr.State(), LastRun(), LastRun()
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def compare(data: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
        if not data[text]:
            return (yield {shown: {"said": NO_TEXT}, **dict.fromkeys((asked, *code))})
        try:
            question = pg.CompareRequest(data[text], tuple(data[models]))
            found, receipt = compare_texts(playground, question)
        except Exception as error:
            yield {shown: refusal(error) or {}, **dict.fromkeys((asked, *code))}
            raise
        yield {shown: found, asked: question, **dict(zip(code, receipt_values(receipt), strict=True))}

    def cost(model_ids: list[str]) -> gr.Dataframe:
        try:
            found = language_table(playground, model_ids)
        except pg.PlaygroundError:  # the comparison says why
            return gr.Dataframe([], headers=HEADERS)
        return gr.Dataframe(found["data"], headers=found["headers"])

    # One event answers the first look and what is typed meanwhile, one after the other. `.change` of the text, since
    # `.input` misses what is pasted or deleted.
    looks, opened = gr.State(0), gr.State(0)
    shown.first_view(lambda: 1, None, looks, **quiet)  # in the queue: else no change of a state is told
    tab.select(lambda: 1, None, opened, **quiet)
    comparing, outputs = friendly(comparisons.wins(compare)), [shown, asked, *code]
    gr.on([looks.change, text.change, models.change], comparing, {text, models}, outputs, **quiet)
    gr.on([opened.change, models.change], friendly(tables.wins(cost)), models, table, **quiet)
    return asked
