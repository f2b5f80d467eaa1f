"""A result in one plain sentence."""

from __future__ import annotations

from playground.classification.result import ClassifyResult
from playground.units import format_number


def verdict(result: ClassifyResult) -> str:
    """One sentence in plain language: what the model says, and how sure it is."""
    best = result.best
    if result.info.function_to_apply == "none":
        numbers = ", ".join(f"{label.label} = {format_number(label.logit, '.3g')}" for label in result.labels)
        return f"This is a regression model: it answers with a number, {numbers}."
    if result.info.function_to_apply == "sigmoid":
        return _verdict_of_many(result)
    ranked = sorted(result.labels, key=lambda label: -label.probability)
    tied = [label.label for label in ranked if _percent(label.probability) == _percent(best.probability)]
    if len(tied) > 1:
        names = f"{', '.join(tied[:-1])} and {tied[-1]}" if len(tied) <= 3 else f"{len(tied)} labels"
        return f"The model is torn between {names}: each has {_percent(best.probability)}."
    if best.probability < 0.5:
        return (
            f"The model is torn: {best.label} comes first with only {_percent(best.probability)}, "
            f"before {ranked[1].label} with {_percent(ranked[1].probability)}."
        )
    how = "very sure" if best.probability >= 0.9 else "fairly sure" if best.probability >= 0.7 else "leaning"
    joint = "towards" if how == "leaning" else "that the answer is"
    return f"The model is {how} {joint} {best.label} ({_percent(best.probability)})."


def _verdict_of_many(result: ClassifyResult) -> str:
    chosen = [label for label in result.labels if label.probability >= 0.5]
    named = ", ".join(f"{label.label} ({_percent(label.probability)})" for label in chosen)
    if len(result.labels) == 1:
        return f"The model has one label, {result.best.label}, and gives it {_percent(result.best.probability)}."
    if not chosen:
        nearest = f"{result.best.label} ({_percent(result.best.probability)})"
        return f"None of the {len(result.labels)} labels reaches 50\u00a0%; nearest is {nearest}."
    apply = "applies" if len(chosen) == 1 else "apply"
    return f"{len(chosen)} of {len(result.labels)} labels {apply}: {named}. Each label is judged on its own."


def _percent(probability: float) -> str:
    """A probability as people write it; never 100 % unless it is."""
    shown = f"{probability * 100:.0f}\u00a0%"
    return shown if shown != "100\u00a0%" or probability == 1 else ">99\u00a0%"
