"""The Attention section: which earlier or other tokens each token reads, in every head of every layer.

It opens with an average of heads, not with one that looks clever; heads with a dull habit are named by it. What to
try: find the heads that read the previous token; hide [CLS] and [SEP] and see what is left; run SmolLM2 and watch the
first token soak up attention; switch a T5 between encoder, decoder and cross-attention; add padding and see the mask.

`build_section` is called inside the Tokens tab. It leaves out how the picture is drawn (``assets/views/attention.js``)
and the page that works offline (`tabs.attention.export`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

import playground as pg
from tabs.attention.api import AttentionApi
from tabs.attention.export import document
from tabs.attention.handlers import (
    ChosenHead,
    answered,
    attention_request,
    head_code,
    head_weights,
    overview,
    result_of,
    seen,
    show_attention,
)
from tabs.attention.results import Results
from tabs.components import model_note, model_picker, title_of
from tabs.gradio_patches import blocks_being_built, payload
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import answering, explain, friendly, receipt_panel, receipt_values, refusal_text, tell, view

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
# label, the task whose first model is used, text, second text, padding, what it shows: facts that tests hold
EXAMPLES = (
    (
        "What does “it” read?", "feature-extraction", "The cat sat on the mat because it was tired.", "", 0,
        "On average the last layer's “it” looks most at [CLS], then at “cat”.",
    ),
    (
        "Two segments", "feature-extraction", "Where does the cat sleep?", "The cat sleeps on the warm mat.", 0,
        "The tokens of each text look at those of the other one, too.",
    ),
    (
        "Padding, hatched", "feature-extraction", "Padding is masked.", "", 6,
        "No head gives padding any attention.",
    ),
    (
        "Causal: no look ahead", "text-generation", "The capital of France is Paris. The capital of Italy is", "", 0,
        "No token looks ahead; most heads give the first token half of their attention or more.",
    ),
    (
        "Cross-attention of a T5", "text2text-generation", "my grandmother bakes bread", "my grandfather eats it", 0,
        "In Cross, rows are the tokens that are written, columns those that were read.",
    ),
)  # fmt: skip


def build_section(playground: pg.Playground) -> Watched:
    """Lays out the section inside the current Blocks; what comes back is lent to the lessons."""
    results = Results()
    explain(
        "Each row is a token that asks (**query**), each column a token that may be read (**key**); the weights of a "
        "row sum to 1. Click a small picture to see its head large; pointer, finger or arrow keys read its cells."
    )
    with gr.Row(equal_height=False, elem_classes="pg-ask"):
        with gr.Column(scale=3, min_width=260):
            keys = "Shift+Enter shows it."
            text = gr.Textbox(EXAMPLES[0][2], label="text", lines=2, max_lines=6, info=keys, elem_classes="pg-keys")
            second_text, padding = _more()
        with gr.Column(scale=2, min_width=260):
            model = model_picker(
                playground, "feature-extraction", "text-classification", "text-generation", "text2text-generation"
            )
            model_note(playground, model)
            button = gr.Button("Show attention", variant="primary")
    inputs = [text, model, second_text, padding]
    with gr.Row(elem_classes="pg-tried"):
        examples = _examples(playground, inputs)
        shows = gr.Markdown(EXAMPLES[0][-1], elem_classes="pg-explain", elem_id="attention-shows", min_height=0)
    gr.on([one.change for one in inputs], partial(what_it_shows, playground), inputs, shows, queue=False, **QUIET)
    heads, share, chosen, looked = _heads(playground, results), share_view(), gr.State(), gr.State()
    _wire(playground, results, inputs, (button, examples, heads), (chosen, looked), receipt_panel())
    AttentionApi(playground).publish()
    controls = dict(zip(("text", "model_id", "second_text", "padding"), inputs, strict=True))
    look, drawn = partial(result_of, results), dict.fromkeys(("kind", "layer", "head", "row"), heads)
    shared = Shared(share, kept=looked, answer=partial(answered, results), seen=seen)
    return Watched("attention", controls, heads, chosen, look, drawn, shared)


def _more() -> tuple[gr.Textbox, gr.Slider]:
    with gr.Accordion("Second text and padding", open=False), gr.Row():
        info = "A second segment for an encoder; the target that the decoder of a T5 reads (empty: it writes one)."
        second_text = gr.Textbox(label="text_pair", info=info, scale=3)
        padding = gr.Slider(0, 16, 0, step=1, label="padding", info="Padding tokens to add.", scale=2)
    return second_text, padding


def _heads(playground: pg.Playground, results: Results) -> gr.HTML:
    """The picture; under an id of its own, so that two on one page don't hear each other."""
    own = f"attention-{secrets.token_hex(4)}"
    return view(
        "attention/view",
        events=["first_view", "head_chosen"],
        server_functions=_server_functions(playground, results),
        elem_id=own,
        elem_classes="pg-answer",
        inbox=own,
    )


def _examples(playground: pg.Playground, inputs: list[Any]) -> gr.Examples | None:
    """Those for which the catalog has a model."""
    found = []
    for label, task, *rest, _ in EXAMPLES:
        if specs := playground.catalog.for_task(task):
            found.append((label, [rest[0], specs[0].id, *rest[1:]]))
    if not found:
        return None
    labels, values = [label for label, _ in found], [value for _, value in found]
    return gr.Examples(values, inputs, example_labels=labels, label="Try")


def what_it_shows(playground: pg.Playground, text: str, model_id: str, second: str, padding: float) -> str:
    """The sentence of the example that stands in the fields; nothing of another text, or of another model."""
    spec = playground.catalog.find(model_id or "")
    asked = (spec.task if spec and spec.source == "embedded" else None, text, second or "", padding)
    return next((shows for _, *given, shows in EXAMPLES if tuple(given) == asked), "")


def _server_functions(playground: pg.Playground, results: Results) -> list[Any]:
    """What the view asks by itself, each with what it sends as one list."""

    def attention_head(given: list[Any]) -> dict[str, Any]:
        return head_weights(results, *given)

    def attention_overview(given: list[Any]) -> dict[str, Any]:
        return overview(results, *given)

    def attention_document(given: list[Any]) -> dict[str, str]:
        ticket, form, kind = given
        result = results.get(ticket)
        return document(result, title_of(playground, result.request.model_id), form, kind)

    return [answering(one) for one in (attention_head, attention_overview, attention_document)]


def _wire(
    playground: pg.Playground,
    results: Results,
    inputs: list[Any],
    parts: tuple[gr.Button, gr.Examples | None, gr.HTML],
    states: tuple[gr.State, gr.State],
    code: tuple[gr.Code, gr.DownloadButton],
) -> None:
    """A press, Enter, an example or the first look runs the model; a chosen head changes the code."""
    (button, examples, heads), looked = parts, states[1]
    work: dict[str, Any] = {"concurrency_id": "attention", "concurrency_limit": 4, "api_visibility": "private"}
    last, heads_asked = LastRun(), LastRun()

    @friendly
    def show(data: dict[Any, Any], request: gr.Request) -> Iterator[dict[Any, Any]]:
        wanted, fields = last.begin(request), [data[one] for one in inputs]
        try:
            result = playground.attend(attention_request(*fields))
        except Exception as error:
            if wanted():
                yield {heads: refusal_text(error, fields), **dict.fromkeys((*states, *code))}
                raise
        if not wanted():  # nor may it take the place of what the page looks at by now
            yield {heads: gr.skip()}
            return
        found = show_attention(playground, results, str(request.session_hash), result)
        heads_asked.begin(request)  # a head of what stood there before
        yield {heads: found.heads, looked: found.looked, **dict(zip(code, receipt_values(found.code), strict=True))}

    def choose_head(event: gr.EventData) -> dict[Any, Any]:
        head = ChosenHead.read(payload(event))
        receipt = head_code(playground, results, head)
        return dict.fromkeys(states, head) | (dict(zip(code, receipt_values(receipt), strict=True)) if receipt else {})

    chosen = [examples.load_input_event.then] if examples else []
    for start in (button.click, inputs[0].submit, heads.first_view, *chosen):
        start(show, set(inputs), [heads, *states, *code], trigger_mode="always_last", **work)
    code_of_head = friendly(heads_asked.wins(choose_head))
    heads.head_chosen(code_of_head, None, [*states, *code], trigger_mode="multiple", **QUIET)
    _wire_old(results, inputs, heads)


def _wire_old(results: Results, inputs: list[Any], heads: gr.HTML) -> None:
    """In the browser alone: what was made of other fields is old. What a closed page has looked at is dropped."""
    told = f"(...values) => {tell(heads, 'fields', 'values')}"
    gr.on([one.change for one in inputs], None, inputs, None, js=told, **QUIET)
    if blocks_being_built() is not None:
        blocks_being_built().unload(_forgetting(results))


def _forgetting(results: Results) -> Callable[[gr.Request], None]:
    """Drops what a page has looked at: it was closed."""

    def forget(request: gr.Request) -> None:
        results.forget(str(request.session_hash))

    return forget
