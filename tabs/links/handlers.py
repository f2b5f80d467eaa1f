"""What sharing and opening ask of Python: a link of what was answered, a link's fields, and whether all is the same.

Plain functions; `tabs.links.bar` binds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

import playground as pg
from playground.errors import InputError
from playground.lessons.places import Place
from playground.lessons.stages import fields_of
from playground.links.answers import asked_by
from playground.links.form import MOST_OF_A_LINK, Link, differences
from playground.links.kinds import NAMES, PLACES_OF_LINKS, place_of
from playground.pipelines.request import OPTIONS
from playground.wire import to_json
from tabs.lessons.watched import Watched
from tabs.pipelines.handlers import as_typed
from tabs.tokens.handlers import SEPARATOR

AGAIN = {"classification": "Classify"}  # what asks once more where the page answers by itself


def shareable(watched: Sequence[Watched]) -> list[Watched]:
    """The places that links know, by the names that they have in links."""
    named = [replace(one, place=NAMES.get(one.place, one.place)) for one in watched]
    return [one for one in named if one.place in PLACES_OF_LINKS]


def kept_by(watched: Watched, data: Mapping[Any, Any], person: str) -> Any:
    """What a place keeps of its last answer: in a state of the page, or by the page's session."""
    kept = (watched.shared and watched.shared.kept) or watched.kept
    return data[kept] if isinstance(kept, gr.State) else kept(person)


def last_answer(watched: Watched, kept: Any) -> tuple[tuple[Any, ...], Any] | None:
    """What a place was last asked and has answered; None where there is no answer. ``kept`` is what it keeps of it."""
    if kept is None:
        return None
    if watched.shared and watched.shared.answer:
        return watched.shared.answer(kept)
    result = watched.answer(kept)
    if result is None:
        return None
    return (kept if place_of(kept) else asked_by(result),), result


def shared_link(playground: pg.Playground, watched: Watched, kept: Any, seen: Mapping[str, Any]) -> dict[str, Any]:
    """The link to what a place has answered, and whether it is better kept in a file."""
    found = last_answer(watched, kept)
    if found is None:
        return {"error": "There is no answer to share yet."}
    asked, result = found
    looked = watched.shared.seen(kept, result) if watched.shared and watched.shared.seen else {}
    link = str(playground.link(result, asked, {**seen, **looked}))
    return {"text": link, "long": len(link) > MOST_OF_A_LINK}


def opened(playground: pg.Playground, watched: Sequence[Watched], text: str) -> dict[str, Any]:
    """What the page needs to ask again what a link asks: its place, its fields, and whether its model is here.

    Raises:
        InputError: it is no link, or asks what this page doesn't have.
    """
    link = pg.read_link(text)
    place = PLACES_OF_LINKS[link.place]
    found = next((one for one in watched if one.place == link.place), None)
    if found is None:
        raise InputError(f"This page has no part for {place.title}.", "Python opens the link: pg.open_link(…).")
    looked = {name: value for name, value in link.seen.items() if place.field(name) and value is not None}
    fields = _fields(place, link) | looked
    presence = playground.link_presence(link)
    state, sentence = presence.state, presence.sentence
    if state == "here" and (missing := _not_offered(found, fields)):
        state, sentence = "refused", f"This link asks {missing}, which this page doesn't offer for {place.title}."
    about = {"place": link.place, "title": place.title, "tab": place.tab, "part": place.part, "button": place.button}
    return (
        about
        | found.where()
        | {
            "buttons": dict(place.buttons),
            "first": _first(found, place).elem_id,
            "defaults": place.defaults(),
            "fields": to_json({name: value for name, value in fields.items() if value is not None}),
            "more": _more(found, place, link.asked[0]),
            "again": AGAIN.get(link.place, ""),
            "asked": to_json(link.asked) if link.place == "generation" else [],
            "within": str(link.seen.get("part") or ""),
            "state": state,
            "sentence": sentence,
        }
    )


def _fields(place: Place, link: Link) -> dict[str, Any]:
    """The fields of a place as a link asks; pairs of texts stand on one line."""
    asked = link.asked[0]
    fields = fields_of(place, asked)
    pairs = getattr(getattr(asked, "batch", asked), "pairs", ())
    if pairs:
        lines = zip(fields["texts"], pairs, strict=True)
        fields["texts"] = [f"{text} {SEPARATOR} {pair}" if pair else text for text, pair in lines]
    return fields


def _more(watched: Watched, place: Place, asked: Any) -> dict[str, Any]:
    """What goes into controls that no lesson fills, by the name of the request's field."""
    asked = getattr(asked, "batch", asked)
    names = [name for name in watched.controls if not place.field(name) and hasattr(asked, name)]
    if isinstance(asked, pg.PipelineRequest):  # what isn't given is what its task takes
        return {name: as_typed(name, asked.option(name)) for name in names if name in OPTIONS[asked.task]}
    return {name: _as_typed(getattr(asked, name), watched.controls[name]) for name in names}


def _as_typed(value: Any, control: Any) -> Any:
    """A value of a request as its control has it."""
    if isinstance(value, tuple):
        return "\n".join(one.replace("\n", "\\n") for one in value)
    if isinstance(control, gr.Dropdown | gr.Radio):
        return control.choices[0][1] if value is None else str(value)
    return value


def _first(watched: Watched, place: Place) -> Any:
    """What shows the first field of a place; it is there once the tab has been drawn."""
    lent = {**watched.drawn, **watched.controls}
    return next(lent[field.name] for field in place.fields if field.name in lent)


def _not_offered(watched: Watched, fields: Mapping[str, Any]) -> str:
    """A model that nobody could pick here; empty where all can be."""
    for name in ("model_id", "model_ids"):
        control = watched.controls.get(name)
        if not isinstance(control, gr.Dropdown) or control.allow_custom_value:
            continue
        offered = {value for _, value in control.choices}
        wanted = fields.get(name) or []
        for model_id in [wanted] if isinstance(wanted, str) else wanted:
            if model_id not in offered:
                return str(model_id)
    return ""


def verdict(playground: pg.Playground, watched: Watched, kept: Any, text: str) -> dict[str, Any]:
    """Whether a place's last answer is what it was when the link was made.

    ``other`` names the fields in which the page was asked something else than the link asks; None while it hasn't
    answered at all.
    """
    link = pg.read_link(text)
    found = last_answer(watched, kept)
    if found is None:
        return {"other": None}
    asked, result = found
    if other := differences(link, asked):
        return {"other": list(other)}
    return to_json(playground.compare_link(link, result))


def restored(watched: Sequence[Watched], kept: Mapping[str, Any]) -> dict[Any, Any]:
    """What goes back into the controls after a reload: what stood in them, as far as they still take it."""
    values = {}
    for one in watched:
        own = kept.get(one.place)
        for name, control in one.controls.items():
            if isinstance(own, dict) and name in own and _takes(control, own[name]):
                values[control] = own[name]
    return values


def _takes(control: Any, value: Any) -> bool:
    """Whether a control can hold a value that somebody's browser has kept."""
    if isinstance(control, gr.Dropdown):
        offered = {one for _, one in control.choices}
        many = value if isinstance(value, list) else [value]
        return control.allow_custom_value or all(isinstance(one, str) and one in offered for one in many)
    if isinstance(control, gr.Radio):
        return value in [one for _, one in control.choices]
    wanted: Any = {gr.Checkbox: bool, gr.Slider: int | float, gr.Number: int | float}.get(type(control), str)
    return isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)


def asked_fields(watched: Watched, kept: Any) -> dict[str, Any]:
    """What stands in the fields that a view draws itself."""
    place: Place | None = PLACES_OF_LINKS.get(watched.place)
    found = None if kept is None or place is None or not place_of(kept) else fields_of(place, kept)
    return {name: value for name, value in to_json(found or {}).items() if name in watched.drawn}
