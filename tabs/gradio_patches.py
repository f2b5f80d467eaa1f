"""Every place where the page relies on something of gradio that gradio doesn't promise, each with its reason.

All of it was read from the source of one version, and is refused with any other: then each entry is to be read again,
dropped where gradio has learned it, and the version below raised. Each says what to ask of gradio itself.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import gradio as gr
import gradio.route_utils
import gradio.routes
import gradio.utils
from gradio.context import Context, LocalContext
from gradio.data_classes import CancelBody, ResetBody
from gradio.utils import diff as _gradio_diff
from gradio.utils import get_upload_folder, is_prop_update
from gradio_client import snippet
from gradio_client.utils import is_file_obj_with_meta

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


def allow_early_cancels() -> None:
    """Lets a page cancel what it has just asked for and not yet been given an id of.

    Reason: the page then sends null for ``event_id`` and would get 422, which the browser shows as an error; there is
    nothing to cancel yet, and the page drops the answer by itself. To ask: the same type in ``CancelBody`` and in
    ``ResetBody``, which the page sends after it.
    """
    for body in (CancelBody, ResetBody):
        body.model_fields["event_id"].annotation = str | None  # type: ignore[assignment]
        body.model_rebuild(force=True)


def send_updates_whole() -> None:
    """Lets a value that follows on "nothing new", or is followed by it, be sent as a whole, not as what differs.

    Reason: the page makes the one out of the other in place, and what isn't on screen yet still has that very object as
    its value: a tab that was opened just after an answer was overtaken showed ``{"__type__": "update"}``. To ask: that
    the page applies differences to a copy, or that nothing new differs in nothing.
    """
    gradio.utils.diff = _diff


def _diff(old: Any, new: Any) -> list[Any]:
    """The edits that make ``new`` of ``old``."""
    if is_prop_update(old) or is_prop_update(new):
        return [] if old == new else [["replace", [], new]]
    return list(_gradio_diff(old, new))


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
    component.label = "answer"
    component.api_info_as_output = lambda: schema  # type: ignore[method-assign, attr-defined]


def show_code_that_runs() -> None:
    """Lets the code of "Use via API" run as it is shown.

    Reason: bash reads ``EVENT_ID`` in a process that has ended when the next command asks for it; a text with a quote
    or a line break ends its literal; and an argument's default is shown even if nothing answers to it. To ask: the two
    commands in one group, texts as JSON, and an example before a default.
    """
    gradio.routes.generate_code_snippets = _code_snippets


def _code_snippets(name: str, endpoint: dict[str, Any], *args: Any, **options: Any) -> dict[str, str]:
    """Gradio's snippets with what `document_argument` gave as examples."""
    parameters = [_as_shown(one) for one in endpoint.get("parameters", [])]
    shown = snippet.generate_code_snippets(name, endpoint | {"parameters": parameters}, *args, **options)
    before, _, asking = shown["bash"].rpartition("  | read EVENT_ID; ")
    return shown | {"bash": f"{before}  | {{ read EVENT_ID; {asking}; }}"}


def _as_shown(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter whose example stands in the snippet, a text among quotes that it can't leave."""
    if parameter["component"] != "Api":
        return parameter
    example, kind = parameter["example_input"], parameter["python_type"]["type"]
    if isinstance(example, str):
        example, kind = json.dumps(example, ensure_ascii=False), "text as it stands"
    known = parameter["python_type"] | {"type": kind}
    return parameter | {"parameter_has_default": False, "example_input": example, "python_type": known}


def document_argument(component: gr.components.Component, name: str, meaning: str, example: Any = None) -> None:
    """Makes the API page say what an argument is called and what it means, and show an example where one is given.

    Reason: `gr.api` calls its arguments "1st" and "2nd", reads of a docstring only the head, and shows ``...`` for a
    list. To ask: its ``Args``, and examples.
    """
    shown = component.value if example is None else example
    component.example_payload = lambda: shown  # type: ignore[method-assign]
    info = component.api_info() | {"additional_description": meaning, "description": meaning}
    component.label = name
    component.api_info_as_input = lambda: info  # type: ignore[method-assign, attr-defined]


def words_gradio_lacks() -> gr.I18n:
    """What gradio says in the page by a key that it has no words for, in English; other languages fall back on it.

    Reason: a screen reader would read "common.complete" aloud after every answer. To ask: the words in gradio's own
    ``lang/en.json``.
    """
    return gr.I18n(en={"common.complete": "Done"})


def inputs_of(dependency: gr.events.Dependency) -> list[gr.components.Component]:
    """The components that an event reads; those of `gr.api` are made by gradio and nowhere to be had.

    To ask: the same as for `document_argument`, which needs them.
    """
    return _components(dependency["inputs"])


def outputs_of(dependency: gr.events.Dependency) -> list[gr.components.Component]:
    """The components that an event writes to.

    To ask: the same as for `document_answer`, which needs them.
    """
    return _components(dependency["outputs"])


def _components(numbers: list[int]) -> list[gr.components.Component]:
    blocks = blocks_being_built().blocks
    return [blocks[number] for number in numbers]  # type: ignore[misc]


def payload(event: gr.EventData) -> Any:
    """What a view sent with ``trigger(name, payload)``, as it is.

    Reason: `gr.EventData` gives attributes of a dictionary alone (``event.name``), not a list, nor names that are its
    own. To ask: a public ``EventData.data``.
    """
    return event._data


def toasts_arrive() -> bool:
    """Whether `gr.Warning` reaches somebody: inside of an event that stands in the queue.

    Reason: elsewhere it writes to the server's log, and the person would be told nothing. To ask: that `gr.Warning`
    says whether it was sent.
    """
    return LocalContext.event_id.get(None) is not None


def upload_folder() -> Path:
    """Where gradio keeps what people upload and what it serves.

    To ask: a public name; the documentation of ``delete_cache`` and ``GRADIO_TEMP_DIR`` names none.
    """
    return Path(get_upload_folder())


def poll_seldom(demo: gr.Blocks) -> None:
    """Lets gradio look for new work every 10 ms.

    Reason: it looks every millisecond, which takes 8 % of a core of an idle server. To ask: a queue that is woken by
    new work, or ``queue(poll_seconds=...)``.
    """
    demo._queue.sleep_when_free = 0.01


def once_whole(demo: gr.Blocks) -> None:
    """What is patched once everything is on the page."""
    no_hidden_progress(demo)
    describe_once(demo)
    send_no_schemas(demo)
    send_updates_whole()
    show_code_that_runs()


def no_hidden_progress(demo: gr.Blocks) -> None:
    """Lets events that show no progress tell no component of it.

    Reason: at every step of every event the page looks for each component that any event so far was to fill, to tell it
    of a progress, hidden or not: 2 s of a link's opening, after one event that may fill any field. To ask: that
    ``show_progress="hidden"`` says this by itself.
    """
    for event in demo.fns.values():
        if event.show_progress == "hidden":
            event.show_progress_on = []


class _Shared(dict):  # type: ignore[type-arg]
    """What all visitors see of a component. Gradio notes each one's values here, only for deep links, which nobody is
    offered: they are let go, so that a visitor costs neither time nor memory for them."""

    def __setitem__(self, name: object, value: object) -> None:
        pass


class _Described(dict):  # type: ignore[type-arg]
    """A component or an event as the API page knows it; a copy, which is what a visitor's page gets, leaves its schemas
    out. It is one copy for all: gradio changes only the addresses of files in it."""

    _copied: dict[str, Any] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        if self._copied is not None:
            return self._copied
        copied = {name: deepcopy(it) for name, it in self.items() if not name.startswith("api_info_as_")}
        self._copied = None if has_files(copied) else copied
        return copied


def has_files(value: Any) -> bool:
    """Whether there is a file among what a page is described by."""
    if is_file_obj_with_meta(value):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return any(map(has_files, inner))


def send_no_schemas(demo: gr.Blocks) -> None:
    """Leaves out of the page what its components take and give as programs see it, and copies the rest once.

    Reason: a tenth of the page, and nothing there reads it: the API page has it from ``gradio_api_info``, which is made
    on the server. And whenever somebody opens the page, gradio copies all of it deeply, and looks through the copy for
    addresses of files: two thirds of 0.35 s, in which nobody is served. To ask: that the page's config has no
    ``api_info_as_input`` and ``api_info_as_output``, and that a page without files is described once.
    """
    plain, update = demo.get_config_file, gradio.route_utils.update_root_in_config

    def get_config_file() -> Any:
        config = plain()
        parts = {name: [_Described(one) for one in config[name]] for name in ("components", "dependencies")}
        return config | parts | {_WITH_FILES: [one["id"] for one in config["components"] if has_files(one)]}

    def update_root(config: Any, root: str) -> Any:
        ids = config.pop(_WITH_FILES, None)
        if ids is None:
            return update(config, root)
        held = {"root": config.get("root"), "components": [one for one in config["components"] if one["id"] in ids]}
        updated = {one["id"]: one for one in update(held, root)["components"]}
        components = [updated.get(one["id"], one) for one in config["components"]]
        return {**config, "root": root, "components": components}

    demo.get_config_file = get_config_file  # type: ignore[method-assign]
    if not hasattr(update, _WITH_FILES):
        setattr(update_root, _WITH_FILES, True)
        gradio.route_utils.update_root_in_config = update_root


_WITH_FILES = "pg_with_files"  # an entry of a page's description, until it is sent: ids of components


def describe_once(demo: gr.Blocks) -> None:
    """Lets gradio describe each component once, not anew for every visitor.

    Reason: gradio walks through all components whenever somebody opens the page: 0.05 s, in which nobody is served.
    To ask: that ``Blocks`` keeps what `config_for_block` returns for components that no visitor has changed.
    """
    plain, known = type(demo.default_config), {}

    def recall(number, rendered_ids, block, renderable=None):  # type: ignore[no-untyped-def]
        if rendered_ids or renderable or demo.blocks.get(number) is not block:
            return plain.config_for_block(number, rendered_ids, block, renderable)
        if number not in known:
            described = plain.config_for_block(number, [], block)
            known[number] = _Shared({**described, "props": _Shared(described["props"])})
        return known[number]

    class Remembering(plain):  # type: ignore[misc, valid-type]
        def __copy__(self):  # type: ignore[no-untyped-def]
            visitors = super().__copy__()
            visitors.config_for_block = recall
            return visitors

    demo.default_config.__class__ = Remembering
