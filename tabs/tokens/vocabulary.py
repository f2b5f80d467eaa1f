"""Vocabulary, a part of the Tokens tab: which pieces exist, and why a word is split as it is.

What to try: look for " cat" with SmolLM2; explain "playgrounds" with each of the three algorithms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

import playground as pg
from tabs.components import model_row
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import answer_or, explain, friendly, plain, receipt_panel, receipt_values, said_in_place, view
from tabs.tokens.format import HEADERS
from tabs.tokens.handlers import both_answers, both_questions, search_pieces, split_word

NO_TOKENIZER = "There is no tokenizer to split it with."  # the search beside it says why


def build_section(playground: pg.Playground, tab: gr.Tab) -> Watched:
    """Lays out the section inside the current Blocks; what comes back is lent to the links."""
    explain(
        "A tokenizer knows a fixed list of pieces and one rule for choosing among them. Nothing about meaning goes in:"
        " a piece is long because it was **frequent** in the text on which the list was learned."
    )
    tasks = ("feature-extraction", "text-generation", "text2text-generation", "text-classification")
    model = model_row(playground, *tasks)
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=320):
            word = gr.Textbox("playgrounds", label="Why is this word split so?", max_lines=1, max_length=60)
            steps = view("tokens/split", {}, elem_id="pg-tokens-split")
        with gr.Column(scale=1, min_width=320):
            query = gr.Textbox("ground", label="Search pieces and ids", max_lines=1, max_length=200)
            found = gr.Markdown(elem_classes="pg-explain", elem_id="pg-vocabulary-found")
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
    """The steps follow the word, the table the query, both the model, from the first look on."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    word, query, model, looks = asked["word"], asked["query"], asked["model_id"], gr.State(0)

    def receipt(text: str, looked_for: str, model_id: str) -> tuple[Any, ...]:
        questions = both_questions(looked_for, text, model_id)
        try:
            code = receipt_values(playground.vocabulary_receipt(*questions)) if questions else (None, None)
        except pg.PlaygroundError:  # the parts say why
            return None, None, None
        return questions, *code

    def nothing_found(error: Exception, _: str) -> tuple[str, dict[str, Any]]:
        return plain(said_in_place(error)), {"headers": HEADERS, "data": []}

    def no_steps(error: Exception, model_id: str) -> dict[str, Any]:
        said = said_in_place(error)
        return {"idea": said if playground.has_tokenizer(model_id) or not said else NO_TOKENIZER}

    places = (
        (_or(nothing_found, partial(search_pieces, playground)), [query, model], [shown["found"], shown["table"]]),
        (_or(no_steps, partial(split_word, playground)), [word, model], shown["steps"]),
        (receipt, [word, query, model], [shown["kept"], *code]),
    )
    tab.select(lambda: 1, None, looks, **quiet)  # in the queue: else no change of the state is told
    for handler, inputs, outputs in places:
        # .input of a text box misses what is pasted or deleted
        changes = [looks.change, *(one.change for one in inputs)]
        gr.on(changes, friendly(LastRun().wins(handler)), inputs, outputs, trigger_mode="always_last", **quiet)


def _or(instead: Callable[[Exception, str], Any], answer: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    """The same handler; where it fails, what stands there instead of an answer, which knows the model."""

    def answer_or_nothing(*given: Any) -> Iterator[Any]:
        return answer_or(lambda: answer(*given), lambda error: instead(error, str(given[-1])))

    return answer_or_nothing
