"""What the Classification tab shows of a table: results -> the values of its views, and a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import playground as pg
from playground.texts import quoted
from playground.units import format_seconds
from tabs.classification.format import named
from tabs.page import so_far, without_bar

# Name, type and width of each column: shares of the width would break words on a phone.
COLUMNS = (
    ("line", "number", "70px"),
    ("text", "str", "518px"),
    ("model's label", "str", "150px"),
    ("probability", "number", "160px"),
    ("right label", "str", "160px"),
    ("tokens", "str", "140px"),
)
RIGHT_LABEL = 4
READ_AS = {
    "names": "as names, or the number in a name",
    "label ids": "as label ids, counted from 0",
    "counted from 1": "as numbers of labels, counted from 1",
}

NOT_YET = without_bar(
    "Press Classify all rows: what the model says of each stands here and, with a label column, how often it is right."
)


def format_progress(progress: pg.TableProgress) -> dict[str, Any]:
    """The value of the progress view."""
    speed = f" · {progress.rows_per_second:,.0f} rows/s" if progress.done else ""
    return so_far(progress.done, progress.total, f"{progress.done:,} of {progress.total:,} rows{speed}")


def format_count(rows: int, what: str = "row") -> str:
    """A number of rows in words.

    >>> format_count(1), format_count(1000), format_count(2, "pair")
    ('1 row', '1,000 rows', '2 pairs')
    """
    return f"{rows:,} {what}{'s' * (rows != 1)}"


def format_done(result: pg.TableResult) -> dict[str, Any]:
    """The last value of the progress view: the bar of a stopped run stays where it was."""
    done, seconds = len(result.rows), result.elapsed_seconds
    what = "pair" if any(row.text_pair is not None for row in result.rows) else "row"
    speed = f" ({done / seconds:,.0f} {what}s/s)" if seconds else ""
    took = f"{format_seconds(seconds)}{speed}"
    text = f"Done with {named(result.info)}: {format_count(done, what)} in {took}"
    if result.stopped:
        text = f"Stopped after {done:,} of {format_count(result.usable_rows, what)} in {took}"
        text += f", with {named(result.info)}. Long texts come first, so these are the longest." if done else "."
    return so_far(done, result.usable_rows, text, running=False)


def format_notes(result: pg.TableResult, most: int = 20) -> str:
    """How the labels were read, and the rows that could not be used; empty if there is nothing to say."""
    lines = [f"{format_reading(result.read_as)}."] if result.read_as else []
    lines += [result.no_metrics] if result.no_metrics else []
    if result.bad_rows:
        lines += ["Rows that were left out or not counted:"]
        lines += [f"line {row.line}: {row.reason}" for row in result.bad_rows[:most]]
    if len(result.bad_rows) > most:
        lines += [f"and {len(result.bad_rows) - most:,} more"]
    return "\n".join(lines)


def format_reading(reading: pg.LabelReading) -> str:
    """One way to read a column of labels, with what its first values mean then."""
    return f"Right labels are read {READ_AS[reading.name]}: {pg.describe_reading(reading)}"


def format_readings(readings: Sequence[pg.LabelReading]) -> list[tuple[str, str]]:
    """The choices of the question how the labels are meant."""
    return [(f"{READ_AS[reading.name]}: {pg.describe_reading(reading)}", reading.name) for reading in readings]


def has_right_labels(result: pg.TableResult) -> bool:
    """Whether any row says what its label should be; where none does, no column stands empty for it."""
    return any(row.gold is not None for row in result.rows)


def format_columns(result: pg.TableResult | None = None) -> list[tuple[str, str, str]]:
    """Name, type and width of each column of the result table."""
    return [
        column
        for index, column in enumerate(COLUMNS)
        if index != RIGHT_LABEL or result is None or has_right_labels(result)
    ]


def format_table(result: pg.TableResult, threshold: float | None = None, cell: tuple[int, int] | None = None) -> dict:
    """What a ``gr.Dataframe`` is given to show these rows: its value and its widths."""
    names, _, widths = zip(*format_columns(result), strict=True)
    return {
        "value": {"headers": list(names), "data": format_rows(result, threshold, cell)},
        "column_widths": list(widths),
    }


def format_rows(result: pg.TableResult, threshold: float | None = None, cell: tuple[int, int] | None = None) -> list:
    """Rows of the result table, all or those of one cell of the confusion matrix; both texts of a pair in one cell."""
    said, names = pg.predictions(result, threshold), result.info.labels
    labelled, rows = has_right_labels(result), []
    for row, predicted in zip(result.rows, said, strict=True):
        if cell is None or (row.gold, predicted) == cell:
            cut = "" if row.tokens_used == row.tokens_total else f"/{row.tokens_total}"
            text = row.text[:500] if row.text_pair is None else f"{row.text[:250]}\n→ {row.text_pair[:250]}"
            gold = "" if row.gold is None else names[row.gold]
            probability = round(row.probabilities[predicted], 4)
            right = [gold] if labelled else []
            rows.append([row.line, text, names[predicted], probability, *right, f"{row.tokens_used}{cut}"])
    return rows


def format_evaluation(evaluation: pg.Evaluation | None, listed: tuple[int, int] | None = None) -> dict[str, Any] | None:
    """The value of the metrics view, or None where no right labels are known; ``listed`` is the cell that is listed."""
    if evaluation is None:
        return None
    mean = evaluation.mean_distance
    distance = [] if mean is None else [["labels away from the right one, on average", f"{mean:.2f}"]]
    return {
        "cards": [
            ["accuracy", f"{evaluation.accuracy * 100:.1f}\u00a0%"],
            ["by guessing", f"{evaluation.chance * 100:.1f}\u00a0%"],
            [f"by always saying {quoted(evaluation.majority_label)}", f"{evaluation.majority * 100:.1f}\u00a0%"],
            *distance,
            ["macro F1", f"{evaluation.macro_f1:.3f}"],
            ["expected calibration error", f"{evaluation.expected_calibration_error:.3f}"],
            ["labelled row" if evaluation.count == 1 else "labelled rows", f"{evaluation.count:,}"],
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
    """The whole result as CSV: line, texts, label, right label (if any), tokens, a probability for every label."""
    names = result.info.labels
    pairs = any(row.text_pair is not None for row in result.rows)
    labelled = has_right_labels(result)
    given = ["line", "text", *(["text_pair"] if pairs else [])]
    columns = [*given, "label", *(["right label"] if labelled else []), "tokens_used", "tokens_total"]
    rows: list[list[object]] = []
    for row, said in zip(result.rows, pg.predictions(result, threshold), strict=True):
        right = ["" if row.gold is None else names[row.gold]] if labelled else []
        shares = [round(probability, 6) for probability in row.probabilities]
        texts = [row.text, *([row.text_pair] if pairs else [])]
        rows.append([row.line, *texts, names[said], *right, row.tokens_used, row.tokens_total, *shares])
    return pg.write_csv([*columns, *(f"probability {name}" for name in names)], rows)
