"""The lessons panel, beside the tabs: it fills their fields, waits for their answers, and says what they mean.

It has no copy of anything in it. A tab lends its fields and its answer (`Watched`); the panel's script asks for the
answer when the tab's view has changed, and only while a lesson is open.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import cache
from typing import Any

import gradio as gr

import playground as pg
from playground.lessons.lesson import Lessons
from tabs.gradio_patches import payload
from tabs.lessons.handlers import contents, driven, filled, heard, whole
from tabs.lessons.watched import Watched
from tabs.page import answering, friendly, view

log = logging.getLogger(__name__)
ELEMENT = "pg-lessons"
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build_panel(playground: pg.Playground, watched: Sequence[Watched]) -> None:
    """Places the panel inside the current Blocks, once the tabs are there, and ties it to what they lend."""
    watched = driven(watched)

    @cache
    def lessons() -> Lessons:
        found = playground.lessons()
        for problem in found.problems:
            log.warning("A lesson was left out. %s", problem)
        return found

    def lesson_list(*_: Any) -> dict[str, Any]:
        return contents(lessons(), watched, playground)

    def lesson(name: str) -> dict[str, Any]:
        return whole(lessons(), watched, playground.catalog, name)

    functions = [answering(lesson_list), answering(lesson)]
    panel = view("lessons/panel", events=["fill", "look"], elem_id=ELEMENT, server_functions=functions)
    _wire(panel, watched)


def _wire(panel: gr.HTML, watched: Sequence[Watched]) -> None:
    by_place = {one.place: one for one in watched}
    controls = {control for one in watched for control in (*one.controls.values(), *one.resets)}
    states: set[Any] = {one.kept for one in watched if isinstance(one.kept, gr.State)}

    @friendly
    def fill(event: gr.EventData) -> dict[Any, Any]:
        asked = payload(event)
        place = by_place[asked["tab"]]
        return {panel: asked, **filled(place, asked["fields"]), **place.resets}

    @friendly
    def look(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        asked = payload(event)
        place = by_place[asked["tab"]]
        kept = data[place.kept] if isinstance(place.kept, gr.State) else place.kept(request.session_hash or "")
        return {panel: {**asked, **heard(place, kept)}}

    panel.fill(fill, None, [panel, *controls], queue=False, trigger_mode="multiple", **QUIET)
    panel.look(look, states, [panel], queue=False, trigger_mode="multiple", **QUIET)
    for one in watched:
        told = one.kept if isinstance(one.kept, gr.State) else one.view
        told.change(None, js=f"() => {{ {_tell(one.place)} }}", **QUIET)


def _tell(place: str) -> str:
    """Script that tells the panel of a new answer."""
    return (
        f"const panel = document.getElementById('{ELEMENT}');"
        f" (panel.told ??= []).push({{name: 'answered', value: {json.dumps(place)}}});"
        " panel.dispatchEvent(new Event('told'));"
    )
