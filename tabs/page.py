"""What every tab's page is made of: explanations, views, receipts; handlers and endpoints that fail kindly.

It knows nothing about any capability, nor any `Playground`.
"""

from __future__ import annotations

import functools
import hashlib
import html
import inspect
import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar, get_type_hints

import gradio as gr

from playground import wire
from playground.errors import PlaygroundError
from playground.receipt import Receipt, notebook, script
from tabs import gradio_patches
from tabs.arguments import EXAMPLES, as_sentence, check_arguments, described
from tabs.view_files import VIEWS, hook

log = logging.getLogger(__name__)
Handler = TypeVar("Handler", bound=Callable[..., Any])
_IN_PLACE = "said_in_place"  # of a failure that the page has said where its answer would stand


def explain(markdown: str) -> gr.Markdown:
    """One short paragraph above a tab or a section: what you will see, what to try."""
    return gr.Markdown(markdown, elem_classes=["pg-explain", "pg-words"])


def heading(title: str, level: int) -> gr.HTML:
    """A heading for those who hear the page; others see the tab that says the same."""
    return gr.HTML(f'<h{level} class="pg-sr">{html.escape(title)}</h{level}>', elem_classes="pg-heading")


def view(name: str, value: Any = None, events: Sequence[str] = (), **options: Any) -> gr.HTML:
    """A custom view made of ``assets/views/NAME.html``, ``.css`` and ``.js`` (the first two may be missing).

    The template must be static: text that people or models wrote reaches the page only through ``textContent`` in the
    script, because gradio would run ``${...}`` found in a value that a template shows. The script is a module whose
    ``mount`` gets ``element``, ``props``, ``watch``, ``trigger`` and ``server``; `ViewFiles` serves it. ``events`` are
    those that it triggers and gradio doesn't know.
    """

    def read(suffix: str, missing: str) -> str:
        path = VIEWS / f"{name}{suffix}"
        return path.read_text(encoding="utf-8") if path.exists() else missing

    classes = options.pop("elem_classes", [])
    return gr.HTML(
        value,
        html_template=read(".html", '<div class="pg-view"></div>'),
        css_template=read(".css", ""),
        js_on_load=hook(name, events),
        apply_default_css=False,
        elem_classes=["pg-view-host", *([classes] if isinstance(classes, str) else classes)],
        **options,
    )


def progress_view(elem_id: str, before: dict[str, Any] | None = None) -> gr.HTML:
    """What a long run is doing, below the button that began it; ``before`` it says what comes. Made by `so_far`."""
    return view("shared/run_progress", before, elem_id=elem_id)


def so_far(done: int, total: int, text: str, running: bool = True) -> dict[str, Any]:
    """The value of a `progress_view`; without one it takes no room.

    >>> so_far(1, 4, "1 of 4 words")
    {'percent': 25, 'text': '1 of 4 words', 'running': True}
    """
    return {"percent": 100 * done // total if total else 0, "text": text, "running": running}


def without_bar(text: str) -> dict[str, Any]:
    """The value of a `progress_view` where nothing runs: a sentence alone.

    >>> without_bar("Press Go: the answer stands here.")
    {'percent': None, 'text': 'Press Go: the answer stands here.', 'running': False}
    """
    return {"percent": None, "text": text, "running": False}


def run_refused(error: Exception, before: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """The value of a `progress_view` for a run that can't be: why; ``before`` where a toast says it."""
    said = said_in_place(error)
    return without_bar(said) if said else before


def tell(page: gr.HTML, name: str, detail: str = "null") -> str:
    """Script that tells the view about something that happened outside it; what it can't hear yet waits for it.

    A view in an inner tab that nobody has opened isn't in the page: it is told nothing, and no error is announced.
    """
    return (
        f"{{ const view = document.getElementById('{page.elem_id}'); if (view) {{"
        f" (view.told ??= []).push({{name: '{name}', value: {detail}}}); view.dispatchEvent(new Event('told')); }} }}"
    )


def message_of(error: Exception) -> str:
    """What a person is told about a failure: what happened and what to do, never a traceback."""
    if isinstance(error, PlaygroundError | gr.Error):
        return str(error) if isinstance(error, PlaygroundError) else str(error.message)
    log.error("A handler failed", exc_info=error)
    return f"Something went wrong on our side ({type(error).__name__}). Your input is still there: please try again."


def said_in_place(error: Exception) -> str:
    """What a person is told about a failure, for the place that the answer would take: no toast says it again.

    Empty for what nobody can mend, which a toast says.
    """
    if not isinstance(error, PlaygroundError):
        return ""
    setattr(error, _IN_PLACE, True)
    return str(error)


def refusal(error: Exception, asked: Sequence[Any] = ()) -> dict[str, Any] | None:
    """The value of a view that has no answer: why; None where a toast says it.

    ``asked`` is what stood in the fields: once others stand there, the view says it no longer.
    """
    said = said_in_place(error)
    return {"said": said, "asked": list(asked)} if said else None


def refusal_text(error: Exception, asked: Sequence[Any] = ()) -> str | None:
    """The same for a view that takes JSON text."""
    said = refusal(error, asked)
    return json.dumps(said) if said else None


def answer_or(answer: Callable[[], Any], instead: Callable[[Exception], Any]) -> Iterator[Any]:
    """What a handler gives: the answer, or what stands there instead before the failure ends it."""
    try:
        found = answer()
    except Exception as error:
        yield instead(error)
        raise
    yield found


def plain(text: str) -> str:
    """Text for a Markdown component, with nothing in it that Markdown or HTML would read."""
    return "".join(f"&#{ord(character)};" if character in "*_`<>[]&$|\\#" else character for character in text)


def _as_text(message: str) -> str:
    """A message for gradio's toast, which would show it as HTML."""
    return html.escape(message, quote=False)


@contextmanager
def _kindly(for_page: bool) -> Iterator[None]:
    """Turns a failure into what gradio shows a person, or sends to a program."""
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        title = "Try again in a moment" if getattr(error, "retryable", False) else "That didn't work"
        message = _as_text(message_of(error)) if for_page else message_of(error)
        is_said = for_page and getattr(error, _IN_PLACE, False)
        is_hint = for_page and isinstance(error, PlaygroundError) and gradio_patches.toasts_arrive()
        if is_hint and not is_said:
            gr.Warning(message, duration=12, title=title)
        raise gr.Error(
            message, duration=12, title=title, visible=not (is_hint or is_said), print_exception=False
        ) from error


def friendly(handler: Handler, *, for_page: bool = True) -> Handler:
    """The same handler with every failure shown as a kind message; for plain and async functions and generators.

    On the page, what a person can mend is a hint, no red error; it ends the event as an error does. Programs get the
    message as it is.
    """
    if inspect.isasyncgenfunction(handler):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _kindly(for_page):
                stream = handler(*args, **kwargs)
                try:
                    async for item in stream:
                        yield item
                finally:
                    await stream.aclose()

    elif inspect.iscoroutinefunction(handler):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:  # type: ignore[misc]
            with _kindly(for_page):
                return await handler(*args, **kwargs)

    elif inspect.isgeneratorfunction(handler):

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _kindly(for_page):
                yield from handler(*args, **kwargs)

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _kindly(for_page):
                return handler(*args, **kwargs)

    functools.update_wrapper(wrapper, handler)
    # gradio evaluates annotations while the page is built; one of ours would import torch then, before it answers.
    wrapper.__annotations__ = {name: one for name, one in wrapper.__annotations__.items() if "pg." not in str(one)}
    return wrapper  # type: ignore[return-value]


def answering(function: Handler) -> Handler:
    """A server function of a view that answers wire JSON, and ``{"error": message}`` where it fails.

    Gradio calls it with all that the script gave as one list, or with the only thing.
    """
    if inspect.iscoroutinefunction(function):

        async def wrapper(*given: Any) -> Any:
            try:
                return wire.to_json(await function(*given))
            except Exception as error:
                return {"error": message_of(error)}

    else:

        def wrapper(*given: Any) -> Any:  # type: ignore[misc]
            try:
                return wire.to_json(function(*given))
            except Exception as error:
                return {"error": message_of(error)}

    return functools.wraps(function)(wrapper)  # type: ignore[return-value]


def publish(
    handler: Callable[..., Any],
    meanings: Mapping[str, str] | None = None,
    examples: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Makes a typed handler an endpoint of the API under its own name, kind in its failures.

    What it returns (a dataclass, a list of them, or an iterator of such, for a stream) is sent as wire JSON; its return
    annotation gives the schema, so that must be a class whose module is quick to import. ``meanings`` are of arguments
    that several handlers take alike; its docstring says the rest. ``examples`` are of arguments whose default, or the
    example of `arguments.EXAMPLES`, wouldn't be answered.
    """
    kind, endpoint = _endpoint(handler)
    dependency = gr.api(endpoint, api_name=handler.__name__, **options)
    _document(
        handler, kind, gradio_patches.inputs_of(dependency), gradio_patches.outputs_of(dependency), meanings, examples
    )


def publish_with_file(
    handler: Callable[..., Any], inputs: Sequence[gr.components.Component], meanings: Mapping[str, str] | None = None
) -> None:
    """The same for an endpoint that takes a file: a client can upload one only where there is a file component."""
    kind, endpoint = _endpoint(handler)
    answer = gr.JSON(visible=False)
    gr.Button(visible=False).click(endpoint, list(inputs), answer, api_name=handler.__name__)
    _document(handler, kind, inputs, [answer], meanings, None)


def _document(
    handler: Callable[..., Any],
    kind: Any,
    inputs: Sequence[gr.components.Component],
    outputs: Sequence[gr.components.Component],
    meanings: Mapping[str, str] | None,
    examples: Mapping[str, Any] | None,
) -> None:
    """Says on the API page what an endpoint takes and sends."""
    known = {**(meanings or {}), **described(handler)[1]}
    hints = get_type_hints(handler)
    wanted = inspect.signature(handler).parameters
    names = [name for name in wanted if "gradio." not in str(hints[name])]
    for name, argument in zip(names, inputs, strict=True):
        required = wanted[name].default is inspect.Parameter.empty and argument.value is None
        example = (examples or {}).get(name, EXAMPLES[name] if required else None)
        gradio_patches.document_argument(argument, name, as_sentence(known.get(name, "")), example)
    for output in outputs:
        gradio_patches.document_answer(output, wire.schema(kind))


def _endpoint(handler: Callable[..., Any]) -> tuple[Any, Any]:
    """What a handler sends at a time, and the handler that sends it as JSON."""
    hints, signature = get_type_hints(handler), inspect.signature(handler)
    kind = wire.answered(hints.pop("return"))
    check = functools.partial(check_arguments, signature, hints)

    if inspect.isasyncgenfunction(handler):

        async def sending(*args: Any, **kwargs: Any) -> Any:
            check(args, kwargs)
            async with aclosing(handler(*args, **kwargs)) as stream:
                async for item in stream:
                    yield wire.to_json(item)

    elif inspect.isgeneratorfunction(handler):

        def sending(*args: Any, **kwargs: Any) -> Any:
            check(args, kwargs)
            for item in handler(*args, **kwargs):
                yield wire.to_json(item)

    else:

        def sending(*args: Any, **kwargs: Any) -> Any:
            check(args, kwargs)
            return wire.to_json(handler(*args, **kwargs))

    functools.update_wrapper(sending, handler)
    sending.__doc__ = described(handler)[0].partition(" Returns: ")[0]
    endpoint: Any = friendly(sending, for_page=False)
    endpoint.__annotations__ = hints  # gradio looks at them while the page is built
    endpoint.__signature__ = signature.replace(return_annotation=dict)
    return kind, endpoint


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
    return script(receipt), file_to_serve(name, json.dumps(notebook(receipt), indent=1))


def file_to_serve(name: str, content: str) -> str:
    """The path of a file with this content that gradio may serve, wherever the app was started.

    It lies in gradio's cache, under the hash of its content as gradio's own copies do: the same file takes its place
    once, and gradio deletes it with the rest (``delete_cache`` of `gradio.Blocks`).
    """
    folder = gradio_patches.upload_folder() / hashlib.sha256(content.encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / secrets.token_hex(8)  # whoever downloads the same file at this moment sees a whole one
    part.write_text(content, encoding="utf-8", newline="")
    return str(part.replace(folder / name))
