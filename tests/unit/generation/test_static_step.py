"""Steps whose tensors keep their place, played from a tape as CUDA plays a graph: Python decides nothing twice."""

import logging

import pytest
import torch
import transformers
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.gpu_bench import synchronisations
from playground.generation import static_step
from playground.generation.engine import Engine
from playground.generation.generate import compare, generate
from playground.generation.passes import Passes
from playground.generation.request import GenerateRequest
from playground.models.recorded import Recorder
from tests.unit.generation.generation_models import (
    KINDS,
    PROMPTS,
    STRATEGIES,
    OneModel,
    assert_idle,
    reference,
    tiny_model,
    wait_until,
)  # fmt: skip

WINDOWS = {"gemma": 8, "mistral": 6}  # tokens, fewer than are read


class Tape(TorchDispatchMode):
    """Operations on the tensors that they were called with; played again, each result goes where it went before."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, operation, types, given=(), named=None):
        made = operation(*given, **(named or {}))
        self.calls.append((operation, given, named or {}, made))
        return made

    def play(self):
        for operation, given, named, made in self.calls:
            again = operation(*given, **named)
            for old, new in zip(tree_leaves(made), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class TapeRecorder(Recorder):
    """Records as on CUDA, on a tape."""

    made = 0

    def __call__(self, work):
        super().__call__(work)
        TapeRecorder.made += 1
        with (tape := Tape()):
            output = work()
        self.nbytes += output.nbytes
        return lambda: (tape.play(), output)[1]


@pytest.fixture
def tape(monkeypatch):
    """Tables of few columns, and a recorder that counts."""
    monkeypatch.setattr(static_step, "Recorder", TapeRecorder)
    monkeypatch.setattr(static_step, "LEAST", 8)
    monkeypatch.setattr(static_step, "BLOCK", 2)
    monkeypatch.setattr(TapeRecorder, "made", 0)
    return TapeRecorder


def read(passes, rows):
    """A table of these rows, which have been read."""
    table, longest = passes.table(), max(map(len, rows))
    table.open([len(row) for row in rows], longest)
    passes.forward(table, [[0] * (longest - len(row)) + row for row in rows])
    return table


@torch.inference_mode()
def logits_of_a_crowd(passes):
    """The logits of steps while rows come, go, change places and outgrow their table."""
    shared, found, said = passes.shared_table(), [], iter(range(7, 10_000, 11))

    def steps(count):
        for _ in range(count):
            shared.reserve(1)
            found.append(passes.forward(shared, [[next(said) % 300] for _ in range(shared.rows)])[:, -1].clone())

    shared.join(read(passes, [[5, 17, 3, 250, 9]]), [0])
    steps(2)
    shared.join(read(passes, [[9, 40], [7, 7, 7]]), [0, 1])
    steps(3)
    shared.keep([2, 0])
    steps(12)
    shared.keep([1, 1, 0])
    steps(1)
    shared.keep([0])
    steps(3)
    shared.clear()
    shared.join(read(passes, [[1, 2, 3]]), [0])
    steps(2)
    shared.clear()
    return found


def mistral():
    """A model all of whose layers see a window."""
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    ids = {"vocab_size": 300, "eos_token_id": 0, "bos_token_id": 0}
    torch.manual_seed(0)
    config = transformers.MistralConfig(**sizes, **ids, num_key_value_heads=2, sliding_window=WINDOWS["mistral"])
    return transformers.MistralForCausalLM(config).eval().requires_grad_(False)


@pytest.mark.parametrize("kind", [*KINDS, "mistral"])
def test_the_same_logits_whoever_comes_and_goes(kind, tape):
    model = mistral() if kind == "mistral" else tiny_model(kind)
    assert WINDOWS.get(kind) == (model.config.sliding_window if kind in WINDOWS else None)
    usual, static = Passes(model, graphs=False), Passes(model, graphs=True)
    assert usual.static is None and static.static
    expected = logits_of_a_crowd(usual)
    for found in (logits_of_a_crowd(static), logits_of_a_crowd(static)):
        torch.testing.assert_close(found, expected, atol=3e-4, rtol=1e-4)


@torch.inference_mode()
def test_a_shape_is_recorded_once_while_its_memory_stays(tape):
    passes = Passes(tiny_model("llama"), graphs=True)
    logits_of_a_crowd(passes)
    first, shapes = tape.made, passes.static.shapes
    assert 1 < len(shapes) < 8 and all(height & (height - 1) == width & (width - 1) == 0 for height, width in shapes)
    table = passes.static.table
    logits_of_a_crowd(passes)
    again = tape.made - first
    assert again <= first
    logits_of_a_crowd(passes)
    assert tape.made == first + again, "all shapes are known"
    largest = max(height * width for height, width in passes.static.shapes)
    assert table.places.nbytes == largest * passes.bytes_per_token
    assert passes.static_bytes > table.places.nbytes
    passes.forget()
    assert passes.static_bytes == 0 and passes.static.shapes == []


@torch.inference_mode()
def test_a_step_waits_for_nothing_but_its_numbers(tape):
    passes = Passes(tiny_model("llama"), graphs=True)
    passes.static.table.join(read(passes, [[5, 17, 3], [4, 2]]), [0, 1])
    passes.forward(passes.static.table, [[3], [4]])
    assert synchronisations(lambda: passes.forward(passes.static.table, [[5], [6]]), "cpu") == 1


def together(manager, tokenizer, requests):
    """Asserts that requests that run together get what ``generate`` says."""
    expected = [reference(manager.loaded.model, tokenizer, request) for request in requests]
    assert [one.finished.token_ids for one in compare(manager, requests).results()] == expected


def requests_of(strategies, **more):
    return [
        GenerateRequest(PROMPTS[number % 4], max_new_tokens=12, seed=number, person=str(number), **one, **more)
        for number, one in enumerate(strategies)
    ]


@pytest.fixture
def playing(tokenizer, tape):
    """A model whose engine plays its steps."""
    manager = OneModel(tiny_model("llama", len(tokenizer)), tokenizer)
    manager.loaded.companion("generation", lambda owner: Engine(owner, 32, 12, graphs=True))
    return manager


def test_everybody_gets_the_tokens_of_generate_from_the_same_recordings(playing, tokenizer, tape):
    together(playing, tokenizer, requests_of(STRATEGIES))
    assert_idle(playing)
    engine = playing.engine
    assert engine.passes.static.shapes
    assert engine.kept_bytes > engine.passes.static_bytes > 0 == engine.reserved_bytes
    assert engine.nbytes == engine.kept_bytes
    together(playing, tokenizer, requests_of(STRATEGIES[:1]))
    made = tape.made
    together(playing, tokenizer, requests_of(STRATEGIES[2:3]))
    assert tape.made == made
    assert_idle(playing)
    engine.forget()
    assert engine.nbytes == engine.passes.static_bytes == 0
    together(playing, tokenizer, requests_of(STRATEGIES[:3]))


def test_what_is_in_use_is_not_forgotten(playing):
    request = GenerateRequest("the", max_new_tokens=60, person="a")
    alone, engine = generate(playing, request).result().finished.token_ids, playing.engine
    with generate(playing, request) as running:
        events = iter(running)
        wait_until(lambda: engine._batch.nbytes or engine.idle)
        engine.forget()
        if not engine.idle:
            assert engine.kept_bytes < engine.passes.static_bytes <= engine.reserved_bytes
        assert next(event for event in events if event.type == "finished").token_ids == alone


def test_a_recording_that_fails_costs_nobody_anything(playing, tokenizer, tape, monkeypatch, caplog):
    real = TapeRecorder.__call__

    def refuse(recorder, work):
        if tape.made > 1:
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore")
        return real(recorder, work)

    monkeypatch.setattr(TapeRecorder, "__call__", refuse)
    with caplog.at_level(logging.WARNING):
        together(playing, tokenizer, requests_of(STRATEGIES))
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "LlamaForCausalLM is decoded without CUDA graphs: CUDA error: operation not permitted when stream is capturing"
    ]
    assert playing.engine.passes.static.shapes == []
    together(playing, tokenizer, requests_of(STRATEGIES[:3]))
    assert_idle(playing)


def test_no_memory_for_a_recording_is_no_refusal(tokenizer, tape, monkeypatch):
    passes = Passes(tiny_model("llama", len(tokenizer)), graphs=True)
    monkeypatch.setattr(TapeRecorder, "__call__", lambda *given: torch.empty(2**60))
    with torch.inference_mode():
        passes.static.clear()
        passes.static.table.join(read(passes, [[5, 17, 3]]), [0])
        logits = passes.forward(passes.static.table, [[3]])[0, 0]
        assert torch.allclose(logits, passes.whole([[5, 17, 3, 3]])[0], atol=1e-5)
    assert not passes.static.refused and not passes.static.usable


def test_models_that_do_not_fit_say_why(tape, caplog):
    def reason(model):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            assert Passes(model, graphs=True).static is None
        return caplog.messages[-1]

    chunked = tiny_model("gemma")
    chunked.config.layer_types, chunked.config.attention_chunk_size = ["chunked_attention", "full_attention"], 8
    assert static_step.obstacle(chunked, {"position_ids"}) == "its layers read in chunks"
    several = tiny_model("llama")
    several.hf_device_map = {"model": 0, "lm_head": "cpu"}
    assert reason(several) == "LlamaForCausalLM is decoded without CUDA graphs: a part of it is elsewhere"
    waiting = tiny_model("llama")
    forward = waiting.model.forward

    def looks(*given, **named):
        assert named["position_ids"].max().item() >= 0
        return forward(*given, **named)

    waiting.model.forward = looks
    assert "it waits for the GPU (item)" in reason(waiting)
    counting = tiny_model("llama")
    embed = counting.model.embed_tokens
    turns = iter(range(10_000))
    embed.register_forward_hook(lambda module, given, out: out + (next(turns) if out.shape[1] == 1 else 0))
    assert "it gives other logits then" in reason(counting)
