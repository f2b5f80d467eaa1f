"""When something breaks, and what is left behind."""

import threading

import pytest
import torch

from playground.errors import BusyError, DeviceMemoryError, PlaygroundError
from playground.generation.generate import generate
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import (
    assert_idle,
    reference,
)


def test_a_closed_model_ends_its_streams(tiny):
    manager = tiny()
    generation = generate(manager, GenerateRequest(prompt="the", max_new_tokens=120))
    manager.engine.close()
    assert list(generation)[-1].reason in ("stopped", "length")
    with pytest.raises(BusyError):
        generate(manager, GenerateRequest(prompt="the"))
    assert manager.leases == 0


def test_out_of_memory_costs_the_newest_and_nobody_else(tiny, tokenizer, monkeypatch):
    manager = tiny()
    older = GenerateRequest(prompt="the quick", max_new_tokens=60, do_sample=True, seed=1, person="old")
    first = generate(manager, older)
    engine, real = manager.engine, manager.engine.passes.forward
    failed = []

    def forward(table, token_ids, wanted=1):
        if len(token_ids) == 2 and not failed:
            failed.append(True)
            raise torch.OutOfMemoryError("no memory")
        return real(table, token_ids, wanted)

    monkeypatch.setattr(engine.passes, "forward", forward)
    second = generate(manager, GenerateRequest(prompt="the quick", max_new_tokens=60, person="new"))
    expected = reference(manager.loaded.model, tokenizer, older)
    assert first.result().finished.token_ids == expected
    if failed:
        with pytest.raises(DeviceMemoryError):
            second.result()
    second.close()
    assert_idle(manager)


def test_a_bug_in_the_model_reaches_its_reader_as_a_message(tiny, monkeypatch):
    manager = tiny()
    generate(manager, GenerateRequest(prompt="the", max_new_tokens=2)).result()
    monkeypatch.setattr(manager.engine.passes, "forward", lambda *_: 1 / 0)
    with pytest.raises(PlaygroundError, match="Generation failed"):
        generate(manager, GenerateRequest(prompt="the", max_new_tokens=5)).result()
    assert_idle(manager)


@pytest.mark.parametrize("when", ["reading", "decoding"])
@pytest.mark.parametrize(
    "error",
    [RuntimeError("CUDA error: device-side assert triggered"), IndexError("index out of range in self")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("options", [{}, {"do_sample": True}, {"num_beams": 2}])
def test_an_error_in_a_shared_pass_ends_only_the_stream_that_causes_it(
    tiny, tokenizer, monkeypatch, when, error, options
):
    """The others' tokens are those that they would have got alone, however often they had to be read again."""
    manager = tiny(max_streams_per_person=9)
    generate(manager, GenerateRequest(prompt="the", max_new_tokens=2)).result()
    passes, plain = manager.engine.passes, manager.engine.passes.forward
    guilty = "jumps" if when == "reading" else "jumps " * 15  # shares the reading, or only the decoding
    bad = tokenizer(guilty)["input_ids"]
    prompts = ("the quick", "a", "fox the")
    requests = [GenerateRequest(prompt=prompt, max_new_tokens=12, **options) for prompt in prompts]
    expected = [reference(manager.loaded.model, tokenizer, request) for request in requests]

    def forward(table, token_ids, wanted=1):
        """Fails where the guilty prompt is read, or where a row is as long as only it can be."""
        longest = max(table.cursor - start for start in table.starts)
        decoding = len(token_ids[0]) == 1 and longest >= len(bad)
        if decoding if when == "decoding" else any(list(row)[-len(bad) :] == bad for row in token_ids):
            raise error
        return plain(table, token_ids, wanted)

    monkeypatch.setattr(passes, "forward", forward)
    broken = GenerateRequest(prompt=guilty, max_new_tokens=12, **options)
    running = [generate(manager, request) for request in (*requests, broken)]
    with pytest.raises(PlaygroundError, match="Generation failed"):
        running[-1].result()
    assert [one.result().finished.token_ids for one in running[:-1]] == expected
    assert_idle(manager)


def test_making_an_engine_leaves_no_helpers_behind(tiny, monkeypatch):
    """The thread that happened to ask first computes no more; its helpers would slow down the engine's."""
    released = []
    monkeypatch.setattr(
        "playground.generation.passes.release_helpers", lambda: released.append(threading.current_thread())
    )
    generate(tiny(), GenerateRequest(prompt="a", max_new_tokens=1)).result()
    assert threading.current_thread() in released
