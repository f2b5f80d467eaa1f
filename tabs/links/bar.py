"""Links in the page: Share beside results, and one line on top that opens a link and says what came of it.

It has no copy of anything in it. A tab lends its fields and its answer (`Watched`), as it does to the lessons; a link
is opened by the same means as a lesson's stage: the fields are filled where the visitor sees them, and the page runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

import playground as pg
from playground.lessons.stages import TRAININGS
from playground.links.kinds import PLACES_OF_LINKS
from tabs.gradio_patches import payload
from tabs.lessons.handlers import filled
from tabs.lessons.watched import Watched
from tabs.links.handlers import (
    asked_fields,
    is_ready,
    is_typed,
    kept_by,
    opened,
    restored,
    shareable,
    shared_link,
    states_of,
    verdict,
)
from tabs.page import answering, friendly, message_of, view

ELEMENT = "pg-links"
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
AT_ONCE: dict[str, Any] = {"queue": False, "trigger_mode": "multiple", **QUIET}


def share_view() -> gr.HTML:
    """Share, to be placed beside a result. Its event ``again`` asks what a link does, where no fields could."""
    return view("links/share", events=["ask_link", "again"], elem_classes="pg-share")


def links_bar(playground: pg.Playground, watched: Sequence[Watched]) -> gr.HTML:
    """Places the line inside the current Blocks, above the tabs, which fill ``watched``; then `tie_links` binds it."""

    def open_link(text: Any) -> dict[str, Any]:
        return opened(playground, shareable(watched), str(text))

    events = ["standing", "fill", "look", "restore", "recall"]
    return view("links/bar", events=events, elem_id=ELEMENT, server_functions=[answering(open_link)])


def tie_links(playground: pg.Playground, bar: gr.HTML, watched: Sequence[Watched]) -> None:
    """Binds the line and every Share to what the tabs lend."""
    lent = shareable(watched)
    _wire_opening(playground, bar, lent)
    _wire_typing(bar, [*lent, *(one for one in watched if one.place in TRAININGS)])
    for one in lent:
        if one.shared:
            _wire_share(playground, one, one.shared.button)


def _wire_opening(playground: pg.Playground, bar: gr.HTML, watched: Sequence[Watched]) -> None:
    """Fills the fields of a link, and looks at the answer."""
    by_place = {one.place: one for one in watched}
    controls = list({control: None for one in watched for control in one.controls.values()})
    beside = {control for one in watched if one.shared for control in one.shared.filled}

    @friendly
    def fill(event: gr.EventData) -> dict[Any, Any]:
        asked = payload(event)
        place, link = by_place[asked["filled"]], pg.read_link(asked["link"])
        known, shared = PLACES_OF_LINKS[place.place], by_place[link.place].shared
        more = restored([place], {place.place: asked["more"]})
        if shared and shared.fills:
            more |= shared.fills(link.asked[0])
        return {bar: {"fill": asked["fill"]}, **filled(place, asked["fields"], known), **more}

    def look(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        asked = payload(event)
        place, base = by_place[asked["place"]], by_place[asked["filled"]]
        kept = {one: kept_by(one, data, request.session_hash or "") for one in (place, base)}
        try:
            found = verdict(playground, place, kept[place], asked["link"])
            if "other" in found and base is not place:
                found["ready"] = is_ready(base, kept[base], asked["link"])
            if place.shared and place.shared.again:
                found["runs"] = place.shared.again.runs(request.session_hash or "")
        except Exception as error:
            found = {"error": message_of(error)}
        return {bar: {"look": asked["look"], **found}}

    order = {one.place: {name: controls.index(it) for name, it in one.controls.items()} for one in watched}
    told = f"(...values) => {{ {_tell('standing', f'{{order: {json.dumps(order)}, values}}')} }}"
    bar.standing(None, controls, None, js=told, **QUIET)
    bar.fill(fill, None, [bar, *controls, *beside - {*controls}], **AT_ONCE)
    bar.look(look, states_of(watched), [bar], **AT_ONCE)
    for one in watched:
        kept = (one.shared and one.shared.kept) or one.kept
        (kept if isinstance(kept, gr.State) else one.view).change(
            None, js=f"() => {{ {_tell('answered', json.dumps(one.place))} }}", **QUIET
        )


def _wire_typing(bar: gr.HTML, watched: Sequence[Watched]) -> None:
    """What stands in the controls is told to the line, which keeps it in the browser and brings it back."""

    @friendly
    def restore(event: gr.EventData) -> dict[Any, Any]:
        drawn = {one.place: one.where() for one in watched if one.drawn}
        values = restored(watched, payload(event))
        return {bar: {"restored": True, "drawn": drawn, "typed": is_typed(values)}, **values}

    @friendly
    def recall(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        place = next(one for one in watched if one.place == payload(event)["place"])
        found = asked_fields(place, kept_by(place, data, request.session_hash or ""))
        return {bar: {"recalled": place.place, "fields": found}}

    controls = {control for one in watched for control in one.controls.values()}
    bar.restore(restore, None, [bar, *controls], **AT_ONCE)
    bar.recall(recall, states_of(watched), [bar], **AT_ONCE)
    for one in watched:
        if not one.controls:
            continue
        names = json.dumps(list(one.controls))
        value = f"{{place: {json.dumps(one.place)}, names: {names}, values}}"
        told = f"(...values) => {{ {_tell('typed', value)} }}"
        parts = list(one.controls.values())
        gr.on([part.change for part in parts], None, parts, js=told, **QUIET)


def _wire_share(playground: pg.Playground, watched: Watched, button: gr.HTML) -> None:
    def share(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        asked: Mapping[str, Any] = payload(event)
        try:
            kept = kept_by(watched, data, request.session_hash or "")
            found = shared_link(playground, watched, kept, asked["seen"])
        except Exception as error:
            found = {"error": message_of(error)}
        return {button: {**found, "times": asked["times"]}}

    button.ask_link(share, states_of([watched]), [button], **AT_ONCE)


def _tell(name: str, value: str) -> str:
    """Script that tells the line something."""
    return (
        f"const bar = document.getElementById('{ELEMENT}');"
        f" if (bar) {{ (bar.told ??= []).push({{name: '{name}', value: {value}}});"
        " bar.dispatchEvent(new Event('told')); }"
    )
