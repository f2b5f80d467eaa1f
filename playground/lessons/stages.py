"""A stage -> the request that the page would make of it -> the facts of the answer, without a page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

import playground as pg
from playground.errors import InputError
from playground.lessons.facts import observe
from playground.lessons.facts.training import Training
from playground.lessons.places import PLACES, Field, Place, place
from playground.pipelines.request import OPTIONS
from playground.tables import read_pasted
from playground.wire import to_json

if TYPE_CHECKING:
    from playground.service import Playground

_IS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "choice": (str,),
    "number": (int, float),
    "flag": (bool,),
    "lines": (list,),
    "words": (list,),
    "models": (list,),
    "messages": (list,),
    "cells": (list,),
}
TRAININGS = ("training", "language_model")  # places whose answers are models
_NOTHING: dict[str, Any] = {"text": "", "lines": [], "words": []}  # what stands in a field of which nothing is asked
_WANTED = {
    "text": "a text",
    "number": "a number",
    "flag": "true or false",
    "lines": "a list of texts",
    "words": "a list of words",
    "models": "a list of model ids",
    "messages": "a list of messages, each with a role and a content",
    "cells": "a list of [row, column], counted from 0",
}


def known_place(name: str) -> Place:
    """The place of this name.

    Raises:
        InputError: there is none; the message lists those that there are.
    """
    found = place(name)
    if found is None:
        raise InputError(f"There is no tab {name!r}.", f"There are {', '.join(one.name for one in PLACES)}.")
    return found


def known_field(tab: Place, name: str) -> Field:
    """The field of this name.

    Raises:
        InputError: the tab has none; the message lists those that it has.
    """
    found = tab.field(name)
    if found is None:
        allowed = ", ".join(one.name for one in tab.fields)
        raise InputError(f"The tab {tab.name!r} has no field {name!r}.", f"It has {allowed}.")
    return found


def check_value(field: Field, value: Any) -> None:
    """Returns if a value may stand in a field.

    Raises:
        InputError: it may not; the message says what may.
    """
    if field.kind == "model":
        right = value is None or (isinstance(value, str) and bool(value.strip()))
        wanted = "the id of a model"
    else:
        right = isinstance(value, _IS[field.kind]) and (field.kind == "flag") == isinstance(value, bool)
        right = right and (not isinstance(value, list) or all(_is_item(field, one) for one in value))
        wanted = _WANTED.get(field.kind, "")
    if field.choices:
        right, wanted = value in field.choices, f"one of {', '.join(field.choices)}"
    if right and field.low is not None and field.high is not None:
        right, wanted = field.low <= value <= field.high, f"from {field.low:g} to {field.high:g}"
    if not right:
        raise InputError(f"{field.name} is {str(value)[:60]!r}.", f"It should be {wanted}.")


def _is_item(field: Field, item: Any) -> bool:
    if field.kind == "messages":
        return isinstance(item, dict) and item.keys() == {"role", "content"}
    if field.kind == "cells":
        return isinstance(item, list) and len(item) == 2 and all(type(one) is int for one in item)
    return isinstance(item, str)


def request_of(tab: Place, fields: Mapping[str, Any]) -> Any:
    """What the page asks when these values stand in a tab's fields.

    Raises:
        InputError: the values can't be used.
    """
    arguments: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for field in tab.fields:
        value = fields[field.name]
        if not field.request_field or (field.kind == "model" and value is None):
            continue
        outer, _, name = field.request_field.rpartition(".")
        (inner if outer else arguments)[name] = _as_asked(field, value)
    if inner:
        arguments["batch"] = pg.EncodeRequest(**inner)
    if tab.name == "generation":
        arguments |= _prompt(fields)
    if tab.name == "pipelines":  # the fields of other tasks are hidden
        own = {"task", "text", "model_id", *OPTIONS[arguments["task"]]}
        arguments = {name: value for name, value in arguments.items() if name in own}
    if tab.name == "classification":
        arguments["text_pair"] = arguments["text_pair"] or None
    if tab.name == "training":
        arguments["table"] = read_pasted(fields["rows"])
    if tab.name == "language_model":  # the other field is hidden
        arguments["text" if fields["source"].startswith("Stories") else "grammar"] = ""
    return getattr(pg, tab.request)(**arguments)


def _prompt(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt, or the chat that it is the last message of."""
    if fields["mode"] == "Complete":
        return {}
    system = (pg.Message("system", fields["system"]),) if fields["system"] else ()
    return {"prompt": None, "messages": (*system, pg.Message("user", fields["prompt"]))}


def fields_of(tab: Place, request: Any) -> dict[str, Any]:
    """What stood in a tab's fields when this was asked: the way back of `request_of`.

    Fields that the request doesn't repeat, since they only choose what is shown, are left out.
    """
    found: dict[str, Any] = {}
    for field in tab.fields:
        if field.request_field:
            value = reduce(getattr, field.request_field.split("."), request)
            found[field.name] = _NOTHING.get(field.kind) if value is None else _as_filled(field, value)
    if tab.name != "generation":
        return found
    if not request.messages:
        return found | {"mode": "Complete"}
    system = next((one.content for one in request.messages if one.role == "system"), "")
    mode = "Chat" if sum(one.role != "system" for one in request.messages) == 1 else "Chat, further on"
    return found | {"mode": mode, "prompt": request.messages[-1].content, "system": system}


def _as_filled(field: Field, value: Any) -> Any:
    """A value of a request as fields have it."""
    if field.kind == "messages":
        return [{"role": one.role, "content": one.content} for one in value]
    if field.kind == "cells":
        return [list(one) for one in value]
    return list(value) if isinstance(value, tuple) else value


def _as_asked(field: Field, value: Any) -> Any:
    """A value as requests have it."""
    if field.kind == "messages":
        return tuple(pg.Message(**one) for one in value)
    if field.kind == "cells":
        return tuple(map(tuple, value))
    if field.kind == "number":
        return int(value) if float(value).is_integer() else value
    return tuple(value) if isinstance(value, list) else value


def run(playground: Playground, name: str, fields: Mapping[str, Any]) -> Any:
    """The facts, as JSON, of what a tab answers when these values stand in its fields.

    Raises:
        PlaygroundError: it answers with an error.
    """
    tab = known_place(name)
    method = getattr(playground, tab.runs)
    if name in TRAININGS:
        return _learned(playground, tab, fields)
    if tab.request:
        result = method(request_of(tab, fields))
    else:
        model_id = fields["model_id"] or playground.catalog.default_for("text-generation").id
        fields = {**fields, "model_id": model_id}
        result = method(model_id)
    if tab.runs == "generate":
        result = result.result()
    return to_json(observe(name, result, fields))


def _learned(playground: Playground, tab: Place, fields: Mapping[str, Any]) -> Any:
    """The facts of a training, whose model is then forgotten."""
    request = request_of(tab, fields)
    result = Training(request, tuple(getattr(playground, tab.runs)(request)), fields.get("rows", ""))
    playground.forget_trained(result.events[-1].model_id)
    return to_json(observe(tab.name, result, fields))
