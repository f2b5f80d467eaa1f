"""Who is let in: limits, turns, memory."""

import random

import pytest

from playground.errors import BudgetError, BusyError, DeviceMemoryError
from playground.generation.events import Step, Waiting
from playground.generation.generate import compare, generate, next_token
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import (
    assert_idle,
    reference,
)


def test_limits_queue_and_turns(tiny):
    """One person's many requests don't push another person's only one to the end of the line."""
    manager = tiny(max_streams=2, max_streams_per_person=1)
    many = [generate(manager, GenerateRequest(prompt="the", max_new_tokens=30, person="many")) for _ in range(4)]
    one = generate(manager, GenerateRequest(prompt="fox", max_new_tokens=2, person="one"))
    order, results = [], {}
    for name, generation in [("one", one), *((f"many {i}", g) for i, g in enumerate(many))]:
        results[name] = list(generation)
        order.append(results[name][-1].elapsed_seconds)
    assert order[0] < order[2]
    last = [event.position for event in results["many 3"] if isinstance(event, Waiting)]
    assert last
    assert last == sorted(last, reverse=True)
    assert_idle(manager)


def test_a_full_queue_says_so(tiny, monkeypatch):
    monkeypatch.setattr("playground.generation.line.MAX_WAITING", 2)
    manager = tiny(max_streams=1)
    running = [generate(manager, GenerateRequest(prompt="the", max_new_tokens=100, person=str(i))) for i in range(2)]
    with pytest.raises(BusyError):
        running += [generate(manager, GenerateRequest(prompt="the", max_new_tokens=100)) for _ in range(4)]
    for generation in running:
        generation.close()
    assert_idle(manager)


def test_a_request_that_can_never_fit_fails_at_once(tiny, monkeypatch):
    manager = tiny()
    generate(manager, GenerateRequest(prompt="the", max_new_tokens=2)).result()
    monkeypatch.setattr(
        "playground.generation.line.device_memory", lambda device: type("Memory", (), {"free_bytes": 10})()
    )
    with pytest.raises(DeviceMemoryError, match="max_new_tokens"):
        generate(manager, GenerateRequest(prompt="the", max_new_tokens=100)).result()
    assert_idle(manager)


def with_budget(manager, tokens):
    """Makes the stand-in's memory budget that of the keys and values of so many tokens; the bytes of one token."""
    first = GenerateRequest(prompt="the", max_new_tokens=1)
    generate(manager, first).result()
    token = manager.engine._room.bytes_per_token

    def make_room(needed):
        if needed > tokens * token:
            raise BudgetError(f"{needed} of {tokens * token}", "Do something.")

    manager.engine._room._make_room = make_room
    return token


def test_bytes_of_keys_and_values_never_pass_what_was_reserved(tiny, monkeypatch):
    manager = tiny("gemma", max_streams=6, max_streams_per_person=20)
    assert generate(manager, GenerateRequest(prompt="the", max_new_tokens=1)).result()
    engine, real, seen = manager.engine, manager.engine.passes.forward, []
    expected = 2 * 2 * 2 * 8 * 4  # keys and values of 2 layers, 2 heads, 8 numbers of 4 bytes
    assert engine._room.bytes_per_token == expected

    def forward(table, token_ids, wanted=1):
        logits = real(table, token_ids, wanted)
        now = engine.nbytes
        seen.append((now - engine.kept_bytes, engine._most_bytes(engine._active()), now, manager.loaded.cache_bytes))
        return logits

    monkeypatch.setattr(engine.passes, "forward", forward)
    dice = random.Random(3)
    settings = [{}, {"num_beams": 3}, {"prompt_lookup_num_tokens": 3}, {"do_sample": True, "seed": 1}]
    running = []
    for number in range(24):
        prompt = " ".join(dice.choices(["the", "quick", "fox"], k=dice.choice([1, 3, 60])))
        request = GenerateRequest(prompt=prompt, max_new_tokens=dice.randrange(1, 40), **settings[number % 4])
        running.append(generate(manager, request))
    for generation in running:
        generation.result()
    assert_idle(manager)
    assert max(now for now, *_ in seen) > 100 * expected
    assert all(counted == shown for *_, counted, shown in seen)
    # Beams and rows that ended may leave a table taller than what is left of it needs: then what it has is reserved.
    most = 0
    for now, needed, *_ in seen:
        most = max(most, needed)
        assert now <= most
    assert engine.nbytes == engine.kept_bytes == manager.loaded.cache_bytes
    assert engine.reserved_bytes == 0


def test_a_full_budget_makes_the_newest_wait_and_says_why(tiny, tokenizer, monkeypatch):
    manager = tiny()
    token, reserved = with_budget(manager, 150), []
    real = manager.engine.passes.forward
    monkeypatch.setattr(
        manager.engine.passes,
        "forward",
        lambda *given: (reserved.append(manager.engine.reserved_bytes), real(*given))[1],
    )
    older = [GenerateRequest(prompt="the quick", max_new_tokens=60, person=str(i)) for i in range(2)]
    results = [list(one) for one in [generate(manager, request) for request in older]]
    expected = reference(manager.loaded.model, tokenizer, older[0])
    assert [events[-1].token_ids for events in results] == [expected] * 2
    waited = [event for events in results for event in events if isinstance(event, Waiting) and event.reason]
    assert 0 < max(reserved) <= 150 * token, "what was let in needs no more later"
    assert waited, "two rows of 128 columns do not fit into 150"
    assert "begins when others have ended" in waited[0].reason
    assert_idle(manager)


def test_a_request_beyond_the_budget_fails_at_once_and_the_others_go_on(tiny, tokenizer):
    manager = tiny()
    token = with_budget(manager, 400)
    older = GenerateRequest(prompt="the quick", max_new_tokens=100, person="old")
    running = generate(manager, older)
    newest = GenerateRequest(prompt="the", max_new_tokens=60, num_beams=4, person="new")
    with pytest.raises(BudgetError, match=f"of {400 * token}"):
        generate(manager, newest).result()
    assert running.result().finished.token_ids == reference(manager.loaded.model, tokenizer, older)
    with pytest.raises(BudgetError):
        generate(manager, newest).result()
    assert_idle(manager)
    manager.engine._room._make_room = lambda needed: (_ for _ in ()).throw(BudgetError("full", "Wait."))
    with pytest.raises(BudgetError):
        next_token(manager, GenerateRequest(prompt="the"))
    assert manager.engine.nbytes == manager.engine.kept_bytes


def drain(generation):
    while (batch := generation.read()) is not None:
        yield from batch


def test_short_prompts_go_ahead_of_a_long_one(tiny):
    """Who comes behind a long prompt has a first token before it; the long one still gets a piece at each turn."""
    manager = tiny(max_streams_per_person=9)
    generate(manager, GenerateRequest(prompt="a", max_new_tokens=1)).result()
    manager.engine._reader.pass_tokens = 8
    long = GenerateRequest(prompt="the quick dog and " * 20, max_new_tokens=2)
    short = tuple(GenerateRequest(prompt=prompt, max_new_tokens=30) for prompt in ("fox the", "a", "the lazy"))
    order = [index for index, event in drain(compare(manager, (long, *short))) if isinstance(event, Step)]
    assert max(map(order.index, (1, 2, 3))) < order.index(0) < len(order) - 1
