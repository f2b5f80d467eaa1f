"""Who comes back to the page."""

from __future__ import annotations

import gradio as gr

import playground as pg
from tabs.training.tab import build_tab


def test_what_is_found_at_the_arrival_is_told_on():
    """Gradio tells no change of a state that was made outside of the queue: no training would be followed again."""
    with pg.Playground(pg.Settings(warm_up=("none",))) as playground, gr.Blocks() as page:
        build_tab(playground)
    (arriving,) = (one for one in page.fns.values() if one.name == "arrive")
    assert arriving.queue is not False
    told = {target for one in page.fns.values() for target in one.targets if one.name == "following"}
    assert {(block._id, "change") for block in arriving.outputs[1:2]} <= told
