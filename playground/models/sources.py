"""From a catalog entry to a local folder with files, and from there to a model: the slow steps of a load.

The manager decides when these run and what must leave for them; this is the only place where it meets the disk, the
Hub and transformers, so tests can put something quick in its place.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from playground.config import Settings
from playground.errors import CorruptModelError, ModelNotFoundError
from playground.models import embedded, hub, loading
from playground.models.adapters import Adapter, no_base, read_adapter, require_float
from playground.models.catalog import Catalog, ModelSpec, typed_in
from playground.models.memory import predict_bytes
from playground.models.reach import HubReach
from playground.models.visitors import most_download_bytes
from playground.models.weights_progress import Report

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Source:
    """Finds, weighs and loads models."""

    settings: Settings
    catalog: Catalog = Catalog(())
    reach: HubReach = field(default_factory=HubReach)

    def folder(self, spec: ModelSpec, report: Report) -> Path:
        """The folder with a model's files, prepared or downloaded first if need be."""
        if spec.source == "embedded":
            # Preparing runs from_pretrained, which no load may do at the same time; looking doesn't, and must not wait.
            if self._is_prepared(spec):
                return embedded.locate(spec.location, self.settings.home, report)
            asks = embedded.asks_hub(spec.location, self.settings.home)
            with loading.BUILDING, self.reach.asking(spec.title, asks):
                return embedded.locate(spec.location, self.settings.home, report)
        if spec.source == "hub":
            most_bytes = most_download_bytes(self.settings, spec)
            with self._asking(spec):
                return hub.download(spec, report, allowed=self.settings.hub != "off", most_bytes=most_bytes)
        folder = Path(spec.location).expanduser()
        if not folder.is_dir():
            raise ModelNotFoundError(f"{spec.id}: there is no folder {folder}.", "Check its path in the models file.")
        return folder

    def _asking(self, spec: ModelSpec) -> contextlib.AbstractContextManager[None]:
        """Around what may download a Hub model."""
        return self.reach.asking(spec.title, hub.cached_folder(spec) is None)

    def local_folder(self, spec: ModelSpec) -> Path | None:
        """The folder, if it is on this machine already; prepares and downloads nothing."""
        if spec.source == "hub":
            return hub.cached_folder(spec)
        if spec.source in ("folder", "trained"):
            return Path(spec.location).expanduser()
        return embedded.locate(spec.location, self.settings.home) if self._is_prepared(spec) else None

    def _is_prepared(self, spec: ModelSpec) -> bool:
        return ((self.settings.home or embedded.default_home()) / "models" / spec.location / "config.json").is_file()

    def check(self, spec: ModelSpec, task: str, quantization: str, device: torch.device) -> int | None:
        """Bytes that a Hub model will take, told from its small config.json before anything large is downloaded."""
        if spec.source != "hub" or hub.cached_folder(spec) is not None:
            return None
        with self._asking(spec):
            folder = hub.download_config(spec, allowed=self.settings.hub != "off")
        return self.predict(spec, folder, task, quantization, device)

    def predict(self, spec: ModelSpec, folder: Path, task: str, quantization: str, device: torch.device) -> int:
        """Bytes that a model will take, without reading its weights."""
        base, adapter = self._whole(spec, folder)
        if adapter:
            require_float(spec, quantization)
        config = loading.load_config(spec, base, task, adapter)
        with loading.explaining(spec):
            shape = loading.blueprint(config, task, quantization, device)
            return predict_bytes(shape, loading.pick_dtype(quantization, device), device)

    def load(
        self,
        spec: ModelSpec,
        folder: Path,
        task: str,
        quantization: str,
        device: torch.device,
        report: Report,
        max_memory: dict[int | str, int] | None = None,
    ) -> PreTrainedModel:
        """The model; an embedded one whose files turn out damaged is prepared again, once."""
        base, adapter = self._whole(spec, folder)
        try:
            return loading.load_model(spec, base, task, quantization, device, report, max_memory, adapter)
        except CorruptModelError:
            if spec.source != "embedded" or embedded.verify(spec.location, self.settings.home):
                raise
            with loading.BUILDING:
                folder = self.folder(spec, report)
            return loading.load_model(spec, folder, task, quantization, device, report, max_memory)

    def tokenizer(self, spec: ModelSpec, report: Report) -> PreTrainedTokenizerBase:
        """The tokenizer alone; of a Hub model only the tokenizer's small files are downloaded."""
        if spec.source == "hub":
            with self._asking(spec):
                folder = hub.download_tokenizer(spec, allowed=self.settings.hub != "off")
        else:
            folder = self.folder(spec, report)
        base, adapter = self._whole(spec, folder)
        with loading.explaining(spec):
            return loading.load_tokenizer(folder if adapter and adapter.tokenizer_in else base)

    def _whole(self, spec: ModelSpec, folder: Path) -> tuple[Path, Adapter | None]:
        """The folder with a whole model, and the adapter that a folder holds instead of one.

        An adapter's base may be a folder, a model of the catalog (by id or location), or one that was downloaded once.
        Of one that was trained here it is never a folder: whoever loads it from a file may have written any path there.

        Raises:
            UnknownArchitectureError: the base isn't here; names it.
        """
        adapter = read_adapter(spec, folder)
        if adapter is None:
            return folder, None
        own = spec.source == "trained"
        for path in () if own else (Path(adapter.base).expanduser(), folder / adapter.base):
            if (path / "config.json").is_file():
                return path, adapter
        known = [one for one in self.catalog if adapter.base in (one.id, one.location) and one.id != spec.id]
        with contextlib.suppress(ModelNotFoundError):
            known.append(typed_in(adapter.base, spec.task))
        for one in known:
            base = self.local_folder(one)
            if base and (base / "config.json").is_file():
                return base, adapter
        raise no_base(spec, adapter.base)
