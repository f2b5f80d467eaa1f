"""The part of the Classification tab for many texts: a table in, a label per row and metrics out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

import playground as pg
from playground.units import format_seconds
from tabs.classification import api
from tabs.page import explain, file_to_serve, friendly, publish_with_file, view

SAMPLE = Path(__file__).parents[2] / "assets" / "examples" / "reviews.csv"
PASTED = """\
I would go there again tomorrow.
The soup was cold and the waiter never came back.
It does what it says, no more and no less.
Not bad at all for the price."""
NO_COLUMN = "(none)"
HEADER_ADVICE = "If it is a text to classify, put a line such as text,label above it."
RESULTS = "results: ⋮ in a heading sorts and filters"
COLUMNS = ["line", "text", "label", "probability", "right label", "tokens"]


# What is shown


def format_progress(progress: pg.TableProgress) -> dict[str, Any]:
    """The value of the progress view."""
    percent = 100 * progress.done // progress.total if progress.total else 0
    speed = f" · {progress.rows_per_second:,.0f} rows/s" if progress.done else ""
    return {"percent": percent, "text": f"{progress.done:,} of {progress.total:,} rows{speed}", "running": True}


def format_count(rows: int) -> str:
    """A number of rows in words.

    >>> format_count(1), format_count(1000)
    ('1 row', '1,000 rows')
    """
    return f"{rows:,} row{'s' * (rows != 1)}"


def format_done(result: pg.TableResult) -> dict[str, Any]:
    """The last value of the progress view: the bar of a stopped run stays where it was."""
    done, seconds = len(result.rows), result.elapsed_seconds
    speed = f" ({done / seconds:,.0f} rows/s)" if seconds else ""
    text = f"Done: {format_count(done)} in {format_seconds(seconds)}{speed}"
    if result.stopped:
        text = f"Stopped after {done:,} of {format_count(result.usable_rows)} in {format_seconds(seconds)}{speed}."
        text += " Long texts come first, so these are the longest." if done else ""
    return {"percent": int(100 * done / result.usable_rows), "text": text, "running": False}


def format_bad_rows(result: pg.TableResult, most: int = 20) -> str:
    """The rows that could not be used, as a short list; an empty text if there are none."""
    bad = [f"line {row.line}: {row.reason}" for row in result.bad_rows]
    more = [f"and {len(bad) - most:,} more"] if len(bad) > most else []
    read = (
        [f"The labels were read as {result.read_as.name}: {pg.describe_reading(result.read_as)}."]
        if result.read_as
        else []
    )
    read += [result.no_metrics] if result.no_metrics else []
    return "\n".join([*read, *(["Rows that were left out or not counted:"] if bad else []), *bad[:most], *more])


def format_rows(result: pg.TableResult, threshold: float | None = None, cell: tuple[int, int] | None = None) -> list:
    """Rows of the result table, all or those of one cell of the confusion matrix."""
    said, names = pg.predictions(result, threshold), result.info.labels
    rows = []
    for row, predicted in zip(result.rows, said, strict=True):
        if cell is None or (row.gold, predicted) == cell:
            tokens = (
                str(row.tokens_used) if row.tokens_used == row.tokens_total else f"{row.tokens_used}/{row.tokens_total}"
            )
            gold = "" if row.gold is None else names[row.gold]
            probability = round(row.probabilities[predicted], 4)
            rows.append([row.line, row.text[:500], names[predicted], probability, gold, tokens])
    return rows


def format_evaluation(evaluation: pg.Evaluation | None, listed: tuple[int, int] | None = None) -> dict[str, Any] | None:
    """The value of the metrics view, or None where no right labels are known; ``listed`` is the cell that is listed."""
    if evaluation is None:
        return None
    return {
        "cards": [
            ["accuracy", f"{evaluation.accuracy * 100:.1f} %"],
            ["macro F1", f"{evaluation.macro_f1:.3f}"],
            ["expected calibration error", f"{evaluation.expected_calibration_error:.3f}"],
            ["labelled rows", f"{evaluation.count:,}"],
        ],
        "count": evaluation.count,
        "listed": listed,
        "labels": list(evaluation.labels),
        "confusion": [list(row) for row in evaluation.confusion],
        "bins": [
            {"low": b.low, "high": b.high, "count": b.count, "confidence": b.confidence, "accuracy": b.accuracy}
            for b in evaluation.reliability
        ],
        "per_label": [
            [m.label, f"{m.precision:.3f}", f"{m.recall:.3f}", f"{m.f1:.3f}", m.support] for m in evaluation.per_label
        ],
    }


def to_csv(result: pg.TableResult, threshold: float | None = None) -> str:
    """The whole result as CSV: line, text, label, right label, tokens and a probability for every label."""
    names = result.info.labels
    columns = ["line", "text", "label", "right label", "tokens_used", "tokens_total"]
    rows: list[list[object]] = []
    for row, said in zip(result.rows, pg.predictions(result, threshold), strict=True):
        gold = "" if row.gold is None else names[row.gold]
        shares = [round(probability, 6) for probability in row.probabilities]
        rows.append([row.line, row.text, names[said], gold, row.tokens_used, row.tokens_total, *shares])
    return pg.write_csv([*columns, *(f"probability {name}" for name in names)], rows)


def answer_of(result: pg.TableResult) -> api.ClassifiedFile:
    """The answer of the API's ``/classify_file``."""
    evaluation = pg.evaluate_table(result)
    metrics = evaluation and api.Metrics(
        count=evaluation.count,
        accuracy=evaluation.accuracy,
        macro_f1=evaluation.macro_f1,
        expected_calibration_error=evaluation.expected_calibration_error,
        confusion=evaluation.confusion,
    )
    rows = tuple(
        api.LabelledRow(row.line, row.text, row.label, row.probabilities, row.tokens_used, row.tokens_total)
        for row in result.rows
    )
    return api.ClassifiedFile(result.info.model_id, result.info.labels, rows, result.bad_rows, metrics)


# Layout


def build_table_section(playground: pg.Playground, model: gr.Dropdown) -> None:
    """Lays out the section inside the current Blocks."""
    explain(
        "Paste one text per line, or drop a CSV, TSV or JSONL file of up to 10,000 rows. With a label column you see "
        "**where the model is wrong**."
    )
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            pasted = gr.Textbox(PASTED, label="texts, one per line", lines=6, max_lines=12, elem_id="table-pasted")
        with gr.Column(min_width=300):
            file = gr.File(
                label="or a file",
                file_types=[".csv", ".tsv", ".jsonl", ".ndjson", ".txt"],
                height=120,
                elem_id="table-file",
            )
            sample = gr.Button("Use 30 example reviews with stars", size="sm", elem_id="table-sample")
            with gr.Row():
                text_column = gr.Dropdown([], label="text column", visible=False, min_width=120)
                label_column = gr.Dropdown([], label="label column", visible=False, min_width=120)
    with gr.Row():
        button = gr.Button("Classify all rows", variant="primary", min_width=160, elem_id="table-run")
        stop_button = gr.Button("Stop", variant="stop", min_width=90, interactive=False, elem_id="table-stop")
    progress = view("run_progress", elem_id="table-progress")
    notes = gr.Textbox(label="notes on the rows", visible=False, lines=2, max_lines=8, interactive=False)
    threshold = gr.Slider(0, 1, 0.5, step=0.01, label="threshold for the second label", visible=False)
    metrics = view("evaluation", elem_id="table-evaluation")
    table = gr.Dataframe(
        headers=COLUMNS,
        datatype=["number", "str", "str", "number", "str", "str"],
        type="array",
        interactive=False,
        visible=False,
        show_search="filter",
        max_height=420,
        wrap=True,
        column_widths=["70px", "518px", "150px", "160px", "160px", "140px"],  # shares would break words on a phone
        label=RESULTS,
        elem_id="table-results",
    )
    with gr.Row():
        download = gr.DownloadButton("Download as CSV", visible=False, size="sm", elem_classes="pg-small")
        every_row = gr.Button("Show all rows", visible=False, size="sm", elem_classes="pg-small")
    state, running = gr.State(), gr.State()

    @friendly
    def read_columns(path: str | None) -> tuple[Any, Any]:
        if not path:
            return gr.Dropdown(visible=False, choices=[], value=None), gr.Dropdown(
                visible=False, choices=[], value=None
            )
        found = pg.read_file(Path(path))
        labels = [NO_COLUMN, *found.columns]
        if found.format.header_doubtful:
            gr.Info(f"Line 1 was read as the names of the columns: {', '.join(found.columns)[:200]}. {HEADER_ADVICE}")
        return (
            gr.Dropdown(choices=list(found.columns), value=found.text_column, visible=True),
            gr.Dropdown(choices=labels, value=found.label_column or NO_COLUMN, visible=True),
        )

    @friendly
    def run(
        pasted: str, path: str | None, text_name: str | None, label_name: str | None, model_id: str
    ) -> Iterator[dict[Any, Any]]:
        try:
            found = pg.read_file(Path(path)) if path else pg.read_lines(pasted)
        except pg.PlaygroundError:
            yield {progress: None}  # "Done" would be said of the run before
            raise
        request = pg.ClassifyTableRequest(
            found,
            (text_name if path else None) or found.text_column,
            label_name if path and label_name and label_name != NO_COLUMN else None,
            model_id,
        )
        run_id, shown_at = secrets.token_hex(8), 0.0
        yield {
            running: run_id,
            stop_button: gr.Button(interactive=True),
            progress: {"percent": 0, "text": "Starting…", "running": True},
        }
        try:
            for step in playground.classify_table(replace(request, run_id=run_id)):
                if isinstance(step, pg.TableResult):
                    yield finished(step)
                elif time.monotonic() - shown_at > 0.2:
                    shown_at = time.monotonic()
                    yield {progress: format_progress(step)}
        except pg.PlaygroundError:
            yield {stop_button: gr.Button(interactive=False), progress: None}
            raise

    def finished(result: pg.TableResult) -> dict[Any, Any]:
        text = format_bad_rows(result)
        two = len(result.info.labels) == 2 and result.info.function_to_apply == "softmax"
        name = result.info.labels[1] if two else ""
        return {
            state: result,
            stop_button: gr.Button(interactive=False),
            progress: format_done(result),
            notes: gr.Textbox(text, visible=bool(text)),
            threshold: gr.Slider(value=0.5, visible=two, label=f"threshold: call it “{name}” from this probability on"),
            metrics: format_evaluation(pg.evaluate_table(result)),
            table: gr.Dataframe(format_rows(result), label=RESULTS, visible=True),
            download: gr.DownloadButton(value=file_to_serve("classified.csv", to_csv(result)), visible=True),
            every_row: gr.Button(visible=False),
        }

    @friendly
    def move_threshold(result: pg.TableResult | None, value: float) -> tuple[Any, ...]:
        if result is None:
            return tuple([gr.skip()] * 4)
        return (
            *list_all(result, value),
            gr.DownloadButton(value=file_to_serve("classified.csv", to_csv(result, value))),
        )

    @friendly
    def list_cell(result: pg.TableResult | None, value: float, event: gr.EventData) -> tuple[Any, ...]:
        if result is None:
            return gr.skip(), gr.skip(), gr.skip()
        gold, said = int(event.gold), int(event.predicted)
        names = result.info.labels
        rows = format_rows(result, value, (gold, said))
        label = f"right {names[gold]}, said {names[said]}: {format_count(len(rows))}"
        marked = format_evaluation(pg.evaluate_table(result, value), (gold, said))
        return marked, gr.Dataframe(rows, label=label), gr.Button(visible=True)

    @friendly
    def list_all(result: pg.TableResult, value: float) -> tuple[Any, ...]:
        table = gr.Dataframe(format_rows(result, value), label=RESULTS)
        return format_evaluation(pg.evaluate_table(result, value)), table, gr.Button(visible=False)

    quiet: dict[str, Any] = {"api_visibility": "private"}
    columns = [text_column, label_column]
    shown = [state, running, stop_button, progress, notes, threshold, metrics, table, download, every_row]
    sample.click(lambda: file_to_serve(SAMPLE.name, SAMPLE.read_text(encoding="utf-8")), None, file, **quiet)
    file.change(read_columns, file, columns, **quiet)
    button.click(run, [pasted, file, *columns, model], shown, show_progress="hidden", trigger_mode="once", **quiet)
    stop_button.click(
        lambda run_id: run_id and playground.cancel(run_id), running, None, show_progress="hidden", **quiet
    )
    listing = [metrics, table, every_row]
    threshold.release(move_threshold, [state, threshold], [*listing, download], show_progress="hidden", **quiet)
    metrics.select(list_cell, [state, threshold], listing, show_progress="hidden", **quiet)
    every_row.click(list_all, [state, threshold], listing, show_progress="hidden", **quiet)
    _publish(playground)


def _publish(playground: pg.Playground) -> None:
    """The file endpoint of the API: components that are never shown, so that a client may upload a file."""

    def classify_file(file: str, text_column: str, label_column: str, model_id: str) -> api.ClassifiedFile:
        """A CSV, TSV, JSONL or text file -> a label and probabilities per row in the order of the file, the rows that
        could not be used with their line numbers, and metrics if a label column is named. Empty names are guessed."""
        found = pg.read_file(Path(file))
        request = pg.ClassifyTableRequest(
            found, text_column or found.text_column, label_column or None, model_id or None
        )
        *_, result = playground.classify_table(request)
        assert isinstance(result, pg.TableResult)
        return answer_of(result)

    upload = gr.File(visible=False, label="file")
    names = [gr.Textbox(visible=False, label=name) for name in ("text_column", "label_column", "model_id")]
    publish_with_file(classify_file, [upload, *names])
