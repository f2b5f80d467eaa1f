"""YAML whose values know their lines, so that whoever wrote one is told where it is wrong.

Only ``true`` and ``false`` are flags: an answer may be ``Yes`` or ``No``, and a date is a text.

>>> found = read("ask: Sure?\\nchoices: [Yes, No]", first_line=10)
>>> plain(found)
{'ask': 'Sure?', 'choices': ['Yes', 'No']}
>>> found.value["choices"].line
11
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Marked:
    """A value and its line; what a list or mapping holds is marked, too."""

    value: Any
    line: int


class FormError(Exception):
    """What is wrong, in which line, and what is allowed there."""

    def __init__(self, line: int, message: str, allowed: str) -> None:
        super().__init__(message)
        self.line, self.message, self.allowed = line, message, allowed


class _Loader(yaml.SafeLoader):
    """Reads numbers, true, false and null; everything else is a text."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (a class variable there, too)
        first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] in ("int", "float", "null")]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))


def read(text: str, first_line: int) -> Marked:
    """The values of a YAML text whose first line is the so-manieth of its file.

    Raises:
        FormError: it is no YAML, names a key twice, or repeats a part of itself by an alias.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return Marked(None, first_line) if node is None else _mark(loader, node, first_line, ())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise FormError(first_line + line, f"This is no YAML: {error.problem}.", "Check indents and quotes.") from None
    except yaml.YAMLError as error:
        raise FormError(first_line, f"This is no YAML: {error}.", "Check for control characters.") from None
    finally:
        loader.dispose()


def plain(marked: Marked) -> Any:
    """The value without its lines."""
    if isinstance(marked.value, dict):
        return {key: plain(value) for key, value in marked.value.items()}
    if isinstance(marked.value, list):
        return [plain(value) for value in marked.value]
    return marked.value


def _mark(loader: _Loader, node: Any, first_line: int, above: tuple[int, ...]) -> Marked:
    line = first_line + node.start_mark.line
    if id(node) in above:
        raise FormError(line, "This part holds itself.", "Write it out without an alias.")
    above = (*above, id(node))
    if len(above) > 20:
        raise FormError(line, "This is nested too deeply.", "Twenty levels are the most.")
    if isinstance(node, yaml.SequenceNode):
        return Marked([_mark(loader, item, first_line, above) for item in node.value], line)
    if not isinstance(node, yaml.MappingNode):
        return Marked(loader.construct_object(node), line)
    found: dict[str, Marked] = {}
    for key, value in node.value:
        name, place = str(key.value), first_line + key.start_mark.line
        if name in found:
            raise FormError(place, f"{name!r} stands here twice.", "Keep one of them.")
        found[name] = _mark(loader, value, first_line, above)
    return Marked(found, line)
