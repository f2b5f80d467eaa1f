"""Playground: the one object that tabs, notebooks and the API talk to.

One method per capability, each handing its request to the capability's own module. Importing this module is cheap:
torch and transformers are imported by the first call that needs them, so that the page can answer before they are.
"""

from __future__ import annotations

from playground.config import Settings
from playground.models.catalog import Catalog
from playground.models.manager import ModelManager, Snapshot


class Playground:
    """Every capability of the playground over one shared model manager.

    Example:
        >>> playground = Playground()  # doctest: +SKIP
        >>> playground.classify(ClassifyRequest("I love it")).label  # doctest: +SKIP
        '5 stars'
    """

    def __init__(self, settings: Settings | None = None, manager: ModelManager | None = None) -> None:
        self.settings = settings or Settings()
        self.catalog = manager.catalog if manager else Catalog.read(self.settings.models_file)
        self.manager = manager or ModelManager(self.settings, self.catalog)

    def __enter__(self) -> Playground:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def snapshot(self) -> Snapshot:
        """What is resident now and how many bytes it takes."""
        return self.manager.snapshot()

    def close(self) -> None:
        """Stops all work and unloads all models."""
        self.manager.close()
