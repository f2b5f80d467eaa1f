"""The Classification tab: ``pipeline("text-classification")`` and what happens inside it.

You will see what the pipeline returns beside every step that leads there: tokens, logits, softmax, label.
Try: change one word and watch the bars; open Why to see which words spoke for the label; then give it a whole table
under Many texts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

import playground as pg
from tabs.classification import api
from tabs.classification.table import build_table_section
from tabs.components import model_picker
from tabs.gradio_patches import blocks_being_built
from tabs.page import explain, friendly, publish, receipt_panel, receipt_values, view

TITLE = "Classification"
TASK = "text-classification"
EXAMPLES = {
    "delighted": "What a wonderful film! I was never bored.",
    "mixed": "The plot is thin, but the acting is wonderful and I was never bored.",
    "not bad": "Not bad at all!",
    "let down": "I expected more for the price.",
    "two sides": "The food was great and the waiter was rude.",
    "too long": "We waited an hour, and then another. " * 90 + "But the cake at the end was the best of my life!",
}
FIRST_TEXT = EXAMPLES["delighted"]
EDITED_TEXT = "What a wonderful film! I was always bored."
QUANTIZATIONS = ("auto", "float32", "8-bit", "4-bit")
METHODS = {
    "gradient_x_input": "One gradient at the text as it is, times the embedding.",
    "occlusion": "What the logit loses when this one is made neutral.",
    "integrated_gradients": "Gradients added up on the way from a text of neutral tokens to this one.",
}  # the quickest first: each is shown as soon as it is there
CAUTION = (
    "Attributions describe this model's arithmetic near this text, not the world and not a thought: the methods can "
    "disagree with each other, and a word that counts here may count otherwise in the next sentence."
)


# What is shown


def format_percent(probability: float) -> str:
    """A probability with one digit after the point."""
    return f"{probability * 100:.1f} %"


def format_bars(result: pg.ClassifyResult) -> dict[str, Any]:
    """The value of the bars view for one result."""
    info = result.info
    ranked = sorted(result.labels, key=lambda label: -label.probability) if len(result.labels) > 10 else result.labels
    return {
        "verdict": pg.verdict(result),
        "bars": [_bar(label, info, best=label == result.best) for label in ranked],
        "facts": _facts(result),
        "cut": _cut(result),
    }


def format_change(
    verdict: str, info: pg.ClassifierInfo, before: Sequence[Any], after: Sequence[Any], facts: Sequence[str] = ()
) -> dict[str, Any]:
    """The value of the bars view that shows where the bars were and how far each moved."""
    best = max(after, key=lambda label: label.probability)
    bars = []
    for old, new in zip(before, after, strict=True):
        bar = _bar(new, info, best=new == best)
        change = new.probability - old.probability
        if info.function_to_apply == "none":
            bar["detail"] = f"change {change:+.3f}"
        else:
            bar["before"], bar["detail"] = old.probability, f"{change * 100:+.1f} points"
        bars.append(bar)
    return {"verdict": verdict, "bars": bars, "facts": list(facts), "cut": None}


def format_second(first: pg.ClassifyResult, other: pg.ClassifyResult) -> dict[str, Any]:
    """The value of the bars view for a second model on the same text: its bars, and how far each moved if it can."""
    bits = other.info.pretrained.quantization if other.info.pretrained.quantized else other.info.pretrained.dtype
    named = f"{other.info.model_id} in {bits}"
    if other.info.labels != first.info.labels:
        shown = format_bars(other)
        return {**shown, "facts": [named, *shown["facts"], "other labels than the first model's: nothing to subtract"]}
    facts = [named, "dashed line: the first model"]
    return format_change(pg.verdict(other), other.info, first.labels, other.labels, facts)


def format_steps(result: pg.ClassifyResult) -> dict[str, Any]:
    """The value of the steps view: the pipeline's answer, and every number on the way to ours."""
    info, request = result.info, result.request
    text = request.text if len(request.text) <= 80 else request.text[:77] + "…"
    second = f', "text_pair": {json.dumps(request.text_pair[:80], ensure_ascii=False)}' if request.text_pair else ""
    shown = json.dumps(text, ensure_ascii=False)
    made = f'pipeline("text-classification",\n  model="{info.model_id}")'
    same = result.max_difference < 1e-5
    rounded = f"More than rounding: the weights are {info.pretrained.dtype}."
    cut = f", truncation=True, max_length={info.max_length}" if result.tokens_used < result.tokens_total else ""
    return {
        "call": f'{made}(\n  {{"text": {shown}{second}}},\n  top_k=None{cut})',
        "pipeline": [f'{{"label": "{entry.label}", "score": {entry.score:.6f}}}' for entry in result.pipeline],
        "count": f"{result.tokens_used} tokens, each with its input_id and its attention_mask",
        "tokens": [
            {
                "token": token.token,
                "id": token.token_id,
                "mask": token.attention_mask,
                "type": token.token_type_id,
                "special": token.special,
                "segment": token.segment,
            }
            for token in result.tokens
        ],
        "logits": f"logits = [{', '.join(f'{label.logit:.4f}' for label in result.labels)}]",
        **_arithmetic(result),
        "label": f"id2label[{result.best.label_id}] = {result.best.label!r}",
        "difference": f"{result.max_difference:.1e}",
        "comment": "They are the same numbers." if same else rounded,
    }


def format_attribution(result: pg.AttributeResult) -> dict[str, Any]:
    """The value of the attribution view: words and pieces with their values, for each method."""
    difference = result.logit - result.neutral_logit
    sums = {
        "gradient_x_input": "In units of the logit; the values need not add up to anything.",
        "occlusion": "In units of the logit; words that only matter together can hide each other.",
    }
    methods = []
    for method in result.methods:
        total = f"They add up to {sum(method.values):.3f}; the two logits differ by {difference:.3f}"
        methods.append(
            {
                "method": method.method,
                "about": METHODS[method.method],
                "values": list(method.values),
                "word_values": list(method.word_values),
                "sum": sums.get(method.method, f"{total} (convergence delta {method.delta or 0:+.4f})."),
            }
        )
    text = result.request.text if len(result.request.text) <= 60 else result.request.text[:57] + "…"
    predicted = "the predicted label" if result.label_id == result.predicted_id else "not the predicted label"
    return {
        "title": (
            f"What speaks for “{result.label}” ({predicted}) in “{text}”: "
            f"logit {result.logit:.2f}, against {result.neutral_logit:.2f} with every token as {result.neutral_token}"
        ),
        "methods": methods,
        "tokens": [{"text": token.token, "special": token.special} for token in result.tokens],
        "words": [{"text": word.text, "special": word.special} for word in result.words],
        "caution": CAUTION,
        "waiting": [name for name in METHODS if name not in [method.method for method in result.methods]],
        "of": len(METHODS),
    }


def format_explaining() -> dict[str, Any]:
    """The value of the attribution view before any method has answered."""
    return {"title": "Explaining…", "waiting": list(METHODS), "of": len(METHODS)}


def format_toggles(result: pg.ClassifyResult) -> dict[str, Any]:
    """The value of the view with a button per token."""
    return {"tokens": [{"token": token.token, "special": token.special} for token in result.tokens]}


def format_info(info: pg.ClassifierInfo) -> str:
    """One line about a model: its labels, what is done with its logits, how much it reads."""
    labels = ", ".join(info.labels[:6]) + (f" and {len(info.labels) - 6} more" if len(info.labels) > 6 else "")
    how = {"softmax": "softmax", "sigmoid": "sigmoid, each label on its own", "none": "the logit itself"}
    return (
        f"**{len(info.labels)} label{'s' * (len(info.labels) != 1)}**: {_plain(labels)} · `{info.problem_type}` · "
        f"{how[info.function_to_apply]} · reads up to {info.max_length} tokens · "
        f"{info.pretrained.dtype} on {info.pretrained.device}"
    )


def answer_of(result: pg.ClassifyResult) -> api.Classified:
    """The answer of the API's ``/classify``: plain values under transformers' own names."""
    return api.Classified(
        model_id=result.info.model_id,
        label=result.best.label,
        labels=tuple(label.label for label in result.labels),
        logits=tuple(label.logit for label in result.labels),
        probabilities=tuple(label.probability for label in result.labels),
        function_to_apply=result.info.function_to_apply,
        tokens=tuple(token.token for token in result.tokens),
        input_ids=tuple(token.token_id for token in result.tokens),
        tokens_used=result.tokens_used,
        tokens_total=result.tokens_total,
        pipeline=tuple(api.PipelineEntry(entry.label, entry.score) for entry in result.pipeline),
        max_difference=result.max_difference,
        entropy_bits=result.entropy_bits,
        verdict=pg.verdict(result),
    )


def _plain(text: str) -> str:
    """Text for a Markdown component, with nothing in it that Markdown or HTML would read."""
    return "".join(f"&#{ord(character)};" if character in "*_`<>[]&$|\\#" else character for character in text)


def _bar(label: Any, info: pg.ClassifierInfo, best: bool) -> dict[str, Any]:
    number = info.function_to_apply == "none"
    return {
        "label": label.label,
        "shown": f"{label.logit:.3f}" if number else format_percent(label.probability),
        "detail": "" if number else f"logit {label.logit:.2f}",
        "width": None if number else label.probability,
        "before": None,
        "best": best,
    }


def _facts(result: pg.ClassifyResult) -> list[str]:
    facts = [f"{result.tokens_used} tokens"]
    if result.entropy_bits is not None:
        most = math.log2(len(result.labels))
        facts.append(f"entropy {result.entropy_bits:.2f} of {most:.2f} bits (0 = certain)")
    if result.info.function_to_apply == "sigmoid":
        facts.append("multi-label: sigmoid, so the bars need not add up to 100 %")
    if result.info.pair_names and not result.request.text_pair:
        first, second = result.info.pair_names
        facts.append(f"no {second} yet: this model was trained to compare it with the {first}")
    return facts


def _cut(result: pg.ClassifyResult) -> dict[str, Any] | None:
    if result.tokens_used == result.tokens_total:
        return None
    message = f"Used {result.tokens_used} of {result.tokens_total} tokens: the rest was never read."
    text, at = result.request.text, result.cut_at
    if at is None:
        text, at = result.request.text_pair or "", result.cut_pair_at
    if at is None:
        return {"message": message, "kept": None, "lost": None}
    kept = ("…" if at > 80 else "") + text[max(0, at - 80) : at]
    return {"message": message, "kept": kept, "lost": text[at : at + 80] + ("…" if len(text) > at + 80 else "")}


def _arithmetic(result: pg.ClassifyResult) -> dict[str, Any]:
    """The table of step 3: from logits to probabilities."""
    kind, best = result.info.function_to_apply, result.best
    if kind == "none":
        rows = [{"cells": [x.label, f"{x.logit:.4f}"], "best": False} for x in result.labels]
        formula = "A regression model: nothing is applied, the logit is the answer."
        return {"function": "nothing", "formula": formula, "columns": ["label", "logit"], "rows": rows, "total": None}
    if kind == "sigmoid":
        formula = "probability = 1 / (1 + exp(−logit)), for each label on its own"
        cells = [
            [x.label, f"{x.logit:.4f}", f"{math.exp(min(-x.logit, 700)):.4f}", f"{x.probability:.4f}"]
            for x in result.labels
        ]
        columns, total = ["label", "logit", "exp(−logit)", "probability"], None
    else:
        greatest = best.logit if max(abs(x.logit) for x in result.labels) > 30 else 0.0
        exps = [math.exp(x.logit - greatest) for x in result.labels]
        name = "exp(logit − max)" if greatest else "exp(logit)"
        formula = f"probability = {name} / sum of {name} over all labels"
        cells = [
            [x.label, f"{x.logit:.4f}", f"{value:.4f}", f"{x.probability:.4f}"]
            for x, value in zip(result.labels, exps, strict=True)
        ]
        columns = ["label", "logit", name, "probability"]
        total = ["sum", "", f"{sum(exps):.4f}", f"{sum(x.probability for x in result.labels):.4f}"]
    rows = [{"cells": row, "best": label == best} for row, label in zip(cells, result.labels, strict=True)]
    return {"function": kind, "formula": formula, "columns": columns, "rows": rows, "total": total}


# Layout


def build_tab(playground: pg.Playground) -> None:
    """Lays out the tab inside the current Blocks."""
    explain(
        "A classifier reads a text and gives every label a number. **Change a word and watch the answer move**, then "
        "look inside: the pipeline is no magic, only four steps."
    )
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            model = model_picker(playground, TASK)
        with gr.Column(min_width=300):
            info = gr.Markdown(elem_classes="pg-explain", elem_id="classification-info", min_height=24)
    with gr.Tabs(elem_id="classification-parts", overflow_behavior="wrap"):
        with gr.Tab("One text", id="one-text"):
            _build_one_text(playground, model, info)
        with gr.Tab("Many texts", id="many-texts"):
            build_table_section(playground, model)


def _build_one_text(playground: pg.Playground, model: gr.Dropdown, info: gr.Markdown) -> None:
    result_state, code_shown, kept_pair = gr.State(), gr.State(False), gr.State("")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            text = gr.Textbox(FIRST_TEXT, label="text", lines=3, max_lines=8, elem_id="classification-text")
            pair = gr.Textbox(label="text_pair", lines=2, max_lines=6, visible=False)
            with gr.Row(elem_classes="pg-examples"):
                samples = [gr.Button(name, size="sm", min_width=64) for name in EXAMPLES]
            button = gr.Button("Classify", variant="primary", elem_id="classification-run")
        with gr.Column(scale=6, min_width=300):
            bars = view("label_bars", elem_id="classification-bars")
    with gr.Tabs(elem_id="classification-inside", overflow_behavior="wrap"):
        with gr.Tab("Step by step", id="steps") as steps_tab:
            steps = view("pipeline_steps", elem_id="classification-steps")
        with gr.Tab("Why", id="why") as why_tab:
            label, explain_button, attribution = _lay_out_why()
        with gr.Tab("What if", id="what-if") as what_if_tab:
            toggles, pressed, *compared = _build_what_if(playground, model, result_state, text, pair)
        with gr.Tab("Code", id="code") as code_tab:
            explain("This exact run with plain transformers, two ways. Both print the numbers above.")
            panels = [*receipt_panel("With the pipeline", opened=True), *receipt_panel("Step by step, with AutoModel")]

    @friendly
    def describe(model_id: str, text_pair: str | None, kept: str) -> Iterator[tuple[Any, ...]]:
        try:
            about = playground.describe_classifier(model_id)
        except pg.PlaygroundError as error:
            nothing = [None] * (len(asked) - 5)
            yield f"**No answer from this model.** {_plain(str(error))}", *[gr.skip()] * 4, *nothing
            raise
        first, second = about.pair_names or ("text", "text_pair")
        kept = text_pair or kept  # a model of single texts must not be given a second one that nobody sees
        choices = [("the predicted label", -1), *((name, number) for number, name in enumerate(about.labels))]
        yield (
            format_info(about),
            gr.Textbox(label=first if about.pair_names else "text"),
            gr.Textbox(kept if about.pair_names else "", label=second, visible=bool(about.pair_names)),
            gr.Dropdown(choices=choices, value=-1),
            kept,
            *[gr.skip()] * (len(asked) - 5),
        )

    @friendly
    def run(
        text: str, text_pair: str | None, model_id: str, code_shown: bool, before: pg.ClassifyResult | None
    ) -> tuple[Any, ...]:
        result = playground.classify(pg.ClassifyRequest(text, text_pair or None, model_id))
        code = fill_code(result) if code_shown else [gr.skip()] * len(panels)
        stale = before is not None and before.request != result.request
        about_it = [None if stale else gr.skip()] * len(derived)
        return result, format_bars(result), format_steps(result), format_toggles(result), None, (), *about_it, *code

    @friendly
    def follow(
        text: str, text_pair: str | None, model_id: str, code_shown: bool, before: pg.ClassifyResult | None
    ) -> tuple[Any, ...]:
        nothing = (*[None] * 5, (), *[None] * len(derived), *[gr.skip()] * len(panels))
        return run(text, text_pair, model_id, code_shown, before) if text.strip() else nothing

    @friendly
    def fill_code(result: pg.ClassifyResult | None) -> list[Any]:
        if result is None:
            return [gr.skip()] * len(panels)
        return [value for each in playground.classification_receipts(result) for value in receipt_values(each)]

    @friendly
    def why(text: str, text_pair: str | None, model_id: str, label_id: int | None) -> Iterator[dict[str, Any] | None]:
        chosen = None if label_id is None or label_id < 0 else label_id
        request = pg.AttributeRequest(text, text_pair or None, chosen, model_id)
        found: tuple[Any, ...] = ()
        yield format_explaining()
        try:
            for method in METHODS:
                result = playground.attribute(replace(request, methods=(method,)))
                found += result.methods
                yield format_attribution(replace(result, methods=found))
        except Exception:
            yield None
            raise

    def classify(text: str, text_pair: str = "", model_id: str = "", quantization: str = "auto") -> api.Classified:
        """One text (or a pair) -> labels, logits and probabilities in the order of the label ids, the tokens that were
        used, what pipeline() returns and the greatest difference between the two. An empty model_id takes the first."""
        request = pg.ClassifyRequest(text, text_pair or None, model_id or None, quantization or "auto")
        return answer_of(playground.classify(request))

    quiet: dict[str, Any] = {"api_visibility": "private"}
    inputs = [text, pair, model]
    what_if, *derived = [*compared, attribution]  # what is said about one text and model, untrue of the next
    asked = [info, text, pair, label, kept_pair, result_state, bars, steps, toggles, what_if, *derived]
    outputs = [result_state, bars, steps, toggles, what_if, pressed, *derived, *panels]
    # Hidden: a spinner over the example would hide the first thing that a visitor should read.
    describing: dict[str, Any] = {
        "fn": describe,
        "inputs": [model, pair, kept_pair],
        "outputs": asked,
        "show_progress": "hidden",
        **quiet,
    }
    running: dict[str, Any] = {
        "fn": run,
        "inputs": [*inputs, code_shown, result_state],
        "outputs": outputs,
        "show_progress_on": bars,
        **quiet,
    }
    explaining: dict[str, Any] = {
        "fn": why,
        "inputs": [*inputs, label],
        "outputs": attribution,
        "show_progress": "hidden",
        "trigger_mode": "always_last",  # a label that is chosen while another is explained gets its turn
        **quiet,
    }
    gr.on([button.click, text.submit, pair.submit], **running)
    typing = {**running, "fn": follow, "show_progress": "hidden", "show_progress_on": None}
    gr.on([text.change, pair.change], **typing, trigger_mode="always_last")  # .input misses what is pasted
    for sample, example in zip(samples, EXAMPLES.values(), strict=True):
        sample.click(lambda example=example: example, None, text, **quiet)
    model.change(**describing).success(**running)
    blocks_being_built().load(**describing).success(**running)  # the page opens with an answer on it
    gr.on([explain_button.click, label.input, why_tab.select], **explaining)
    for tab in (steps_tab, why_tab, what_if_tab, code_tab):
        tab.select(lambda shown=tab is code_tab: shown, None, code_shown, show_progress="hidden", **quiet)
    code_tab.select(fill_code, result_state, panels, show_progress="hidden", **quiet)
    publish(classify)


def _lay_out_why() -> tuple[gr.Dropdown, gr.Button, gr.HTML]:
    explain(
        "Which words speak **for** a label, and which **against** it? Three methods side by side; choose any label, "
        "also one that was not predicted."
    )
    with gr.Row(equal_height=True):
        label = gr.Dropdown([("the predicted label", -1)], value=-1, label="label", scale=3, min_width=200)
        button = gr.Button("Explain", variant="primary", scale=1, min_width=120, elem_id="classification-explain")
    return label, button, view("attribution", elem_id="classification-attribution")


def _build_what_if(
    playground: pg.Playground, model: gr.Dropdown, result_state: gr.State, text: gr.Textbox, pair: gr.Textbox
) -> tuple[gr.HTML, gr.State, gr.HTML, gr.HTML, gr.HTML]:
    """The three experiments; returns what a new result fills (the buttons) or clears (the rest)."""
    explain("**Take out a token**: press it, and the dashed line shows where each bar was.")
    action = gr.Radio([("masked", "mask"), ("deleted", "delete")], value="mask", label="a pressed token is")
    toggles = view("token_toggles", elem_id="classification-tokens")
    changed = view("label_bars", elem_id="classification-perturbed")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            explain("**Edit a copy**: the same model on both texts.")
            edited = gr.Textbox(EDITED_TEXT, label="edited text", lines=3, max_lines=6)
            compare_texts = gr.Button("Compare the two texts", elem_id="classification-compare-texts")
            edited_bars = view("label_bars", elem_id="classification-edited")
        with gr.Column(min_width=300):
            explain("**A second model** on the same text; or the same one with fewer bits per weight.")
            with gr.Row():
                second = model_picker(playground, TASK, label="second model_id", scale=3, min_width=260)
                bits = gr.Dropdown(list(QUANTIZATIONS), value="8-bit", label="quantization", scale=1, min_width=110)
            compare_models = gr.Button("Ask the second model", elem_id="classification-compare-models")
            second_bars = view("label_bars", elem_id="classification-second")
    pressed = gr.State(())

    def changes(result: pg.ClassifyResult | None, positions: Sequence[int], action: str) -> dict[str, Any] | None:
        if result is None or not positions:
            return None
        found = playground.perturb(pg.PerturbRequest(result.request, tuple(positions), action))
        words = " ".join(found.tokens[n].token for n in sorted(positions))
        did = f"replaced by {found.neutral_token}" if action == "mask" else "deleted"
        return format_change(f"With {words} {did}", found.info, found.before, found.after)

    @friendly
    def press(result: pg.ClassifyResult | None, action: str, event: gr.EventData) -> tuple[Any, ...]:
        positions = tuple(int(position) for position in event.positions)
        return positions, changes(result, positions, action)

    @friendly
    def switch(result: pg.ClassifyResult | None, positions: Sequence[int], action: str) -> dict[str, Any] | None:
        return changes(result, positions, action)

    @friendly
    def compare(text: str, text_pair: str | None, edited: str, model_id: str) -> dict[str, Any]:
        old, new = (
            playground.classify(pg.ClassifyRequest(each, text_pair or None, model_id)) for each in (text, edited)
        )
        return format_change(pg.verdict(new), new.info, old.labels, new.labels, ["dashed line: the first text"])

    @friendly
    def ask_second(
        text: str, text_pair: str | None, first_id: str, model_id: str, bits: str
    ) -> Iterator[dict[str, Any] | None]:
        try:
            first = playground.classify(pg.ClassifyRequest(text, text_pair or None, first_id))
            other = playground.classify(pg.ClassifyRequest(text, text_pair or None, model_id, bits))
        except pg.PlaygroundError:
            yield None  # what the last model said must not stand there as this one's answer
            raise
        yield format_second(first, other)

    quiet: dict[str, Any] = {"api_visibility": "private"}
    toggles.select(press, [result_state, action], [pressed, changed], show_progress="hidden", **quiet)
    action.change(switch, [result_state, pressed, action], changed, show_progress="hidden", **quiet)
    gr.on([compare_texts.click, edited.submit], compare, [text, pair, edited, model], edited_bars, **quiet)
    compare_models.click(ask_second, [text, pair, model, second, bits], second_bars, **quiet)
    return toggles, pressed, changed, edited_bars, second_bars
