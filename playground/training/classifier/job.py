"""What the process of a classifier's training is asked, and what follows from it; it imports no ``Trainer``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from playground.training.classifier.split import Split
from playground.training.events import SplitSaid
from playground.training.request import TrainClassifierRequest

MOST_TOKENS = 128
ASKED_AT_ONCE = 64


@dataclass(frozen=True)
class FitClassifier:
    """What the process is asked: a request, its rows as they were split, and the base as a folder and by its id."""

    asked: TrainClassifierRequest
    split: Split
    base: str
    base_id: str
    title: str


def steps_of(rows: int, asked: TrainClassifierRequest) -> int:
    """How many steps a training takes: each epoch's last batch may be smaller."""
    return (asked.num_train_epochs or 0) * -(-rows // asked.per_device_train_batch_size)


def split_said(
    split: Split, asked: TrainClassifierRequest, counts: tuple[int, int], notes: tuple[str, ...] = ()
) -> SplitSaid:
    """What is said of the rows; ``counts`` are all numbers of the model, and those that learn."""
    train, held = split.counts(split.train), split.counts(split.held)
    rows, asked_rows = sum(train), sum(held)
    return SplitSaid(
        split.labels,
        train,
        held,
        split.notes + notes,
        chance=held[train.index(max(train))] / asked_rows,
        chance_loss=-sum(count * math.log(own / rows) for count, own in zip(held, train, strict=True)) / asked_rows,
        total_steps=steps_of(rows, asked),
        parameters=counts[0],
        trained_parameters=counts[1],
    )
