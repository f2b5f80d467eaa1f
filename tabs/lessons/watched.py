"""What a tab lends to lessons and links: its fields, what changes when it has answered, and where the answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr


def _as_it_is(kept: Any) -> Any:
    return kept


def _folds_around(component: Any) -> list[Any]:
    """The sections that a component is folded away in, from outside to inside."""
    folds: list[Any] = []
    above = getattr(component, "parent", None)
    while above is not None:
        if isinstance(above, gr.Accordion):
            folds.insert(0, above)
        above = above.parent
    return folds


@dataclass(frozen=True, eq=False)
class Shared:
    """How a place is shared: ``button`` is the view that offers it.

    The rest is for a place whose answers can be shared where no lesson can read them: ``kept`` as in `Watched`, and
    ``answer`` makes of what is kept the requests and their result, or None. ``seen`` says what is looked at beside the
    answer, of what is kept and the result.
    """

    button: gr.HTML
    kept: gr.State | Callable[[str], Any] | None = None
    answer: Callable[[Any], tuple[tuple[Any, ...], Any] | None] | None = None
    seen: Callable[[Any, Any], dict[str, Any]] | None = None


@dataclass(frozen=True, eq=False)
class Watched:
    """One place of the page.

    ``place`` is its name in `playground.lessons.places`, ``controls`` the components by the names of its fields, and
    ``drawn`` the views that draw other fields themselves, or have to know of one: each reads in its inbox what to fill
    in. The answer is seen in ``view``. ``kept`` is a state of the page, or a function from the page's session to what
    is kept: a result, or a question from which ``answer`` makes one at once. A new value of the state says that there
    is a new answer (events outside of the queue don't), or of the view where there is no state. ``shared`` is how the
    answer is shared, if it can be.
    """

    place: str
    controls: dict[str, Any]
    view: gr.HTML
    kept: gr.State | Callable[[str], Any]
    answer: Callable[[Any], Any] = _as_it_is
    drawn: Mapping[str, gr.HTML] = field(default_factory=dict)
    shared: Shared | None = None

    def __post_init__(self) -> None:
        """Whatever somebody is pointed at has an id in the page, and so has what it is folded away in."""
        for name, one in {**self.controls, **self.drawn, "view": self.view}.items():
            one.elem_id = one.elem_id or f"pg-{self.place}-{name.replace('_', '-')}"
            for fold in _folds_around(one):
                fold.elem_id = fold.elem_id or f"pg-{self.place}-{'-'.join(str(fold.label).lower().split())}"

    def where(self) -> dict[str, Any]:
        """How the page finds all of it.

        ``nodes`` are the ids of the fields, ``drawn`` those of views that draw fields themselves, ``view`` that of the
        answer; ``folds`` are the ids of the sections to unfold before a field (or the answer, by no name) is in the
        page, from outside to inside.
        """
        lent = {**self.drawn, **self.controls}
        lent_and_seen = {**lent, "": self.view}
        return {
            "nodes": {name: one.elem_id for name, one in lent.items()},
            "drawn": {name: one.elem_id for name, one in self.drawn.items()},
            "view": self.view.elem_id,
            "folds": {name: [fold.elem_id for fold in _folds_around(one)] for name, one in lent_and_seen.items()},
        }
