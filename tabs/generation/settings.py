"""The controls' names, defaults and presets, and the requests that their values stand for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import playground as pg
from playground.errors import EmptyInputError
from playground.models.tokenizers import read_messages
from playground.wire import to_json

DEFAULTS: dict[str, Any] = {
    "do_sample": False,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "num_beams": 1,
    "prompt_lookup_num_tokens": 0,
}
PRESETS: dict[str, dict[str, Any]] = {
    "greedy": DEFAULTS,
    "balanced": DEFAULTS | {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "repetition_penalty": 1.1},
    "creative": DEFAULTS | {"do_sample": True, "temperature": 1.3, "top_k": 0, "min_p": 0.05},
    "beam": DEFAULTS | {"num_beams": 4},
}
SPELLED = {"max_new_tokens": 40, "seed": 0, "stop_strings": "", "split_special_tokens": False, "quantization": "auto"}


def read_settings(values: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a `GenerateRequest` from the values of the controls; a cleared number gets its default.

    >>> read_settings({"temperature": None, "seed": 3.0, "stop_strings": "END\\n\\nStop"})["stop_strings"]
    ('END', 'Stop')
    """
    known = {**DEFAULTS, **SPELLED}
    settings = {name: known[name] if values.get(name) is None else values[name] for name in known}
    for name in ("max_new_tokens", "top_k", "seed", "num_beams", "prompt_lookup_num_tokens"):
        settings[name] = int(settings[name])
    lines = settings["stop_strings"].split("\n") if isinstance(settings["stop_strings"], str) else ()
    settings["stop_strings"] = tuple(line.replace("\\n", "\n") for line in lines if line)
    return settings


def build_requests(
    values: dict[str, Any], asked: dict[str, Any], person: str, run_id: str = "", address: str = ""
) -> tuple[pg.GenerateRequest, ...]:
    """What to generate: the controls' values, overridden by what the view asked for; one request per strategy.

    Raises:
        PlaygroundError: a value is out of range, there is no prompt, or nothing was written for a chat.
    """
    common: dict[str, Any] = {"model_id": values["model_id"], "person": person, "run_id": run_id}
    common["address"] = address
    if asked.get("prompt") is not None:
        common["prompt"] = str(asked["prompt"])
    elif asked.get("messages"):
        common["messages"] = tuple(turns(asked["messages"]))
    elif values["mode"] == "Chat":
        common["messages"] = tuple(_messages(values, asked))
    else:
        common["prompt"] = values["prompt"] or ""
    if asked.get("model_id"):
        common["model_id"] = str(asked["model_id"])
    if asked.get("quantization"):
        values = {**values, "quantization": str(asked["quantization"])}
    columns = asked.get("columns") or [{}]
    numbers = {
        name: int(asked[name]) for name in ("max_new_tokens", "seed", "num_beams") if asked.get(name) is not None
    }
    prefix = tuple(int(token_id) for token_id in asked.get("prefix_token_ids") or ())
    requests = tuple(
        pg.GenerateRequest(
            **common | ({"model_id": str(column["model_id"])} if column.get("model_id") else {}),
            **(read_settings({**values, **column}) | numbers),
            prefix_token_ids=prefix,
        )
        for column in columns
    )
    return _by_hand(requests, int(asked["draw"])) if asked.get("draw") is not None else requests


def strategy_names(requests: Sequence[pg.GenerateRequest]) -> list[str]:
    """What the page calls each of several strategies: its preset, with what else tells it from the others.

    >>> draws = [pg.GenerateRequest("Once", do_sample=True, temperature=0.7, top_p=0.9, repetition_penalty=1.1)]
    >>> strategy_names([pg.GenerateRequest("Once"), *draws])
    ['greedy', 'balanced, seed 0']
    """
    models = {(one.model_id, one.quantization) for one in requests}
    names: list[str] = []
    for one in requests:
        name = next(
            (name for name, preset in PRESETS.items() if all(getattr(one, key) == preset[key] for key in preset)),
            "own settings",
        )
        name += f", seed {one.seed}" if one.do_sample else ""
        name += f", {one.model_id} in {one.quantization}" if len(models) > 1 else ""
        names.append(name if name not in names else f"{name} ({len(names) + 1})")
    return names


def _by_hand(requests: tuple[pg.GenerateRequest, ...], draw: int) -> tuple[pg.GenerateRequest, ...]:
    """The same, to take so many free tokens and no more."""
    return tuple(dataclasses.replace(one, max_new_tokens=max(1, len(one.prefix_token_ids) + draw)) for one in requests)


def _messages(values: dict[str, Any], asked: dict[str, Any]) -> Iterable[pg.Message]:
    """System message, earlier turns, and what was just written; a blank turn would be answered, too."""
    if not (values["prompt"] or "").strip():
        raise EmptyInputError("The message is empty.", "Write something for the model to answer.")
    if values.get("system"):
        yield pg.Message("system", values["system"])
    yield from turns(asked.get("history") or ())
    yield pg.Message("user", values["prompt"])


def turns(given: Iterable[dict[str, str]]) -> Iterable[pg.Message]:
    """Messages as a script or a program gives them."""
    return [pg.Message(**turn) for turn in read_messages(given)]


def echo(request: pg.GenerateRequest) -> dict[str, Any]:
    """What the view keeps of a request, to continue it, rewind it, or tell it from others."""
    return {name: value for name, value in to_json(request).items() if name not in ("person", "address", "run_id")}
