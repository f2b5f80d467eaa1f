"""What a tab lends to lessons and links: its fields, what changes when it has answered, and where the answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from tabs.links.asking import Asking


def _as_it_is(kept: Any) -> Any:
    return kept


@dataclass(frozen=True, eq=False)
class Shared:
    """How a place is shared: ``button`` is the view that offers it.

    The rest is for a place whose answers can be shared where no lesson can read them: ``kept`` as in `Watched`, and
    ``answer`` makes of what is kept the requests and their result, or None. ``seen`` says what is looked at beside the
    answer, of what is kept and the result.

    ``again`` is for what nobody could ask by filling fields: the button's event of this name asks exactly what a link
    does (`tabs.links.handlers.asked_in`), and this knows whether it is being answered. ``fills`` then gives what stands
    in components beside the fields, which are ``filled``.
    """

    button: gr.HTML
    kept: gr.State | Callable[[str], Any] | None = None
    answer: Callable[[Any], tuple[tuple[Any, ...], Any] | None] | None = None
    seen: Callable[[Any, Any], dict[str, Any]] | None = None
    again: Asking | None = None
    fills: Callable[[Any], dict[Any, Any]] | None = None
    filled: Sequence[Any] = ()


@dataclass(frozen=True, eq=False)
class Watched:
    """One place of the page.

    ``place`` is its name in `playground.lessons.places`, or in `playground.links.kinds` where no lesson drives it.
    ``controls`` are the components by the names of its fields, ``drawn`` the views that draw other fields themselves,
    or have to know of one: each reads in its inbox what to fill in. The answer is seen in ``view``, and by the place's
    names for them in the views ``beside`` it. ``kept`` is a state of the page, or a function from the page's session to
    what is kept: a result, or a question from which ``answer`` makes one at once. A new value of the state says that
    there is a new answer (events outside of the queue don't), or of the view where there is no state. ``shared`` is how
    the answer is shared, if it can be. ``resets`` are what else is chosen there, with the value that chooses nothing:
    it goes back to that when a lesson sets the stage.
    """

    place: str
    controls: dict[str, Any]
    view: gr.HTML
    kept: gr.State | Callable[[str], Any]
    answer: Callable[[Any], Any] = _as_it_is
    drawn: Mapping[str, gr.HTML] = field(default_factory=dict)
    shared: Shared | None = None
    beside: Mapping[str, gr.HTML] = field(default_factory=dict)
    resets: Mapping[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Whatever somebody is pointed at has an id in the page, and so has what it is folded away in."""
        for name, one in self._pointed_at().items():
            one.elem_id = one.elem_id or f"pg-{self.place}-{name.replace('_', '-')}"
            for fold in _above(one):
                if isinstance(fold, gr.Accordion):
                    fold.elem_id = fold.elem_id or f"pg-{self.place}-{'-'.join(str(fold.label).lower().split())}"
        if self.shared:
            self.shared.button.elem_id = self.shared.button.elem_id or f"pg-{self.place}-share"

    def _pointed_at(self) -> dict[str, Any]:
        return {**self.drawn, **self.controls, **self.beside, "view": self.view}

    def where(self) -> dict[str, Any]:
        """How the page finds all of it.

        ``nodes`` are the ids of the fields and of views beside the answer, ``drawn`` those of views that draw fields
        themselves, ``view`` that of the answer. ``ways`` say by the same names what has to be opened before one of them
        is in the page, from outside to inside: names of tabs, and ids of sections that can be unfolded.
        """
        pointed_at = self._pointed_at()
        return {
            "nodes": {name: one.elem_id for name, one in pointed_at.items() if name != "view"},
            "drawn": {name: one.elem_id for name, one in self.drawn.items()},
            "view": self.view.elem_id,
            "ways": {name: way for name, one in pointed_at.items() if (way := _way_to(one))},
        }


def _way_to(component: Any) -> list[str]:
    above = reversed(_above(component))
    return [str(one.elem_id if isinstance(one, gr.Accordion) else one.id) for one in above]


def _above(component: Any) -> list[Any]:
    """The tabs and accordions that a component is in, innermost first."""
    found = []
    while (component := getattr(component, "parent", None)) is not None:
        if isinstance(component, gr.Accordion) or (isinstance(component, gr.Tab) and component.id is not None):
            found.append(component)
    return found
