"""The endpoints of classification, and what they answer where that isn't a result as it is."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature

import gradio as gr

import playground as pg
from playground.classification.result import ClassifiedRow, FunctionToApply, PipelineLabel
from tabs.page import publish, publish_with_file
from tabs.table_file import HowRead, read_table


@dataclass(frozen=True)
class Classified:
    """``/classify``: ``labels``, ``logits`` and ``probabilities`` in the order of the label ids."""

    model_id: str
    label: str
    labels: tuple[str, ...]
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    function_to_apply: FunctionToApply
    tokens: tuple[str, ...]
    input_ids: tuple[int, ...]
    tokens_used: int
    tokens_total: int
    pipeline: tuple[PipelineLabel, ...]
    max_difference: float
    entropy_nats: float | None
    verdict: str
    labels_note: str


@dataclass(frozen=True)
class ClassifiedTable:
    """``/classify_table``: rows in the order of the table, ``read_as`` with how the right labels were read.

    ``format`` and ``notes`` say how the file was read.
    """

    model_id: str
    labels: tuple[str, ...]
    rows: tuple[ClassifiedRow, ...]
    bad_rows: tuple[pg.BadRow, ...]
    read_as: pg.LabelReading | None
    no_metrics: str
    metrics: pg.Evaluation | None
    format: pg.TableFormat
    notes: tuple[str, ...]


def answer_of(result: pg.ClassifyResult) -> Classified:
    """The answer of ``/classify``: plain values under transformers' own names."""
    return Classified(
        model_id=result.info.model_id,
        label=result.best.label,
        labels=tuple(label.label for label in result.labels),
        logits=tuple(label.logit for label in result.labels),
        probabilities=tuple(label.probability for label in result.labels),
        function_to_apply=result.info.function_to_apply,
        tokens=tuple(token.token for token in result.tokens),
        input_ids=tuple(token.token_id for token in result.tokens),
        tokens_used=result.tokens_used,
        tokens_total=result.tokens_total,
        pipeline=result.pipeline,
        max_difference=result.max_difference,
        entropy_nats=result.entropy_nats,
        verdict=pg.verdict(result),
        labels_note=result.info.labels_note,
    )


def table_answer_of(result: pg.TableResult, table: pg.Table) -> ClassifiedTable:
    """The answer of ``/classify_table``."""
    return ClassifiedTable(
        model_id=result.info.model_id,
        labels=result.info.labels,
        rows=result.rows,
        bad_rows=result.bad_rows,
        read_as=result.read_as,
        no_metrics=result.no_metrics,
        metrics=pg.evaluate_table(result),
        format=table.format,
        notes=table.notes,
    )


OF_TABLE = {
    "file": "a CSV, TSV, JSONL or text file.",
    "text_column": "the column of the texts; empty: it is guessed.",
    "label_column": "the column of the right labels; empty: there is none, and no metrics.",
    "model_id": "a classifier of the catalog, or of the Hub where the settings allow it; empty is the first.",
    "pair_column": "the column of second texts, for models that judge pairs; empty: it is guessed.",
    "labels_read_as": "how labels are meant that can be read in several ways: names, label ids, or counted from 1.",
    "encoding": "of the file, such as utf-8; empty: it is found, as are the next three.",
    "separator": "what parts the columns, such as a comma.",
    "quoting": "how cells are quoted: doubled, backslash or none.",
    "header": "whether the first line names the columns: yes or no.",
}


class ClassificationApi:
    """The endpoints over one playground."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds them to the page that is being built."""
        publish(self.classify)
        upload = gr.File(visible=False, label="file")
        names = [name for name in signature(self.classify_table).parameters if name != "file"]
        boxes = [gr.Textbox("", visible=False, label=name) for name in names]
        publish_with_file(self.classify_table, [upload, *boxes], OF_TABLE)

    def classify(self, text: str, text_pair: str = "", model_id: str = "", quantization: str = "auto") -> Classified:
        """Which label a classifier gives a text, with every number between: tokens, logits, probabilities.

        Args:
            text: what is judged.
            text_pair: a second text, for models that judge pairs.
            model_id: a classifier of the catalog, or of the Hub where the settings allow it; empty is the first.
            quantization: one of auto, float32, bfloat16, float16, 8-bit, fast-8-bit and 4-bit.

        Returns:
            labels, logits and probabilities in the order of the label ids, the tokens that were used, what pipeline()
            returns and the greatest difference between the two.
        """
        request = pg.ClassifyRequest(text, text_pair or None, model_id or None, quantization or "auto")
        return answer_of(self._playground.classify(request))

    def classify_table(
        self,
        file: str,
        text_column: str,
        label_column: str,
        model_id: str,
        pair_column: str = "",
        labels_read_as: str = "",
        encoding: str = "",
        separator: str = "",
        quoting: str = "",
        header: str = "",
    ) -> ClassifiedTable:
        """A CSV, TSV, JSONL or text file -> a label and probabilities per row in the order of the file, the rows that
        could not be used with their line numbers, and metrics if a label column is named."""
        table = read_table(file, HowRead(file, encoding, separator, quoting, header))
        pairs = self._playground.describe_classifier(model_id or None).pair_names is not None
        guess = pg.guess_columns(table, pairs)
        request = pg.ClassifyTableRequest(
            table,
            text_column or guess.text,
            label_column or None,
            model_id or None,
            pair_column=pair_column or (guess.pair if guess.pair != text_column else None),
            labels_read_as=labels_read_as or None,
        )
        *_, result = self._playground.classify_table(request)
        assert isinstance(result, pg.TableResult)
        return table_answer_of(result, table)
