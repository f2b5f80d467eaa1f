"""What a playground says about its models, and how they are loaded and unloaded by hand.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from playground.errors import BusyError, ModelNotFoundError, NotAllowedError
from playground.models.fleet import FleetReport, fleet_of_one
from playground.models.manager import ModelKey, QuantizationOption, Snapshot
from playground.models.origin import Origin
from playground.registry import Wing


class ModelsWing(Wing):
    """What a playground says about its models, and how they are loaded and unloaded by hand."""

    def origin(self, model_id: str) -> Origin:
        """What ``from_pretrained`` gets in a receipt: a Hub id and revision, or a folder and how to get it."""
        return self.manager.origin(model_id)

    def snapshot(self) -> Snapshot:
        """What is resident now and how many bytes it takes."""
        return self.manager.snapshot()

    def fleet(self) -> FleetReport:
        """All machines and processes that hold models here, what each does, and who waits."""
        return fleet_of_one(self.manager.snapshot())

    def quantizations(self, model_id: str, task: str = "") -> tuple[QuantizationOption, ...]:
        """Every way to hold a model's numbers: what it would take, and why it can't work here if it can't."""
        return self.manager.quantizations(model_id, task or None)

    def visitor_rules(self) -> str:
        """What visitors of a public playground may cause to be loaded, as sentences; empty for a private one."""
        return self.manager.visitor_rules

    def load_model(self, model_id: str, task: str = "", quantization: str = "auto") -> ModelKey:
        """The key of a model whose load has begun; `snapshot` says how it goes on.

        Raises:
            NotAllowedError: the playground is public.
            ModelError: there is no such model or quantization.
        """
        self._require_private("load models by hand")
        return self.manager.start_loading(model_id, task or self.manager.spec(model_id).task, quantization)

    def unload_model(self, model_id: str, task: str, quantization: str) -> None:
        """Frees a model's memory, or stops its load.

        Raises:
            NotAllowedError: the playground is public.
            ModelNotFoundError: it isn't in memory.
            BusyError: somebody uses it, or waits for it.
        """
        self._require_private("unload models")
        if self.manager.unload(ModelKey(model_id, task, quantization)):
            return
        if (model_id, task, quantization) in (
            (one.model_id, one.task, one.quantization)
            for one in self.manager.snapshot().models
            if one.state not in ("not loaded", "failed")
        ):
            raise BusyError(f"{model_id} is in use.", "Try again when nobody uses it.")
        raise ModelNotFoundError(f"{model_id} isn't loaded for {task} in {quantization}.", "There is nothing to free.")

    def pin_model(self, model_id: str, task: str, quantization: str, pinned: bool = True) -> None:
        """Keeps a resident model from being evicted or unloaded for idleness, or no longer does.

        Raises:
            NotAllowedError: the playground is public.
            ModelNotFoundError: it isn't resident.
        """
        self._require_private("pin models")
        if not self.manager.pin(ModelKey(model_id, task, quantization), pinned):
            raise ModelNotFoundError(f"{model_id} isn't loaded.", "Load it first.")

    def _require_private(self, what: str) -> None:
        if self.settings.public:
            raise NotAllowedError(
                f"Visitors of this public page can't {what}, because everybody shares them.",
                "Using a model in another tab loads it; or run the playground on a machine of your own.",
            )
