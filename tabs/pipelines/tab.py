"""The Pipelines tab: other heads on the same body, each beside ``pipeline(task)`` and with every step open.

It opens on a search by meaning, which the embedded encoder answers at once. What to try: put a sentence of your own
among the texts; pick another task and see which head it needs; press a token of a summary to see what it nearly was.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.pipelines.request import HYPOTHESIS, OPTIONS, STRATEGIES, TASKS
from playground.receipt import Receipt
from server.arrival import address_of
from tabs.components import buttons_of_run, example_chips, halting, model_note
from tabs.gradio_patches import tab_being_built
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, receipt_panel, receipt_values, said_in_place, tell, view
from tabs.pipelines.api import PipelinesApi
from tabs.pipelines.examples import ABOUT, EXAMPLES, FIRST, Example, example_of, what_it_shows
from tabs.pipelines.handlers import NO_CODE, as_typed, ask, is_here, offered, preview, refused, request_of

TITLE = "Pipelines"
WORK: dict[str, Any] = {"concurrency_id": "pipelines", "concurrency_limit": 2, "api_visibility": "private"}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
ALWAYS = ("texts", "targets", "candidate_labels", "question", "prefix")  # of a task's options, those not folded away
Values = dict[Any, Any]


class _Parts(NamedTuple):
    """The components of the tab."""

    task: gr.Dropdown
    about: gr.Markdown
    text: gr.Textbox
    model: gr.Dropdown
    options: dict[str, Any]
    folded: gr.Accordion
    run: gr.Button
    stop: gr.Button
    chips: list[gr.Button]
    view: gr.HTML
    share: gr.HTML
    one_line: tuple[gr.Code, gr.DownloadButton]
    steps: tuple[gr.Code, gr.DownloadButton]
    result: gr.State
    run_id: gr.State


def build_tab(playground: pg.Playground) -> list[Watched]:
    """Lays out the tab inside the current Blocks; what comes back is lent to the lessons."""
    explain(
        "`pipeline(task)` answers most tasks in one line. **Inside it is always the same**: a tokenizer, a model, "
        "mostly with a task head, and a little arithmetic behind. Pick a task and look at all three. "
        "Examples marked **(Hub)** need a model of the Hub: where it isn't here yet, pressing one says how to get it, "
        "and downloads nothing."
    )
    page_tab = tab_being_built()
    parts = _lay_out(playground)
    _wire(playground, parts, page_tab)
    PipelinesApi(playground).publish()
    return [Watched("pipelines", _fields(parts), parts.view, parts.result, shared=Shared(parts.share))]


def _lay_out(playground: pg.Playground) -> _Parts:
    everything = playground.settings.hub == "any" and not playground.settings.public
    with gr.Row(equal_height=False, elem_id="pipelines-ask"):
        with gr.Column(scale=3, min_width=290):
            task = gr.Dropdown(
                list(TASKS), value=FIRST.task, label="task", elem_id="pipelines-task", elem_classes="pg-model"
            )
            about = explain(ABOUT[FIRST.task])
            models = offered(playground, *TASKS)
            model = gr.Dropdown(
                models,
                value=models[0][1] if models else None,
                label="model_id",
                info="Pick one, or type the id of any model on the Hub." if everything else None,
                allow_custom_value=everything,
                elem_classes="pg-model",
                elem_id="pipelines-model",
            )
            model_note(playground, model)
        with gr.Column(scale=4, min_width=300):
            text = gr.Textbox(FIRST.text, label="text", lines=1, max_lines=5, elem_id="pipelines-text")
            options, folded = _lay_out_options()
            with gr.Row():
                run = gr.Button("Run", variant="primary", elem_id="pipelines-run", min_width=120, scale=3)
                stop = gr.Button(
                    "Stop", variant="stop", interactive=False, elem_id="pipelines-stop", min_width=80, scale=1
                )
    chips = _lay_out_examples(playground, [task, text, options["texts"], options["prefix"], model])
    shown = view("pipelines/view", preview(playground, FIRST.task, ""), ["first_view"], elem_id="pipelines-view")
    share = share_view()
    one_line = receipt_panel("Code: in one line, with pipeline()")
    steps = receipt_panel("Code: every step with plain transformers")
    states = gr.State(), gr.State("")
    return _Parts(task, about, text, model, options, folded, run, stop, chips, shown, share, one_line, steps, *states)


def _lay_out_examples(playground: pg.Playground, asked: list[Any]) -> list[gr.Button]:
    """What can be tried, and what the example in the fields shows."""
    chips = example_chips([_named(playground, one) for one in EXAMPLES])
    shows = gr.Markdown(FIRST.shows, elem_classes="pg-explain", elem_id="pipelines-shows", min_height=0)
    gr.on([one.change for one in asked], what_it_shows, asked, shows, queue=False, **QUIET)
    return chips


def _named(playground: pg.Playground, example: Example) -> str:
    """An example's name, marked as models are where its model has to be downloaded first."""
    specs = playground.pipeline_models(example.task)
    return example.name if any(spec.source != "hub" for spec in specs) else f"{example.name} (Hub)"


def _lay_out_options() -> tuple[dict[str, Any], gr.Accordion]:
    """A control for every option of every task; those of other tasks are hidden."""
    own = OPTIONS[FIRST.task]

    def line(name: str, info: str, value: str = "", **more: Any) -> gr.Textbox:
        return gr.Textbox(value, label=name, info=info, visible=name in own, **more)

    options: dict[str, Any] = {
        "texts": line("texts", "What it is compared with, one on a line.", as_typed("texts", FIRST.options["texts"]),
                      lines=4, max_lines=6),
        "question": line("question", "What the text shall answer."),
        "candidate_labels": line("candidate_labels", "Any words, separated by commas."),
        "targets": line("targets", "The only words that may be chosen, separated by commas; empty: all."),
        "prefix": line("prefix", "What stands before the text; empty: what the model's config says."),
    }  # fmt: skip
    with gr.Accordion("Options", open=False, visible=False) as folded:
        options |= {
            "hypothesis_template": line("hypothesis_template", "The sentence that a label becomes.", HYPOTHESIS),
            "multi_label": gr.Checkbox(False, label="multi_label", info="Each label for itself.", visible=False),
            "aggregation_strategy": gr.Dropdown(
                list(STRATEGIES), value="simple", label="aggregation_strategy", info="How tokens become names.",
                visible=False,
            ),
            "stride": gr.Slider(
                0, 256, 0, step=1, label="stride", visible=False,
                info="Long texts in windows that overlap by so many tokens; 0: the text is cut.",
            ),
            "top_k": gr.Slider(1, 20, 5, step=1, label="top_k", info="How many are shown.", visible=False),
            "max_answer_len": gr.Slider(
                1, 100, 15, step=1, label="max_answer_len", info="The longest answer, in tokens.", visible=False
            ),
            "handle_impossible_answer": gr.Checkbox(
                False, label="handle_impossible_answer", info="The text may have no answer.", visible=False
            ),
            "max_new_tokens": gr.Slider(
                1, 128, 60, step=1, label="max_new_tokens", info="The text ends here at the latest.", visible=False
            ),
        }  # fmt: skip
    return options, folded


def _wire(playground: pg.Playground, parts: _Parts, page_tab: gr.Tab | None) -> None:
    """A press, Enter, an example, another task or the first look runs the model; the last of them counts."""
    answers = LastRun()

    @friendly
    def run(data: Values, request: gr.Request) -> Iterator[Values]:
        wanted = answers.begin(request)
        for values in _answer(playground, parts, data, address_of(request)):
            yield values if wanted() else gr.skip()

    @friendly
    def if_here(data: Values, request: gr.Request) -> Iterator[Values]:
        """The answer where it comes at once; else what the task does, and which model to fetch."""
        if is_here(playground, data[parts.task], data[parts.model]):
            yield from run(data, request)
        else:
            answers.begin(request)
            shown = preview(playground, data[parts.task], data[parts.model])
            ended = buttons_of_run(parts.run, parts.stop, working=False)
            yield {parts.view: shown, parts.result: None, **ended, **dict.fromkeys((*parts.one_line, *parts.steps))}

    working: dict[str, Any] = {
        "inputs": {parts.task, parts.text, parts.model, parts.result, *parts.options.values()},
        "outputs": [parts.view, parts.result, *parts.one_line, *parts.steps, parts.run_id, parts.run, parts.stop],
        "show_progress_on": parts.view,
        "trigger_mode": "always_last",
        **WORK,
    }
    gr.on([parts.run.click, parts.text.submit], run, **working)
    fields = list(_fields(parts).values())
    told = f"(...values) => {tell(parts.view, 'fields', 'values')}"  # an answer says that it was to others
    gr.on([one.change for one in fields], None, fields, None, js=told, **QUIET)
    parts.view.first_view(if_here, **working)
    parts.model.input(if_here, **working)
    for filled in _wire_fields(playground, parts, page_tab):
        filled.then(if_here, **working)
    parts.stop.click(halting(playground), parts.run_id, None, queue=False, **QUIET)


def _answer(playground: pg.Playground, parts: _Parts, data: Values, address: str) -> Iterator[Values]:
    """What a run puts into the components."""
    run_id = secrets.token_hex(8)
    values, ended = _values(parts, data), buttons_of_run(parts.run, parts.stop, working=False)
    fields = list(values.values())
    before: pg.PipelineResult | None = data[parts.result]
    try:
        asked = request_of(values, run_id, address)
        yield {parts.run_id: run_id, **buttons_of_run(parts.run, parts.stop, working=True)}
        if before is None or before.request.task != asked.task:
            yield {parts.view: preview(playground, asked.task, asked.model_id)}
        found = ask(playground, asked, fields)
    except Exception as error:
        why = refused(playground, values["task"], values["model_id"], said_in_place(error), fields)
        yield {parts.view: why, parts.result: None, **ended, **dict.fromkeys((*parts.one_line, *parts.steps))}
        raise
    code = (*_one_line_values(found.one_line), *receipt_values(found.steps))
    yield {
        parts.view: found.value,
        parts.result: found.result,
        **ended,
        **dict(zip((*parts.one_line, *parts.steps), code, strict=True)),
    }


def _one_line_values(receipt: Receipt | None) -> tuple[str, Any]:
    """The values of the first panel; where transformers has no one line, it says so, with no notebook of nothing."""
    if receipt is None:
        return NO_CODE, gr.update(value=None, visible=False)
    code, path = receipt_values(receipt)
    return code, gr.update(value=path, visible=True)


def _wire_fields(playground: pg.Playground, parts: _Parts, page_tab: gr.Tab | None) -> list[Any]:
    """A task shows its own fields; picked by hand, or by an example, it fills them. What filled them comes back."""
    everything = [parts.text, parts.task, parts.model, parts.view, *parts.options.values()]
    dependent = [parts.about, parts.model, parts.folded, *parts.options.values()]

    def choose(task: str, model_id: str) -> Values:
        return _for_task(playground, parts, task, model_id)

    parts.task.change(choose, [parts.task, parts.model], dependent, **QUIET)
    if page_tab is not None:
        page_tab.select(choose, [parts.task, parts.model], dependent, **QUIET)

    def fill(example: Example, before: pg.PipelineResult | None) -> Values:
        values = _filled(playground, parts, example)
        if before is None or before.request.task != example.task:  # what another task does is shown no longer
            values[parts.view] = preview(playground, example.task, "")
        return values

    picked = parts.task.input(
        lambda task, before: fill(example_of(task), before), [parts.task, parts.result], everything, **QUIET
    )
    return [picked] + [
        chip.click(lambda before, one=example: fill(one, before), parts.result, everything, **QUIET)
        for chip, example in zip(parts.chips, EXAMPLES, strict=True)
    ]


def _values(parts: _Parts, data: Values) -> dict[str, Any]:
    return {name: data[control] for name, control in _fields(parts).items()}


def _fields(parts: _Parts) -> dict[str, Any]:
    return {"task": parts.task, "text": parts.text, "model_id": parts.model, **parts.options}


def _for_task(playground: pg.Playground, parts: _Parts, task: str, model_id: str) -> Values:
    """What belongs to a task: its explanation, its options, its models."""
    own, models = OPTIONS[task], offered(playground, task)
    known = {one for _, one in offered(playground, *TASKS)}
    keep = model_id in {one for _, one in models} or (parts.model.allow_custom_value and model_id not in known)
    chosen = model_id if keep else (models[0][1] if models else None)
    shown: Values = {control: gr.update(visible=name in own) for name, control in parts.options.items()}
    return shown | {
        parts.about: ABOUT[task],
        parts.model: gr.Dropdown(models, value=chosen),
        parts.folded: gr.Accordion(visible=any(name not in ALWAYS and name in parts.options for name in own)),
    }


def _filled(playground: pg.Playground, parts: _Parts, example: Example) -> Values:
    """An example in the fields, and every option of its task as it is at first."""
    models = offered(playground, example.task)
    values: Values = {
        parts.task: example.task,
        parts.text: example.text,
        parts.model: gr.Dropdown(models, value=models[0][1] if models else None),
    }
    for name in OPTIONS[example.task].keys() & parts.options.keys():
        default = OPTIONS[example.task][name].default
        values[parts.options[name]] = as_typed(name, example.options.get(name, default))
    return values
