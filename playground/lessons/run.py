"""A lesson from its first step to its last without a page: every answer computed, every guess weighed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from playground.errors import InputError
from playground.lessons.lesson import Choice, Lesson, Predict, Step
from playground.lessons.readings import holds, shown, value_of

Answer = Callable[[str, Mapping[str, Any]], Any]  # a tab and its fields -> the facts, as JSON


@dataclass(frozen=True)
class Done:
    """A step that was done: what was live at its end, and what is untrue in it."""

    step: Step
    live: dict[str, Any]
    untrue: tuple[str, ...]


def is_right(predict: Predict, guess: str | float, live: Mapping[str, Any]) -> bool:
    """True if a guess is right, by what is live now; a choice is guessed by what it says."""
    if predict.kind == "choice":
        return any(one.say == guess and is_true(one, predict, live) for one in predict.choices)
    answer = value_of(predict.reading, live) if predict.reading else None
    if predict.kind == "number":
        if not isinstance(answer, int | float) or not isinstance(guess, int | float):
            return False
        return abs(answer * (100 if predict.form == "%" else 1) - guess) <= predict.within + 1e-9
    return answer is not None and str(guess).strip().casefold() == str(answer).strip().casefold()


def is_true(choice: Choice, predict: Predict, live: Mapping[str, Any]) -> bool:
    """True if this choice is the right one, by what is live now."""
    if choice.when:
        return holds(choice.when, live)
    answer = value_of(predict.reading, live) if predict.reading else None
    return answer is not None and choice.say.strip().casefold() == shown(answer).strip().casefold()


def walk(lesson: Lesson, answer: Answer) -> Iterator[Done]:
    """Each step, done as the lesson shows it.

    ``answer`` gives the facts of a tab with its fields. A step that has nothing to do runs only if it has a stage.
    """
    live: dict[str, Any] = {}
    fields: dict[str, dict[str, Any]] = {}
    for step in lesson.steps:
        untrue = []
        if step.stage:
            fields[step.tab] = dict(step.stage.fields)
            # Where the learner has something to do, the stage alone may be no question yet: no bit is flipped.
            with suppress(InputError) if step.do else nullcontext():
                live = {**live, step.tab: answer(step.tab, fields[step.tab])}
        if step.do:
            if all(holds(one, live) for one in step.do.until):
                untrue.append(f"there is nothing to do: {step.do.until[0].text} holds already")
            fields[step.tab] = {**fields[step.tab], **step.do.show}
            live = {**live, step.tab: answer(step.tab, fields[step.tab])}
            untrue += [f"do.until: {one.text}" for one in step.do.until if not holds(one, live)]
        if step.keep:
            live = {**live, step.keep: live[step.tab]}
        untrue += [f"expect: {one.text}" for one in step.expect if not holds(one, live)]
        if step.reveal and step.reveal.reading and value_of(step.reveal.reading, live) is None:
            untrue.append(f"reveal: {step.reveal.reading.name} reads nothing")
        yield Done(step, live, (*untrue, *_untrue_question(step, live)))


def _untrue_question(step: Step, live: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a question: no right answer, or more than one."""
    if not step.predict:
        return
    right = [one.say for one in step.predict.choices if is_true(one, step.predict, live)]
    if step.predict.kind == "choice" and len(right) != 1:
        yield f"predict: {len(right)} of its choices are right ({', '.join(right) or 'none'})"
    if step.predict.reading and value_of(step.predict.reading, live) is None:
        yield f"predict: {step.predict.reading.name} reads nothing"


def remembering(answer: Answer) -> Answer:
    """The same answers, each computed once."""
    known: dict[str, Any] = {}

    def remembered(tab: str, fields: Mapping[str, Any]) -> Any:
        asked = json.dumps([tab, dict(fields)], sort_keys=True)
        if asked not in known:
            known[asked] = answer(tab, fields)
        return known[asked]

    return remembered
