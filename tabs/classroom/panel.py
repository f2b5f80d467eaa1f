"""The teacher's panel, above the tabs: seen only where the browser holds the key of a room.

It has no copy of anything in it. The tabs lend their fields and answers (`Watched`), as they do to lessons and links;
the panel's script asks for a question about them, or for their link, and sends it to the room itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

import playground as pg
from playground.links.kinds import PLACES_OF_LINKS
from playground.wire import to_json
from server.arrival import address_of
from tabs.classroom.handlers import ASKABLE, question_of
from tabs.gradio_patches import payload
from tabs.lessons.watched import Watched
from tabs.links.handlers import kept_by, shareable, shared_link, states_of, tabs_of
from tabs.page import message_of, view

ELEMENT = "pg-teaching"
AT_ONCE: dict[str, Any] = {
    "api_visibility": "private", "show_progress": "hidden", "queue": False, "trigger_mode": "multiple"
}  # fmt: skip


def teaching_panel() -> gr.HTML:
    """Places the panel inside the current Blocks; then `tie_teaching` binds it."""
    return view("classroom/panel", events=["propose", "link"], elem_id=ELEMENT)


def tie_teaching(playground: pg.Playground, panel: gr.HTML, watched: Sequence[Watched]) -> None:
    """Binds the panel to what the tabs lend."""
    lent = {one.place: one for one in shareable(watched)}
    panel.value = {"places": [_about(one) for one in lent.values() if one.shared]}
    controls = {control for one in lent.values() if one.place in ASKABLE for control in one.controls.values()}

    def propose(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        asked = payload(event)
        try:
            found = _proposed(playground, lent[asked["place"]], asked, data, request)
        except Exception as error:
            found = {"error": message_of(error)}
        return {panel: {**found, "times": asked["times"]}}

    def link(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        asked = payload(event)
        try:
            place = lent[asked["place"]]
            found = shared_link(playground, place, kept_by(place, data, request.session_hash or ""), asked["seen"])
            found = {"error": found["error"]} if "error" in found else {"link": found["text"]}
        except Exception as error:
            found = {"error": message_of(error)}
        return {panel: {**found, "times": asked["times"]}}

    panel.propose(propose, controls, [panel], **AT_ONCE)
    panel.link(link, states_of(list(lent.values())), [panel], **AT_ONCE)


def _about(watched: Watched) -> dict[str, Any]:
    """How the panel's script finds a place: ids of its tabs, its answer and its Share; and what it can ask there."""
    assert watched.shared is not None
    tabs = tabs_of(PLACES_OF_LINKS[watched.place])
    found = {"place": watched.place, "tabs": tabs, "view": watched.view.elem_id}
    return found | {"share": watched.shared.button.elem_id, "kinds": list(ASKABLE.get(watched.place, ()))}


def _proposed(
    playground: pg.Playground, watched: Watched, asked: Mapping[str, Any], data: Mapping[Any, Any], request: gr.Request
) -> dict[str, Any]:
    """A question about what stands in the fields of a place, and what is right if no model answers it."""
    fields = {name: data[control] for name, control in watched.controls.items()}

    def prepare(question: Any) -> Any:
        return playground.prepare_question(question, address_of(request))

    question, right = question_of(watched.place, str(asked["kind"]), fields, asked.get("chosen"), prepare)
    return {"question": to_json(question), "right": right}
