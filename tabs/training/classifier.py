"""The part of the Training tab for a classifier: labelled rows in, a model of one's own out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.lessons.stages import known_place
from playground.training.request import BASES, EPOCHS, LEARNING_RATES, MOST_EPOCHS
from server.arrival import address_of
from tabs.components import example_chips, halting, model_note, model_picker
from tabs.last_run import LastRun
from tabs.lessons.watched import Watched
from tabs.page import explain, friendly, receipt_panel, view
from tabs.table_file import HowRead, TableFile, lay_out_table_file, show, show_new
from tabs.training.examples import PRESETS, SAMPLES
from tabs.training.handlers import ClassifierHandlers, Parts
from tabs.training.mine import owner_of
from tabs.training.since import since_view

QUIET: dict[str, Any] = {"api_visibility": "private"}
UNSEEN: dict[str, Any] = {"show_progress": "hidden", **QUIET}
KNOWN = known_place("training")
METHODS = (
    ("head: the new head alone", "head"),
    ("lora: the head, and small adapters beside the weights", "lora"),
    ("full: every weight", "full"),
)


class Section(NamedTuple):
    """What the rest of the tab needs of this part."""

    handlers: ClassifierHandlers
    parts: Parts
    training: Any  # the event of a training, for what follows it
    planning: dict[str, Any]  # the event that says what one would take
    watched: Watched


class _Fields(NamedTuple):
    """All that is filled in, by the names of the request where it has them."""

    controls: dict[str, Any]
    chips: list[gr.Button]
    table: TableFile
    preset: gr.Dropdown
    plan: gr.Markdown
    run: gr.Button
    stop: gr.Button


def build_classifier_section(playground: pg.Playground, person: gr.State) -> Section:
    """Lays out the part inside the current Blocks."""
    explain(
        "Rows of a text and its label teach a model that knows words already **what you mean**. It never sees the "
        "rows held out: they show whether it learned, or only remembers."
    )
    fields = _lay_out_fields(playground)
    plan, run, stop = fields.plan, fields.run, fields.stop
    since = since_view("training-since")
    shown = view("training/classifier", elem_id="training-view")
    code = receipt_panel("Code: this training with transformers' Trainer")
    explain(
        "A training has no link to share: its rows and its model stay on this playground. Its code holds the "
        "rows and gives the same losses."
    )
    controls = fields.controls
    parts = Parts(
        plan=plan, learning_rate=controls["learning_rate"], num_train_epochs=controls["num_train_epochs"],
        text_column=controls["text_column"], label_column=controls["label_column"], run=run, stop=stop, view=shown,
        run_id=gr.State(""), code=code[0], notebook=code[1], ended=gr.State(), asked=gr.State(), since=since,
    )  # fmt: skip
    handlers = ClassifierHandlers(playground, parts)
    planning = _wire_fields(handlers, fields, parts)
    lent = {name: one for name, one in controls.items() if KNOWN.field(name)}
    watched = Watched("training", lent, shown, parts.ended)
    return Section(handlers, parts, _wire_run(playground, handlers, fields, person), planning, watched)


def _lay_out_fields(playground: pg.Playground) -> _Fields:
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            chips = example_chips([one.name for one in SAMPLES], "Rows to learn from")
            plan, run, stop = _lay_out_run()
            rows = gr.Textbox(
                SAMPLES[0].rows(), label="labelled rows: text,label", lines=8, max_lines=14, elem_id="training-rows",
                info="Change them, paste your own (CSV, or cells of a spreadsheet), or drop a file.",
            )  # fmt: skip
            with gr.Accordion("…or a file", open=False):
                file = gr.File(
                    label="CSV, TSV or JSONL with a column of texts and one of labels",
                    file_types=[".csv", ".tsv", ".jsonl", ".ndjson"], height=110, elem_id="training-file",
                )  # fmt: skip
                table = lay_out_table_file("training")
                with gr.Row():
                    columns = {
                        f"{name}_column": gr.Dropdown([], label=f"{name} column", visible=False, min_width=120)
                        for name in ("text", "label")
                    }
        with gr.Column(scale=3, min_width=290):
            model = model_picker(playground, *BASES, label="model to begin with", elem_id="training-model")
            model_note(playground, model)
            method = gr.Radio(
                list(METHODS), value="lora", label="method: what is trained", elem_id="training-method",
                info="The head alone works with what the unchanged body says of a text. What it doesn't say, only "
                "lora and full can learn.",
            )  # fmt: skip
            name = gr.Textbox(
                value=SAMPLES[0].model, label="name", placeholder="What your model is called", max_lines=1,
                elem_id="training-name",
            )  # fmt: skip
            guess = gr.Textbox(
                label="your guess: of up to 20 held-out rows, how many will it get right?", placeholder="0 to 20",
                max_lines=1, elem_id="training-guess",
            )  # fmt: skip
    settings, preset = _lay_out_settings()
    own = {"rows": rows, "file": file, "how": table.how, "model_id": model, "method": method, "name": name}
    return _Fields({**own, "guess": guess, **columns, **settings}, chips, table, preset, plan, run, stop)


def _lay_out_run() -> tuple[gr.Markdown, gr.Button, gr.Button]:
    """What a training would be, and its buttons: on the first screen, above all that may be changed."""
    plan = gr.Markdown(elem_classes=["pg-explain", "pg-words", "pg-plan"], elem_id="training-plan", min_height=24)
    with gr.Row():
        run = gr.Button("Train", variant="primary", elem_id="training-run", min_width=120)
        stop = gr.Button(
            "Stop: keep the lowest loss", variant="stop", interactive=False, elem_id="training-stop", min_width=120
        )
    return plan, run, stop


def _lay_out_settings() -> tuple[dict[str, Any], gr.Dropdown]:
    """The settings of ``TrainingArguments``, by its own names."""
    with gr.Accordion("How it learns: TrainingArguments", open=False, elem_id="training-settings"):
        with gr.Row():
            preset = gr.Dropdown(
                list(PRESETS), value="as usual", label="preset", elem_id="training-preset", min_width=160
            )
            settings: dict[str, Any] = {
                "learning_rate": gr.Number(LEARNING_RATES["lora"], label="learning_rate", min_width=120),
                "num_train_epochs": gr.Slider(
                    1, MOST_EPOCHS, EPOCHS["lora"], step=1, label="num_train_epochs", min_width=160
                ),
                "per_device_train_batch_size": gr.Slider(
                    1, 64, 16, step=1, label="per_device_train_batch_size", min_width=160
                ),
            }
        with gr.Row():
            settings |= {
                "warmup_steps": gr.Slider(0, 0.9, 0.1, step=0.05, label="warmup_steps, as a share", min_width=160),
                "weight_decay": gr.Slider(0, 0.5, 0, step=0.01, label="weight_decay", min_width=160),
                "held_out": gr.Slider(0.1, 0.5, 0.25, step=0.05, label="held out", min_width=160),
                "r": gr.Slider(1, 64, 8, step=1, label="r: the rank of LoRA", min_width=160),
                "seed": gr.Number(0, label="seed", precision=0, min_width=100),
            }
        settings["keep"] = gr.Checkbox(
            False, label="go on when I close the page", info="Else it stops a minute later.", elem_id="training-keep"
        )
    return settings, preset


def _wire_fields(handlers: ClassifierHandlers, fields: _Fields, parts: Parts) -> dict[str, Any]:
    """A sample fills the rows, a file its columns; and what it would take is said anew."""
    controls, table = fields.controls, fields.table
    for chip, sample in zip(fields.chips, SAMPLES, strict=True):
        chip.click(
            lambda one=sample: (one.rows(), one.model, None),
            None, [controls["rows"], controls["name"], controls["file"]], **UNSEEN,
        )  # fmt: skip
    file, how = controls["file"], table.how
    new = file.change(lambda path: show_new(table, path), file, list(table), **UNSEEN)
    chosen = gr.on(
        [choice.input for choice in table.choices],
        lambda path, *choices: show(table, HowRead(path, *choices)) if path else show_new(table, None),
        [file, *table.choices], list(table), **UNSEEN,
    )  # fmt: skip
    columns = [parts.text_column, parts.label_column]

    def plan(data: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
        yield from handlers.plan(_given(fields, data), data[parts.asked])

    planning = {"fn": friendly(LastRun().wins(plan)), "inputs": {*controls.values(), parts.asked}}
    planning |= {"outputs": [parts.plan, parts.since], "trigger_mode": "always_last", **UNSEEN}
    for event in (new, chosen):
        event.success(friendly(handlers.read_columns), [file, how], columns, **UNSEEN).then(**planning)
    preset = [parts.learning_rate, parts.num_train_epochs]
    gr.on(
        [fields.preset.input, controls["method"].input],
        handlers.choose_preset, [fields.preset, controls["method"]], preset, **UNSEEN,
    )  # fmt: skip
    told = [one for name, one in controls.items() if name not in ("file", "how", "model_id", "name", "keep")]
    gr.on([parts.asked.change, *(one.change for one in told if one not in columns)], **planning)
    gr.on([one.input for one in columns], **planning)
    # Another model waits for no answer about the one before, which the Hub may owe for long.
    controls["model_id"].change(**{**planning, "trigger_mode": "multiple"})
    return planning


def _wire_run(playground: pg.Playground, handlers: ClassifierHandlers, fields: _Fields, person: gr.State) -> Any:
    parts = handlers.parts

    @friendly
    def train(data: dict[Any, Any], request: gr.Request) -> Iterator[dict[Any, Any]]:
        owner = owner_of(data[person], request)
        yield from handlers.train(_given(fields, data), owner, address_of(request))

    parts.stop.click(halting(playground), parts.run_id, None, queue=False, **UNSEEN)
    return parts.run.click(
        train,
        {*fields.controls.values(), person},
        parts.of_training,
        trigger_mode="once",
        concurrency_limit=8,
        **UNSEEN,
    )


def _given(fields: _Fields, data: dict[Any, Any]) -> dict[str, Any]:
    return {name: data[control] for name, control in fields.controls.items()}
