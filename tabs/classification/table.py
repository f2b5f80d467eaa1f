"""The part of the Classification tab for a table: many texts in, a label per row and metrics out."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from tabs.classification.table_format import NOT_YET, format_columns
from tabs.classification.table_handlers import (
    PASTED_LABEL,
    RESULTS,
    SAMPLE,
    TableOfTexts,
    TableParts,
    about_columns,
    about_link,
    source_of,
)
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, file_to_serve, friendly, progress_view, receipt_panel, view
from tabs.table_file import HowRead, TableFile, lay_out_table_file, show, show_new

PASTED = """\
I would go there again tomorrow.
The soup was cold and the waiter never came back.
It does what it says, no more and no less.
Not bad at all for the price."""
QUIET: dict[str, Any] = {"api_visibility": "private"}
UNSEEN: dict[str, Any] = {"show_progress": "hidden", **QUIET}


class _Source(NamedTuple):
    """Where the rows come from."""

    pasted: gr.Textbox
    file: gr.File
    table: TableFile
    sample: gr.Button


def build_table_section(playground: pg.Playground, model: gr.Dropdown) -> Watched:
    """Lays out the section inside the current Blocks; what comes back is lent to the links."""
    explain(
        "Paste one text per line, or drop a CSV, TSV or JSONL file of up to 10,000 rows. With a label column you see "
        "**where the model is wrong**."
    )
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            pasted = gr.Textbox(PASTED, label=PASTED_LABEL, lines=6, max_lines=12, elem_id="table-pasted")
        with gr.Column(min_width=300):
            file, sample, columns = _lay_out_file()
    table = lay_out_table_file("table")
    reading = gr.Radio(
        [], label="The right labels can be read in more than one way: which is meant?", visible=False,
        elem_id="table-reading",
    )  # fmt: skip
    with gr.Row():
        button = gr.Button("Classify all rows", variant="primary", min_width=160, elem_id="table-run")
        stop_button = gr.Button("Stop", variant="stop", min_width=90, interactive=False, elem_id="table-stop")
    states = {"result": gr.State(), "run_id": gr.State()}
    buttons = {"start_button": button, "stop_button": stop_button}
    parts = TableParts(**columns, **states, **buttons, reading=reading, **_lay_out_result())
    handlers, source = TableOfTexts(playground, parts), _Source(pasted, file, table, sample)
    _wire(handlers, parts, model, source)
    filled = (file, pasted)
    shared = Shared(
        parts.share,
        again=handlers.asking,
        fills=lambda asked: dict(zip(filled, source_of(asked), strict=True)),
        filled=filled,
    )
    return Watched("table", {"model_id": model, "pasted": pasted}, parts.progress, parts.result, shared=shared)


def _lay_out_file() -> tuple[gr.File, gr.Button, dict[str, Any]]:
    file = gr.File(
        label="or a file",
        file_types=[".csv", ".tsv", ".jsonl", ".ndjson", ".txt"],
        height=120,
        elem_id="table-file",
    )
    sample = gr.Button("Use 30 example reviews with stars", size="sm", elem_id="table-sample")
    with gr.Row():
        columns = {
            f"{name}_column": gr.Dropdown([], label=label, visible=False, min_width=120)
            for name, label in (("text", "text column"), ("pair", "second text column"), ("label", "label column"))
        }
    return file, sample, columns


def _lay_out_result() -> dict[str, Any]:
    progress = progress_view("table-progress", NOT_YET)
    notes = gr.Textbox(
        label="notes on the rows", visible=False, lines=2, max_lines=8, interactive=False, elem_id="table-notes"
    )
    threshold = gr.Slider(0, 1, 0.5, step=0.01, label="threshold for the second label", visible=False)
    metrics = view("classification/evaluation", elem_id="table-evaluation")
    names, types, widths = zip(*format_columns(), strict=True)
    rows = gr.Dataframe(
        headers=list(names),
        datatype=list(types),
        type="array",
        interactive=False,
        visible=False,
        show_search="filter",
        max_height=420,
        wrap=True,
        column_widths=list(widths),
        label=RESULTS,
        elem_id="table-results",
    )
    with gr.Row():
        download = gr.DownloadButton("Download as CSV", visible=False, size="sm", elem_classes="pg-small")
        every_row = gr.Button("Show all rows", visible=False, size="sm", elem_classes="pg-small")
    share = share_view()
    code, notebook = receipt_panel("Code: these rows with plain transformers")
    return {
        "progress": progress,
        "notes": notes,
        "threshold": threshold,
        "metrics": metrics,
        "rows": rows,
        "download": download,
        "every_row": every_row,
        "share": share,
        "code": code,
        "notebook": notebook,
    }


def _wire(handlers: TableOfTexts, parts: TableParts, model: gr.Dropdown, source: _Source) -> None:
    """Ties what people do to the handlers."""
    columns = [parts.text_column, parts.pair_column, parts.label_column]
    looks = _wire_looks(handlers, parts)
    asking: dict[str, Any] = {
        "fn": friendly(LastRun().wins(handlers.ask_reading)),
        "inputs": [source.file, source.table.how, *columns, model],
        "outputs": parts.reading,
        **UNSEEN,
    }
    source.sample.click(
        lambda: file_to_serve(SAMPLE.name, SAMPLE.read_text(encoding="utf-8")), None, source.file, **QUIET
    )
    parts.start_button.click(
        friendly(handlers.runs.wins(handlers.run, about_columns)),
        [source.pasted, source.file, source.table.how, *columns, model, parts.reading],
        parts.everything,
        trigger_mode="multiple",  # what was asked before may still be on its way out
        cancels=looks,
        **UNSEEN,
    )
    again = friendly(handlers.asking.of(handlers.runs.wins(handlers.run_again, about_link)))
    parts.share.again(again, None, parts.everything, **UNSEEN)
    _wire_other_question(handlers, parts, model, source, looks)
    reading_columns: dict[str, Any] = {
        "fn": friendly(LastRun().wins(handlers.read_columns)),
        "inputs": [source.file, source.table.how, model],
        "outputs": [*columns, parts.reading],
        **QUIET,
    }
    for shown in (*_wire_file(source), model.change):
        shown(**reading_columns).success(**asking)
    gr.on([column.input for column in columns], **asking)
    parts.stop_button.click(friendly(handlers.stop), parts.run_id, None, **UNSEEN)


def _wire_looks(handlers: TableOfTexts, parts: TableParts) -> list[Any]:
    """What is looked at of a result; another result ends these events, and the last of them counts."""
    wins, given = LastRun().wins, [parts.result, parts.threshold]
    shown = [parts.metrics, parts.rows, parts.every_row]
    work: dict[str, Any] = {"trigger_mode": "always_last", **UNSEEN}
    return [
        parts.threshold.release(friendly(wins(handlers.move_threshold)), given, [*shown, parts.download], **work),
        parts.metrics.select(friendly(wins(handlers.list_cell)), given, shown, **{**work, "trigger_mode": "multiple"}),
        parts.every_row.click(friendly(wins(handlers.list_all)), given, shown, **work),
    ]


def _wire_other_question(
    handlers: TableOfTexts, parts: TableParts, model: gr.Dropdown, source: _Source, looks: list[Any]
) -> None:
    """Whatever else is asked ends a run, and takes away what was found before."""
    filled = {"outputs": parts.everything, "cancels": looks, **UNSEEN}
    rows = [source.pasted, source.file, source.table.how, model, parts.run_id]
    other, otherwise = friendly(handlers.other_question), friendly(handlers.read_otherwise)
    gr.on([source.pasted.change, source.file.change, model.change], other, rows, **filled)
    gr.on([each.input for each in _choices(parts, source)], otherwise, parts.run_id, **filled)
    source.file.change(handlers.show_source, source.file, source.pasted, **UNSEEN)


def _choices(parts: TableParts, source: _Source) -> list[Any]:
    """All that says how the rows are read."""
    return [parts.text_column, parts.pair_column, parts.label_column, parts.reading, *source.table.choices]


def _wire_file(source: _Source) -> list[Any]:
    """Ties a file to how it is read; returns what happens once that is settled."""
    table = source.table
    new = source.file.change(lambda path: show_new(table, path), source.file, list(table), **UNSEEN)
    chosen = gr.on(
        [choice.input for choice in table.choices],
        lambda path, *choices: show(table, HowRead(path, *choices)) if path else show_new(table, None),
        [source.file, *table.choices],
        list(table),
        **UNSEEN,
    )
    return [new.success, chosen.success]
