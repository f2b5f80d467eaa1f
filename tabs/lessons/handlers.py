"""What the lessons panel asks: lessons as JSON, values for the fields of a tab, the facts of what it has answered.

Plain functions; `tabs.lessons.panel` binds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import playground as pg
from playground.errors import InputError
from playground.lessons.lesson import Lesson, Lessons
from playground.lessons.observe import observe
from playground.lessons.places import Field
from playground.lessons.stages import known_field, known_place
from playground.wire import to_json
from tabs.gradio_patches import element_id
from tabs.lessons.watched import Watched


def drivable(lessons: Lessons, watched: Sequence[Watched]) -> list[Lesson]:
    """The lessons whose every step happens where the page lends its fields."""
    lent = {one.place: one.controls for one in watched}
    return [
        lesson
        for lesson in lessons.lessons
        if all(step.stage is None or step.stage.fields.keys() <= lent.get(step.tab, {}).keys() for step in lesson.steps)
    ]


def contents(lessons: Lessons, watched: Sequence[Watched]) -> dict[str, Any]:
    """The list of lessons, and what is wrong with files that are none."""
    listed = [
        {"name": one.name, "title": one.title, "minutes": one.minutes, "fact": one.fact, "steps": len(one.steps)}
        for one in drivable(lessons, watched)
    ]
    return {"lessons": listed, "problems": [str(problem) for problem in lessons.problems]}


def whole(lessons: Lessons, watched: Sequence[Watched], name: str) -> dict[str, Any]:
    """One lesson, and how its places are found in the page.

    Raises:
        InputError: there is none of this name.
    """
    lesson = next((one for one in drivable(lessons, watched) if one.name == name), None)
    if lesson is None:
        raise InputError("This lesson is no longer there.", "Choose another one.")
    used = {step.tab for step in lesson.steps}
    return {"lesson": to_json(lesson), "places": {one.place: _about(one) for one in watched if one.place in used}}


def _about(watched: Watched) -> dict[str, Any]:
    known = known_place(watched.place)
    nodes = {name: element_id(control) for name, control in watched.controls.items()}
    about = {"title": known.title, "tab": known.tab, "part": known.part, "button": known.button}
    return about | {"nodes": nodes, "defaults": known.defaults()}


def filled(watched: Watched, fields: Mapping[str, Any]) -> dict[Any, Any]:
    """What is put into the components, so that these values stand in the fields."""
    place = known_place(watched.place)
    return {
        watched.controls[name]: _in_page(known_field(place, name), value, watched.controls[name])
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


def facts_of(place: str, result: Any) -> Any:
    """The facts of an answer, as JSON; None where there is no answer yet."""
    return None if result is None else to_json(observe(place, result, _asked(place, result)))


def _asked(place: str, result: Any) -> dict[str, Any]:
    """The fields that the facts repeat, as this answer was asked for."""
    if place == "similarity":
        return {"words": list(dict.fromkeys(word for one in result.losses for word in (one.source, one.target)))}
    if place == "generation":
        request: pg.GenerateRequest = result.request
        messages = request.messages or ()
        return {"prompt": request.prompt if request.prompt is not None else messages[-1].content}
    return {}
