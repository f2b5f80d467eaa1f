"""One shape is one dataclass: what crosses can be pickled, written as JSON and read again, and is declared as it is."""

from __future__ import annotations

import json
import pickle
import types
from collections.abc import AsyncIterator
from dataclasses import dataclass, is_dataclass
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

import jsonschema
import pytest

import playground as pg
from playground import wire
from playground.errors import InputError
from tabs import view_types

SHAPES = view_types.shapes()


def sample(kind: Any, count: int = 0) -> Any:
    """A value of a kind in which neighbours differ."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is pg.GenerateRequest:  # which looks at its values
        return pg.GenerateRequest(messages=(pg.Message("user", "Hi"),), stop_strings=("é\n",), seed=2**53)
    if kind in (pg.LensRequest, pg.AttributeNextRequest):  # which look at theirs
        return kind(messages=(pg.Message("user", "Hi"),), prefix_token_ids=(3, 2), split_special_tokens=True)
    if kind is pg.ModelMapRequest:
        return kind("t\u00e9xt\n", stack="cross", layer=3, head=2)
    if kind is pg.PipelineRequest:
        return pg.PipelineRequest("fill-mask", "a [MASK]", "org/model", targets=("é\n", "b"), top_k=3)
    if kind is pg.TrainClassifierRequest:
        return kind(pg.Table(("text", "label"), (("t\u00e9xt", "a"),), (2,)), method="head", seed=2**31 - 1)
    if kind is pg.TrainLanguageModelRequest:
        return kind("t\u00e9xt\n", tokenizer="bpe", architecture="gpt2", n_layer=3, prompt="t", seed=2**31 - 1)
    if is_dataclass(kind):
        return kind(**{name: sample(hint, i) for i, (name, hint) in enumerate(wire.hints(kind).items())})
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return kind(*(sample(hint, i) for i, hint in enumerate(wire.hints(kind).values())))
    if origin is Literal:
        return inner[count % len(inner)]
    if origin in (Union, types.UnionType):
        return sample(inner[count % len(inner)], count)
    if origin is tuple and inner[1:] != (...,):
        return tuple(sample(one, i) for i, one in enumerate(inner))
    if origin in (tuple, list):
        return origin(sample(inner[0], i) for i in range(count % 3 + 1))
    if origin is dict:
        return {sample(inner[0], count): sample(inner[1], count)}
    values = {
        str: f"t\u00e9xt {count}\n",
        int: count,
        float: count + 0.1,
        bool: count % 2 == 0,
        bytes: bytes([count, 255]),
    }
    return values.get(kind)  # None for None, and for Any


def strict(schema: Any) -> Any:
    """The schema with keys that it doesn't name forbidden."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: strict(value) for key, value in schema.items()}
    return inner | ({"additionalProperties": False} if "properties" in schema else {})


@pytest.mark.parametrize("kind", SHAPES, ids=lambda kind: kind.__name__)
def test_every_request_and_result_can_be_pickled_and_written_as_json(kind):
    value = sample(kind)
    assert pickle.loads(pickle.dumps(value)) == value
    data = json.loads(json.dumps(wire.to_json(value), allow_nan=False))
    assert wire.from_json(kind, data) == value
    jsonschema.validate(data, strict(wire.schema(kind)))


def test_every_event_is_read_back_as_itself():
    events = [sample(kind) for kind in get_args(pg.Event)]
    tags = [wire.to_json(event)["type"] for event in events]
    assert tags == ["waiting", "started", "reading", "step", "beamstep", "finished"]
    data = json.loads(json.dumps(wire.to_json(events)))
    assert wire.from_json(list[pg.Event], data) == events
    jsonschema.validate(data, strict(wire.schema(AsyncIterator[list[pg.Event]])))


def test_the_declarations_are_those_of_the_dataclasses():
    assert view_types.TARGET.read_text(encoding="utf-8") == view_types.text(), "run `make types`"


@dataclass(frozen=True)
class Inner:
    """One number."""

    type: ClassVar[Literal["inner"]] = "inner"
    number: float


@dataclass(frozen=True)
class Outer:
    """A few."""

    inner: Inner | None
    pair: tuple[int, str]
    names: dict[str, tuple[bool, ...]]


GOOD = {"inner": {"type": "inner", "number": 1}, "pair": [1, "a"], "names": {"a": [True]}}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"more": 1}, "more"),
        ({"pair": [1]}, "pair"),
        ({"pair": [True, "a"]}, r"pair\[0\]"),
        ({"pair": ["1", "a"]}, r"pair\[0\]"),
        ({"names": {"a": [0]}}, r"names\['a'\]\[0\]"),
        ({"inner": {"type": "other", "number": 1}}, "inner"),
        ({"inner": {"number": "1"}}, "inner"),
    ],
)
def test_what_was_never_written_is_refused_with_its_place(change, place):
    assert wire.from_json(Outer, GOOD) == Outer(Inner(1.0), (1, "a"), {"a": (True,)})
    with pytest.raises(InputError, match=place):
        wire.from_json(Outer, GOOD | change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(GOOD | change, strict(wire.schema(Outer)))


def test_a_missing_field_is_refused():
    with pytest.raises(InputError, match="pair"):
        wire.from_json(Outer, {name: value for name, value in GOOD.items() if name != "pair"})


def test_short_numbers_have_six_digits():
    assert wire.to_json([1 / 3, {"a": 123456.789}, Inner(2e-9 / 3)], short=True) == [
        0.333333, {"a": 123457.0}, {"type": "inner", "number": 6.66667e-10},
    ]  # fmt: skip
    assert wire.to_json(1 / 3) == 1 / 3


@dataclass
class Live:
    """What holds something that lives here alone."""

    work: object


def test_what_lives_here_alone_is_not_written():
    with pytest.raises(TypeError, match="object"):
        wire.to_json(Live(object()))
    with pytest.raises(TypeError, match="schema"):
        wire.schema(Live)


def test_two_shapes_of_one_name_in_a_wing_are_refused():
    other = dataclass(frozen=True)(type("Inner", (), {"__annotations__": {"number": int}, "__module__": __name__}))
    with pytest.raises(TypeError, match="both have a Inner"):
        wire.declarations([Inner, other])
    assert "inner: unit.Inner | null;" in wire.declarations([Outer])
