"""Every place where the page relies on something of gradio that gradio doesn't promise, each with its reason.

All of it was read from the source of one version, and is refused with any other: then each entry is to be read again,
dropped where gradio has learned it, and the version below raised. Each says what to ask of gradio itself.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.context import Context

VERSION = "6.31.0"


def check_version(installed: str = gr.__version__) -> None:
    """None, if this is the gradio that everything here was read from.

    Raises:
        RuntimeError: it is another one; the message says what to do.
    """
    if installed != VERSION:
        raise RuntimeError(
            f"tabs/gradio_patches.py was read from gradio {VERSION}; this is {installed}. Install the version of "
            "requirements.txt, or read each patch again and raise VERSION."
        )


def blocks_being_built() -> gr.Blocks:
    """The page inside whose ``with`` this is called.

    Reason: ``page.load`` needs the page, which the function that lays out a tab isn't handed. `gr.on` takes no None for
    "the page". To ask: a public ``gr.current_blocks()``.
    """
    assert Context.root_block is not None, "called outside of a gradio.Blocks context"
    return Context.root_block


def tab_being_built() -> gr.Tab | None:
    """The tab inside whose ``with`` this is called, to know when it is opened. Reason and question: as above."""
    return Context.block if isinstance(Context.block, gr.Tab) else None


def document_answer(component: gr.components.Component, schema: dict[str, Any]) -> None:
    """Makes the API page say this JSON schema for what a component sends.

    Reason: `gr.api` reads return annotations, but knows neither dataclasses nor iterators: an answer would be "Any",
    and a client's ``view_api()`` with it. To ask: ``gr.api(..., returns=SCHEMA)``.
    """
    component.api_info_as_output = lambda: schema  # type: ignore[method-assign, attr-defined]


def outputs_of(dependency: gr.events.Dependency) -> list[gr.components.Component]:
    """The components that an event writes to; those of `gr.api` are made by gradio and nowhere to be had.

    To ask: the same as for `document_answer`, which needs them.
    """
    blocks = blocks_being_built().blocks
    return [blocks[number] for number in dependency["outputs"]]  # type: ignore[misc]


def payload(event: gr.EventData) -> Any:
    """What a view sent with ``trigger(name, payload)``, as it is.

    Reason: `gr.EventData` gives attributes of a dictionary alone (``event.name``), not a list, nor names that are its
    own. To ask: a public ``EventData.data``.
    """
    return event._data
