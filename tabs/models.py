"""The Models tab."""

from __future__ import annotations

import playground as pg
from tabs.components import explain

TITLE = "Models"


def build_tab(playground: pg.Playground) -> None:
    """Lays out the tab inside the current Blocks."""
    explain("This tab is being built.")
