"""The header's status line and the list of models, which all tabs share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

import playground as pg
from playground.models.catalog import Catalog
from tabs.components import format_status, model_note


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


def test_of_a_second_model_something_is_said_while_it_is_another_one():
    catalog: Any = SimpleNamespace(catalog=Catalog.read())
    first, other = (one.id for one in Catalog.read().for_task("text-generation")[:2])
    with gr.Blocks() as page:
        pickers = [gr.Dropdown([first, other], value=first) for _ in range(2)]
        note = model_note(catalog, pickers[1], beside=pickers[0])
    (said,) = (one.fn for one in page.fns.values())
    assert not note.visible
    assert said(other, first).visible and said(other, first).value == Catalog.read().find(other).note
    assert not said(first, first).visible and not said("", first).visible and not said("nobody/nothing", first).visible
