"""What a training of a classifier can be asked; the names are those of transformers' ``TrainingArguments``."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from playground.errors import InputError
from playground.tables import Table
from playground.texts import usable_text
from playground.values import real_number, truth, whole_number

BASES = ("feature-extraction", "fill-mask", "text-classification")  # tasks of models to begin with
Method = Literal["head", "lora", "full"]
METHODS: tuple[Method, ...] = get_args(Method)
LEAST_ROWS, MOST_ROWS, MOST_ROWS_OF_VISITORS = 10, 5_000, 1_000
MOST_LABELS, MOST_EPOCHS = 50, 50
# What suits each method: a head that is new learns fast, and each of its epochs is soon over; weights that know much
# already are only nudged.
LEARNING_RATES = MappingProxyType({"head": 1e-2, "lora": 2e-3, "full": 1e-4})
EPOCHS = MappingProxyType({"head": 16, "lora": 8, "full": 8})
_LIMITS: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-7, 1.0),
    "num_train_epochs": (1, MOST_EPOCHS),
    "per_device_train_batch_size": (1, 64),
    "warmup_steps": (0, 1),
    "weight_decay": (0, 1),
    "seed": (0, 2**31 - 1),
    "held_out": (0.1, 0.5),
    "r": (1, 64),
}
_WHOLE = ("num_train_epochs", "per_device_train_batch_size", "seed", "r")


@dataclass(frozen=True)
class TrainClassifierRequest:
    """Labelled rows, a model to begin with, and how to train it.

    ``method``: "head" trains the new head alone, "lora" also adapters of rank ``r`` beside the weights, "full" all
    weights. ``learning_rate`` and ``num_train_epochs`` are what suits the method, where none is given.
    ``warmup_steps`` is a share of all steps, ``held_out`` the share of the rows of each label that the model never
    learns from; ``seed`` decides the split, the first values of the head and the order of the rows. Without a
    ``model_id`` it is the catalog's first encoder.

    ``name`` is what the model is called. ``keep``: it goes on when the page that began it is closed. ``person`` is who
    asks (a session), ``address`` where from; `Playground.cancel` stops what runs under ``run_id``, with the model
    that had the lowest loss on held-out rows.
    """

    table: Table
    text_column: str = ""
    label_column: str = ""
    model_id: str | None = None
    method: Method = "lora"
    learning_rate: float | None = None
    num_train_epochs: int | None = None
    per_device_train_batch_size: int = 16
    warmup_steps: float = 0.1
    weight_decay: float = 0.0
    seed: int = 0
    held_out: float = 0.25
    r: int = 8
    name: str = ""
    keep: bool = False
    person: str = ""
    address: str = ""
    run_id: str = ""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError(f"method is {str(self.method)[:40]!r}.", f"It is one of {', '.join(METHODS)}.")
        taken: dict[str, Any] = {"keep": truth("keep", self.keep)}
        taken["learning_rate"] = LEARNING_RATES[self.method] if self.learning_rate is None else self.learning_rate
        taken["num_train_epochs"] = EPOCHS[self.method] if self.num_train_epochs is None else self.num_train_epochs
        for name, limits in _LIMITS.items():
            read = whole_number if name in _WHOLE else real_number
            taken[name] = within(read(name, taken.get(name, getattr(self, name))), name, limits)
        taken["name"] = model_name(self.name)
        taken["text_column"], taken["label_column"] = columns(self.table, self.text_column, self.label_column)
        for name, value in taken.items():
            object.__setattr__(self, name, value)


def model_name(given: str) -> str:
    """What a model is called, in one line of at most 60 characters.

    Raises:
        InputError: it can't be written.
    """
    return " ".join(usable_text(str(given), None, "The name").split())[:60]


def within(number: float, name: str, limits: tuple[float, float]) -> float:
    """The number of a setting.

    Raises:
        InputError: it is out of its range; the message names both.
    """
    lowest, highest = limits
    if not lowest <= number <= highest:
        raise InputError(f"{name} is {number}.", f"It goes from {lowest:,} to {highest:,}.")
    return number


def columns(table: Table, text: str = "", label: str = "") -> tuple[str, str]:
    """The columns of texts and labels, guessed where they aren't named.

    Raises:
        InputError: there is no column of labels, or no such column.
    """
    if len(table.columns) < 2:
        raise InputError(
            "The rows have no labels.", "Write a label behind each text, as in: turn on the light,command."
        )
    text = text or table.text_column
    label = label or table.label_column or next((one for one in reversed(table.columns) if one != text), "")
    for name in (text, label):
        table.column(name)
    if text == label:
        raise InputError("Texts and labels are the same column.", "Pick two columns.")
    return text, label
