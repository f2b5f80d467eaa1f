"""What others begin with is read once, and nobody's answer changes by it."""

import time

import pytest

from playground.generation.generate import compare, generate
from playground.generation.prefixes import KEPT_TOKENS, Prefixes
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import KINDS, OneModel, assert_idle, reference, tiny_model, wait_until

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


def test_prefixes_are_counted_and_given_up_first(tiny, monkeypatch, counted):
    manager = tiny("llama")
    counted(manager)
    engine = manager.engine
    first = generate(manager, GenerateRequest(prompt=LESSON, max_new_tokens=60, person="first"))
    next(event for event in first if event.type == "step")
    wait_until(lambda: engine._batch.nbytes)
    kept = engine._reader.prefixes
    assert 0 < kept.nbytes < engine.nbytes
    real, cleared = engine._shortage, []
    monkeypatch.setattr(engine, "_shortage", lambda needed: real(2**60) if kept.nbytes else real(needed))
    monkeypatch.setattr(kept, "clear", lambda: cleared.append(kept.nbytes) or Prefixes.clear(kept))
    assert generate(manager, GenerateRequest(prompt="fox", max_new_tokens=2)).result().finished.reason == "length"
    assert cleared[0] > 0
    first.close()
    assert_idle(manager)


class Table:
    """As much as `Prefixes` asks of a table."""

    def __init__(self, tokens):
        self.capacity, self.nbytes = (1, tokens), tokens


def test_the_text_used_last_is_given_up_last():
    prefixes = Prefixes()
    texts = [[start, *range(100, 100 + KEPT_TOKENS // 2 - 1)] for start in range(3)]
    for text in (texts[0], texts[1], texts[0], texts[2]):
        prefixes.keep([text], Table(len(text)))
    assert prefixes.nbytes == KEPT_TOKENS
    assert prefixes.find(texts[1], 50) is None
    assert prefixes.find([0, 100, 101, 7], 50).tokens == 3
    assert prefixes.find(texts[2], 2).tokens == 2
    prefixes.keep([list(range(5000, 9000))], Table(4000))
    assert prefixes.nbytes == 4000, "the newest, whatever its length"
