"""What crosses a wire: frozen dataclasses <-> JSON, their JSON schema, and their TypeScript declarations.

A shape is written down once, as a dataclass; everything else that needs to know it is made from the dataclass here.
The rules, the same in all four directions:

* a dataclass is an object with its fields; one with a class variable ``type`` (a member of a stream of events) says it;
* a tuple, a list or a NamedTuple is an array, ``bytes`` are base64, the keys of a dictionary are texts;
* a union of dataclasses is told apart by ``type``.

It leaves out what the shapes mean, and imports no wing.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Piece:
...     type: typing.ClassVar[typing.Literal["piece"]] = "piece"
...     token_ids: tuple[int, ...]
>>> to_json(Piece((5, 6)))
{'type': 'piece', 'token_ids': [5, 6]}
>>> from_json(Piece, {"type": "piece", "token_ids": [5, 6]})
Piece(token_ids=(5, 6))
"""

from __future__ import annotations

import base64
import functools
import types
import typing
from collections.abc import AsyncIterator, Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from playground.errors import InputError

DIGITS = 6
_PLAIN = (str, int, float, bool, type(None))


def to_json(value: Any, *, short: bool = False) -> Any:
    """A value as JSON-ready values; ``short`` keeps six digits of each float, which is more than a page can show."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if short else value
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, tuple | list):
        return [to_json(item, short=short) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item, short=short) for key, item in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    kind = type(value)
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} can't be written as JSON")
    shaped = {"type": tag} if (tag := _tag(kind)) else {}
    return shaped | {name: to_json(getattr(value, name), short=short) for name in _names(kind)}


def from_json(kind: Any, data: Any) -> Any:
    """The value of this kind that was written as ``data``.

    Raises:
        InputError: it wasn't; the message names the place.
    """
    return _Reader("").read(kind, data)


def schema(kind: Any) -> dict[str, Any]:
    """The JSON schema of a kind, whole in itself (without ``$ref``); of an iterator, that of each item."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | _schema(answered(kind))


def answered(kind: Any) -> Any:
    """What is sent at a time: the item of an iterator, else the kind itself."""
    return get_args(kind)[0] if get_origin(kind) in _ITERATORS else kind


def declarations(kinds: typing.Iterable[type]) -> str:
    """TypeScript interfaces of dataclasses and of all that they hold, in a namespace per wing."""
    found: dict[type, None] = {}
    for kind in kinds:
        _collect(kind, found)
    wings: dict[str, dict[str, type]] = {}
    for kind in found:
        shapes = wings.setdefault(wing_of(kind), {})
        if shapes.setdefault(kind.__name__, kind) is not kind:
            raise TypeError(f"{kind.__module__} and {shapes[kind.__name__].__module__} both have a {kind.__name__}")
    return "\n".join(_namespace(wing, shapes) for wing, shapes in sorted(wings.items()))


def wing_of(kind: type) -> str:
    """The wing that a class belongs to, by its module.

    >>> from playground.errors import InputError
    >>> wing_of(InputError)
    'errors'
    """
    return kind.__module__.split(".")[1] if "." in kind.__module__ else kind.__module__


@functools.cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@functools.cache
def _tag(kind: type) -> str:
    tag = getattr(kind, "type", "")
    return tag if isinstance(tag, str) and "type" not in _names(kind) else ""


@functools.cache
def hints(kind: type) -> dict[str, Any]:
    """The types of a dataclass's or NamedTuple's fields."""
    found = typing.get_type_hints(kind)
    return {name: found[name] for name in (_names(kind) if is_dataclass(kind) else kind._fields)}  # type: ignore[attr-defined]


def _is_named_tuple(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


_UNIONS = (Union, types.UnionType)
_ITERATORS = (Iterator, AsyncIterator, typing.Iterator, typing.AsyncIterator)


class _Reader(NamedTuple):
    """Reads JSON at a place of a value, such as ``.steps[3]``."""

    place: str

    def at(self, step: object) -> _Reader:
        return _Reader(f"{self.place}{step}")

    def refuse(self, what: str, data: Any) -> InputError:
        return InputError(f"{self.place.lstrip('.') or 'The value'} is {str(data)[:40]!r}.", f"It should be {what}.")

    def read(self, kind: Any, data: Any) -> Any:
        """The value of this kind."""
        origin, inner = get_origin(kind), get_args(kind)
        if kind is Any:
            return data
        if origin is Literal:
            return self._literal(inner, data)
        if origin in _UNIONS:
            return self._union(inner, data)
        if origin in (tuple, list) or _is_named_tuple(kind):
            return self._array(kind, origin, inner, data)
        if origin is dict or kind is dict:
            return self._dictionary(inner or (str, Any), data)
        if is_dataclass(kind):
            return self._object(kind, data)
        return self._plain(kind, data)

    def _literal(self, allowed: tuple[Any, ...], data: Any) -> Any:
        if data not in allowed:
            raise self.refuse(f"one of {', '.join(map(str, allowed))}", data)
        return data

    def _union(self, kinds: tuple[Any, ...], data: Any) -> Any:
        tag = data.get("type") if isinstance(data, dict) else None
        for kind in kinds:
            if tag and isinstance(kind, type) and is_dataclass(kind) and _tag(kind) == tag:
                return self.read(kind, data)
        for kind in kinds:
            if isinstance(kind, type) and _tag_or_empty(kind):
                continue
            try:
                return self.read(kind, data)
            except InputError:
                continue
        raise self.refuse(" or ".join(_say(kind) for kind in kinds), data)

    def _array(self, kind: Any, origin: Any, inner: tuple[Any, ...], data: Any) -> Any:
        if not isinstance(data, list):
            raise self.refuse("a list", data)
        if _is_named_tuple(kind):
            return kind(*(self._each(tuple(hints(kind).values()), data)))
        if origin is list:
            return [self.at(f"[{i}]").read(inner[0], item) for i, item in enumerate(data)]
        if inner[1:] == (...,):
            return tuple(self.at(f"[{i}]").read(inner[0], item) for i, item in enumerate(data))
        return tuple(self._each(inner, data))

    def _each(self, kinds: tuple[Any, ...], data: list[Any]) -> Iterator[Any]:
        if len(kinds) != len(data):
            raise self.refuse(f"a list of {len(kinds)}", data)
        return (self.at(f"[{i}]").read(kind, item) for i, (kind, item) in enumerate(zip(kinds, data, strict=True)))

    def _dictionary(self, inner: tuple[Any, ...], data: Any) -> dict[Any, Any]:
        if not isinstance(data, dict):
            raise self.refuse("an object", data)
        return {inner[0](key): self.at(f"[{key!r}]").read(inner[1], item) for key, item in data.items()}

    def _object(self, kind: Any, data: Any) -> Any:
        if not isinstance(data, dict):
            raise self.refuse("an object", data)
        given = dict(data)
        if (tag := _tag(kind)) and given.pop("type", tag) != tag:
            raise self.at(".type").refuse(tag, data["type"])
        known = hints(kind)
        if unknown := given.keys() - known.keys():
            raise self.at(f".{min(unknown)}").refuse("left out: it is no field", given[min(unknown)])
        for field in fields(kind):
            if field.name not in given and field.default is MISSING and field.default_factory is MISSING:
                raise self.at(f".{field.name}").refuse("given", "missing")
        return kind(**{name: self.at(f".{name}").read(known[name], item) for name, item in given.items()})

    def _plain(self, kind: Any, data: Any) -> Any:
        if kind is bytes and isinstance(data, str):
            return base64.b64decode(data)
        wanted = (int, float) if kind is float else kind
        if kind in (None, type(None)):
            wanted = type(None)
        if not isinstance(data, wanted) or (isinstance(data, bool) and kind is not bool):
            raise self.refuse(_say(kind), data)
        return float(data) if kind is float else data


def _tag_or_empty(kind: type) -> str:
    return _tag(kind) if is_dataclass(kind) else ""


def _say(kind: Any) -> str:
    words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "nothing"}
    return words.get(kind, getattr(kind, "__name__", str(kind)))


_SCHEMAS: typing.Final = types.MappingProxyType(
    {str: "string", int: "integer", float: "number", bool: "boolean", bytes: "string", type(None): "null"}
)


def _schema(kind: Any) -> dict[str, Any]:
    """The schema of one kind."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return {}
    if kind in _SCHEMAS:
        return {"type": _SCHEMAS[kind]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in _UNIONS:
        return {"anyOf": [_schema(one) for one in inner]}
    if origin is list or (origin is tuple and inner[1:] == (...,)):
        return {"type": "array", "items": _schema(inner[0])}
    if origin is tuple or _is_named_tuple(kind):
        items = [_schema(one) for one in (inner or hints(kind).values())]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(inner[1])}
    if is_dataclass(kind) and isinstance(kind, type):
        return _object_schema(kind)
    raise TypeError(f"{kind} has no JSON schema")


def _object_schema(kind: type) -> dict[str, Any]:
    properties = {"type": {"const": tag}} if (tag := _tag(kind)) else {}
    properties |= {name: _schema(inner) for name, inner in hints(kind).items()}
    summary = _summary(kind).replace("``", "")
    return {"type": "object", "description": summary, "properties": properties, "required": [*properties]}


def _summary(kind: type) -> str:
    """The first paragraph of a class's docstring, in one line."""
    return " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())


def _collect(kind: Any, found: dict[type, None]) -> None:
    """Adds every dataclass that a kind is or holds."""
    if is_dataclass(kind) and isinstance(kind, type):
        if kind not in found:
            found[kind] = None
            for inner in hints(kind).values():
                _collect(inner, found)
    elif _is_named_tuple(kind):
        for inner in hints(kind).values():
            _collect(inner, found)
    elif get_origin(kind) is not Literal:
        for inner in get_args(kind):
            _collect(inner, found)


def _namespace(wing: str, shapes: dict[str, type]) -> str:
    lines = [f"export namespace {wing} {{"]
    for name, kind in sorted(shapes.items()):
        lines += [f"  /** {_summary(kind)} */", f"  interface {name} {{"]
        if tag := _tag(kind):
            lines.append(f'    type: "{tag}";')
        lines += [f"    {field}: {_typescript(inner)};" for field, inner in hints(kind).items()]
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def _typescript(kind: Any) -> str:
    """A kind as TypeScript writes it."""
    origin, inner = get_origin(kind), get_args(kind)
    plain = {str: "string", int: "number", float: "number", bool: "boolean", bytes: "string", type(None): "null"}
    if kind is Any:
        return "unknown"
    if kind in plain:
        return plain[kind]
    if origin is Literal:
        return " | ".join(f'"{one}"' if isinstance(one, str) else str(one).lower() for one in inner)
    if origin in _UNIONS:
        return " | ".join(_typescript(one) for one in inner)
    if origin is list or (origin is tuple and inner[1:] == (...,)):
        item = _typescript(inner[0])
        return f"({item})[]" if " | " in item else f"{item}[]"
    if origin is tuple or _is_named_tuple(kind):
        return f"[{', '.join(_typescript(one) for one in (inner or hints(kind).values()))}]"
    if origin is dict:
        return f"Record<string, {_typescript(inner[1])}>"
    return f"{wing_of(kind)}.{kind.__name__}"
