"""What a tab lends to the lessons: its fields, the view that changes when it has answered, and where the answer is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr


@dataclass(frozen=True, eq=False)
class Watched:
    """One place of the page.

    ``place`` is its name in `playground.lessons.places`, ``controls`` the components by the names of its fields. A new
    value of ``shown`` says that there is a new answer. ``result`` keeps it: a state of the page, or a function from the
    page's session to it.
    """

    place: str
    controls: dict[str, Any]
    shown: gr.HTML
    result: gr.State | Callable[[str], Any]
