"""The part of the Training tab where a language model begins with random numbers and learns one text.

It opens on a small grammar that writes stories. What to try: press Train and watch noise become words, and words become
sentences; change a word in the lists; let it learn a short tale by heart, and see its held-out loss rise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.lessons.stages import known_place
from playground.training.language_model.card import OF_GRAMMAR
from playground.training.language_model.request import ARCHITECTURES, TOKENIZERS
from server.arrival import address_of
from tabs.components import example_chips, halting
from tabs.lessons.watched import Watched
from tabs.page import answering, explain, friendly, receipt_panel, view
from tabs.training.language_model_examples import DEFAULTS, EXAMPLES
from tabs.training.language_model_handlers import (
    GRAMMAR,
    GUESSES,
    TEXT,
    LanguageModelHandlers,
    LanguageModelParts,
    Looks,
    Values,
)
from tabs.training.mine import owner_of
from tabs.training.since import since_view

KNOWN = known_place("language_model")
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class LanguageModelSection(NamedTuple):
    """What the rest of the tab needs of this part."""

    handlers: LanguageModelHandlers
    parts: LanguageModelParts
    training: Any  # the event of a training, for what follows it
    watched: Watched


def build_language_model_section(playground: pg.Playground, person: gr.State) -> LanguageModelSection:
    """Lays out the part inside the current Blocks."""
    explain(
        "A text becomes a tokenizer and a **tiny model with random numbers**, which then learns that text, token by "
        "token. Nothing else is ever shown to it: change the text, and you change its world."
    )
    looks = Looks()
    chips, parts = _lay_out(looks)
    handlers = LanguageModelHandlers(playground, looks, parts)
    parts.plan.value = handlers.plan(EXAMPLES[0].values())
    _wire_fields(handlers, parts, chips)
    lent = {name: one for name, one in parts.fields.items() if KNOWN.field(name)}
    watched = Watched("language_model", lent, parts.view, parts.ended)
    return LanguageModelSection(handlers, parts, _wire_training(playground, handlers, parts, person), watched)


def _lay_out(looks: Looks) -> tuple[list[gr.Button], LanguageModelParts]:
    chips = example_chips([one.name for one in EXAMPLES])
    plan = gr.Markdown(elem_classes=["pg-explain", "pg-words", "pg-plan"], elem_id="language-model-plan", min_height=24)
    run, stop = _lay_out_buttons()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            fields, file = _lay_out_source()
        with gr.Column(scale=3, min_width=290):
            fields |= _lay_out_shape() | _lay_out_training()
            guess = gr.Textbox(
                label=GUESSES[GRAMMAR],
                placeholder="a number from 0 to 100",
                max_lines=1,
                elem_id="language-model-guess",
            )
    since = since_view("language-model-since")
    shown = view(
        "training/language_model", elem_id="language-model-view", server_functions=[answering(looks.attention)]
    )
    code, notebook = receipt_panel("Code: this training with transformers' Trainer")
    return chips, LanguageModelParts(
        fields=fields, file=file, plan=plan, guess=guess, run=run, stop=stop, view=shown, run_id=gr.State(""),
        code=code, notebook=notebook, ended=gr.State(), asked=gr.State(), since=since,
    )  # fmt: skip


def _lay_out_buttons() -> tuple[gr.Button, gr.Button]:
    with gr.Row():
        run = gr.Button("Train", variant="primary", min_width=160, scale=3, elem_id="language-model-run")
        stop = gr.Button(
            "Stop: keep it as it is", variant="stop", interactive=False, min_width=120, scale=1,
            elem_id="language-model-stop",
        )  # fmt: skip
    return run, stop


def _lay_out_source() -> tuple[dict[str, Any], gr.UploadButton]:
    first = EXAMPLES[0].values()
    source = gr.Radio([GRAMMAR, TEXT], value=GRAMMAR, label="what it reads", elem_id="language-model-source")
    grammar = gr.Textbox(
        first["grammar"], label="grammar", lines=14, max_lines=24, elem_id="language-model-grammar",
        info="A list: its name, = and words. Every other line is a pattern.",
    )  # fmt: skip
    lines = gr.Slider(500, 20_000, DEFAULTS["lines"], step=500, label="lines", info="How many it writes.")
    text = gr.Textbox(
        "", label="text", lines=14, max_lines=24, visible=False, elem_id="language-model-text",
        placeholder="Paste a text of at least 1,000 characters: a tale, a poem, your own notes.",
    )  # fmt: skip
    file = gr.UploadButton("Or take a .txt file", file_types=[".txt", ".md"], size="sm", visible=False)
    with gr.Row():
        prompt = gr.Textbox(
            "", label="prompt", info="It goes on from here at each checkpoint.", placeholder="start of a line",
            max_lines=1, min_width=160, elem_id="language-model-prompt",
        )  # fmt: skip
        name = gr.Textbox(
            "", label="name", info="What the model is called.", placeholder=OF_GRAMMAR, max_lines=1, min_width=120
        )
    return {"source": source, "grammar": grammar, "lines": lines, "text": text, "prompt": prompt, "name": name}, file


def _lay_out_shape() -> dict[str, Any]:
    with gr.Row():
        tokenizer = gr.Dropdown(list(TOKENIZERS), value=DEFAULTS["tokenizer"], label="tokenizer", min_width=130)
        architecture = gr.Dropdown(
            list(ARCHITECTURES), value=DEFAULTS["architecture"], label="architecture", min_width=130
        )
    vocab = gr.Slider(50, 2_000, DEFAULTS["vocab_size"], step=10, label="vocab_size", visible=False)
    with gr.Row():
        layers = gr.Slider(1, 8, DEFAULTS["n_layer"], step=1, label="n_layer", min_width=130)
        heads = gr.Slider(1, 8, DEFAULTS["n_head"], step=1, label="n_head", min_width=130)
    with gr.Row():
        hidden = gr.Slider(16, 256, DEFAULTS["hidden_size"], step=16, label="hidden_size", min_width=130)
        context = gr.Slider(16, 256, DEFAULTS["context"], step=16, label="context", min_width=130)
    return {
        "tokenizer": tokenizer, "architecture": architecture, "vocab_size": vocab, "n_layer": layers, "n_head": heads,
        "hidden_size": hidden, "context": context,
    }  # fmt: skip


def _lay_out_training() -> dict[str, Any]:
    """The settings of ``TrainingArguments``, by its own names."""

    def number(name: str, info: str, **more: Any) -> gr.Number:
        return gr.Number(DEFAULTS[name], label=name, info=info, **more)

    with gr.Accordion("How it learns: TrainingArguments", open=False, elem_id="language-model-settings"):
        return {
            "max_steps": gr.Slider(50, 5_000, DEFAULTS["max_steps"], step=50, label="max_steps"),
            "max_seconds": gr.Slider(
                0, 900, DEFAULTS["max_seconds"], step=10, label="max_seconds", info="It ends then; 0: after max_steps."
            ),
            "per_device_train_batch_size": gr.Slider(
                1, 64, DEFAULTS["per_device_train_batch_size"], step=1, label="per_device_train_batch_size",
                info="Blocks of the text in a step.",
            ),
            "learning_rate": number("learning_rate", "How far a step goes.", step=0.001),
            "warmup_steps": number("warmup_steps", "The share of the steps in which it rises.", step=0.01),
            "weight_decay": number("weight_decay", "How much the numbers are pulled to 0.", step=0.01),
            "seed": number("seed", "Of the first numbers, and of the order of the text.", precision=0),
            "keep": gr.Checkbox(False, label="go on when I close the page", info="Else it stops a minute later."),
        }  # fmt: skip


def _wire_fields(handlers: LanguageModelHandlers, parts: LanguageModelParts, chips: list[gr.Button]) -> None:
    """An example fills the fields; what is chosen decides which there are, and what the training would take."""
    fields = parts.fields

    def plan(data: Values) -> Values:
        given = _given(parts, data)
        since = handlers.since(given, data[parts.asked])
        return {parts.plan: handlers.plan(given, data[parts.guess]), parts.since: since}

    choice = [fields["source"], fields["tokenizer"]]
    gr.on([one.change for one in choice], handlers.choose, choice, parts.of_a_choice, **QUIET)
    planned, said = [*fields.values(), parts.guess, parts.asked], [parts.plan, parts.since]
    gr.on([one.change for one in planned], plan, set(planned), said, trigger_mode="always_last", **QUIET)
    parts.file.upload(friendly(handlers.read_text), parts.file, [fields["text"], parts.plan], **QUIET)
    for chip, example in zip(chips, EXAMPLES, strict=True):
        chip.click(lambda one=example: handlers.fill(one.values()), None, list(fields.values()), **QUIET)


def _wire_training(
    playground: pg.Playground, handlers: LanguageModelHandlers, parts: LanguageModelParts, person: gr.State
) -> Any:
    """Train and Stop; the event of a training comes back."""

    @friendly
    def train(data: Values, request: gr.Request) -> Iterator[Values]:
        yield from handlers.train(
            _given(parts, data), data[parts.guess], owner_of(data[person], request), address_of(request)
        )

    parts.stop.click(halting(playground), parts.run_id, None, queue=False, **QUIET)
    inputs = {*parts.fields.values(), parts.guess, person}
    return parts.run.click(train, inputs, parts.of_training, trigger_mode="once", concurrency_limit=8, **QUIET)


def _given(parts: LanguageModelParts, data: Values) -> dict[str, Any]:
    return {name: data[control] for name, control in parts.fields.items()}
