"""A table of texts -> a label for every row, with progress on the way and metrics where right labels are known.

Rows are tokenized first, sorted by length and run in batches that hold as many tokens as a forward pass takes well;
results come back in the order of the table. Other people's single sentences get in between two batches.

Leaves out how files are read (`tables`), what a column of labels means (`labels`) and how the measures are defined
(`evaluation`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.classification.batching import Answer, Classifier, Encoding, classifier
from playground.classification.classify import check_text
from playground.classification.describe import TASK, classifier_info, head_of, label_probabilities
from playground.classification.labels import ReadLabels, chosen_reading, label_readings
from playground.classification.request import ClassifyTableRequest
from playground.classification.result import ClassifiedRow, ClassifierInfo, LabelReading, TableProgress, TableResult
from playground.errors import InputError, PlaygroundError, UnsupportedOptionError
from playground.tables import BadRow

if TYPE_CHECKING:
    from playground.models.manager import ModelManager


Answers = dict[int, "Answer | UnsupportedOptionError"]  # by the row's place in the table


@dataclass(frozen=True)
class _Source:
    """What a request asks of a table: a text, perhaps a second one, and perhaps a value for the right label per row."""

    lines: tuple[int, ...]
    texts: list[str]
    pairs: list[str] | None
    values: list[str] | None

    def pair(self, place: int) -> str | None:
        """The second text of a row."""
        return self.pairs[place] if self.pairs else None


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


def readings(manager: ModelManager, request: ClassifyTableRequest) -> tuple[LabelReading, ...]:
    """Every way to read the label column of a request that explains the most of its values; () without a use for it.

    Raises:
        InputError: the column isn't there, or no value means a label in any way.
        ModelError: the model can't be loaded, or has no classification head.
    """
    source = _source(request)
    with manager.lease(request.model_id or manager.catalog.default_for(TASK).id, TASK, request.quantization) as loaded:
        info = classifier_info(loaded, head_of(loaded))
    if source.values is None or _no_metrics(info, source):
        return ()
    return tuple(read.reading for read in label_readings(source.values, info.labels))


def classify_table(
    manager: ModelManager, request: ClassifyTableRequest, stop: Callable[[], bool] = lambda: False
) -> Iterator[TableProgress | TableResult]:
    """TableProgress after every batch, and the result last: of all rows, or of those done when ``stop()`` became true.

    Closing the generator ends the run, too, without a result.

    Raises:
        InputError: a column isn't there, no row has a usable text, or the labels can be read in more ways than one.
        ModelError: the model can't be loaded, has no classification head, or can't read a single row.
    """
    source, started = _source(request), time.monotonic()
    with manager.lease(request.model_id or manager.catalog.default_for(TASK).id, TASK, request.quantization) as loaded:
        machine = classifier(loaded)
        info = classifier_info(loaded, machine)
        no_metrics = _no_metrics(info, source)
        read = None
        if source.values and not no_metrics:
            read = chosen_reading(source.values, info.labels, request.labels_read_as)
        usable, bad = _usable(source, read)
        rows = _encoded(machine, source, usable, read)
        answers: Answers = {}
        for done in _run(machine, rows, answers, stop):
            yield TableProgress(done, len(rows), time.monotonic() - started)
    given = {place: answer for place, answer in answers.items() if isinstance(answer, Answer)}
    refused = {place: error for place, error in answers.items() if isinstance(error, UnsupportedOptionError)}
    if refused and not given:
        raise next(iter(refused.values()))
    bad += [BadRow(source.lines[place], error.message.rstrip(".")) for place, error in refused.items()]
    in_order = sorted(rows, key=lambda row: row.place)
    yield TableResult(
        request=request,
        info=info,
        rows=tuple(_classified(row, given[row.place], source, info) for row in in_order if row.place in given),
        bad_rows=tuple(sorted([*request.table.bad_rows, *bad], key=lambda row: row.line)),
        read_as=read.reading if read else None,
        no_metrics=no_metrics,
        elapsed_seconds=time.monotonic() - started,
        usable_rows=len(rows) - len(refused),
    )


def _source(request: ClassifyTableRequest) -> _Source:
    table = request.table
    return _Source(
        table.lines,
        table.column(request.text_column),
        table.column(request.pair_column) if request.pair_column else None,
        table.column(request.label_column) if request.label_column else None,
    )


def _no_metrics(info: ClassifierInfo, source: _Source) -> str:
    """Why right labels are of no use here; empty if they are, or if there are none."""
    if source.values is None:
        return ""
    if info.pair_names and source.pairs is None:
        first, second = info.pair_names
        return f"Not compared with the right labels: this model judges a {first} and a {second}, and has only one text."
    if info.function_to_apply != "softmax":
        return "Not compared with the right labels: this model doesn't choose one label of several."
    return ""


def _usable(source: _Source, read: ReadLabels | None) -> tuple[list[int], list[BadRow]]:
    """The places of the rows that can be classified, and why the others can't."""
    usable, bad = [], []
    for place in range(len(source.texts)):
        if reason := _obstacle(source, place):
            bad.append(BadRow(source.lines[place], reason))
            continue
        usable.append(place)
        if read and source.values and read.label_ids[place] is None:
            reason = f"its label {source.values[place]!r} is none of the model's: not counted"
            bad.append(BadRow(source.lines[place], reason))
    if not usable:
        raise InputError(f"No row has a usable text (line {bad[0].line}: {bad[0].reason}).", "Choose another column.")
    return usable, bad


def _obstacle(source: _Source, place: int) -> str:
    """Why a row can't be classified; empty if it can."""
    for what, text in (("", source.texts[place]), ("its second text: ", source.pair(place))):
        try:
            if text is not None:
                check_text(text)
        except PlaygroundError as error:
            return what + error.message.rstrip(".")
    return ""


def _encoded(machine: Classifier, source: _Source, usable: list[int], read: ReadLabels | None) -> list[_Row]:
    texts = [source.texts[place] for place in usable]
    pairs = [source.pairs[place] for place in usable] if source.pairs else None
    return [
        _Row(place, encoding, total, read.label_ids[place] if read else None)
        for place, (encoding, total) in zip(usable, machine.encode_many(texts, pairs), strict=True)
    ]


def _run(machine: Classifier, rows: list[_Row], answers: Answers, stop: Callable[[], bool]) -> Iterator[int]:
    """Fills ``answers``, with the error where the model refuses a row; yields how many rows are done."""
    pending: list[tuple[list[_Row], list[Future[Answer]]]] = []

    def collect() -> int:
        for row, future in zip(*pending.pop(0), strict=True):
            try:
                answers[row.place] = future.result()
            except UnsupportedOptionError as error:
                answers[row.place] = error
        return len(answers)

    yield 0
    try:
        for batch in reversed(list(machine.groups(rows))):  # longest first: what is too large shows at once
            if stop():
                break
            pending.append((batch, machine.submit_many([row.encoding for row in batch])))
            if len(pending) > 1:  # one batch runs, one waits: the model is never idle, and others get in between
                yield collect()
        while pending:
            yield collect()
    finally:
        for _, futures in pending:
            for future in futures:
                future.cancel()


def _classified(row: _Row, answer: Answer, source: _Source, info: ClassifierInfo) -> ClassifiedRow:
    labels = label_probabilities(answer.logits, info)
    best = max(labels, key=lambda label: label.probability)
    return ClassifiedRow(
        line=source.lines[row.place],
        text=source.texts[row.place],
        text_pair=source.pair(row.place),
        label_id=best.label_id,
        label=best.label,
        probability=best.probability,
        probabilities=tuple(label.probability for label in labels),
        tokens_used=row.length,
        tokens_total=row.total,
        gold=row.gold,
    )
