"""Vocabulary, a part of the Tokens tab: which pieces exist, and why a word is split as it is.

What to try: look for " cat" with SmolLM2; explain "playgrounds" with each of the three algorithms.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

import playground as pg
from tabs.components import model_picker
from tabs.page import explain, friendly, publish, receipt_panel, receipt_values, view

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
HEADERS = ["id", "piece", "shown", "kind"]
NUMBERS = {"rank": "merge", "log_probability": "log-probability"}


def format_entries(page: pg.VocabularyPage) -> dict[str, Any]:
    """The table of pieces; its last column only where the algorithm has a number for a piece."""
    last = next((kind for kind in NUMBERS if any(getattr(entry, kind) is not None for entry in page.entries)), None)
    rows = []
    for entry in page.entries:
        row = [str(entry.token_id), entry.piece, entry.shown, "special" if entry.special else ""]
        if last:
            number = getattr(entry, last)
            row.append("" if number is None else f"{number:,}" if last == "rank" else f"{number:.3f}")
        rows.append(row)
    return {"headers": [*HEADERS, *([NUMBERS[last]] if last else [])], "data": rows}


def format_split(split: pg.Split) -> dict[str, Any]:
    """What the split view draws; for Unigram the first row is the result, for the others the last."""
    unigram = split.algorithm == "Unigram"
    return {
        "idea": split.idea,
        "framed": not unigram,
        "result": 0 if unigram else len(split.steps) - 1,
        "steps": [{"pieces": list(step.pieces), "reason": step.reason} for step in split.steps],
    }


def build_section(playground: pg.Playground, tab: gr.Tab) -> None:
    """Lays out the section inside the current Blocks."""

    def search(query: str, model_id: str) -> tuple[str, dict[str, Any]]:
        page = playground.search_vocabulary(pg.VocabularyRequest(query, model_id))
        more = f", the first {len(page.entries)} are shown" if page.matches > len(page.entries) else ""
        return f"{page.matches:,} of {page.size:,} pieces match{more}.", format_entries(page)

    def split(word: str, model_id: str) -> dict[str, Any]:
        if not word.strip():
            return {"idea": "Type a word.", "framed": False, "result": 0, "steps": []}
        return format_split(playground.explain_split(pg.SplitRequest(word, model_id)))

    def both(query: str, word: str, model_id: str) -> tuple[Any, ...]:
        return *search(query, model_id), split(word, model_id), *receipt(query, word, model_id)

    def receipt(query: str, word: str, model_id: str) -> tuple[Any, Any]:
        if not word.strip():
            return gr.skip(), gr.skip()
        search, split = pg.VocabularyRequest(query, model_id), pg.SplitRequest(word, model_id)
        return receipt_values(playground.vocabulary_receipt(search, split))

    def open_tab(drawn: dict[str, Any] | None, query: str, word: str, model_id: str) -> tuple[Any, ...]:
        return (gr.skip(),) * 5 if drawn and drawn.get("steps") else both(query, word, model_id)

    def search_vocabulary(query: str, model_id: str = DEFAULT_MODEL, limit: int = 50) -> pg.VocabularyPage:
        """Pieces of a vocabulary that contain a text, or have an id.

        Args:
            query: a part of a piece, or a token id.
            model_id: whose vocabulary.
            limit: at most so many entries, up to 200.

        Returns:
            size, matches and entries (token_id, piece, shown, special, rank, log_probability).
        """
        return playground.search_vocabulary(pg.VocabularyRequest(query, model_id, limit))

    def explain_split(word: str, model_id: str = DEFAULT_MODEL) -> pg.Split:
        """The steps from a word to its pieces: merges (BPE), log-probabilities (Unigram), longest matches (WordPiece).

        Args:
            word: one word, up to 60 characters.
            model_id: whose tokenizer.

        Returns:
            algorithm, word, pieces, idea, and steps (pieces, reason).
        """
        return playground.explain_split(pg.SplitRequest(word, model_id))

    explain(
        "A tokenizer knows a fixed list of pieces and one rule for choosing among them. Nothing about meaning goes in:"
        " a piece is long because it was **frequent** in the text on which the list was learned."
    )
    model = model_picker(
        playground, "feature-extraction", "text-generation", "text2text-generation", "text-classification",
        label="tokenizer (model_id)",
    )  # fmt: skip
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=320):
            word = gr.Textbox("playgrounds", label="Why is this word split so?", max_lines=1, max_length=60)
            steps = view("token-split", {}, elem_id="pg-tokens-split")
        with gr.Column(scale=1, min_width=320):
            query = gr.Textbox("ground", label="Search pieces and ids", max_lines=1, max_length=200)
            found = gr.Markdown(elem_classes="pg-explain")
            table = gr.Dataframe(headers=HEADERS, interactive=False, show_label=False, max_height=420)

    code, notebook = receipt_panel()

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    tab.select(friendly(open_tab), [steps, query, word, model], [found, table, steps, code, notebook], **quiet)
    model.change(friendly(both), [query, word, model], [found, table, steps, code, notebook], **quiet)
    # .input of a text box misses what is pasted or deleted
    query.change(friendly(search), [query, model], [found, table], trigger_mode="always_last", **quiet)
    word.change(friendly(split), [word, model], steps, trigger_mode="always_last", **quiet)
    gr.on(
        [query.change, word.change],
        friendly(receipt),
        [query, word, model],
        [code, notebook],
        trigger_mode="always_last",
        **quiet,
    )
    publish(search_vocabulary)
    publish(explain_split)
