"""Pieces that two or more tabs use: custom views, kind errors, model pickers, code receipts.

It leaves out everything that only one tab needs, and knows nothing about any capability.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import gradio as gr
from gradio.utils import get_upload_folder

import playground as pg
from playground import wire
from playground.errors import PlaygroundError
from playground.receipt import Receipt, notebook
from tabs import gradio_patches

log = logging.getLogger(__name__)
VIEWS = Path(__file__).parent.parent / "assets" / "views"
Handler = TypeVar("Handler", bound=Callable[..., Any])


def explain(markdown: str) -> gr.Markdown:
    """One short paragraph above a tab or a section: what you will see, what to try."""
    return gr.Markdown(markdown, elem_classes="pg-explain")


def view(name: str, value: Any = None, parts: Sequence[str] = (), **options: Any) -> gr.HTML:
    """A custom view made of ``assets/views/NAME.html``, ``.css`` and ``.js`` (the first two may be missing).

    ``parts`` are further scripts of that folder, put before its own: a long one reads better in pieces.

    The template must be static: text that people or models wrote reaches the page only through ``textContent`` in the
    script, because gradio would run ``${...}`` found in a value that a template shows. The script sees ``element``,
    ``props``, ``watch``, ``trigger`` and ``server``.
    """

    def read(suffix: str, missing: str) -> str:
        path = VIEWS / f"{name}{suffix}"
        return path.read_text(encoding="utf-8") if path.exists() else missing

    classes = options.pop("elem_classes", [])
    return gr.HTML(
        value,
        html_template=read(".html", '<div class="pg-view"></div>'),
        css_template=read(".css", ""),
        js_on_load="\n".join(
            [*((VIEWS / f"{part}.js").read_text(encoding="utf-8") for part in parts), read(".js", "")]
        ),
        apply_default_css=False,
        elem_classes=["pg-view-host", *([classes] if isinstance(classes, str) else classes)],
        **options,
    )


@contextmanager
def _kindly() -> Iterator[None]:
    """Turns a failure into a message for the person: what happened and what to do, never a traceback."""
    try:
        yield
    except PlaygroundError as error:
        title = "Try again in a moment" if error.retryable else "That didn't work"
        raise gr.Error(str(error), duration=12, title=title, print_exception=False) from error
    except gr.Error:
        raise
    except Exception as error:
        log.exception("A handler failed")
        text = (
            f"Something went wrong on our side ({type(error).__name__}). Your input is still there: please try again."
        )
        raise gr.Error(text, duration=12, title="That didn't work", print_exception=False) from error


def friendly(handler: Handler) -> Handler:
    """The same handler with every failure shown as a kind message; for plain and async functions and generators."""
    if inspect.isasyncgenfunction(handler):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _kindly():
                stream = handler(*args, **kwargs)
                try:
                    async for item in stream:
                        yield item
                finally:
                    await stream.aclose()

    elif inspect.iscoroutinefunction(handler):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:  # type: ignore[misc]
            with _kindly():
                return await handler(*args, **kwargs)

    elif inspect.isgeneratorfunction(handler):

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _kindly():
                yield from handler(*args, **kwargs)

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _kindly():
                return handler(*args, **kwargs)

    functools.update_wrapper(wrapper, handler)
    # gradio evaluates annotations while the page is built; one of ours would import torch then, before it answers.
    hints = {name: hint for name, hint in wrapper.__annotations__.items() if "pg." not in str(hint)}
    wrapper.__annotations__ = hints
    return wrapper  # type: ignore[return-value]


def publish(handler: Callable[..., Any], **options: Any) -> None:
    """Makes a typed handler an endpoint of the API under its own name, kind in its failures.

    What it returns (a dataclass, a list of them, or an iterator of such, for a stream) is sent as wire JSON; its return
    annotation gives the schema, so that must be a class whose module is quick to import.
    """
    kind, endpoint = _endpoint(handler)
    dependency = gr.api(endpoint, api_name=handler.__name__, **options)
    for output in gradio_patches.outputs_of(dependency):
        gradio_patches.document_answer(output, wire.schema(kind))


def publish_with_file(handler: Callable[..., Any], inputs: Sequence[gr.components.Component]) -> None:
    """The same for an endpoint that takes a file: a client can upload one only where there is a file component."""
    kind, endpoint = _endpoint(handler)
    answer = gr.JSON(visible=False, label="answer")
    gradio_patches.document_answer(answer, wire.schema(kind))
    gr.Button(visible=False).click(endpoint, list(inputs), answer, api_name=handler.__name__)


def _endpoint(handler: Callable[..., Any]) -> tuple[Any, Any]:
    """What a handler sends at a time, and the handler that sends it as JSON."""
    hints = get_type_hints(handler)
    kind = wire.answered(hints.pop("return"))

    if inspect.isasyncgenfunction(handler):

        async def sending(*args: Any, **kwargs: Any) -> Any:
            async with aclosing(handler(*args, **kwargs)) as stream:
                async for item in stream:
                    yield wire.to_json(item)

    elif inspect.isgeneratorfunction(handler):

        def sending(*args: Any, **kwargs: Any) -> Any:
            for item in handler(*args, **kwargs):
                yield wire.to_json(item)

    else:

        def sending(*args: Any, **kwargs: Any) -> Any:
            return wire.to_json(handler(*args, **kwargs))

    functools.update_wrapper(sending, handler)
    endpoint: Any = friendly(sending)
    endpoint.__annotations__ = hints  # gradio looks at them while the page is built
    endpoint.__signature__ = inspect.signature(handler).replace(return_annotation=dict)
    return kind, endpoint


class ArrivalClock:
    """ASGI middleware that notes when a request reached the server, for `arrived_at`."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["arrived_at"] = time.perf_counter()
        await self._app(scope, receive, send)


def arrived_at(request: gr.Request) -> float | None:
    """When the request reached the server, by ``time.perf_counter``; None without an `ArrivalClock`.

    A handler starts later than that: in a crowd the requests stand in gradio's own line first.
    """
    state = getattr(request, "state", None)
    return getattr(state, "arrived_at", None)


def model_picker(playground: pg.Playground, *tasks: str, label: str = "model_id", **options: Any) -> gr.Dropdown:
    """A list of the catalog's models for these tasks; any Hub id can be typed in where the settings allow it."""
    offered = [spec for task in tasks for spec in playground.catalog.for_task(task)]
    specs = sorted(offered, key=lambda spec: spec.source == "hub")  # models that need no network come first
    if playground.settings.hub == "off":
        specs = [spec for spec in specs if spec.source != "hub"]
    anything = playground.settings.hub == "any" and not playground.settings.public
    return gr.Dropdown(
        [(spec.title if spec.source != "hub" else f"{spec.title} (Hub)", spec.id) for spec in specs],
        value=specs[0].id if specs else None,
        label=label,
        info="Pick one, or type the id of any model on the Hub." if anything else None,
        allow_custom_value=anything,
        **options,
    )


def receipt_panel(
    label: str = "Code: this exact run with plain transformers", *, opened: bool = False
) -> tuple[gr.Code, gr.DownloadButton]:
    """An accordion with runnable Python, a copy button and a notebook to download; fill both with `receipt_values`."""
    with gr.Accordion(label, open=opened, elem_classes="pg-receipt"):
        code = gr.Code(
            language="python", interactive=False, show_label=False, buttons=["copy"], wrap_lines=True, max_lines=30
        )
        button = gr.DownloadButton("Download as notebook", size="sm", elem_classes="pg-small")
    return code, button


def receipt_values(receipt: Receipt) -> tuple[str, str]:
    """The values for a `receipt_panel`: the code, and the path of its notebook."""
    name = f"{receipt.title.lower().replace(' ', '-')}.ipynb"
    return receipt.code, file_to_serve(name, json.dumps(notebook(receipt), indent=1))


def file_to_serve(name: str, content: str) -> str:
    """The path of a file with this content that gradio may serve, wherever the app was started.

    It lies in gradio's cache, under the hash of its content as gradio's own copies do: the same file takes its place
    once, and gradio deletes it with the rest (``delete_cache`` of `gradio.Blocks`).
    """
    folder = Path(get_upload_folder()) / hashlib.sha256(content.encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / secrets.token_hex(8)  # whoever downloads the same file at this moment sees a whole one
    part.write_text(content, encoding="utf-8", newline="")
    return str(part.replace(folder / name))


def format_status(warmth: pg.WarmUp) -> dict[str, Any]:
    """The header's line: ``{"ready": bool, "text": str}``."""
    if warmth.failed:
        return {"ready": False, "text": f"Not loaded: {warmth.failed[0]} (see the Models tab)"}
    if warmth.done:
        return {"ready": True, "text": f"Ready on {warmth.device}"}
    return {"ready": False, "text": f"Loading {warmth.current} ({warmth.finished + 1} of {warmth.total})…"}


def status_bar(playground: pg.Playground, demo: gr.Blocks) -> None:
    """The header's line about loading; it stops asking once everything is ready."""
    bar = view("status", {"ready": False, "text": "Starting…"}, elem_id="pg-status")
    timer = gr.Timer(1.0)

    def refresh() -> tuple[dict[str, Any], gr.Timer]:
        warmth = playground.warmth()
        return format_status(warmth), gr.Timer(active=not (warmth.done or warmth.failed))

    gr.on([demo.load, timer.tick], refresh, None, [bar, timer], show_progress="hidden", api_visibility="private")
