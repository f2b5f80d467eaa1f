"""A crowd, or one who makes up many sessions: others are let in, served, and nobody's answer changes by it."""

from __future__ import annotations

import time

import pytest

from playground.errors import BusyError
from playground.generation import line as line_module
from playground.generation.events import Finished, Started, Step
from playground.generation.generate import compare, generate
from playground.generation.receipt import generation_receipt
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import assert_idle, held, reference, run_receipt, tiny_model, wait_until


@pytest.fixture
def saved(tokenizer, tmp_path):
    tiny_model("llama", len(tokenizer)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def asked(person, address="", **settings):
    return GenerateRequest(**{"prompt": "the", "max_new_tokens": 100, "person": person, "address": address, **settings})


def slowed(manager, monkeypatch, seconds=0.01):
    """Makes every forward pass take so long, so that what is asked for meanwhile comes in the middle of it.

    The list that comes back gets the rows of each party at each pass.
    """
    generate(manager, asked("first", max_new_tokens=1)).result()
    real, seen = manager.engine.passes.forward, []

    def forward(*given):
        time.sleep(seconds)
        seen.append(line_module.rows_of(manager.engine._active()))
        return real(*given)

    monkeypatch.setattr(manager.engine.passes, "forward", forward)
    assert_idle(manager)
    return seen


def all_running(generations):
    for generation in generations:
        next(event for event in generation if isinstance(event, Step))


def test_a_newcomer_of_another_address_begins_at_once_and_ends_long_before_the_crowd(tiny, tokenizer, monkeypatch):
    manager = tiny(max_streams=8, max_streams_per_person=2)
    slowed(manager, monkeypatch)
    crowd = [generate(manager, asked(f"made up {number}", "greedy")) for number in range(20)]
    all_running(crowd[:8])
    request = asked("newcomer", "elsewhere", max_new_tokens=20)
    events = list(generate(manager, request))
    assert not any(event.type == "waiting" for event in events)
    assert events[-1].token_ids == reference(manager.loaded.model, tokenizer, request)
    ours = [next(event for event in generation if isinstance(event, Step)).index for generation in crowd[:8]]
    assert max(ours) < 20, "the crowd has taken fewer steps meanwhile, though it had begun before"
    for generation in crowd:
        generation.close()
    assert_idle(manager)


def test_one_address_may_have_everything_while_nobody_else_wants_it(tiny, monkeypatch):
    manager = tiny(max_streams=6, max_streams_per_person=2)
    seen = slowed(manager, monkeypatch)
    crowd = [generate(manager, asked(f"pupil {number}", "school", max_new_tokens=30)) for number in range(9)]
    assert all(generation.result().finished.token_ids for generation in crowd)
    assert max(rows["school",] for rows in seen) == 6


def test_a_class_of_40_behind_one_address_gets_its_answers(tiny, tokenizer):
    manager = tiny(max_streams=8, max_streams_per_person=2)
    requests = [asked(f"pupil {number}", "school", max_new_tokens=12, seed=number) for number in range(40)]
    expected = reference(manager.loaded.model, tokenizer, requests[0])
    running = [generate(manager, request) for request in requests]
    assert {generation.result().finished.token_ids for generation in running} == {expected}
    assert_idle(manager)


def test_a_beam_counts_as_a_stream_of_its_person(tiny, monkeypatch):
    manager = tiny(max_streams=32, max_streams_per_person=4)
    seen = slowed(manager, monkeypatch)
    running = [generate(manager, asked("me", num_beams=3, max_new_tokens=10)) for _ in range(3)]
    running.append(generate(manager, asked("larger than the limit", num_beams=8, max_new_tokens=10)))
    assert all(generation.result().beam_steps for generation in running)
    assert max(rows["", "me"] for rows in seen) == 3
    assert max(rows["", "larger than the limit"] for rows in seen) == 8


def test_turns_go_by_address_and_there_by_person(tiny):
    manager = tiny(max_streams=1)
    generate(manager, asked("first", max_new_tokens=1)).result()
    make = manager.engine
    greedy = [asked(f"session {number}", "greedy") for number in range(40)]
    requests = [*greedy, asked("one", "school"), asked("one", "school"), asked("two", "school")]
    streams = [make.stream(make.prepare(one), lambda event: None, lambda: None, 0.0) for one in requests]
    order = [requests.index(one.request) for one in make._line.order(streams, streams[:1])]
    assert order[:1] == [40]
    assert order.index(42) < 5


def test_the_line_has_places_for_every_address(tiny, monkeypatch):
    monkeypatch.setattr(line_module, "MAX_WAITING", 2)
    manager = tiny(max_streams=1)
    slowed(manager, monkeypatch)
    running = [generate(manager, asked("a", "greedy"))]
    all_running(running)
    running += [generate(manager, asked(str(number), "greedy")) for number in range(2)]
    with pytest.raises(BusyError):
        generate(manager, asked("another", "greedy"))
    running.append(generate(manager, asked("b", "elsewhere")))
    for generation in running:
        generation.close()
    assert_idle(manager)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"do_sample": True, "seed": 3},
        {"num_beams": 3},
        {"prompt_lookup_num_tokens": 3},
        {"prefix_token_ids": (7, 9)},
    ],
)
def test_a_long_reply_ends_early_where_others_wait_and_its_receipt_is_right(tiny, saved, monkeypatch, settings):
    monkeypatch.setattr(line_module, "CROWDED_TOKENS", 12)
    manager = tiny(max_streams=settings.get("num_beams", 1))
    slowed(manager, monkeypatch)
    request = asked("long", model_id="tiny", **settings)
    running = generate(manager, request)
    kind = "beamstep" if "num_beams" in settings else "step"
    next(event for event in running if event.type == kind)
    waiting = generate(manager, asked("other", max_new_tokens=2))
    ended = list(running)[-1]
    assert (ended.reason, ended.max_new_tokens < 30) == ("crowded", True)
    assert waiting.result().finished.reason == "length"
    receipt = generation_receipt(request, held(saved), ended)
    assert run_receipt(receipt.code) == list(ended.token_ids)
    assert_idle(manager)


def test_one_who_begins_in_a_crowd_is_told_so_at_once(tiny, monkeypatch):
    monkeypatch.setattr(line_module, "CROWDED_TOKENS", 12)
    manager = tiny(max_streams=1)
    slowed(manager, monkeypatch)
    first = generate(manager, asked("a", max_new_tokens=20))
    all_running([first])
    second, third = (generate(manager, asked(person, max_new_tokens=50)) for person in ("b", "c"))
    wait_until(lambda: len(manager.engine._waiting) == 2)
    events = list(second)
    (started,) = [event for event in events if isinstance(event, Started)]
    assert started.max_new_tokens == 12
    assert "Since another person waits, this reply ends after 12 tokens at the latest, not 50." in started.notes
    assert (events[-1].reason, len(events[-1].token_ids)) == ("crowded", 12)
    assert third.result().finished.reason == "length", "nobody waits any more"


def test_a_person_who_waits_for_itself_shortens_nothing(tiny, monkeypatch):
    monkeypatch.setattr(line_module, "CROWDED_TOKENS", 5)
    manager = tiny(max_streams=1)
    running = [generate(manager, asked("me", max_new_tokens=20)) for _ in range(3)]
    for generation in running:
        (finished,) = [event for event in generation if isinstance(event, Finished)]
        assert (finished.reason, finished.max_new_tokens) == ("length", 20)


def test_four_settings_side_by_side_are_one_persons_four(tiny):
    manager = tiny(max_streams_per_person=4)
    together = compare(manager, [asked("me", "here", seed=seed, max_new_tokens=5) for seed in range(4)])
    assert [len(one.finished.token_ids) for one in together.results()] == [5] * 4
