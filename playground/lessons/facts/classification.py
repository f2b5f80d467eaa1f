"""What lessons can read of a classifier's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.lessons.facts.field import Fields, says

if TYPE_CHECKING:
    from playground.classification.result import ClassifyResult


@dataclass(frozen=True)
class LabelFact:
    """One label of a classifier."""

    label: str = says("The label's name.")
    probability: float = says("Its probability, from 0 to 1.")
    logit: float = says("Its logit: the number before softmax.")


@dataclass(frozen=True)
class ClassificationFacts:
    """The answer of a classifier."""

    text: str = says("The text that was classified.")
    model_id: str = says("The model that answered.")
    best: LabelFact = says("The label with the highest probability.")
    second: LabelFact = says("The label with the second highest probability.")
    labels: tuple[LabelFact, ...] = says("All labels, in the order of their ids.")
    label: dict[str, LabelFact] = says("A label by its name.")
    entropy_nats: float | None = says("How spread the probabilities are, in nats: 0 is certain.")
    count: int = says("How many tokens were read, special ones too.")
    total: int = says("How many tokens the text has; more than were read if it was cut.")
    tokens: tuple[str, ...] = says("The tokens.")
    input_ids: tuple[int, ...] = says("Their numbers in the vocabulary.")
    attention_mask: tuple[int | None, ...] = says("1 for each token that counts.")
    token_type_ids: tuple[int | None, ...] = says("Which text of a pair each token is of, from 0.")


def observe_classification(result: ClassifyResult, fields: Fields) -> ClassificationFacts:
    """What a classifier answered."""
    labels = tuple(LabelFact(one.label, one.probability, one.logit) for one in result.labels)
    best, second = (sorted(labels, key=lambda one: -one.probability) * 2)[:2]
    return ClassificationFacts(
        text=result.request.text,
        model_id=result.info.model_id,
        best=best,
        second=second,
        labels=labels,
        label={one.label: one for one in labels},
        entropy_nats=result.entropy_nats,
        count=result.tokens_used,
        total=result.tokens_total,
        tokens=tuple(token.token for token in result.tokens),
        input_ids=tuple(token.token_id for token in result.tokens),
        attention_mask=tuple(token.attention_mask for token in result.tokens),
        token_type_ids=tuple(token.token_type_id for token in result.tokens),
    )
