"""A table of texts -> a label for every row, with progress on the way and metrics where right labels are known.

Rows are tokenized first, sorted by length and run in batches that hold as many tokens as a forward pass takes well;
results come back in the order of the table. Other people's single sentences get in between two batches.

Leaves out how files are read (`tables`) and how the measures are defined (`evaluation`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.classification.batching import Answer, Classifier, Encoding, classifier
from playground.classification.classify import TASK, ClassifierInfo, check_text, classifier_info, label_probabilities
from playground.classification.evaluation import Evaluation, at_threshold, evaluate
from playground.errors import InputError, PlaygroundError
from playground.tables import BadRow, Table

if TYPE_CHECKING:
    from playground.models.manager import ModelManager


@dataclass(frozen=True)
class ClassifyTableRequest:
    """A table to classify: the column with the texts, and the one with the right labels if there is one."""

    table: Table
    text_column: str
    label_column: str | None = None
    model_id: str | None = None
    quantization: str = "auto"


@dataclass(frozen=True)
class TableProgress:
    """How far a run has come."""

    done: int
    total: int
    elapsed_seconds: float

    @property
    def rows_per_second(self) -> float:
        """Rows done for each second so far."""
        return self.done / self.elapsed_seconds if self.elapsed_seconds else 0.0


@dataclass(frozen=True)
class ClassifiedRow:
    """One row with its label; ``gold`` is the label id that the table says is right, where it says so."""

    line: int
    text: str
    label_id: int
    label: str
    probability: float
    probabilities: tuple[float, ...]
    tokens_used: int
    tokens_total: int
    gold: int | None


@dataclass(frozen=True)
class TableResult:
    """The rows in the order of the table; ``read_as`` says how the label column was understood.

    A stopped run has the longest of its ``usable_rows``, because those come first.
    """

    info: ClassifierInfo
    rows: tuple[ClassifiedRow, ...]
    bad_rows: tuple[BadRow, ...]
    read_as: str | None
    elapsed_seconds: float
    usable_rows: int

    @property
    def stopped(self) -> bool:
        """True if the run was stopped before it had all rows."""
        return len(self.rows) < self.usable_rows


@dataclass(frozen=True)
class _Row:
    """A usable row on its way: its place in the table, its tokens, and the right label."""

    place: int
    encoding: Encoding
    total: int
    gold: int | None

    @property
    def length(self) -> int:
        return len(self.encoding["input_ids"])


def classify_table(
    manager: ModelManager, request: ClassifyTableRequest, stop: Callable[[], bool] = lambda: False
) -> Iterator[TableProgress | TableResult]:
    """TableProgress after every batch, and the result last: of all rows, or of those done when ``stop()`` became true.

    Closing the generator ends the run, too, without a result.

    Raises:
        InputError: a column isn't there, or no row has a usable text.
        ModelError: the model can't be loaded, or has no classification head.
    """
    texts = request.table.column(request.text_column)
    gold_values = request.table.column(request.label_column) if request.label_column else None
    started = time.monotonic()
    model_id = request.model_id or manager.catalog.default_for(TASK).id
    with manager.lease(model_id, TASK, request.quantization) as loaded:
        machine = classifier(loaded)
        info = classifier_info(loaded, machine)
        gold: list[int | None] = [None] * len(texts)
        read_as = None
        if gold_values:
            gold, read_as = read_labels(gold_values, info.labels)
        usable, bad = _usable(request.table, texts, gold_values, gold)
        answers: dict[int, Answer] = {}
        pending: list[tuple[list[_Row], list[Future[Answer]]]] = []
        rows = _encoded(machine, texts, usable, gold)
        yield TableProgress(0, len(rows), time.monotonic() - started)
        try:
            for batch in _batches(machine, rows):
                if stop():
                    break
                pending.append((batch, machine.submit_many([row.encoding for row in batch])))
                if len(pending) > 1:  # one batch runs, one waits: the model is never idle, and others get in between
                    _collect(pending.pop(0), answers)
                    yield TableProgress(len(answers), len(rows), time.monotonic() - started)
            while pending:
                _collect(pending.pop(0), answers)
            yield TableProgress(len(answers), len(rows), time.monotonic() - started)
        finally:
            for _, futures in pending:
                for future in futures:
                    future.cancel()
    yield TableResult(
        info=info,
        rows=tuple(
            _classified(row, answers[row.place], request.table, texts, info)
            for row in sorted(rows, key=lambda row: row.place)
            if row.place in answers
        ),
        bad_rows=tuple(sorted([*request.table.bad_rows, *bad], key=lambda row: row.line)),
        read_as=read_as,
        elapsed_seconds=time.monotonic() - started,
        usable_rows=len(rows),
    )


def evaluate_rows(result: TableResult, threshold: float | None = None) -> Evaluation | None:
    """Metrics over the rows whose right label is known, or None; for two labels ``threshold`` decides for label 1."""
    rows = [row for row in result.rows if row.gold is not None]
    if not rows or result.info.function_to_apply != "softmax":
        return None
    predicted = predictions(result, threshold)
    chosen = [predicted[number] for number, row in enumerate(result.rows) if row.gold is not None]
    confidence = [row.probabilities[said] for row, said in zip(rows, chosen, strict=True)]
    return evaluate(result.info.labels, [row.gold for row in rows if row.gold is not None], chosen, confidence)


def predictions(result: TableResult, threshold: float | None = None) -> list[int]:
    """The label id of every row: the most probable one, or for two labels what a threshold on label 1 says."""
    if threshold is None or len(result.info.labels) != 2:
        return [row.label_id for row in result.rows]
    return at_threshold([row.probabilities[1] for row in result.rows], threshold)


def read_labels(values: Sequence[str], labels: Sequence[str]) -> tuple[list[int | None], str]:
    """The label id that each value of a label column means (None: no label), and how the column was read.

    Names win over the numbers that stand in them ("4" is "4 stars"), and those over label ids.

    >>> read_labels(["4", "1 star", "5"], ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"])
    ([3, 0, 4], 'names, or the number in the name')
    >>> read_labels(["1", "0"], ["NEGATIVE", "POSITIVE"])
    ([1, 0], 'label ids')
    """
    names = {label.strip().casefold(): number for number, label in enumerate(labels)}
    numbers = [re.findall(r"\d+", label) for label in labels]
    numbered = {found[0]: n for n, found in enumerate(numbers) if len(found) == 1}
    numbered = numbered if len(numbered) == len(labels) else {}
    folded = [_plain_number(value.strip().casefold()) for value in values]
    if any(value in names or value in numbered for value in folded):
        known = {**numbered, **names}
        return [known.get(value) for value in folded], "names, or the number in the name" if numbered else "names"
    ids = {str(number): number for number in range(len(labels))}
    found_ids = [ids.get(value) for value in folded]
    if any(number is not None for number in found_ids):
        return found_ids, "label ids"
    raise InputError(
        f"The label column holds {values[0]!r}, and the model's labels are {', '.join(labels)}.",
        "Choose another label column, or none.",
    )


def _plain_number(value: str) -> str:
    return value.removesuffix(".0") if re.fullmatch(r"\d+\.0", value) else value


def _usable(
    table: Table, texts: list[str], gold_values: list[str] | None, gold: list[int | None]
) -> tuple[list[int], list[BadRow]]:
    """The places of the rows that can be classified, and why the others can't."""
    usable, bad = [], []
    for place, text in enumerate(texts):
        try:
            check_text(text)
        except PlaygroundError as error:
            bad.append(BadRow(table.lines[place], error.message.rstrip(".")))
            continue
        usable.append(place)
        if gold_values and gold[place] is None:
            bad.append(
                BadRow(table.lines[place], f"its label {gold_values[place]!r} is none of the model's: not counted")
            )
    if not usable:
        raise InputError(f"No row has a usable text (line {bad[0].line}: {bad[0].reason}).", "Choose another column.")
    return usable, bad


def _encoded(machine: Classifier, texts: list[str], usable: list[int], gold: list[int | None]) -> list[_Row]:
    encodings = machine.encode_many([texts[place] for place in usable])
    return [
        _Row(place, encoding, total, gold[place]) for place, (encoding, total) in zip(usable, encodings, strict=True)
    ]


def _batches(machine: Classifier, rows: list[_Row]) -> Iterator[list[_Row]]:
    """Longest first: if a batch is too large for the device, that shows at once."""
    return iter(reversed(list(machine.groups(rows))))


def _collect(batch: tuple[list[_Row], list[Future[Answer]]], answers: dict[int, Answer]) -> None:
    for row, future in zip(*batch, strict=True):
        answers[row.place] = future.result()


def _classified(row: _Row, answer: Answer, table: Table, texts: list[str], info: ClassifierInfo) -> ClassifiedRow:
    labels = label_probabilities(answer.logits, info)
    best = max(labels, key=lambda label: label.probability)
    return ClassifiedRow(
        line=table.lines[row.place],
        text=texts[row.place],
        label_id=best.label_id,
        label=best.label,
        probability=best.probability,
        probabilities=tuple(label.probability for label in labels),
        tokens_used=row.length,
        tokens_total=row.total,
        gold=row.gold,
    )
