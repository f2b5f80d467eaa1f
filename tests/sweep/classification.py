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
STEP = 1e-3  # by which all embeddings are stretched and shrunk, to see how fast a logit moves


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


def stretched(sample: Sample, label_id: int, factor: float) -> float:
    """The plain call's logit with every embedding of the text multiplied by a factor, wherever it is looked up."""
    rows = sample.model.get_input_embeddings().weight.shape[0]
    config = sample.model.config
    starts = config.decoder_start_token_id if config.is_encoder_decoder else None
    tables = [m for m in sample.model.modules() if getattr(getattr(m, "weight", None), "shape", (0,))[0] == rows]

    def stretch(module: Any, arguments: Any, output: Any) -> Any:
        if arguments[0].is_floating_point():
            return output  # a head of as many rows, not a table
        places = arguments[0].flatten()
        if len(places) > 1 and len(places.diff().unique()) == 1:
            return output  # positions, or token types, which GPT's kin look up in the same table
        found = output[0] if isinstance(output, tuple) else output
        changed = found * factor
        if starts and int(arguments[0][0, 0]) == starts:
            changed[:, 0] = found[:, 0]  # where a decoder starts is no token of the text
        return (changed, *output[1:]) if isinstance(output, tuple) else changed

    handles = [table.register_forward_hook(stretch) for table in tables]
    try:
        return float(logits(sample, sample.text)[label_id])
    finally:
        for handle in handles:
            handle.remove()


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
    texts = [sample.text, "bad", sample.second_text, "never again", " ".join([sample.text] * 3)]
    request = pg.ClassifyTableRequest(pg.read_lines("\n".join(texts)), "text", model_id=sample.model_id)
    *_, result = sample.playground.classify_table(request)
    found = {row.text: row.probabilities for row in result.rows}
    for text in texts:
        try:
            expected = logits(sample, text)
        except RuntimeError:  # CANINE reads no text of fewer than four characters
            assert text not in found
        else:
            sample.equal(found[text], torch.softmax(expected, -1))


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
    """Occlusion is the logit that is lost; both gradients add up to what they should.

    Integrated gradients to the difference of the plain logits, but for the error that they state (experts that are
    switched on and off make it large), gradient x input to the slope of the logit as all embeddings grow.
    """
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
    slope = stretched(sample, result.label_id, 1 + STEP) - stretched(sample, result.label_id, 1 - STEP)
    sample.equal(sum(simple.values), slope / (2 * STEP), tolerance=3e-2)
