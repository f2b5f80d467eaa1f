"""Generation of every family: the tokens of ``model.generate``, alone and in company."""

from __future__ import annotations

from typing import Any

import torch

from playground.generation.events import Finished
from playground.generation.request import GenerateRequest
from tests.sweep.check import Different, Sample, capability

TASKS = ("text-generation", "text2text-generation")
NEW_TOKENS = 8
LONG = 45  # tokens, more than one pass reads


@capability("generate", tasks=TASKS)
def generate(sample: Sample) -> None:
    """Prompts of three lengths at once, greedy and by beam search."""
    prompts = (sample.text, sample.second_text[:6], _long_text(sample))
    requests = [_request(sample, prompt, max_new_tokens=NEW_TOKENS) for prompt in prompts]
    requests.append(_request(sample, sample.text, max_new_tokens=NEW_TOKENS, num_beams=2))
    running = sample.playground.compare(requests)
    for request, result in zip(requests, running.results(), strict=True):
        _same(sample, request, result.finished)


@capability("next token", tasks=TASKS)
def next_token(sample: Sample) -> None:
    """The logits after a prompt that is read in one pass, and after one that isn't."""
    for text in (sample.text, _long_text(sample)):
        result = sample.playground.next_token(_request(sample, text))
        ids = sample.tokenizer(text, return_tensors="pt").input_ids
        logits = _next_logits(sample.model, ids)[0]
        best = result.candidates[:20]
        sample.equal([one.logit for one in best], [float(logits[one.token_id]) for one in best])
        sample.equal(best[0].logit, float(logits.max()))


def _request(sample: Sample, prompt: str, **settings: Any) -> GenerateRequest:
    return GenerateRequest(prompt=prompt, model_id=sample.model_id, **settings)


def _long_text(sample: Sample) -> str:
    """A text of about `LONG` tokens."""
    words = (sample.text + " ") * LONG
    count = LONG * len(words) // len(sample.tokenizer(words).input_ids)
    return words[:count].strip()


def _same(sample: Sample, request: GenerateRequest, finished: Finished) -> None:
    """Returns if the ids are those of ``model.generate``, or part from them at a tie."""
    ids, found = sample.tokenizer(request.prompt, return_tensors="pt").input_ids, finished.token_ids
    options = {"num_beams": request.num_beams, "use_cache": finished.use_cache}
    expected = _reference(sample.model, ids, **options)
    place = next((n for n, pair in enumerate(zip(found, expected, strict=False)) if len(set(pair)) > 1), None)
    if place is None and len(found) == len(expected):
        return
    if place is not None and request.num_beams == 1:
        logits = _next_logits(sample.model, torch.cat([ids, torch.tensor([expected[:place]], dtype=torch.long)], -1))[0]
        if abs(float(logits[found[place]] - logits[expected[place]])) <= 1e-4 * max(1.0, float(logits.abs().max())):
            return
    raise Different(f"{request.num_beams} beams, {ids.shape[1]} prompt tokens: {found} for {expected}")


def _reference(model: Any, ids: torch.Tensor, **options: Any) -> tuple[int, ...]:
    """What plain transformers generates."""
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False, **options
    )
    return tuple(output[0, ids.shape[1] :].tolist())


def _next_logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """The logits from which ``model.generate`` takes the first token after these."""
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=1, do_sample=False, use_cache=False,
        output_logits=True, return_dict_in_generate=True,
    )  # fmt: skip
    return output.logits[0]
