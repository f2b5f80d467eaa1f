"""The public endpoints: what is in memory, and loading and unloading."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import playground as pg
from tabs.models.format import ModelsListed
from tabs.models.handlers import list_models
from tabs.page import publish


@dataclass(frozen=True)
class ModelAsked:
    """``/load_model``: under which names the model is found."""

    model_id: str
    task: str
    quantization: str


class ModelsApi:
    """The endpoints over one playground."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds them to the page that is being built."""
        publish(self.models)
        publish(self.load_model)
        publish(self.unload_model)

    def models(self) -> ModelsListed:
        """What is in memory now: per device its budget, per model its state, bytes and who uses it.

        Returns:
            devices and models; bytes are integers, times are seconds.
        """
        return list_models(self._playground)

    def load_model(self, model_id: str, task: str = "", quantization: str = "auto") -> ModelAsked:
        """Begin to load a model; `models` says how it goes on.

        Args:
            model_id: an id of the catalog, or of the Hub where the settings allow it.
            task: one of text-classification, feature-extraction, text-generation and text2text-generation.
            quantization: one of auto, float32, bfloat16, float16, 8-bit, fast-8-bit and 4-bit.

        Returns:
            model_id, task and quantization under which it is found.
        """
        return ModelAsked(**asdict(self._playground.load_model(model_id, task, quantization)))

    def unload_model(self, model_id: str, task: str, quantization: str) -> ModelsListed:
        """Free the memory of a model that nobody uses, or stop its load.

        Args:
            model_id: the model.
            task: the task it was loaded for.
            quantization: the quantization it was loaded in.

        Returns:
            What `models` returns.
        """
        self._playground.unload_model(model_id, task, quantization)
        return list_models(self._playground)
