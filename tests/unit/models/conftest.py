"""A manager over models that cost nothing."""

from __future__ import annotations

import pytest

from playground.config import Settings
from playground.models.catalog import QUANTIZATIONS, Catalog
from playground.models.manager import ModelManager
from tests.unit.models.fake_models import SIZE, FakeSource, spec_of


@pytest.fixture
def make():
    """``make(budget=3000, names="abc", **settings)`` gives a manager over a fake source."""
    made = []

    def make(budget=3 * SIZE, names="abc", sizes=None, seconds=0.0, parking=False, patience=10.0, **settings):
        sizes = sizes or dict.fromkeys(names, SIZE)
        catalog = Catalog(tuple(spec_of(name, quantizations=QUANTIZATIONS) for name in sizes))
        source = FakeSource(sizes, seconds)
        settings = Settings(memory_budget=budget, device="cpu", hub="off", **settings)
        manager = ModelManager(settings, catalog, source=source, parking=parking, patience_seconds=patience)
        made.append(manager)
        return manager, source

    yield make
    for manager in made:
        manager.close()
