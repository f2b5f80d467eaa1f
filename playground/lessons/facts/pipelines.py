"""What lessons can read of a pipeline's answer, whatever its task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.lessons.facts.field import Fields, says

if TYPE_CHECKING:
    from playground.pipelines.result import PipelineResult


@dataclass(frozen=True)
class AnswerFact:
    """One of several answers."""

    what: str = says("A text, a word, a label, a name or a token, as the task has it.")
    score: float = says("Its score: a cosine for feature-extraction, else a probability.")


@dataclass(frozen=True)
class PipelinesFacts:
    """What a task makes of a text."""

    task: str = says("The task.")
    text: str = says("The text.")
    model_id: str = says("The model.")
    count: int = says("How many tokens the first run of the model read.")
    runs: int = says("How often the model was run.")
    best: AnswerFact | None = says("The best of its answers; nothing if there is none.")
    answers: tuple[AnswerFact, ...] = says("All of them: the best first, names and tokens in reading order.")
    score: dict[str, float] = says("The score of an answer.")
    difference: float | None = says("How far the steps are from what pipeline() says; nothing where there is none.")


def observe_pipelines(result: PipelineResult, fields: Fields) -> PipelinesFacts:
    """The answers of any task, by its kind."""
    answers = tuple(AnswerFact(what, score) for what, score in ANSWERS[result.answer.type](result, result.answer))
    return PipelinesFacts(
        task=result.request.task,
        text=result.request.text,
        model_id=result.model_id,
        count=len(result.passes[0].tokens),
        runs=len(result.passes),
        best=max(answers, key=lambda one: one.score) if answers else None,
        answers=answers,
        score={one.what: one.score for one in answers},
        difference=result.max_difference,
    )


Pairs = list[tuple[str, float]]


def _features(result: PipelineResult, answer: Any) -> Pairs:
    return _ranked(list(zip(result.request.texts or (), answer.cosines[0][1:], strict=True)))


def _ranked(pairs: Pairs) -> Pairs:
    return sorted(pairs, key=lambda pair: -pair[1])


ANSWERS: dict[str, Callable[[PipelineResult, Any], Pairs]] = {
    "feature-extraction": _features,
    "fill-mask": lambda _, answer: [(one.token_str.strip(), one.score) for one in answer.masks[0].guesses],
    "zero-shot-classification": lambda _, answer: _ranked([(one.label, one.score) for one in answer.labels]),
    "token-classification": lambda _, answer: [(one.word, one.score) for one in answer.entities],
    "question-answering": lambda _, answer: [(one.answer, one.score) for one in answer.spans],
    "seq2seq": lambda _, answer: [(one.piece.strip(), one.probability) for one in answer.steps],
}
