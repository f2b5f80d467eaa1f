"""What crosses `Playground` is data: with the same tabs it could stand on another machine."""

from __future__ import annotations

import ast
import importlib
import inspect
import types
import typing
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

import playground as pg
from playground import wire
from playground.models.catalog import Catalog

ROOT = Path(__file__).parents[2]
STREAMS = (Iterator, AsyncGenerator, Sequence)
# For notebooks, which have the engine beside them; the page reads `compare_batches`.
LIVE = {"generate", "compare"}
# What a program does with a playground of its own.
OWN = {"close", "import_everything", "tokenizers", "warm_up"}
METHODS = {name for name in dir(pg.Playground) if not name.startswith("_")} - LIVE - OWN


def names_for_typing(module: types.ModuleType) -> dict[str, Any]:
    """The module's names, those under TYPE_CHECKING among them."""
    found = dict(vars(module))
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for inner in node.body:
                if isinstance(inner, ast.ImportFrom) and inner.module:
                    source = importlib.import_module(inner.module)
                    found |= {alias.name: getattr(source, alias.name) for alias in inner.names}
    return found


def items(kind: Any) -> Any:
    """What of a kind crosses at a time."""
    return items(get_args(kind)[0]) if get_origin(kind) in STREAMS else kind


@pytest.mark.parametrize("name", sorted(METHODS))
def test_arguments_and_results_of_a_method_are_data(name):
    method = inspect.unwrap(getattr(pg.Playground, name))
    module = importlib.import_module(method.__module__)
    hints = typing.get_type_hints(method, names_for_typing(module))
    for one in hints.values():
        assert items(one) is not Any
        wire.schema(items(one))  # raises TypeError for what is no data


@pytest.mark.parametrize("kind", [Any, object, pg.Playground, typing.Callable[[], bool]], ids=str)
def test_what_lives_here_alone_has_no_schema(kind):
    if kind is Any:  # says nothing, so it is let through: no method may use it
        assert wire.schema(kind).keys() == {"$schema"}
    else:
        with pytest.raises(TypeError):
            wire.schema(kind)


def test_the_catalog_is_data():
    catalog = Catalog.read(None)
    assert wire.from_json(Catalog, wire.to_json(catalog)) == catalog


def touched(path: Path) -> set[str]:
    """The attributes of a playground that a module uses."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    attributes = (node for node in nodes if isinstance(node, ast.Attribute))
    return {node.attr for node in attributes if ast.unparse(node.value) in ("playground", "self._playground")}


@pytest.mark.parametrize("path", sorted((ROOT / "tabs").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_tabs_touch_nothing_else(path):
    assert touched(path) - METHODS - {"catalog", "lends_gpu", "settings"} == set()  # plain data
