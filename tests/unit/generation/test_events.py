"""What the events of one reply say."""

import math

import pytest
import torch

from playground.generation.choose import look_up
from playground.generation.events import BeamStep, Reading, Started
from playground.generation.generate import generate
from playground.generation.request import GenerateRequest
from playground.wire import to_json
from tests.unit.generation.generation_models import (
    reference,
)


def test_steps_say_what_the_model_thought(tiny, tokenizer):
    manager = tiny()
    request = GenerateRequest(prompt="the quick", max_new_tokens=6, do_sample=True, top_k=5, seed=3)
    result = generate(manager, request).result()
    ids = [*tokenizer("the quick")["input_ids"], *result.finished.token_ids]
    logits = manager.loaded.model(torch.tensor([ids])).logits[0].float()
    losses = []
    for step, row in zip(result.steps, logits[-len(result.steps) - 1 : -1], strict=True):
        before = row.softmax(-1)
        assert step.probability_before == pytest.approx(float(before[step.token_id]), abs=1e-5)
        assert step.entropy == pytest.approx(float(torch.special.entr(before).sum()), abs=1e-5)
        best, best_ids = before.topk(10)
        assert [one.token_id for one in step.alternatives] == best_ids.tolist()
        assert [one.before for one in step.alternatives] == pytest.approx(best.tolist(), abs=1e-5)
        assert [one.kept for one in step.alternatives] == [True] * 5 + [False] * 5
        assert sum(one.after for one in step.alternatives) == pytest.approx(1.0, abs=1e-5)
        own = {one.token_id: one.after for one in step.alternatives}[step.token_id]
        assert step.probability_after == pytest.approx(own, abs=1e-6)
        losses.append(-math.log(before[step.token_id]))
    assert result.finished.perplexity == pytest.approx(math.exp(sum(losses) / len(losses)), rel=1e-4)
    assert "".join(step.text for step in result.steps) == result.text


def test_rewinding_to_another_choice(tiny):
    manager = tiny()
    first = generate(manager, GenerateRequest(prompt="the", max_new_tokens=8)).result()
    other = first.steps[3].alternatives[1].token_id
    prefix = (*first.finished.token_ids[:3], other)
    branch = generate(manager, GenerateRequest(prompt="the", max_new_tokens=8, prefix_token_ids=prefix)).result()
    assert branch.finished.token_ids[:4] == prefix
    assert branch.steps[3].probability_before == pytest.approx(first.steps[3].alternatives[1].before, abs=1e-5)


def test_a_forced_reply_goes_on_as_if_it_had_never_stopped(tiny):
    manager = tiny("gemma")
    request = GenerateRequest(prompt="the", max_new_tokens=20, do_sample=True, top_k=30, temperature=1.5, seed=11)
    whole = generate(manager, request).result()
    for length in (1, 7, 19, 20):
        prefix = whole.finished.token_ids[:length]
        again = generate(manager, GenerateRequest(**{**vars(request), "prefix_token_ids": prefix})).result()
        assert again.finished.token_ids == whole.finished.token_ids
        assert [step.forced for step in again.steps] == [True] * length + [False] * (20 - length)
        for old, new in zip(whole.steps, again.steps, strict=True):
            assert new.probability_after == pytest.approx(old.probability_after, abs=1e-4)


def test_a_forced_end_ends(tiny):
    manager = tiny()
    result = generate(manager, GenerateRequest(prompt="the", max_new_tokens=9, prefix_token_ids=(5, 0))).result()
    assert result.finished.reason == "eos"
    assert result.finished.token_ids == (5, 0)
    early = generate(manager, GenerateRequest(prompt="the", max_new_tokens=9, prefix_token_ids=(5, 0, 7))).result()
    assert early.finished.token_ids == (5, 0)


def test_prompt_lookup_marks_what_it_guessed(tiny):
    manager = tiny("qwen")  # repeats one token, so guesses come true
    result = generate(manager, GenerateRequest(prompt="a", max_new_tokens=20, prompt_lookup_num_tokens=4)).result()
    assert any(step.guessed for step in result.steps)
    assert look_up([1, 2, 3, 1, 2], 2) == [3, 1]
    assert look_up([1, 2, 3], 2) == []


def test_reasons_to_end(tiny, tokenizer):
    manager = tiny()
    model = manager.loaded.model

    def reason(**request):
        result = generate(manager, GenerateRequest(**{"prompt": "the quick", "max_new_tokens": 12, **request})).result()
        return result.finished.reason, result

    assert reason()[0] == "length"
    kind, full = reason(prompt="the " * 40, max_new_tokens=500)
    assert kind == "context"
    assert full.finished.prompt_tokens + len(full.finished.token_ids) == full.finished.context_length == 128
    assert "at most" in full.started.notes[0]
    _, plain = reason()
    stop = plain.steps[2].piece + plain.steps[3].piece if plain.steps[3].text else plain.steps[2].piece
    request = GenerateRequest(prompt="the quick", max_new_tokens=12, stop_strings=(stop,))
    kind, stopped = reason(stop_strings=(stop,))
    if "<0x" not in stop:
        assert kind == "stop_string"
        assert stopped.finished.token_ids == reference(model, tokenizer, request)


def test_a_long_prompt_says_how_far_it_is_read(tiny):
    manager = tiny()
    generate(manager, GenerateRequest(prompt="a", max_new_tokens=1)).result()
    manager.engine._reader.pass_tokens = 5
    with generate(manager, GenerateRequest(prompt="the quick dog and " * 20, max_new_tokens=2)) as events:
        started, *reading = [event for event in events if isinstance(event, Started | Reading)]
    assert {one.prompt_tokens for one in reading} == {started.prompt_tokens}
    read = [one.read_tokens for one in reading]
    assert read == sorted(set(read)) and 0 < read[0] < read[-1] < started.prompt_tokens and len(read) > 2
    with generate(manager, GenerateRequest(prompt="the", max_new_tokens=2)) as events:
        assert not [event for event in events if isinstance(event, Reading)]


def test_events_as_json(tiny):
    manager = tiny()
    events = [to_json(event) for event in generate(manager, GenerateRequest(prompt="the", max_new_tokens=2))]
    assert [event["type"] for event in events] == ["started", "step", "step", "finished"]
    assert "type" not in events[1]["alternatives"][0]
    beams = generate(manager, GenerateRequest(prompt="the", max_new_tokens=2, num_beams=2)).result()
    assert all(isinstance(step, BeamStep) for step in beams.beam_steps)
