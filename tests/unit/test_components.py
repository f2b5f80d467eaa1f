"""The header's status line and the list of models, which all tabs share."""

from __future__ import annotations

import pytest

import playground as pg
from tabs.components import format_status


@pytest.mark.parametrize(
    ("warmth", "ready", "text"),
    [
        (pg.WarmUp(), False, "Loading torch and transformers…"),
        (pg.WarmUp("cpu", "A", 0, 4), False, "Loading A (1 of 4)…"),
        (pg.WarmUp("cpu", "B", 3, 4), False, "Loading B (4 of 4)…"),
        (pg.WarmUp("cpu", "B", 4, 4, done=True), True, "Ready on cpu"),
        (pg.WarmUp("cpu", "B", 3, 4, ("A",)), False, "Loading B (4 of 4)…"),  # one that fails stops nothing
        (pg.WarmUp("cpu", "B", 4, 4, ("A",), done=True), False, "Not loaded: A (see the Models tab)"),
    ],
)
def test_the_header_counts_models_once_it_knows_how_many_there_are(warmth, ready, text):
    assert format_status(warmth) == {"ready": ready, "text": text}
