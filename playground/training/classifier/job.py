"""What the process of a classifier's training is asked, and what follows from it; it imports no ``Trainer``."""

from __future__ import annotations

from dataclasses import dataclass

from playground.training.classifier.split import Split
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
    return asked.num_train_epochs * -(-rows // asked.per_device_train_batch_size)
