"""The tokens of ``model.generate``, alone and in company, on tiny random models."""

import random
import time

import pytest
import torch
from transformers import RepetitionPenaltyLogitsProcessor

from playground.generation.choose import warpers
from playground.generation.generate import generate, next_token
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import (
    KINDS,
    PROMPTS,
    STRATEGIES,
    OneModel,
    assert_idle,
    reference,
    tiny_model,
)


@pytest.mark.parametrize("kind", KINDS)
def test_same_tokens_as_generate_alone_and_all_together(tiny, tokenizer, kind):
    """Every strategy at once in one batch, then the same requests one by one."""
    manager = tiny(kind)
    requests = [
        GenerateRequest(prompt=prompt, max_new_tokens=8 + 3 * number, seed=number, person=str(number), **strategy)
        for number, strategy in enumerate(STRATEGIES)
        for prompt in PROMPTS[number % 2 :: 2]
    ]
    together = [generation.result() for generation in [generate(manager, request) for request in requests]]
    for request, result in zip(requests, together, strict=True):
        expected = reference(manager.loaded.model, tokenizer, request)
        assert result.finished.token_ids == expected, request
        assert generate(manager, request).result().finished.token_ids == expected, request
    assert_idle(manager)


def is_tie(model, tokenizer, request, whole, got, closest=1e-4):
    """True if the two replies part where what was compared is closer than ``closest``."""
    prompt = tokenizer(request.prompt)["input_ids"]
    if request.num_beams > 1:
        means = []
        for reply in (whole, got):
            logits = model(torch.tensor([[*prompt, *reply]])).logits[0, len(prompt) - 1 : -1]
            means.append(float(logits.log_softmax(-1)[range(len(reply)), list(reply)].mean()))
        return abs(means[0] - means[1]) < closest
    index = next((i for i, (one, other) in enumerate(zip(whole, got, strict=False)) if one != other), None)
    if index is None:
        return False
    ids = [*prompt, *whole[:index]]
    logits = model(torch.tensor([ids])).logits[:, -1]
    if request.repetition_penalty != 1.0:
        logits = RepetitionPenaltyLogitsProcessor(request.repetition_penalty)(torch.tensor([ids]), logits)
    if not request.do_sample:
        return abs(float(logits[0, whole[index]] - logits[0, got[index]])) < closest
    generator = torch.Generator().manual_seed(request.seed)
    for _ in range(index + 1):
        times = torch.empty_like(logits).exponential_(generator=generator)
    race = (warpers(request)(torch.tensor([ids]), logits).softmax(-1) / times)[0]
    one, other = float(race[whole[index]]), float(race[got[index]])
    return abs(one - other) <= closest * max(one, other)


def test_what_counts_as_a_tie_is_close(tiny, tokenizer):
    """The judge of the test below: another token than the chosen one is no tie."""
    model = tiny().loaded.model
    for strategy in ({}, {"do_sample": True, "top_k": 0, "top_p": 0.7}, {"num_beams": 3}):
        request = GenerateRequest(prompt="the quick", max_new_tokens=4, **strategy)
        whole = reference(model, tokenizer, request)
        assert not is_tie(model, tokenizer, request, whole, (*whole[:-1], (whole[-1] + 1) % 300))
    assert not is_tie(model, tokenizer, GenerateRequest(prompt="the"), (5, 6), (5,))


@pytest.mark.parametrize("schedules", [12, pytest.param(50, marks=pytest.mark.thorough)])
def test_schedules_change_no_token(tiny, tokenizer, schedules):
    """Streams join, leave and are stopped at random times; each gets the beginning of what it gets alone.

    A tie closer than 1e-4 may fall either way in another batch; each one is looked at, and they are counted.
    """
    chance, ties, streams = random.Random(0), 0, 0
    for kind in KINDS:
        manager = tiny(kind, max_streams=6)
        requests = [
            GenerateRequest(
                prompt=chance.choice(PROMPTS), max_new_tokens=chance.randint(1, 20), seed=number, person=str(number),
                **chance.choice(STRATEGIES),
            )
            for number in range(12)
        ]  # fmt: skip
        expected = {request: reference(manager.loaded.model, tokenizer, request) for request in requests}
        for _ in range(schedules):
            chosen = chance.sample(requests, chance.randint(2, 6))
            running = []
            for request in chosen:
                running.append((request, generate(manager, request), chance.random() < 0.3))
                time.sleep(chance.random() * 0.002)
            for request, generation, stopped in running:
                if stopped:
                    generation.stop()
                finished = generation.result().finished
                streams += 1
                whole, got = expected[request], finished.token_ids
                if finished.reason == "stopped" and request.num_beams == 1:
                    whole = whole[: len(got)]
                if finished.reason != "stopped" or request.num_beams == 1:
                    if got != whole:
                        assert is_tie(manager.loaded.model, tokenizer, request, whole, got), (request, whole, got)
                        ties += 1
        assert_idle(manager)
    assert streams > 12 * schedules
    assert ties <= streams // 200, ties


def test_half_precision_models_choose_in_full_precision(tokenizer):
    """bfloat16 logits are compared as float32, and probabilities still add up to 1."""
    manager = OneModel(tiny_model("llama", len(tokenizer)).to(torch.bfloat16), tokenizer)
    request = GenerateRequest(prompt="the quick", max_new_tokens=8, top=100, do_sample=True, top_k=20)
    for step in generate(manager, request).result().steps:
        assert sum(one.after for one in step.alternatives) == pytest.approx(1, abs=1e-5)
    candidates = next_token(manager, request, count=400).candidates
    assert sum(one.before for one in candidates) == pytest.approx(1, abs=1e-5)
    assert all(one.kept == (one.after > 0) for one in candidates)


@pytest.mark.parametrize("kind", ["gpt2", "gemma"])
def test_a_long_prompt_read_in_pieces_stalls_nobody_and_changes_nothing(tiny, tokenizer, kind):
    manager = tiny(kind)
    generate(manager, GenerateRequest(prompt="a", max_new_tokens=1)).result()
    manager.engine._reader.pass_tokens = 5
    short = GenerateRequest(prompt="fox the", max_new_tokens=40, person="short")
    long = GenerateRequest(prompt="the quick dog and " * 15, max_new_tokens=5, person="long")
    forced = GenerateRequest(
        prompt="the lazy", max_new_tokens=14, prefix_token_ids=tuple(range(30, 42)), person="forced"
    )
    running = [generate(manager, request) for request in (short, long, forced)]
    results = [generation.result() for generation in running]
    for request, result in zip((short, long), results, strict=False):
        assert result.finished.token_ids == reference(manager.loaded.model, tokenizer, request)
    assert results[2].finished.token_ids[:12] == forced.prefix_token_ids
    whole = torch.tensor([[*tokenizer("the lazy")["input_ids"], *forced.prefix_token_ids]])
    after = manager.loaded.model.generate(
        whole, attention_mask=torch.ones_like(whole), max_new_tokens=2, do_sample=False
    )
    assert results[2].finished.token_ids[12:] == tuple(after[0, whole.shape[1] :].tolist())
    first = results[1].steps[0].elapsed_seconds
    assert sum(step.elapsed_seconds < first for step in results[0].steps) >= 5  # it went on meanwhile
