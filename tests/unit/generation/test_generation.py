"""Generation against transformers: the tokens of ``model.generate``, alone and in company, on tiny random models."""

import asyncio
import contextlib
import gc
import io
import json
import math
import random
import threading
import time

import pytest
import torch
from transformers import RepetitionPenaltyLogitsProcessor

from playground.errors import BudgetError, BusyError, DeviceMemoryError, EmptyInputError, InputError, InputTooLongError
from playground.generation.choose import Draw, Kept, Pieces, ReplyText, choose, look_up, process, warpers
from playground.generation.generate import (
    BeamStep,
    Finished,
    GenerateRequest,
    Message,
    Reading,
    Started,
    Step,
    Waiting,
    after_sampler,
    as_dict,
    compare,
    first_divergence,
    generate,
    next_token,
)
from playground.generation.prompts import read_as_text
from playground.generation.receipt import generation_receipt
from playground.generation.running import _lull, batches_of_all
from playground.models.cpu.linear import ROWS, CrowdLinear, prepare_for_crowd
from tests.unit.generation.generation_models import KINDS, OneModel, reference, tiny_model, tiny_tokenizer

PROMPTS = ("the quick brown", "a", "the lazy dog and the quick cat jumps over the fox", "fox the", "🦊 日本")


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def tiny(tokenizer):
    made = {kind: tiny_model(kind, len(tokenizer)) for kind in KINDS}
    return lambda kind="llama", **settings: OneModel(made[kind], tokenizer, **settings)


def wait_until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def assert_idle(manager):
    """No thread, lease or cache is left."""
    wait_until(lambda: manager.engine.idle and manager.leases == 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "playground-engine"]


STRATEGIES = (
    {},
    {"repetition_penalty": 1.4},
    {"do_sample": True, "top_k": 20, "top_p": 0.9, "temperature": 1.3, "repetition_penalty": 1.2},
    {"do_sample": True, "top_k": 0, "top_p": 0.7},
    {"do_sample": True, "top_k": 0, "min_p": 0.05, "temperature": 0.7},
    {"num_beams": 3},
    {"num_beams": 4, "repetition_penalty": 1.3},
    {"prompt_lookup_num_tokens": 4},
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


def test_hundreds_of_schedules_change_no_token(tiny, tokenizer):
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
        for _ in range(50):
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
    assert streams > 600
    assert ties <= streams // 200, ties


@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if s.get("do_sample")])
def test_distribution_after_the_sampler_is_that_of_the_processors(strategy):
    torch.manual_seed(1)
    for spread in (0.5, 3.0):
        logits = torch.randn(5, 4000) * spread
        draws = [
            Draw(GenerateRequest(prompt="a", **strategy), list(range(row + 1)), torch.Generator()) for row in range(5)
        ]
        kept = process(logits, draws)
        every = torch.arange(4000).expand(5, -1)
        got = torch.cat([kept.of(every[:, begin : begin + 100]) for begin in range(0, 4000, 100)], -1)
        for row, draw in enumerate(draws):
            scores = logits[row : row + 1]
            if draw.request.repetition_penalty != 1.0:
                penalize = RepetitionPenaltyLogitsProcessor(draw.request.repetition_penalty)
                scores = penalize(torch.tensor([draw.token_ids]), scores)
            expected = warpers(draw.request)(torch.tensor([draw.token_ids]), scores).softmax(-1)[0]
            assert (got[row] - expected).abs().max() < 1e-6


def test_ties_at_the_border_of_top_k_are_all_kept():
    logits = torch.tensor([[3.0, 1.0, 1.0, 1.0, 0.0] + [-1.0] * 20])
    draw = Draw(GenerateRequest(prompt="a", do_sample=True, top_k=2), [0], torch.Generator())
    assert int((process(logits, [draw]).probabilities > 0).sum()) == 4  # as transformers does


def test_twenty_thousand_samples_match_the_distribution():
    """Chi-square over 8 kept tokens: below the 99.9 % point of 7 degrees of freedom (24.3); the seed is fixed."""
    logits = torch.cat([torch.linspace(2, 0, 8), torch.full((300,), -20.0)])[None]
    request = GenerateRequest(prompt="a", do_sample=True, top_k=8)
    draw = Draw(request, [0], torch.Generator().manual_seed(0))
    kept = process(logits, [draw])
    many = Kept(kept.probabilities.expand(20_000, -1), kept.ids.expand(20_000, -1))
    counts = torch.bincount(many.draw(logits.shape[-1], [draw.generator] * 20_000), minlength=8)
    expected = logits[0, :8].softmax(-1) * 20_000
    assert float(((counts - expected) ** 2 / expected).sum()) < 24.3


def test_a_draw_is_that_of_torch_multinomial():
    probabilities = torch.randn(1, 500, generator=torch.Generator().manual_seed(0)).softmax(-1)
    logits, own = probabilities.log(), torch.Generator().manual_seed(7)
    draw = Draw(GenerateRequest(prompt="a", do_sample=True, top_k=0), [0], own)
    twin = torch.Generator().manual_seed(7)
    for _ in range(50):
        assert choose(logits, [draw], Pieces(tiny_tokenizer()))[0].token_id == int(
            torch.multinomial(probabilities, 1, generator=twin)
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


def test_rewinding_to_another_choice(tiny):
    manager = tiny()
    first = generate(manager, GenerateRequest(prompt="the", max_new_tokens=8)).result()
    other = first.steps[3].alternatives[1].token_id
    prefix = (*first.finished.token_ids[:3], other)
    branch = generate(manager, GenerateRequest(prompt="the", max_new_tokens=8, prefix_token_ids=prefix)).result()
    assert branch.finished.token_ids[:4] == prefix
    divergence = first_divergence([first, branch])
    assert divergence is not None
    assert divergence.index == 3
    assert divergence.steps[1].probability_before == pytest.approx(first.steps[3].alternatives[1].before, abs=1e-5)
    assert first_divergence([first, first]) is None


def test_a_forced_end_ends(tiny):
    manager = tiny()
    result = generate(manager, GenerateRequest(prompt="the", max_new_tokens=9, prefix_token_ids=(5, 0))).result()
    assert result.finished.reason == "eos"
    assert result.finished.token_ids == (5, 0)


def test_beam_search_has_a_tree(tiny, tokenizer):
    manager = tiny("qwen")
    request = GenerateRequest(prompt="the quick", max_new_tokens=6, num_beams=3)
    result = generate(manager, request).result()
    nodes = {node.node: node for step in result.beam_steps for node in step.nodes}
    best = result.finished.beams[0]
    path, node = [], nodes[best.node]
    while True:
        path.append(node)
        if node.parent < 0:
            break
        node = nodes[node.parent]
    assert tuple(node.token_id for node in reversed(path)) == best.token_ids == result.finished.token_ids
    assert sum(node.log_probability for node in path) == pytest.approx(best.total_log_probability, abs=1e-4)
    assert best.mean_log_probability == pytest.approx(best.total_log_probability / len(best.token_ids), abs=1e-5)
    assert all(sum(node.state == "kept" for node in step.nodes) == 3 for step in result.beam_steps[:-1])
    ids = tokenizer("the quick", return_tensors="pt").input_ids
    output = manager.loaded.model.generate(
        ids, num_beams=3, do_sample=False, max_new_tokens=6, output_scores=True, return_dict_in_generate=True
    )
    assert best.mean_log_probability == pytest.approx(float(output.sequences_scores[0]), abs=1e-4)


def test_prompt_lookup_marks_what_it_guessed(tiny):
    manager = tiny("qwen")  # repeats one token, so guesses come true
    result = generate(manager, GenerateRequest(prompt="a", max_new_tokens=20, prompt_lookup_num_tokens=4)).result()
    assert any(step.guessed for step in result.steps)
    assert look_up([1, 2, 3, 1, 2], 2) == [3, 1]
    assert look_up([1, 2, 3], 2) == []


@pytest.mark.parametrize("text", ["👩‍🚀 fliegt", "日本語の文", "नमस्ते दुनिया", "a\ufffdb", "🦊🦊"])
def test_text_is_never_half_a_character(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    reply, seen = ReplyText(tokenizer, [5, 6]), ""
    for token_id in ids:
        seen += reply.add(token_id)
        assert text.startswith(seen), seen
    assert seen == reply.text == text


def test_bytes_that_make_no_character_never_hold_the_text_back_for_long(tokenizer):
    stray = tokenizer("é", add_special_tokens=False)["input_ids"][:1]
    reply = ReplyText(tokenizer, [])
    for _ in range(10):
        reply.add(stray[0])
    end = reply.add(tokenizer("a", add_special_tokens=False)["input_ids"][0])
    assert end.endswith("a")
    assert reply.text.count("\ufffd") == 10


def test_pieces_show_spaces_and_bytes(tokenizer):
    pieces = Pieces(tokenizer)
    assert [pieces[one] for one in tokenizer("the")["input_ids"]] == ["the"]
    assert pieces[tokenizer(" ", add_special_tokens=False)["input_ids"][0]] == " "
    assert [pieces[one] for one in tokenizer("é")["input_ids"]] == ["<0xC3>", "<0xA9>"]
    assert pieces[0] == "<eos>"


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


def test_chat_and_special_tokens(tiny, tokenizer):
    manager = tiny()
    chat = GenerateRequest(messages=(Message("user", "the fox <eos>"),), max_new_tokens=3)
    started = generate(manager, chat).result().started
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "the fox <eos>"}], tokenize=False, add_generation_prompt=True
    )
    assert started.prompt_tokens == len(tokenizer(text, add_special_tokens=False)["input_ids"])
    assert "special token" in started.notes[0]
    plain = GenerateRequest(messages=chat.messages, max_new_tokens=3, split_special_tokens=True)
    split = manager.engine.prepare(plain).token_ids
    assert split.count(0) == 1  # only the template's own
    assert tokenizer.decode(list(split)) == text


def test_input_that_cannot_be_used_says_why(tiny, tokenizer):
    manager = tiny()
    with pytest.raises(EmptyInputError):
        GenerateRequest()
    with pytest.raises(InputError, match="temperature"):
        GenerateRequest(prompt="a", temperature=0)
    with pytest.raises(InputError, match="top_p"):
        GenerateRequest(prompt="a", top_p=math.nan)
    with pytest.raises(InputError, match="num_beams"):
        GenerateRequest(prompt="a", num_beams=99)
    with pytest.raises(InputTooLongError, match="128"):
        generate(manager, GenerateRequest(prompt="fox " * 300))
    with pytest.raises(InputError, match="vocabulary"):
        generate(manager, GenerateRequest(prompt="a", prefix_token_ids=(4000,)))
    with pytest.raises(InputError, match="max_new_tokens"):
        generate(manager, GenerateRequest(prompt="a", max_new_tokens=2, prefix_token_ids=(1, 2, 3)))
    with pytest.raises(EmptyInputError):
        generate(manager, GenerateRequest(messages=(Message("user", "  "),)))
    without = OneModel(manager.loaded.model, tiny_tokenizer(chat=False))
    with pytest.raises(InputError, match="chat template"):
        generate(without, GenerateRequest(messages=(Message("user", "hi"),)))
    assert manager.leases == without.leases == 0
    for wrong in ({"prompt": "ab\ud83d c"}, {"messages": (Message("user", "ab\ud83d"),)},
                  {"prompt": "a", "stop_strings": ("ab\udc00",)}):  # fmt: skip
        with pytest.raises(InputError, match="Character 3 is half of a character"):
            GenerateRequest(**wrong)
    empty = generate(manager, GenerateRequest(prompt="", max_new_tokens=2)).result()
    assert "<eos>" in empty.started.notes[0]


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
    monkeypatch.setattr("playground.generation.engine.MAX_WAITING", 2)
    manager = tiny(max_streams=1)
    running = [generate(manager, GenerateRequest(prompt="the", max_new_tokens=100, person=str(i))) for i in range(2)]
    with pytest.raises(BusyError):
        running += [generate(manager, GenerateRequest(prompt="the", max_new_tokens=100)) for _ in range(4)]
    for generation in running:
        generation.close()
    assert_idle(manager)


def test_stop_close_and_forgetting_leave_nothing_behind(tiny):
    manager = tiny()
    stopped = generate(manager, GenerateRequest(prompt="the", max_new_tokens=110))
    events = iter(stopped)
    while not isinstance(next(events), Step):
        pass
    stopped.stop()
    last = list(events)[-1]
    assert isinstance(last, Finished)
    assert last.reason in ("stopped", "length")
    with generate(manager, GenerateRequest(prompt="the", max_new_tokens=110)) as closed:
        next(iter(closed))
    generate(manager, GenerateRequest(prompt="the", max_new_tokens=110))
    gc.collect()
    assert_idle(manager)


def test_a_closed_model_ends_its_streams(tiny):
    manager = tiny()
    generation = generate(manager, GenerateRequest(prompt="the", max_new_tokens=120))
    manager.engine.close()
    assert list(generation)[-1].reason in ("stopped", "length")
    with pytest.raises(BusyError):
        generate(manager, GenerateRequest(prompt="the"))
    assert manager.leases == 0


def test_batches_do_not_block_the_event_loop_and_stop_with_it(tiny):
    manager = tiny()

    async def read(steps):
        ticks, seen = 0, []

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        request = GenerateRequest(prompt="the", max_new_tokens=100)
        batches = batches_of_all(lambda asked: compare(manager, asked), (request,), 0.01)
        async for batch in batches:
            seen += [event for _, event in batch]
            if len(seen) > steps:
                break
        await batches.aclose()
        ticking.cancel()
        return ticks, seen

    ticks, seen = asyncio.run(read(1000))
    assert isinstance(seen[0], Started)
    assert isinstance(seen[-1], Finished)
    assert ticks > 5
    asyncio.run(read(2))
    assert_idle(manager)


def test_out_of_memory_costs_the_newest_and_nobody_else(tiny, tokenizer, monkeypatch):
    manager = tiny()
    older = GenerateRequest(prompt="the quick", max_new_tokens=60, do_sample=True, seed=1, person="old")
    first = generate(manager, older)
    engine, real = manager.engine, manager.engine._forward
    failed = []

    def forward(table, token_ids, wanted=1):
        if len(token_ids) == 2 and not failed:
            failed.append(True)
            raise torch.OutOfMemoryError("no memory")
        return real(table, token_ids, wanted)

    monkeypatch.setattr(engine, "_forward", forward)
    second = generate(manager, GenerateRequest(prompt="the quick", max_new_tokens=60, person="new"))
    expected = reference(manager.loaded.model, tokenizer, older)
    assert first.result().finished.token_ids == expected
    if failed:
        with pytest.raises(DeviceMemoryError):
            second.result()
    second.close()
    assert_idle(manager)


def test_a_request_that_can_never_fit_fails_at_once(tiny, monkeypatch):
    manager = tiny()
    generate(manager, GenerateRequest(prompt="the", max_new_tokens=2)).result()
    monkeypatch.setattr(
        "playground.generation.engine.device_memory", lambda device: type("Memory", (), {"free_bytes": 10})()
    )
    with pytest.raises(DeviceMemoryError, match="max_new_tokens"):
        generate(manager, GenerateRequest(prompt="the", max_new_tokens=100)).result()
    assert_idle(manager)


def with_budget(manager, tokens):
    """Makes the stand-in's memory budget that of the keys and values of so many tokens; the bytes of one token."""
    first = GenerateRequest(prompt="the", max_new_tokens=1)
    generate(manager, first).result()
    token = manager.engine._bytes_per_token

    def make_room(needed):
        if needed > tokens * token:
            raise BudgetError(f"{needed} of {tokens * token}", "Do something.")

    manager.engine._make_room = make_room
    return token


def test_bytes_of_keys_and_values_never_pass_what_was_reserved(tiny, monkeypatch):
    manager = tiny("gemma", max_streams=6, max_streams_per_person=20)
    assert generate(manager, GenerateRequest(prompt="the", max_new_tokens=1)).result()
    engine, real, seen = manager.engine, manager.engine._forward, []
    expected = 2 * 2 * 2 * 8 * 4  # keys and values of 2 layers, 2 heads, 8 numbers of 4 bytes
    assert engine._bytes_per_token == expected

    def forward(table, token_ids, wanted=1):
        logits = real(table, token_ids, wanted)
        seen.append((engine.nbytes, engine._most_bytes(engine._active()), manager.loaded.cache_bytes))
        return logits

    monkeypatch.setattr(engine, "_forward", forward)
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
    assert max(now for now, _, _ in seen) > 100 * expected
    assert all(now == shown for now, _, shown in seen)
    # Beams and rows that ended may leave a table taller than what is left of it needs: then what it has is reserved.
    most = 0
    for now, needed, _ in seen:
        most = max(most, needed)
        assert now <= most
    assert engine.nbytes == engine.reserved_bytes == manager.loaded.cache_bytes == 0


def test_a_full_budget_makes_the_newest_wait_and_says_why(tiny, tokenizer, monkeypatch):
    manager = tiny()
    token, reserved = with_budget(manager, 150), []
    real = manager.engine._forward
    monkeypatch.setattr(
        manager.engine, "_forward", lambda *given: (reserved.append(manager.engine.reserved_bytes), real(*given))[1]
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
    manager.engine._make_room = lambda needed: (_ for _ in ()).throw(BudgetError("full", "Wait."))
    with pytest.raises(BudgetError):
        next_token(manager, GenerateRequest(prompt="the"))
    assert manager.engine.nbytes == 0


def test_a_bug_in_the_model_reaches_everybody_as_a_message(tiny, monkeypatch):
    manager = tiny()
    generate(manager, GenerateRequest(prompt="the", max_new_tokens=2)).result()
    monkeypatch.setattr(manager.engine, "_forward", lambda *_: 1 / 0)
    with pytest.raises(Exception, match="Generation failed"):
        generate(manager, GenerateRequest(prompt="the", max_new_tokens=5)).result()
    assert_idle(manager)


def test_compare_shares_one_batch(tiny):
    manager = tiny()
    settings = [{}, {"repetition_penalty": 1.8}, {"do_sample": True, "seed": 2}, {"do_sample": True, "seed": 3}]
    requests = [GenerateRequest(prompt="the quick", max_new_tokens=10, **one) for one in settings]
    results = compare(manager, requests).results()
    for request, result in zip(requests, results, strict=True):
        assert generate(manager, request).result().finished.token_ids == result.finished.token_ids
    with pytest.raises(InputError):
        compare(manager, requests * 2)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"do_sample": True, "top_k": 7, "temperature": 0.6},
        {"do_sample": True, "top_k": 50, "top_p": 0.8, "min_p": 0.02, "repetition_penalty": 1.5},
        {"do_sample": True, "top_k": 0, "top_p": 0.5},
    ],
)
def test_sliders_redraw_without_the_model(tiny, settings):
    """The arithmetic on cached logits gives what the sampler would give."""
    manager = tiny()
    cached = next_token(manager, GenerateRequest(prompt="the quick brown fox"))
    wanted = next_token(manager, GenerateRequest(prompt="the quick brown fox", **settings))
    got = after_sampler(cached, GenerateRequest(prompt="-", **settings))
    assert [one.after for one in got] == pytest.approx([one.after for one in wanted.candidates], abs=1e-6)
    assert [one.kept for one in got] == [one.kept for one in wanted.candidates]


def test_the_rest_counts_in_its_bins(tiny):
    manager = tiny()
    request = GenerateRequest(prompt="the", do_sample=True, top_k=0, temperature=1.5)
    few = next_token(manager, GenerateRequest(prompt="the"), count=20)
    exact = next_token(manager, request, count=20)
    assert sum(count for count, _ in few.rest) == len(manager.loaded.tokenizer) - 20
    got = after_sampler(few, request)
    assert [one.after for one in got] == pytest.approx([one.after for one in exact.candidates], rel=1e-3)
    assert sum(one.before for one in few.candidates) < 1


def test_events_as_json(tiny):
    manager = tiny()
    events = [as_dict(event) for event in generate(manager, GenerateRequest(prompt="the", max_new_tokens=2))]
    assert [event["type"] for event in events] == ["started", "step", "step", "finished"]
    assert events[1]["alternatives"][0]["type"] == "alternative"
    beams = generate(manager, GenerateRequest(prompt="the", max_new_tokens=2, num_beams=2)).result()
    assert all(isinstance(step, BeamStep) for step in beams.beam_steps)


RECEIPTS = (
    {"prompt": "the quick"},
    {"prompt": "", "repetition_penalty": 1.3},
    {"messages": (Message("user", 'fox "${1}"\n'),), "do_sample": True, "top_k": 20, "top_p": 0.9, "seed": 5},
    {"messages": (Message("user", "the <eos> fox"),), "split_special_tokens": True},
    {"prompt": "the quick", "num_beams": 3, "repetition_penalty": 1.2},
    {"prompt": "a", "prompt_lookup_num_tokens": 3},
    {"prompt": "the", "prefix_token_ids": (7, 9), "do_sample": True, "min_p": 0.02, "temperature": 1.2, "seed": 4},
    {"prompt": "the", "prefix_token_ids": (7, 9), "repetition_penalty": 1.5, "stop_strings": ("q", "zz")},
    {"prompt": "the " * 40, "max_new_tokens": 400},
)


@pytest.fixture(scope="module")
def saved(tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    tiny_model("llama", len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("settings", RECEIPTS)
def test_receipts_give_the_same_tokens(tiny, tokenizer, saved, settings):
    manager = tiny()
    request = GenerateRequest(**{"max_new_tokens": 12, "model_id": "tiny", **settings})
    finished = generate(manager, request).result().finished
    receipt = generation_receipt(request, str(saved), finished, read_as_text(request, tokenizer))
    assert run_receipt(receipt.code) == list(finished.token_ids)
    assert "import playground" not in receipt.code


def test_the_receipt_of_a_stopped_reply_ends_where_it_ended(tiny, saved):
    manager = tiny()
    finished = generate(manager, GenerateRequest(prompt="the", max_new_tokens=3)).result().finished
    stopped = Finished(**{**vars(finished), "reason": "stopped"})
    receipt = generation_receipt(GenerateRequest(prompt="the", max_new_tokens=99), str(saved), stopped)
    assert run_receipt(receipt.code) == list(stopped.token_ids)


def run_receipt(code):
    """The token ids that a receipt prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), torch.random.fork_rng():
        exec(compile(code, "receipt", "exec"), {})
    return json.loads(output.getvalue().strip().splitlines()[-1])["token_ids"]


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
    manager.engine._pass_tokens = 5
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


def test_short_prompts_go_ahead_of_a_long_one(tiny):
    """Who comes behind a long prompt has a first token before it; the long one still gets a piece at each turn."""
    manager = tiny(max_streams_per_person=9)
    generate(manager, GenerateRequest(prompt="a", max_new_tokens=1)).result()
    manager.engine._pass_tokens = 8
    long = GenerateRequest(prompt="the quick dog and " * 20, max_new_tokens=2)
    short = tuple(GenerateRequest(prompt=prompt, max_new_tokens=30) for prompt in ("fox the", "a", "the lazy"))
    order = [index for index, event in drain(compare(manager, (long, *short))) if isinstance(event, Step)]
    assert max(map(order.index, (1, 2, 3))) < order.index(0) < len(order) - 1


def test_a_long_prompt_says_how_far_it_is_read(tiny):
    manager = tiny()
    generate(manager, GenerateRequest(prompt="a", max_new_tokens=1)).result()
    manager.engine._pass_tokens = 5
    with generate(manager, GenerateRequest(prompt="the quick dog and " * 20, max_new_tokens=2)) as events:
        started, *reading = [event for event in events if isinstance(event, Started | Reading)]
    assert {one.prompt_tokens for one in reading} == {started.prompt_tokens}
    read = [one.read_tokens for one in reading]
    assert read == sorted(set(read)) and 0 < read[0] < read[-1] < started.prompt_tokens and len(read) > 2
    with generate(manager, GenerateRequest(prompt="the", max_new_tokens=2)) as events:
        assert not [event for event in events if isinstance(event, Reading)]


def drain(generation):
    while (batch := generation.read()) is not None:
        yield from batch


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 5), (ROWS[-1], 1), (ROWS[-1] + 1, 1)])
def test_the_other_way_round_is_the_same_product(bias, shape):
    plain, crowd = torch.nn.Linear(7, 5, bias), torch.nn.Linear(7, 5, bias)
    crowd.load_state_dict(plain.state_dict())
    prepare_for_crowd(crowd)
    hidden = torch.randn(*shape, 7)
    assert crowd(hidden).is_contiguous()
    torch.testing.assert_close(crowd(hidden), plain(hidden), rtol=1e-5, atol=1e-6)


def test_only_plain_float32_layers_are_turned():
    class Own(torch.nn.Linear):
        """Such as a quantized layer."""

    half = torch.nn.Linear(2, 2, dtype=torch.bfloat16)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), Own(2, 2), half, torch.nn.Linear(2, 2, device="meta"))
    prepare_for_crowd(model)
    assert [type(layer) for layer in model] == [CrowdLinear, Own, torch.nn.Linear, torch.nn.Linear]


def test_a_stream_begins_when_the_crowd_has_come_in():
    """Requests that arrive together keep the event loop busy; none of them is read before all are there."""

    async def arrive():
        happened = []

        async def keep_busy():
            for _ in range(5):
                time.sleep(0.02)
                happened.append("busy")
                await asyncio.sleep(0)

        async def begin(most_seconds):
            await _lull(most_seconds)
            happened.append("begin")

        await asyncio.gather(begin(60), keep_busy())
        await asyncio.gather(begin(0), keep_busy())
        return happened

    assert asyncio.run(arrive()) == [*["busy"] * 5, "begin", "begin", *["busy"] * 5]


def test_making_an_engine_leaves_no_helpers_behind(tiny, monkeypatch):
    """The thread that happened to ask first computes no more; its helpers would slow down the engine's."""
    released = []
    monkeypatch.setattr(
        "playground.generation.engine.release_helpers", lambda: released.append(threading.current_thread())
    )
    generate(tiny(), GenerateRequest(prompt="a", max_new_tokens=1)).result()
    assert threading.current_thread() in released
