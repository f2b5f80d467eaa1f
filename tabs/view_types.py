"""The TypeScript declarations of all that views are sent; ``make types`` writes them to ``assets/views/types.d.ts``.

Views are JavaScript; the declarations are read by ``tsc --checkJs`` alone, which then notices a name that Python has
changed. There is a namespace per wing: ``import("../types").generation.Step`` in a JSDoc comment.
"""

from __future__ import annotations

import importlib
from dataclasses import is_dataclass
from pathlib import Path

import playground as pg
from playground import wire

TARGET = Path(__file__).parents[1] / "assets" / "views" / "types.d.ts"
HEADING = """\
// What Python sends to the views. Made by `make types` from the dataclasses of playground/ and tabs/: change them, not
// this file. Texts of people and models are plain strings here: put them into the page with textContent alone.

"""


def shapes() -> list[type]:
    """Every dataclass that can reach a view: the public ones of `playground`, and those of the tabs' api and format."""
    found = [getattr(pg, name) for name in pg.__all__]
    folder = Path(__file__).parent
    for path in sorted([*folder.glob("*/api.py"), *folder.glob("*/*format.py")]):
        module = importlib.import_module(f"tabs.{path.parent.name}.{path.stem}")
        found += [thing for thing in vars(module).values() if getattr(thing, "__module__", "") == module.__name__]
    return [thing for thing in found if _is_frozen(thing) and thing is not pg.Settings]


def _is_frozen(thing: object) -> bool:
    return isinstance(thing, type) and is_dataclass(thing) and thing.__dataclass_params__.frozen  # type: ignore[attr-defined]


def text() -> str:
    """What the file should hold."""
    return HEADING + wire.declarations(shapes())


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"written: {TARGET}")
