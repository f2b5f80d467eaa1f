"""What others begin with is read once, and nobody's answer changes by it."""

import time
from dataclasses import replace
from itertools import islice

import pytest

from playground.generation.generate import compare, generate, next_token
from playground.generation.prefixes import KEPT_BYTES, KEPT_TEXTS, Prefixes
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import KINDS, OneModel, assert_idle, reference, tiny_model

LESSON = "the quick brown fox jumps over the lazy dog and the cat " * 4
ENDS = ("a", "the fox", "the lazy dog jumps", "q", "")
STRATEGIES = ({}, {"do_sample": True, "top_k": 20}, {"num_beams": 3}, {"prompt_lookup_num_tokens": 3})


@pytest.fixture
def counted(monkeypatch):
    """Counts the tokens that passes read, padding included: ``counted(manager)`` gives the list. A pass takes long."""

    def count(manager):
        generate(manager, GenerateRequest(prompt="a", max_new_tokens=1)).result()
        real, read = manager.engine.passes.forward, []

        def forward(table, token_ids, wanted=1):
            read.append(len(token_ids) * len(token_ids[0]))
            time.sleep(0.004)
            return real(table, token_ids, wanted)

        monkeypatch.setattr(manager.engine.passes, "forward", forward)
        assert_idle(manager)
        manager.engine._reader.pass_tokens = 20
        return read

    return count


@pytest.mark.parametrize("kind", KINDS)
def test_who_begins_alike_gets_the_tokens_of_generate(tiny, tokenizer, kind, counted):
    manager = tiny(kind)
    read = counted(manager)
    requests = [
        GenerateRequest(prompt=LESSON + end, max_new_tokens=6, seed=number, person=f"{number} {end}", **strategy)
        for number, strategy in enumerate(STRATEGIES)
        for end in ENDS
    ]
    running = [generate(manager, request) for request in requests]
    for request, generation in zip(requests, running, strict=True):
        assert generation.result().finished.token_ids == reference(manager.loaded.model, tokenizer, request), request
    whole = sum(len(tokenizer(request.prompt)["input_ids"]) for request in requests)
    assert whole > 600
    assert sum(read) < whole, "with all their replies"
    assert_idle(manager)


def test_a_class_reads_its_exercise_once(tiny, tokenizer, counted):
    manager = tiny("llama")
    read = counted(manager)
    length = len(tokenizer(LESSON)["input_ids"])
    requests = [GenerateRequest(prompt=LESSON, max_new_tokens=1, person=str(number)) for number in range(4)]
    answers = {result.finished.token_ids for result in compare(manager, requests).results()}
    assert answers == {reference(manager.loaded.model, tokenizer, requests[0])}
    assert sum(read) <= length + 3


def test_a_branch_and_a_reply_that_goes_on_read_what_is_new(tiny, tokenizer, counted):
    """While another reply of the same prompt runs."""
    manager = tiny("llama")
    read = counted(manager)
    first = generate(manager, GenerateRequest(prompt=LESSON, max_new_tokens=60, person="first"))
    next(event for event in first if event.type == "step")
    before = len(read)
    request = GenerateRequest(prompt=LESSON, max_new_tokens=6, prefix_token_ids=(7, 9, 11), person="branch")
    branch = generate(manager, request).result()
    first.close()
    assert max(read[before:]) <= 4
    assert branch.finished.token_ids[:3] == (7, 9, 11)
    alone = generate(OneModel(tiny_model("llama", len(tokenizer)), tokenizer), request).result()
    assert branch.finished.token_ids == alone.finished.token_ids
    assert [one.probability_before for one in branch.steps] == pytest.approx(
        [one.probability_before for one in alone.steps], abs=1e-4
    )


def forget_all(manager):
    assert_idle(manager)
    manager.engine.forget()
    assert manager.engine.nbytes == 0


@pytest.mark.parametrize("strategy", STRATEGIES[:2])
def test_a_reply_that_goes_on_reads_nothing_again_though_everybody_had_gone(tiny, counted, strategy):
    """One token for the next choice and one a step; the same steps, with the same numbers, as when all is read."""
    manager = tiny("llama")
    read = counted(manager)
    request = GenerateRequest(prompt=LESSON, max_new_tokens=30, seed=5, **strategy)
    reply = generate(manager, request).result().finished.token_ids
    assert_idle(manager)
    onward = replace(request, prefix_token_ids=reply, max_new_tokens=len(reply) + 6)
    read.clear()
    kept = generate(manager, onward).result()
    assert read == [1] * 6
    forget_all(manager)
    fresh = generate(manager, onward).result()
    assert kept.finished.token_ids == fresh.finished.token_ids
    for one, other in zip(kept.steps, fresh.steps, strict=True):
        assert (one.text, one.forced) == (other.text, other.forced)
        assert numbers(one) == pytest.approx(numbers(other), abs=1e-4)


def numbers(step):
    others = [number for one in step.alternatives for number in (one.token_id, one.before, one.after)]
    return [step.probability_before, step.probability_after, step.entropy, *others]


def test_a_branch_reads_the_token_it_leaves_behind_and_its_own(tiny, counted):
    manager = tiny("llama")
    read = counted(manager)
    request = GenerateRequest(prompt=LESSON, max_new_tokens=30)
    reply = generate(manager, request).result()
    other = reply.steps[20].alternatives[1].token_id
    branch = replace(request, prefix_token_ids=(*reply.finished.token_ids[:20], other), max_new_tokens=25)
    read.clear()
    kept = generate(manager, branch).result()
    assert read == [2, 1, 1, 1]
    read.clear()
    assert len(next_token(manager, replace(branch, prefix_token_ids=reply.finished.token_ids[:25])).candidates) > 9
    assert read == [1]
    forget_all(manager)
    assert generate(manager, branch).result().finished.token_ids == kept.finished.token_ids


def test_other_settings_tell_other_numbers(tiny, counted):
    """The keys and values are the same; what the sampler leaves is found anew."""
    manager = tiny("llama")
    read = counted(manager)
    request = GenerateRequest(prompt=LESSON, max_new_tokens=30)
    reply = generate(manager, request).result().finished.token_ids
    warm = replace(request, do_sample=True, temperature=2.0, top_k=3, prefix_token_ids=reply, max_new_tokens=31)
    read.clear()
    found = generate(manager, warm).result()
    assert read == [31], "the prompt's last token and the reply"
    forget_all(manager)
    fresh = generate(manager, warm).result()
    assert [numbers(one) for one in found.steps] == [pytest.approx(numbers(one), abs=1e-4) for one in fresh.steps]


def test_who_is_stopped_goes_on_from_where_that_was(tiny, counted):
    manager = tiny("llama")
    read = counted(manager)
    request = GenerateRequest(prompt=LESSON, max_new_tokens=60)
    running = generate(manager, request)
    assert all(event.type for event in islice(running, 25))
    running.stop()
    reply = list(running)[-1].token_ids
    assert len(reply) > 20
    assert_idle(manager)
    read.clear()
    generate(manager, replace(request, prefix_token_ids=reply, max_new_tokens=len(reply) + 1)).result()
    assert read == [1]


def test_what_is_kept_is_counted_and_nobody_waits_for_it(tiny, monkeypatch, counted):
    manager = tiny("llama")
    counted(manager)
    engine = manager.engine
    generate(manager, GenerateRequest(prompt=LESSON, max_new_tokens=30)).result()
    assert_idle(manager)
    assert engine.nbytes == engine.kept_bytes == manager.loaded.kept_bytes == manager.loaded.cache_bytes > 0
    assert engine.reserved_bytes == 0
    small = GenerateRequest(prompt="fox", max_new_tokens=2)
    need = engine._most_bytes([engine.stream(engine.prepare(small), print, print, 0.0)])
    limit = need + engine.kept_bytes - 1
    with monkeypatch.context() as patch:
        patch.setattr(engine._room, "free", lambda held: limit)
        assert generate(manager, small).result().finished.reason == "length"
    assert engine.kept_bytes == 0
    generate(manager, GenerateRequest(prompt=LESSON, max_new_tokens=30)).result()
    assert engine.kept_bytes
    engine.close()
    assert engine.nbytes == 0


class Table:
    """As much as `Prefixes` asks of a table."""

    def __init__(self, nbytes):
        self.nbytes = nbytes


def test_the_text_used_last_is_given_up_last():
    prefixes = Prefixes(lambda: 0)
    texts = [[start, *range(100, 200)] for start in range(3)]
    for text in (texts[0], texts[1], texts[0], texts[2]):
        if prefixes.is_worth([text]):
            prefixes.keep([text], Table(KEPT_BYTES // 2))
    assert prefixes.nbytes == KEPT_BYTES
    assert prefixes.find(texts[1], 50) is None
    assert prefixes.find([0, 100, 101, 7], 50).tokens == 3
    assert prefixes.find(texts[2], 2).tokens == 2
    prefixes.keep([range(5000, 9000)], Table(2 * KEPT_BYTES))
    assert prefixes.nbytes == 2 * KEPT_BYTES, "the newest, whatever its length"


def test_a_text_takes_the_place_of_its_beginnings_and_others_the_room_of_all():
    room = [1000]
    prefixes = Prefixes(lambda: room[0] - prefixes.nbytes)
    prefixes.keep([range(40), range(20)], Table(300))
    assert prefixes.find(range(60), 60).tokens == 40
    prefixes.keep([range(60)], Table(300))
    assert prefixes.nbytes == 300
    assert prefixes.find(range(60), 60).tokens == 60
    prefixes.keep([range(100, 140)], Table(600))
    assert prefixes.nbytes == 900
    room[0] = 700
    prefixes.keep([range(200, 220)], Table(90))
    assert prefixes.nbytes == 690, "the oldest has gone"
    assert prefixes.find(range(60), 60) is None
    for number in range(KEPT_TEXTS + 5):
        prefixes.keep([range(1000 * number, 1000 * number + 20)], Table(0))
    assert prefixes.find(range(5000, 5020), 20)
    assert not prefixes.find(range(4000, 4020), 20)
    prefixes.clear()
    assert not prefixes.find(range(5000, 5020), 20)
