"""Playground: the one object that tabs, notebooks and the API talk to.

Each wing's methods stand in its own ``facade.py``; here they are put together, and here are the start and the end.
Importing this module is cheap: torch and transformers are imported by the first call that needs them, so that the page
can answer before they are.
"""

from __future__ import annotations

import importlib
import logging
import threading
from dataclasses import dataclass, replace
from typing import Self

from playground import IMPORTING
from playground.attention.facade import AttentionWing
from playground.classification.facade import ClassificationWing
from playground.classroom.elsewhere import RoomsElsewhere
from playground.classroom.facade import ClassroomWing
from playground.config import Settings
from playground.errors import PlaygroundError
from playground.generation.facade import GenerationWing
from playground.inside.facade import InsideWing
from playground.lessons.facade import LessonsWing
from playground.links.facade import LinksWing
from playground.models.catalog import Catalog, ModelSpec
from playground.models.facade import ModelsWing
from playground.models.manager import ModelManager
from playground.models.zero_gpu import put_on_gpu
from playground.pipelines.facade import PipelinesWing
from playground.registry import declarations
from playground.runs import Runs
from playground.similarity.facade import SimilarityWing
from playground.tokens.facade import TokensWing
from playground.training.arrivals import Arrivals
from playground.training.facade import TrainingWing
from playground.training.language_model.facade import LanguageModelWing
from playground.training.line import Trainings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WarmUp:
    """How far the loading at start has come."""

    device: str = ""
    current: str = "torch and transformers"
    finished: int = 0
    total: int = 1
    failed: tuple[str, ...] = ()
    done: bool = False


# The Tokens tab starts without its model, so that one comes last.
_FIRST_NEEDED = ("text-classification", "text-generation", "text2text-generation", "feature-extraction")


class Playground(
    ModelsWing,
    ClassificationWing,
    TokensWing,
    AttentionWing,
    GenerationWing,
    InsideWing,
    SimilarityWing,
    PipelinesWing,
    TrainingWing,
    LanguageModelWing,
    LessonsWing,
    LinksWing,
    ClassroomWing,
):
    """Every capability of the playground over one shared model manager.

    Example:
        >>> playground = Playground()  # doctest: +SKIP
        >>> playground.classify(ClassifyRequest("I love it")).best.label  # doctest: +SKIP
        '5 stars'
    """

    def __init__(self, settings: Settings | None = None, manager: ModelManager | None = None) -> None:
        self.settings = settings or Settings()
        self.catalog = manager.catalog if manager else Catalog.read(self.settings.models_file)
        self.manager = manager or ModelManager(self.settings, self.catalog)
        self.runs = Runs()
        self.lends_gpu = put_on_gpu(self)
        self.trainings = Trainings(self.manager, "cpu" if self.lends_gpu else "")
        self.arrivals = Arrivals()
        self.rooms_elsewhere: RoomsElsewhere | None = None  # None: the rooms of a class are in this process
        self._warmth = WarmUp()
        self._warming = threading.Lock()
        self.imported = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def import_everything(self) -> None:
        """Imports all modules that need torch and transformers; the first call takes seconds."""
        if self.imported:
            return
        with IMPORTING:
            wanted = {one.module for one in declarations(type(self))}
            for name in ("playground.models.loading", *sorted(wanted)):
                importlib.import_module(name)
        self.imported = True

    def warm_up(self) -> WarmUp:
        """How the loading at start went; runs it: torch and transformers first, then the models of ``--warm-up``.

        A model that can't be loaded is named in ``failed``; the others are loaded all the same.
        """
        with self._warming:
            self.import_everything()
            from playground.models.loading import pick_device

            specs = self._warm_up_specs()
            device = str(pick_device(self.settings.device))
            self._warmth = WarmUp(device=device, total=len(specs) or 1)
            for number, spec in enumerate(specs):
                self._warmth = replace(self._warmth, current=spec.title, finished=number)
                try:
                    self._load(spec)
                except PlaygroundError as error:
                    log.error("%s can't be loaded: %s", spec.title, error)
                    self._warmth = replace(self._warmth, failed=(*self._warmth.failed, spec.title))
            if self.lends_gpu:
                self.manager.seal()
            self._warmth = replace(self._warmth, finished=len(specs), done=True)
            return self._warmth

    def _load(self, spec: ModelSpec) -> None:
        if self.lends_gpu:
            self.manager.load_here(spec.id, spec.task)
        else:
            with self.manager.lease(spec.id, spec.task):
                pass
        log.info("%s is ready", spec.title)

    def warmth(self) -> WarmUp:
        """How far `warm_up` has come."""
        return self._warmth

    def _warm_up_specs(self) -> list[ModelSpec]:
        """What ``--warm-up`` names: ids, ``embedded`` for all embedded models, or ``none``."""
        names = self.settings.warm_up
        if names == ("none",):
            return []
        if names == ("embedded",):
            embedded = [spec for spec in self.catalog if spec.source == "embedded"]
            return sorted(embedded, key=lambda spec: _FIRST_NEEDED.index(spec.task))
        return [self.manager.spec(name) for name in names]

    def close(self, patience_seconds: float = 5.0) -> None:
        """Stops all work and unloads all models; what is lent has so long to be given back."""
        self.trainings.close()
        self.arrivals.close()
        self.manager.close(patience_seconds)
