"""What a tab lends to the lessons: its fields, what changes when it has answered, and where the answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr


def _as_it_is(kept: Any) -> Any:
    return kept


@dataclass(frozen=True, eq=False)
class Watched:
    """One place of the page.

    ``place`` is its name in `playground.lessons.places`, ``controls`` the components by the names of its fields, and
    ``drawn`` the views that draw other fields themselves, or have to know of one: each reads in its inbox what to fill
    in. The answer is seen in ``view``. ``kept`` is a state of the page, or a function from the page's session to what
    is kept: a result, or a question from which ``answer`` makes one at once. A new value of the state says that there
    is a new answer (events outside of the queue don't), or of the view where there is no state.
    """

    place: str
    controls: dict[str, Any]
    view: gr.HTML
    kept: gr.State | Callable[[str], Any]
    answer: Callable[[Any], Any] = _as_it_is
    drawn: Mapping[str, gr.HTML] = field(default_factory=dict)
