"""What the Classification tab shows of one text: results -> the values of its views.

Leaves out tables (`table_format`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import playground as pg
from playground.texts import quoted
from playground.units import format_difference, format_error, format_number
from tabs.page import plain

METHODS = {
    "integrated_gradients": "Gradients added up on the way from a text of neutral tokens to this one.",
    "occlusion": "What the logit loses when this one is made neutral.",
    "gradient_x_input": "One gradient at the text as it is, times the embedding.",
}  # in reading order: each is shown as soon as it is there
PRESS_EXPLAIN = "Press Explain: the words that speak for the label, and those against it, appear here."
SAME_TEXTS = "Both texts are still the same: change a word above, and the answer to it stands here."
NO_COPY = "There is no text to compare with: write one above, and the answer to it stands here."
FULL_COLOUR = 1.0  # logits: no smaller value gets the full colour
CAUTION = (
    "Attributions describe this model's arithmetic near this text, not the world and not a thought: the methods can "
    "disagree with each other, and a word that counts here may count otherwise in the next sentence."
)


def format_percent(probability: float) -> str:
    """A probability with one digit after the point."""
    return f"{probability * 100:.1f}\u00a0%"


def format_bars(result: pg.ClassifyResult) -> dict[str, Any]:
    """The value of the bars view for one result."""
    info = result.info
    ranked = sorted(result.labels, key=lambda label: -label.probability) if len(result.labels) > 10 else result.labels
    return {
        "asked": [result.request.text, result.request.text_pair],
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
            bar["detail"] = f"change {format_number(change, '+.3f')}"
        else:
            bar["before"], bar["detail"] = old.probability, f"{format_number(change * 100, '+.1f')} points"
        bars.append(bar)
    return {"verdict": verdict, "bars": bars, "facts": list(facts), "cut": None}


def format_second(first: pg.ClassifyResult, other: pg.ClassifyResult) -> dict[str, Any]:
    """The value of the bars view for a second model on the same text: its bars, and how far each moved if it can."""
    if other.info.labels != first.info.labels:
        shown = format_bars(other)
        return {**shown, "facts": [*shown["facts"], "other labels than the first model's: nothing to subtract"]}
    facts = [named(other.info), f"dashed line: {named(first.info)}"]
    return format_change(pg.verdict(other), other.info, first.labels, other.labels, facts)


def format_asking(model_id: str, quantization: str) -> dict[str, Any]:
    """The value of the bars view while a model is asked: it may have to be loaded."""
    return {"coming": f"Asking {model_id}{'' if quantization == 'auto' else f' in {quantization}'}…"}


def format_steps(result: pg.ClassifyResult) -> dict[str, Any]:
    """The value of the steps view: the pipeline's answer, and every number on the way to ours."""
    info, request = result.info, result.request
    second = f', "text_pair": {json.dumps(request.text_pair, ensure_ascii=False)}' if request.text_pair else ""
    shown = json.dumps(request.text, ensure_ascii=False)
    made = f'pipeline("text-classification",\n  model={info.pretrained.expression})'
    difference, comment = format_difference(result.max_difference, info.pretrained.dtype)
    cut = f", truncation=True, max_length={info.max_length}" if result.tokens_used < result.tokens_total else ""
    return {
        "call": f'{info.pretrained.imports("pipeline")}{made}(\n  {{"text": {shown}{second}}},\n  top_k=None{cut})',
        "pipeline": [f'{{"label": "{entry.label}", "score": {entry.score:.6f}}}' for entry in result.pipeline],
        "count": f"{_tokens(result)}, each with its {_numbers_of(result.tokens)}",
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
        "difference": difference,
        "comment": comment,
    }


def _tokens(result: pg.ClassifyResult) -> str:
    return f"{result.tokens_used} token{'s' * (result.tokens_used != 1)}"


def _numbers_of(tokens: Sequence[pg.ClassifiedToken]) -> str:
    """The numbers that a token of these has, by their names."""
    names = ["input_id", "token_type_id", "attention_mask"]
    known = [name for name in names if any(getattr(token, name, 0) is not None for token in tokens)]
    *first, last = known
    return f"{', its '.join(first)} and its {last}" if first else last


def format_attribution(
    result: pg.AttributeResult, refused: Mapping[str, pg.PlaygroundError] | None = None
) -> dict[str, Any]:
    """The value of the attribution view: words and pieces with the values of each method, and what was refused."""
    refusals = {method: error.message for method, error in (refused or {}).items()}
    values = [abs(v) for one in result.methods for v in (*one.values, *one.word_values)]
    faint = 4 if little_to_explain(result) else 1
    waiting = [name for name in METHODS if name not in {*refusals, *(one.method for one in result.methods)}]
    return {
        "title": _question(result),
        "asked": [result.request.text, result.request.text_pair],
        "methods": [_method(result, method) for method in result.methods],
        "tokens": [{"text": token.token, "special": token.special} for token in result.tokens],
        "words": [{"text": word.text, "special": word.special} for word in result.words],
        "scale": faint * max([FULL_COLOUR, *values]),
        "agreement": "" if waiting else compare_methods(result),
        "caution": " ".join([CAUTION, *(f"No {name} here: {reason}" for name, reason in refusals.items())]),
        "waiting": waiting,
        "of": len(METHODS),
    }


def little_to_explain(result: pg.AttributeResult) -> bool:
    """Whether the text hardly moves the logit."""
    return abs(result.logit - result.neutral_logit) < FULL_COLOUR / 2


def compare_methods(result: pg.AttributeResult) -> str:
    """One sentence on what there is to explain and whether the methods agree; empty for fewer than two methods.

    Values below a tenth of the greatest count as none.
    """
    said = []
    if little_to_explain(result):
        moved = format_number(result.logit - result.neutral_logit, "+.2f")
        said.append(f"There is little to explain, so colours are faint: the text moves the logit by {moved} only.")
    places = [n for n, word in enumerate(result.words) if not word.special]
    of = {one.method: [one.word_values[n] for n in places] for one in result.methods}
    least = max((abs(v) for values in of.values() for v in values), default=0.0) / 10
    heard = {name: values for name, values in of.items() if any(abs(v) >= least for v in values)}
    said += [f"{name} says next to nothing here." for name in of if name not in heard]
    if len(heard) < 2 or not least:
        return " ".join(said)
    words = [result.words[n].text for n in places]
    agreement = _agreement(words, heard, least, "The methods" if len(heard) == len(of) else "The others")
    return " ".join([*said, agreement]).rstrip()


def _agreement(words: Sequence[str], heard: Mapping[str, Sequence[float]], least: float, who: str) -> str:
    """Where two methods give a word different signs, else which word counts most to each; nothing of the only word."""
    odd = [
        (min(-low, high), word, values)
        for word, *values in zip(words, *heard.values(), strict=True)
        if (low := min(values)) <= -least and (high := max(values)) >= least
    ]
    if odd:
        _, word, values = max(odd, key=lambda one: one[0])
        shown = ", ".join(f"{name} {format_number(value, '+.2f')}" for name, value in zip(heard, values, strict=True))
        return f"{who} disagree on {quoted(word)}, for or against: {shown}."
    if len(words) == 1:
        return ""
    top = {name: words[max(range(len(words)), key=lambda n: abs(values[n]))] for name, values in heard.items()}
    if len(set(top.values())) == 1:
        return f"{who} agree that {quoted(next(iter(top.values())))} counts most."
    return f"{who} disagree on what counts most: " + ", ".join(f"{n} {quoted(word)}" for n, word in top.items()) + "."


def _question(result: pg.AttributeResult) -> str:
    predicted = "the predicted label" if result.label_id == result.predicted_id else "not the predicted label"
    return (
        f"What speaks for {quoted(result.label)} ({predicted}) in {quoted(result.request.text, 60)}: "
        f"logit {format_number(result.logit, '.2f')}, against {format_number(result.neutral_logit, '.2f')} with every "
        f"token as {result.neutral_token}"
    )


def _method(result: pg.AttributeResult, method: Any) -> dict[str, Any]:
    """One method's card: values in units of the logit, and what their sum means."""
    total, difference = sum(method.values), result.logit - result.neutral_logit
    sums = {
        "gradient_x_input": "In units of the logit; the values need not add up to anything.",
        "occlusion": "In units of the logit; words that only matter together can hide each other.",
        "integrated_gradients": f"They add up to {format_number(total, '.3f')}; the two logits differ by "
        f"{format_number(difference, '.3f')} "
        f"(convergence delta {format_number(method.delta or 0, '+.4f')})."
        f"{format_error(method.delta or 0, difference)}",
    }
    return {
        "method": method.method,
        "about": METHODS[method.method],
        "values": list(method.values),
        "word_values": list(method.word_values),
        "sum": sums[method.method],
    }


def format_said(sentence: str) -> dict[str, Any] | None:
    """The value of the bars or attribution view that has nothing to draw, only to say."""
    return {"said": sentence} if sentence else None


def format_explaining() -> dict[str, Any]:
    """The value of the attribution view before any method has answered."""
    return {"title": "Explaining…", "waiting": list(METHODS), "of": len(METHODS)}


def format_toggles(result: pg.ClassifyResult | pg.PerturbResult, pressed: Sequence[int] = ()) -> dict[str, Any]:
    """The value of the view with a button per token, some of them pressed."""
    tokens = [{"token": token.token, "special": token.special} for token in result.tokens]
    return {"tokens": tokens, "pressed": list(pressed)}


def format_info(info: pg.ClassifierInfo) -> str:
    """One line about a model: its labels, what is done with its logits, how much it reads."""
    labels = ", ".join(info.labels[:6]) + (f" and {len(info.labels) - 6} more" if len(info.labels) > 6 else "")
    how = {"softmax": "softmax", "sigmoid": "sigmoid, each label on its own", "none": "the logit itself"}
    note = f"  \n{plain(info.labels_note)}" if info.labels_note else ""
    return (
        f"**{len(info.labels)} label{'s' * (len(info.labels) != 1)}**: {plain(labels)} · `{info.problem_type}` · "
        f"{how[info.function_to_apply]} · reads up to {info.max_length:,} tokens · "
        f"{info.pretrained.dtype} on {info.pretrained.device}{note}"
    )


def _bar(label: Any, info: pg.ClassifierInfo, best: bool) -> dict[str, Any]:
    number = info.function_to_apply == "none"
    return {
        "label": label.label,
        "shown": format_number(label.logit, ".3f") if number else format_percent(label.probability),
        "detail": "" if number else f"logit {format_number(label.logit, '.2f')}",
        "width": None if number else label.probability,
        "before": None,
        "best": best,
    }


def _facts(result: pg.ClassifyResult) -> list[str]:
    facts = [_tokens(result)]
    if unknown := sum(token.unknown for token in result.tokens):
        facts.append(f"{unknown} of them unknown: the model can't tell what stands there")
    if result.entropy_nats is not None:
        most = math.log(len(result.labels))
        facts.append(f"entropy {result.entropy_nats:.2f} of {most:.2f}\u00a0nats (0 = certain)")
    if result.info.function_to_apply == "sigmoid":
        facts.append("multi-label: sigmoid, so the bars need not add up to 100\u00a0%")
    if result.info.pair_names and not result.request.text_pair:
        first, second = result.info.pair_names
        facts.append(f"no {second} yet: this model was trained to compare it with the {first}")
    return [*facts, named(result.info)]


def named(info: pg.ClassifierInfo) -> str:
    """The model that an answer came from, and how it was held."""
    return f"{info.model_id} in {info.pretrained.quantization}"


def _cut(result: pg.ClassifyResult) -> dict[str, Any] | None:
    if result.tokens_used == result.tokens_total:
        return None
    message = f"Used {result.tokens_used:,} of {result.tokens_total:,} tokens: the rest was never read."
    text, at = result.request.text, result.cut_at
    if at is None:
        text, at = result.request.text_pair or "", result.cut_pair_at
    if at is None:
        return {"message": message, "kept": None, "lost": None}
    kept, lost = text[max(0, at - 80) : at], text[at : at + 80]
    if at > 80:  # the excerpt begins and ends with whole words, where there are any
        kept = "…" + re.sub(r"^\S*\s(?=.)", "", kept, flags=re.DOTALL)
    if len(text) > at + 80:
        lost = re.sub(r"(?<=.)\s\S*$", "", lost, flags=re.DOTALL) + " …"
    return {"message": message, "kept": kept, "lost": lost}


def _arithmetic(result: pg.ClassifyResult) -> dict[str, Any]:
    """The table of step 3: from logits to probabilities."""
    kind, best = result.info.function_to_apply, result.best
    if kind == "none":
        rows = [{"cells": [x.label, format_number(x.logit, ".4f")], "best": False} for x in result.labels]
        formula = "A regression model: nothing is applied, the logit is the answer."
        return {"function": "nothing", "formula": formula, "columns": ["label", "logit"], "rows": rows, "total": None}
    if kind == "sigmoid":
        formula = "probability = 1 / (1 + exp(−logit)), for each label on its own"
        cells = [
            [x.label, format_number(x.logit, ".4f"), f"{math.exp(min(-x.logit, 700)):.4f}", f"{x.probability:.4f}"]
            for x in result.labels
        ]
        columns, total = ["label", "logit", "exp(−logit)", "probability"], None
    else:
        greatest = best.logit if max(abs(x.logit) for x in result.labels) > 30 else 0.0
        exps = [math.exp(x.logit - greatest) for x in result.labels]
        name = "exp(logit − max)" if greatest else "exp(logit)"
        formula = f"probability = {name} / sum of {name} over all labels"
        cells = [
            [x.label, format_number(x.logit, ".4f"), f"{value:.4f}", f"{x.probability:.4f}"]
            for x, value in zip(result.labels, exps, strict=True)
        ]
        columns = ["label", "logit", name, "probability"]
        total = ["sum", "", f"{sum(exps):.4f}", f"{sum(x.probability for x in result.labels):.4f}"]
    rows = [{"cells": row, "best": label == best} for row, label in zip(cells, result.labels, strict=True)]
    return {"function": kind, "formula": formula, "columns": columns, "rows": rows, "total": total}
