"""What lessons can read of what a model takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.lessons.facts.field import Fields, says

if TYPE_CHECKING:
    from playground.models.report import QuantizationOption


@dataclass(frozen=True)
class ModelsFacts:
    """What a model takes."""

    model_id: str = says("The model.")
    megabytes: dict[str, float] = says("What it takes in memory, in MB, by quantization.")


def observe_models(result: Iterable[QuantizationOption], fields: Fields) -> ModelsFacts:
    """What each way to hold a model takes."""
    known = {one.name: one.predicted_bytes for one in result}
    return ModelsFacts(
        model_id=fields["model_id"] or "",
        megabytes={name: size / 1e6 for name, size in known.items() if size is not None},
    )
