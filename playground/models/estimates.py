"""How many bytes a model would take in each quantization, and whether it can work here: told without loading it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from playground.errors import PlaygroundError
from playground.models.catalog import ModelSpec
from playground.models.entries import Books
from playground.models.lending import ModelKey
from playground.models.pretrained import FAST_8_BIT
from playground.models.report import QuantizationOption
from playground.units import format_bytes

if TYPE_CHECKING:
    from playground.models.sources import Source

# Bytes per parameter, roughly, for models whose files aren't here yet.
ROUGH_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "8-bit": 1.1, "fast-8-bit": 1.1, "4-bit": 0.6}


class Estimates:
    """Predicted bytes, each found once."""

    def __init__(self, books: Books, source: Callable[[], Source]) -> None:
        self._books, self._source = books, source
        self._known: dict[ModelKey, int] = {}

    def exact(self, key: ModelKey, spec: ModelSpec, folder: Path) -> int:
        """Bytes of a model whose files are in a folder."""
        found = self._known.get(key)
        if found is None:
            device = self._books.places.device
            found = self._known[key] = self._source().predict(spec, folder, key.task, key.quantization, device)
        return found

    def drop(self, model_id: str) -> None:
        """Forgets those of a model."""
        self._known = {key: size for key, size in self._known.copy().items() if key.model_id != model_id}

    def passing(self, key: ModelKey, spec: ModelSpec, folder: Path) -> int:
        """Bytes that a load takes beside those that stay: fast-8-bit is made of the model in float32."""
        return self.exact(ModelKey(spec.id, key.task, "float32"), spec, folder) if key.quantization == FAST_8_BIT else 0

    def guess(self, spec: ModelSpec, task: str, name: str) -> int | None:
        """Predicted bytes, exact where the model's config is on this machine; never waits for a load."""
        from playground.models.loading import BUILDING

        key = ModelKey(spec.id, task, name)
        if key not in self._known and BUILDING.acquire(blocking=False):
            try:
                with contextlib.suppress(PlaygroundError):
                    if folder := self._source().local_folder(spec):
                        self.exact(key, spec, folder)
            finally:
                BUILDING.release()
        rough = int(spec.parameters * ROUGH_BYTES[name]) if spec.parameters else None
        return self._known.get(key, rough)

    def option(self, spec: ModelSpec, task: str, name: str) -> QuantizationOption:
        """One way to hold a model's numbers: what it would take, and why it can't work here if it can't."""
        from playground.models.loading import quantization_obstacle

        places = self._books.places
        predicted = self.guess(spec, task, name)
        budget = places.device_tier.budget_bytes
        if obstacle := quantization_obstacle(name, places.device):
            return QuantizationOption(name, False, obstacle, predicted)
        if name not in spec.quantizations and name != "float32":
            return QuantizationOption(name, False, "The catalog doesn't offer it for this model.", predicted)
        if predicted and places.can_spread(name, predicted):
            return QuantizationOption(name, True, "Larger than the GPU: a part waits in RAM, which is slow.", predicted)
        if predicted and predicted > budget:
            room = f"It needs {format_bytes(predicted)}; the budget for models is {format_bytes(budget)}."
            return QuantizationOption(name, False, room, predicted)
        if name == FAST_8_BIT:
            return QuantizationOption(name, True, _speed(), predicted)
        slow = name in ("float16", "8-bit") and places.device.type == "cpu"
        return QuantizationOption(name, True, "Works, but a CPU is faster in float32." if slow else "", predicted)


def _speed() -> str:
    """Where fast-8-bit isn't fast: a sentence."""
    from playground.models.cpu.fast_8bit import is_quicker

    return "" if is_quicker() else "Works, but this processor multiplies 8-bit numbers slower than float32."
