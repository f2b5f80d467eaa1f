"""One text, a table, why and what if, for every classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

import playground as pg
from playground.classification.request import METHODS
from tests.sweep.check import Different, Sample, capability

TASKS = ("text-classification",)
MASKED = 3  # the position of the token that is masked, deleted or made neutral
STEEP = 0.05  # of the way's logit difference: what integrated gradients may miss in 50 steps


def logits(sample: Sample, text: str, change: Callable[[list[int]], list[int]] = list) -> torch.Tensor:
    """The plain call's logits for one text, perhaps with other ids."""
    inputs = dict(sample.tokenizer(text))
    inputs["input_ids"] = change(inputs["input_ids"])
    length = len(inputs["input_ids"])
    with torch.no_grad():
        found: Any = sample.model(**{name: torch.tensor([values[:length]]) for name, values in inputs.items()})
    return found.logits[0]


def neutral_id(sample: Sample, token: str) -> int:
    """The id of the token that stands for no word."""
    found = sample.tokenizer.convert_tokens_to_ids(token)
    assert isinstance(found, int)
    return found


@capability("classify", TASKS)
def classify(sample: Sample) -> None:
    """Logits are the plain call's, probabilities the pipeline's; of one text and of a pair."""
    for pair in (None, sample.second_text):
        result = sample.playground.classify(pg.ClassifyRequest(sample.text, pair, model_id=sample.model_id))
        texts = (sample.text, pair) if pair else (sample.text,)
        sample.equal([label.logit for label in result.labels], sample.plain(*texts).logits[0])
        if result.max_difference > 1e-4:
            raise Different(f"pipeline() differs by {result.max_difference:.2g}")


@capability("table", TASKS)
def table(sample: Sample) -> None:
    """No row changes with its company, and company comes in all lengths."""
    texts = [sample.text, "bad", sample.second_text, "never again", " ".join([sample.text] * 4)]
    request = pg.ClassifyTableRequest(pg.read_lines("\n".join(texts)), "text", model_id=sample.model_id)
    *_, result = sample.playground.classify_table(request)
    assert [row.text for row in result.rows] == texts
    for row in result.rows:
        sample.equal(row.probabilities, torch.softmax(logits(sample, row.text), -1))


@capability("what if", TASKS)
def perturb(sample: Sample) -> None:
    """A masked and a deleted token give what the plain call gives for those ids."""
    for action in ("mask", "delete"):
        request = pg.ClassifyRequest(sample.text, model_id=sample.model_id)
        result = sample.playground.perturb(pg.PerturbRequest(request, (MASKED,), action))
        new = [neutral_id(sample, result.neutral_token)] if action == "mask" else []
        expected = logits(sample, sample.text, lambda ids, new=new: [*ids[:MASKED], *new, *ids[MASKED + 1 :]])
        sample.equal([label.logit for label in result.after], expected)


@capability("why", TASKS)
def attribute(sample: Sample) -> None:
    """Occlusion is the logit that is lost; integrated gradients add up to the difference of the plain logits."""
    request = pg.AttributeRequest(sample.text, model_id=sample.model_id, methods=METHODS)
    result = sample.playground.attribute(request)
    neutral = neutral_id(sample, result.neutral_token)
    inner = {n for n, token in enumerate(result.tokens) if not token.special}
    whole = logits(sample, sample.text)[result.label_id]

    def without(places: set[int]) -> torch.Tensor:
        changed = logits(sample, sample.text, lambda ids: [neutral if n in places else i for n, i in enumerate(ids)])
        return whole - changed[result.label_id]

    integrated, simple, occlusion = result.methods
    sample.equal(occlusion.values[MASKED], without({MASKED}))
    difference, delta = float(without(inner)), integrated.delta or 0.0
    sample.equal(sum(integrated.values) - delta, difference)
    if abs(delta) > STEEP * max(1.0, abs(difference)):
        raise Different(f"integrated gradients miss {delta:.2g} of {difference:.2g}")
    if not any(simple.values):
        raise Different("no gradient arrives")
