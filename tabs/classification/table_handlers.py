"""What happens when somebody drops a file, picks a column or starts a run in the part for a table of texts.

Each handler answers with a dictionary of the components it fills. Leaves out where they stand (`table`) and what a
result looks like (`table_format`).
"""

from __future__ import annotations

import csv
import io
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

import playground as pg
from playground.texts import quoted
from tabs.classification import table_format as shown
from tabs.classification.handlers import Values
from tabs.components import buttons_of_run
from tabs.gradio_patches import payload
from tabs.last_run import LastRun
from tabs.links.asking import Asking
from tabs.links.handlers import asked_in
from tabs.page import file_to_serve, receipt_values, run_refused
from tabs.table_file import HowRead, read_or_none, read_table

SAMPLE = Path(__file__).parents[2] / "assets" / "examples" / "reviews.csv"
NO_COLUMN = "(none)"
PASTED_LABEL = "texts, one per line"
RESULTS = "results: ⋮ in a heading sorts and filters"
REDRAW_SECONDS = 0.2


@dataclass(frozen=True, eq=False)
class TableParts:
    """The components that are filled."""

    text_column: Any
    pair_column: Any
    label_column: Any
    reading: Any
    result: Any
    run_id: Any
    start_button: Any
    stop_button: Any
    progress: Any
    notes: Any
    threshold: Any
    metrics: Any
    rows: Any
    download: Any
    every_row: Any
    share: Any
    code: Any
    notebook: Any

    @property
    def everything(self) -> list[Any]:
        """All of them in one list, for events that may fill any."""
        return list(vars(self).values())


class TableOfTexts:
    """The handlers of the part for a table; ``parts`` are only ever used as keys of what is returned."""

    def __init__(self, playground: pg.Playground, parts: TableParts) -> None:
        self._playground, self._parts = playground, parts
        self.asking, self.runs = Asking(), LastRun()

    # What is to be classified

    def read_columns(self, path: str | None, how: HowRead | None, model_id: str) -> Values:
        """The columns of a dropped file, with a guess which is which; none without one that can be read."""
        parts, table = self._parts, read_or_none(path, how)
        columns = (parts.text_column, parts.pair_column, parts.label_column)
        if table is None:
            hidden = {column: gr.Dropdown(visible=False, choices=[], value=None) for column in columns}
            return {**hidden, **self._ask(())}
        pairs = self._takes_pairs(model_id)
        guess, optional = pg.guess_columns(table, pairs), [NO_COLUMN, *table.columns]
        return {
            parts.text_column: gr.Dropdown(choices=list(table.columns), value=guess.text, visible=True),
            parts.pair_column: gr.Dropdown(choices=optional, value=guess.pair or NO_COLUMN, visible=pairs),
            parts.label_column: gr.Dropdown(choices=optional, value=guess.label or NO_COLUMN, visible=True),
        }

    def _takes_pairs(self, model_id: str) -> bool:
        try:
            return self._playground.describe_classifier(model_id).pair_names is not None
        except pg.PlaygroundError:
            return False  # the part for one text says what is wrong with this model

    def ask_reading(
        self,
        path: str | None,
        how: HowRead | None,
        text: str | None,
        pair: str | None,
        label: str | None,
        model_id: str,
    ) -> Values:
        """The question how the labels are meant, where they can be read in more than one way; hidden otherwise."""
        if not path or not named(label) or not text:
            return self._ask(())
        try:
            return self._ask(
                self._playground.label_readings(self._request("", path, how, text, pair, label, model_id, ""))
            )
        except pg.PlaygroundError:
            return self._ask(())  # a run says what is wrong with this column or model

    def _ask(self, readings: tuple[pg.LabelReading, ...]) -> Values:
        asked = readings if len(readings) > 1 else ()
        choices = shown.format_readings(asked)
        return {self._parts.reading: gr.Radio(choices=choices, value=None, visible=bool(asked))}

    def _request(
        self,
        pasted: str,
        path: str | None,
        how: HowRead | None,
        text: str | None,
        pair: str | None,
        label: str | None,
        model_id: str,
        reading: str | None,
    ) -> pg.ClassifyTableRequest:
        table = read_table(path, how) if path else pg.read_lines(pasted)
        if not path:
            return pg.ClassifyTableRequest(table, table.text_column, model_id=model_id)
        return pg.ClassifyTableRequest(
            table,
            text or table.text_column,
            named(label),
            model_id,
            pair_column=named(pair),
            labels_read_as=reading or None,
        )

    # A run

    def run(
        self,
        pasted: str,
        path: str | None,
        how: HowRead | None,
        text: str | None,
        pair: str | None,
        label: str | None,
        model_id: str,
        reading: str | None,
    ) -> Iterator[Values]:
        """Progress, and the result; what the run before had found goes first."""
        yield self.nothing()
        try:
            request = self._request(pasted, path, how, text, pair, label, model_id, reading)
        except Exception as error:  # no row at all
            yield {self._parts.progress: run_refused(error, shown.NOT_YET)}
            raise
        yield from self._run(request)

    def run_again(self, event: gr.EventData) -> Iterator[Values]:
        """The same for what a link asks; its columns are chosen then."""
        (request,) = asked_in(event)
        columns = self._chosen(request)
        yield self.nothing()
        for values in self._run(request):
            yield values | columns

    def _chosen(self, request: pg.ClassifyTableRequest) -> Values:
        """What stands in the choice of columns where this was asked of a file."""
        if _is_pasted(request.table):
            return {}
        parts, names = self._parts, request.table.columns
        chosen = {
            parts.text_column: request.text_column,
            parts.pair_column: request.pair_column or NO_COLUMN,
            parts.label_column: request.label_column or NO_COLUMN,
        }
        return {
            column: gr.Dropdown(choices=[*([] if column is parts.text_column else [NO_COLUMN]), *names], value=value)
            for column, value in chosen.items()
        }

    def _run(self, request: pg.ClassifyTableRequest) -> Iterator[Values]:
        parts = self._parts
        run_id, drawn_at = secrets.token_hex(8), 0.0
        yield {
            parts.run_id: run_id,
            **buttons_of_run(parts.start_button, parts.stop_button, working=True),
            parts.progress: {"percent": 0, "text": "Starting…", "running": True},
        }
        try:
            for step in self._playground.classify_table(replace(request, run_id=run_id)):
                if isinstance(step, pg.TableResult):
                    yield self.finished(step)
                elif time.monotonic() - drawn_at > REDRAW_SECONDS:
                    drawn_at = time.monotonic()
                    yield {parts.progress: shown.format_progress(step)}
        except Exception as error:
            yield self.nothing() | {self._parts.progress: run_refused(error, shown.NOT_YET)}
            raise

    def finished(self, result: pg.TableResult) -> Values:
        """Everything that a result fills."""
        parts, notes = self._parts, shown.format_notes(result)
        two = len(result.info.labels) == 2 and result.info.function_to_apply == "softmax"
        name = result.info.labels[1] if two else ""
        code, notebook = receipt_values(self._playground.table_receipt(result)) if result.rows else (None, None)
        return {
            parts.result: result,
            **buttons_of_run(parts.start_button, parts.stop_button, working=False),
            parts.progress: shown.format_done(result),
            parts.notes: gr.Textbox(notes, visible=bool(notes)),
            parts.threshold: gr.Slider(
                value=0.5, visible=two, label=f"threshold: call it {quoted(name)} from this probability on"
            ),
            parts.metrics: shown.format_evaluation(pg.evaluate_table(result)),
            parts.rows: gr.Dataframe(**shown.format_table(result), label=RESULTS, visible=True),
            parts.download: gr.DownloadButton(
                value=file_to_serve("classified.csv", shown.to_csv(result)), visible=True
            ),
            parts.every_row: gr.Button(visible=False),
            parts.code: code,
            parts.notebook: notebook,
        }

    def nothing(self) -> Values:
        """No result on the page."""
        parts = self._parts
        return {
            parts.result: None,
            **buttons_of_run(parts.start_button, parts.stop_button, working=False),
            parts.progress: shown.NOT_YET,
            parts.notes: gr.Textbox(visible=False),
            parts.threshold: gr.Slider(visible=False),
            parts.metrics: None,
            parts.rows: gr.Dataframe(visible=False),
            parts.download: gr.DownloadButton(visible=False),
            parts.every_row: gr.Button(visible=False),
            parts.code: None,
            parts.notebook: None,
        }

    def stop(self, run_id: str | None) -> None:
        """Ends a run; what is done by then is its result."""
        if run_id:
            self._playground.cancel(run_id)

    def other_question(
        self,
        pasted: str,
        path: str | None,
        how: HowRead | None,
        model_id: str,
        run_id: str | None,
        request: gr.Request,
    ) -> Values:
        """Another model or other rows: a run under way ends, and what was found before goes.

        The page may tell of them after a run of them has begun: that goes on.
        """
        if self.runs.goes_on(request, about_rows(pasted, path, how, model_id)):
            return gr.skip()
        return self._ended(run_id)

    def read_otherwise(self, run_id: str | None, request: gr.Request) -> Values:
        """The same for rows that are read in another way: somebody has just said so."""
        self.runs.begin(request)
        return self._ended(run_id)

    def _ended(self, run_id: str | None) -> Values:
        self.stop(run_id)
        return self.nothing()

    def show_source(self, path: str | None) -> gr.Textbox:
        """The field of pasted lines, which a file replaces."""
        label = "not used: the rows come from the file" if path else PASTED_LABEL
        return gr.Textbox(label=label, interactive=not path)

    # A look at the result

    def move_threshold(self, result: pg.TableResult | None, value: float) -> Values:
        """All that depends on the threshold between two labels."""
        if result is None:
            return gr.skip()
        download = gr.DownloadButton(value=file_to_serve("classified.csv", shown.to_csv(result, value)))
        return {**self.list_all(result, value), self._parts.download: download}

    def list_cell(self, event: gr.EventData, result: pg.TableResult | None, value: float) -> Values:
        """The rows behind one cell of the confusion matrix."""
        if result is None:
            return gr.skip()
        parts, names, cell = self._parts, result.info.labels, payload(event)
        gold, said = int(cell["gold"]), int(cell["predicted"])
        table = shown.format_table(result, value, (gold, said))
        label = f"right {names[gold]}, said {names[said]}: {shown.format_count(len(table['value']['data']))}"
        return {
            parts.metrics: shown.format_evaluation(pg.evaluate_table(result, value), (gold, said)),
            parts.rows: gr.Dataframe(**table, label=label),
            parts.every_row: gr.Button(visible=True),
        }

    def list_all(self, result: pg.TableResult | None, value: float) -> Values:
        """All rows again."""
        if result is None:
            return gr.skip()
        return {
            self._parts.metrics: shown.format_evaluation(pg.evaluate_table(result, value)),
            self._parts.rows: gr.Dataframe(**shown.format_table(result, value), label=RESULTS),
            self._parts.every_row: gr.Button(visible=False),
        }


def source_of(request: pg.ClassifyTableRequest) -> tuple[str | None, str | dict[str, Any]]:
    """The file and the pasted lines from which somebody could ask the same; where there is a file, the lines stay."""
    table = request.table
    if _is_pasted(table):
        return None, "\n".join(table.column(table.columns[0]))
    text = io.StringIO()
    csv.writer(text).writerows([table.columns, *table.rows])
    return file_to_serve("shared.csv", text.getvalue()), gr.skip()


def about_rows(pasted: str, path: str | None, how: HowRead | None, model_id: str) -> tuple[Any, ...]:
    """What a run is about, for `LastRun`: the model, and a digest of the rows; None for rows that can't be read."""
    try:
        return model_id, _digest(read_table(path, how) if path else pg.read_lines(pasted))
    except pg.PlaygroundError:
        return model_id, None


def about_columns(
    pasted: str, path: str | None, how: HowRead | None, text: Any, pair: Any, label: Any, model_id: str, reading: Any
) -> tuple[Any, ...]:
    """The same of all that a run is given."""
    return about_rows(pasted, path, how, model_id)


def about_link(event: gr.EventData) -> tuple[Any, ...]:
    """The same of what a link asks."""
    (request,) = asked_in(event)
    return request.model_id, _digest(request.table)


def _digest(table: pg.Table) -> int:
    return hash((table.columns, table.rows))


def _is_pasted(table: pg.Table) -> bool:
    return table.format.kind == "lines" and len(table.columns) == 1


def named(column: str | None) -> str | None:
    """The name of a column, or None where none is chosen."""
    return column if column and column != NO_COLUMN else None
