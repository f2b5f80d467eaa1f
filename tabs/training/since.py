"""Says of a training that is on the page what it doesn't share with what stands in the fields now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError

UNSAID = {"name", "keep", "person", "address", "run_id"}  # of no weight for what is learned
OLD = "⚠ The training below isn't of what stands above"
SPOKEN = {"table": "other rows", "model_id": "another model"}


def since_view(elem_id: str) -> gr.Markdown:
    """Where it is said: above the training."""
    return gr.Markdown(visible=False, elem_classes="pg-explain", elem_id=elem_id)


def said_since(asked: Any, now: Callable[[], Any]) -> gr.Markdown:
    """The sentence, hidden where there is nothing to say; ``now()`` gives what the fields ask, or fails."""
    said = ""
    if asked is not None:
        try:
            other = _other(asked, now())
            said = f"{OLD}: it had {', '.join(other)}." if other else ""
        except PlaygroundError:
            said = f"{OLD}."
    return gr.Markdown(said, visible=bool(said))


def _other(asked: Any, new: Any) -> list[str]:
    names = (one.name for one in fields(asked) if one.name not in UNSAID)
    return [SPOKEN.get(name, f"another `{name}`") for name in names if getattr(asked, name) != getattr(new, name)]
