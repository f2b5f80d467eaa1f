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
from playground.links.kinds import NAMES, PLACES_OF_LINKS, base_of, idle_fields, inner, place_of
from playground.pipelines.request import OPTIONS
from playground.wire import to_json
from tabs.gradio_patches import payload
from tabs.lessons.handlers import in_page
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


def states_of(watched: Sequence[Watched]) -> set[Any]:
    """The states in which places keep their answers."""
    kept = [place for one in watched for place in (one.kept, one.shared and one.shared.kept)]
    return {one for one in kept if isinstance(one, gr.State)}


def last_answer(watched: Watched, kept: Any) -> tuple[tuple[Any, ...], Any] | None:
    """What a place was last asked and has answered; None where there is no answer. ``kept`` is what it keeps of it."""
    if kept is None:
        return None
    if watched.shared and watched.shared.answer:
        return watched.shared.answer(kept)
    result = watched.answer(kept)
    if result is None:
        return None
    questions = kept if isinstance(kept, tuple) else (kept,)
    asked = questions if place_of(*questions) else asked_by(result)
    return asked if isinstance(asked, tuple) else (asked,), result


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
    base = base_of(*link.asked)
    shown = link if base is None else Link(place_of(base), (base,))
    own, place = _lends(watched, link.place), PLACES_OF_LINKS[shown.place]
    found = _lends(watched, shown.place)
    looked = {name: value for name, value in link.seen.items() if place.field(name) or name in found.drawn}
    empty = (None, "") if own.shared and own.shared.again else (None,)  # what asks again fills in what the model read
    fields = {name: value for name, value in (_fields(place, shown) | looked).items() if value not in empty}
    more = _more(found, place, shown.asked[0])
    return (
        {"place": link.place, "title": PLACES_OF_LINKS[link.place].title, "filled": shown.place}
        | {"tabs": tabs_of(place), "own": tabs_of(PLACES_OF_LINKS[link.place]), "button": place.button}
        | _where(found, own)
        | {
            "buttons": dict(place.buttons),
            "first": _first(found, place),
            "defaults": place.defaults(),
            "fields": to_json(fields),
            "more": more,
            "shown": to_json({**in_page(found, fields, place), **more}),
            "again": AGAIN.get(shown.place, ""),
            "runner": own.shared.button.elem_id if own.shared and own.shared.again else "",
            "based": base is not None,
            "asked": to_json(link.asked) if link.place == "generation" else [],
            "within": str(link.seen.get("part") or ""),
        }
        | _presence(playground, link, found, fields)
    )


def _lends(watched: Sequence[Watched], name: str) -> Watched:
    """What the page lends for a place.

    Raises:
        InputError: it has no such place.
    """
    found = next((one for one in watched if one.place == name), None)
    if found is None:
        title = PLACES_OF_LINKS[name].title
        raise InputError(f"This page has no part for {title}.", "In Python, pg.open_link(…) gives the question.")
    return found


def _where(found: Watched, own: Watched) -> dict[str, Any]:
    """How the page finds the fields that are filled, and the answer, which may be another place's."""
    fields, answer = found.where(), own.where()
    return {**fields, "view": answer["view"], "ways": fields["ways"] | {"view": answer["ways"].get("view", [])}}


def tabs_of(place: Place) -> list[str]:
    """The ids of a place's tabs, from outside to inside."""
    return [place.tab, *filter(None, place.part.split("/"))]


def _presence(playground: pg.Playground, link: Link, found: Watched, fields: Mapping[str, Any]) -> dict[str, str]:
    """Whether the link can be run: at once, after a load, or not at all; and why."""
    presence = playground.link_presence(link)
    state, sentence = presence.state, presence.sentence
    if state == "here" and (missing := _not_offered(found, fields)):
        title = PLACES_OF_LINKS[link.place].title
        state, sentence = "refused", f"This link asks {missing}, which this page doesn't offer for {title}."
    return {"state": state, "sentence": sentence}


def _fields(place: Place, link: Link) -> dict[str, Any]:
    """The fields of a place as a link asks; pairs of texts stand on one line."""
    asked = link.asked[0]
    if link.place == "vocabulary":
        both = {name: value for one in reversed(link.asked) for name, value in vars(one).items()}
        return {field.name: both.get(field.name) for field in place.fields}
    fields = fields_of(place, asked)
    if place.name == "generation" and fields["mode"] != "Complete":
        fields["mode"] = "Chat"  # the page has one name for chats of one turn and of many
    pairs = getattr(getattr(asked, "batch", asked), "pairs", ())
    if pairs and "texts" in fields:
        lines = zip(fields["texts"], pairs, strict=True)
        fields["texts"] = [f"{text} {SEPARATOR} {pair}" if pair else text for text, pair in lines]
    return fields


def _more(watched: Watched, place: Place, asked: Any) -> dict[str, Any]:
    """What goes into controls that no lesson fills, by the name of the request's field."""
    asked = inner(asked)
    idle = idle_fields(asked)  # filled in, they would only unfold what they are in
    names = [name for name in watched.controls if not place.field(name) and hasattr(asked, name) and name not in idle]
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


def _first(watched: Watched, place: Place) -> str:
    """The first field of a place that the page shows; it is there once its tab has been drawn."""
    return next(field.name for field in place.fields if field.name in {*watched.drawn, *watched.controls})


def _not_offered(watched: Watched, fields: Mapping[str, Any]) -> str:
    """A model that nobody could pick here; empty where all can be."""
    for name in ("model_id", "model_ids", "other_model_id"):
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


def is_ready(base: Watched, kept: Any, text: str) -> bool:
    """Whether the page has answered what must be answered before it can be asked what a link asks."""
    found, wanted = last_answer(base, kept), base_of(*pg.read_link(text).asked)
    return found is not None and not differences(Link(base.place, (wanted,)), found[0])


def asked_in(event: gr.EventData) -> tuple[Any, ...]:
    """What the link asks that an event of Share brings.

    Raises:
        InputError: see `playground.links.form.read_link`.
    """
    return pg.read_link(str(payload(event)["link"])).asked


def restored(watched: Sequence[Watched], kept: Mapping[str, Any]) -> dict[Any, Any]:
    """What goes back into the controls after a reload: what stood in them, as far as they still take it."""
    values = {}
    for one in watched:
        own = kept.get(one.place)
        for name, control in one.controls.items():
            if isinstance(own, dict) and name in own and _takes(control, own[name]):
                values[control] = own[name]
    return values


def is_typed(values: Mapping[Any, Any]) -> bool:
    """Whether somebody has changed one of them: the page tells of its own values, too."""
    return any(value != control.value and bool(value or control.value) for control, value in values.items())


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
