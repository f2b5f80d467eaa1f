"""What the endpoints of classification answer, where that isn't a result as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import playground as pg


@dataclass(frozen=True)
class PipelineEntry:
    """One entry of what transformers' pipeline returns."""

    label: str
    score: float


@dataclass(frozen=True)
class Classified:
    """``/classify``: ``labels``, ``logits`` and ``probabilities`` in the order of the label ids."""

    model_id: str
    label: str
    labels: tuple[str, ...]
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    function_to_apply: Literal["softmax", "sigmoid", "none"]
    tokens: tuple[str, ...]
    input_ids: tuple[int, ...]
    tokens_used: int
    tokens_total: int
    pipeline: tuple[PipelineEntry, ...]
    max_difference: float
    entropy_bits: float | None
    verdict: str


@dataclass(frozen=True)
class LabelledRow:
    """One row of a file."""

    line: int
    text: str
    label: str
    probabilities: tuple[float, ...]
    tokens_used: int
    tokens_total: int


@dataclass(frozen=True)
class Metrics:
    """How right the labels are; ``confusion[gold][predicted]`` counts rows."""

    count: int
    accuracy: float
    macro_f1: float
    expected_calibration_error: float
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ClassifiedFile:
    """``/classify_file``: rows in the order of the file."""

    model_id: str
    labels: tuple[str, ...]
    rows: tuple[LabelledRow, ...]
    bad_rows: tuple[pg.BadRow, ...]
    metrics: Metrics | None
