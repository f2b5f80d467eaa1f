"""What the classification wing can be asked.

Requests are plain values: nothing here knows a model.
"""

from __future__ import annotations

from dataclasses import dataclass

from playground.tables import Table

METHODS = ("integrated_gradients", "gradient_x_input", "occlusion")
N_STEPS = 50
READINGS = ("names", "label ids", "counted from 1")


@dataclass(frozen=True)
class ClassifyRequest:
    """One text, or a pair of texts, for one model; ``model_id`` None takes the catalog's first."""

    text: str
    text_pair: str | None = None
    model_id: str | None = None
    quantization: str = "auto"


@dataclass(frozen=True)
class AttributeRequest:
    """Which label of which text to explain; ``label_id`` None takes the predicted one."""

    text: str
    text_pair: str | None = None
    label_id: int | None = None
    model_id: str | None = None
    quantization: str = "auto"
    methods: tuple[str, ...] = METHODS
    n_steps: int = N_STEPS


@dataclass(frozen=True)
class PerturbRequest:
    """A text of which some tokens are masked or deleted, by their positions."""

    request: ClassifyRequest
    positions: tuple[int, ...]
    action: str = "mask"


@dataclass(frozen=True)
class ClassifyTableRequest:
    """A table to classify: its column of texts, that of second texts, and that of the right labels, if there are any.

    ``labels_read_as`` is one of READINGS; None takes the only one that fits, see `labels`. `Playground.cancel` ends
    what runs under ``run_id``.
    """

    table: Table
    text_column: str
    label_column: str | None = None
    model_id: str | None = None
    quantization: str = "auto"
    pair_column: str | None = None
    labels_read_as: str | None = None
    run_id: str = ""
