"""The lessons panel, beside the tabs: it fills their fields, waits for their answers, and says what they mean.

It has no copy of anything in it. A tab lends its fields and its answer (`Watched`); the panel's script asks for the
answer when the tab's view has changed, and only while a lesson is open.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import gradio as gr

import playground as pg
from tabs.gradio_patches import payload
from tabs.lessons.handlers import contents, facts_of, filled, whole
from tabs.lessons.watched import Watched
from tabs.page import answering, friendly, view

ELEMENT = "pg-lessons"
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build_panel(playground: pg.Playground, watched: Sequence[Watched]) -> None:
    """Places the panel inside the current Blocks, once the tabs are there, and ties it to what they lend."""
    lessons = cache(playground.lessons)

    def lesson_list(*_: Any) -> dict[str, Any]:
        return contents(lessons(), watched)

    def lesson(name: str) -> dict[str, Any]:
        return whole(lessons(), watched, name)

    functions = [answering(lesson_list), answering(lesson)]
    panel = view("lessons/panel", events=["fill", "look"], elem_id=ELEMENT, server_functions=functions)
    _wire(panel, watched)


def _wire(panel: gr.HTML, watched: Sequence[Watched]) -> None:
    by_place = {one.place: one for one in watched}
    controls = {control for one in watched for control in one.controls.values()}
    states: set[Any] = {one.result for one in watched if isinstance(one.result, gr.State)}

    @friendly
    def fill(event: gr.EventData) -> dict[Any, Any]:
        asked = payload(event)
        return {panel: asked, **filled(by_place[asked["tab"]], asked["fields"])}

    @friendly
    def look(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        asked = payload(event)
        kept = by_place[asked["tab"]].result
        result = data[kept] if isinstance(kept, gr.State) else kept(request.session_hash or "")
        return {panel: {**asked, "facts": facts_of(asked["tab"], result)}}

    panel.fill(fill, None, [panel, *controls], queue=False, trigger_mode="multiple", **QUIET)
    panel.look(look, states, [panel], queue=False, trigger_mode="multiple", **QUIET)
    for one in watched:
        one.shown.change(None, js=f"() => {{ {_tell(one.place)} }}", **QUIET)


def _tell(place: str) -> str:
    """Script that tells the panel of a new answer."""
    return (
        f"const panel = document.getElementById('{ELEMENT}');"
        f" (panel.told ??= []).push({{name: 'answered', value: {json.dumps(place)}}});"
        " panel.dispatchEvent(new Event('told'));"
    )
