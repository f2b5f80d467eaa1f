"""What the lessons panel asks: lessons as JSON, values for the fields of a tab, the facts of what it has answered.

Plain functions; `tabs.lessons.panel` binds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import playground as pg
from playground.errors import InputError
from playground.lessons.facts import observe
from playground.lessons.lesson import Lesson, Lessons, Step
from playground.lessons.places import Field, Place, place
from playground.lessons.stages import fields_of, known_field, known_place
from playground.lessons.words import words_for
from playground.models.catalog import Catalog
from playground.wire import to_json
from tabs.lessons.watched import Watched


def driven(watched: Sequence[Watched]) -> list[Watched]:
    """Those places that lessons know; the others are lent to links alone."""
    return [one for one in watched if place(one.place)]


def drivable(lessons: Lessons, watched: Sequence[Watched]) -> list[Lesson]:
    """The lessons whose every step happens where the page lends its fields."""
    lent = {one.place: _lent(one) for one in watched}
    return [
        lesson for lesson in lessons.lessons if all(_asks(step) <= lent.get(step.tab, set()) for step in lesson.steps)
    ]


def _asks(step: Step) -> set[str]:
    """The fields and views that a step needs."""
    return {*(step.stage.fields if step.stage else ()), *([step.see] if step.see else ())}


def _lent(watched: Watched) -> set[str]:
    """The fields that can be filled, those that the learner presses, and what stands beside the answer."""
    known = known_place(watched.place)
    pressed = [field.name for field in known.fields if known.buttons.keys() & set(field.choices)]
    return {*watched.controls, *watched.drawn, *watched.beside, *pressed}


def lacking(lesson: Lesson, watched: Sequence[Watched], catalog: Catalog) -> list[str]:
    """The models that a lesson chooses and this page doesn't offer; "a model" where it would take any."""
    by_place = {one.place: one for one in watched}
    found: dict[str, None] = {}
    for step in lesson.steps:
        chosen = {**(step.stage.fields if step.stage else {}), **(step.do.show if step.do else {})}
        for name, value in chosen.items():
            if known_field(known_place(step.tab), name).kind not in ("model", "models"):
                continue
            for model_id in value if isinstance(value, list) else [value]:
                if not _offers(by_place[step.tab], name, model_id, catalog):
                    found[model_id or "a model"] = None
    return list(found)


def _offers(watched: Watched, name: str, model_id: str | None, catalog: Catalog) -> bool:
    """Whether a field takes this model; any, for None."""
    control = watched.controls.get(name)
    offered = [spec.id for spec in catalog] if control is None else [value for _, value in control.choices]
    return bool(offered) if model_id is None else model_id in offered or getattr(control, "allow_custom_value", False)


def contents(lessons: Lessons, watched: Sequence[Watched], playground: pg.Playground) -> dict[str, Any]:
    """The list of lessons, and what is wrong with files that are none: that is for a teacher, not for the public.

    ``words`` are the panel's own by the language of a lesson. ``needs`` are models without which a lesson can't be
    walked here. ``elsewhere`` are models that it was written for and that aren't here, where others answer in their
    place.
    """
    listed = []
    for one in drivable(lessons, watched):
        needs = lacking(one, watched, playground.catalog)
        elsewhere = [name for name in one.model if playground.catalog.find(name) is None and name not in needs]
        about = {"name": one.name, "title": one.title, "minutes": one.minutes, "fact": one.fact, "lang": one.language}
        listed.append({**about, "steps": len(one.steps), "needs": needs, "elsewhere": elsewhere})
    problems = [] if playground.settings.public else [str(problem) for problem in lessons.problems]
    spoken = {"en", *(one.language for one in lessons.lessons)}
    words = {language: words_for(language, lessons.words) for language in sorted(spoken)}
    return {"lessons": listed, "problems": problems, "words": words}


def whole(lessons: Lessons, watched: Sequence[Watched], catalog: Catalog, name: str) -> dict[str, Any]:
    """One lesson, and how its places are found in the page.

    Raises:
        InputError: there is none of this name, or it needs models that aren't here.
    """
    lesson = next((one for one in drivable(lessons, watched) if one.name == name), None)
    if lesson is None or lacking(lesson, watched, catalog):
        raise InputError("This lesson is no longer there.", "Choose another one.")
    used = {step.tab for step in lesson.steps}
    return {"lesson": to_json(lesson), "places": {one.place: _about(one) for one in watched if one.place in used}}


def _about(watched: Watched) -> dict[str, Any]:
    known = known_place(watched.place)
    about: dict[str, Any] = {"title": known.title, "tab": known.tab, "part": known.part, "button": known.button}
    labels = {one.name: one.label or one.name.replace("_", " ") for one in known.fields}
    about |= {"buttons": dict(known.buttons), "defaults": known.defaults(), "labels": labels}
    return about | watched.where()


def filled(watched: Watched, fields: Mapping[str, Any], known: Place | None = None) -> dict[Any, Any]:
    """What is put into the components, so that these values stand in the fields.

    ``known`` is the place, where it is none that lessons drive.
    """
    return {watched.controls[name]: value for name, value in in_page(watched, fields, known).items()}


def in_page(watched: Watched, fields: Mapping[str, Any], known: Place | None = None) -> dict[str, Any]:
    """These values as the components of the fields have them; what a view draws is left out."""
    place = known or known_place(watched.place)
    return {
        name: _in_page(known_field(place, name), value, watched.controls[name])
        for name, value in fields.items()
        if name in watched.controls
    }


def _in_page(field: Field, value: Any, control: Any) -> Any:
    """A value as its control has it; no model is the first that is offered."""
    if field.kind == "model" and value is None:
        return control.value
    if field.kind == "words":
        return ", ".join(value)
    return "\n".join(value) if field.kind == "lines" else value


def heard(watched: Watched, kept: Any) -> dict[str, Any]:
    """What a place has answered: its ``facts``, and what stood in its fields when it was asked; nothing if it hasn't.

    ``kept`` is what the place keeps of it.
    """
    result = None if kept is None else watched.answer(kept)
    if result is None:
        return {"facts": None, "asked": {}}
    asked = to_json(_asked(watched.place, kept, result))
    return {"facts": to_json(observe(watched.place, result, asked)), "asked": asked}


def _asked(place: str, kept: Any, result: Any) -> dict[str, Any]:
    """What stood in the fields of a place; of those that only choose what is shown, what is kept."""
    if place == "similarity":
        words = dict.fromkeys(word for one in result.losses for word in (one.source, one.target))
        return {"words": list(words), "model_id": result.model_id}
    if place == "word_map":
        return {"words": list(result.words), "model_id": result.model_id}
    if place == "models":
        return {"model_id": kept[0]}
    known = known_place(place)
    chosen = [one.name for one in known.fields if not one.request_field and hasattr(kept, one.name)]
    return {name: getattr(kept, name) for name in chosen} | fields_of(known, getattr(result, "request", kept))
