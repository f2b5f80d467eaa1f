"""Part of the Tokens tab."""

import playground as pg
from tabs.components import explain


def build_section(playground: pg.Playground) -> None:
    """Lays out the section."""
    explain("soon")
