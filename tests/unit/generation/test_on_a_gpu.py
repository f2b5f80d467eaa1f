"""What holds on a GPU: the same bodies run on the CPU, where that is possible, so that they are known to work."""

from __future__ import annotations

import contextlib
import gc
import threading

import pytest
import torch
import transformers

from benchmarks.gpu_bench import draws, given_up, synchronisations
from playground.config import Settings
from playground.errors import DeviceMemoryError
from playground.generation.choose import choose
from playground.generation.engine import Engine
from playground.generation.generate import compare, generate
from playground.generation.pieces import Pieces
from playground.generation.request import TASK, GenerateRequest
from playground.models.catalog import Catalog
from playground.models.lending import is_spread
from playground.models.manager import ModelManager
from playground.models.recorded import Recorder
from tests.tiny_models import make_model, make_spec
from tests.unit.generation.generation_models import PROMPTS, OneModel, assert_idle, reference, tiny_model

HAS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, HAS_CUDA])]
ROUNDING = {torch.float32: 1e-3, torch.float16: 0.05, torch.bfloat16: 0.2}  # of the spread of the logits
CHOICES = {
    "greedy": {},
    "top_k": {"do_sample": True, "top_k": 20},
    "top_p": {"do_sample": True, "top_k": 0, "top_p": 0.7},
}


def asked(number, **settings):
    """A request that differs from person to person."""
    prompt = f"{PROMPTS[number % 4]} {'and ' * (number // 4)}"
    return GenerateRequest(prompt, max_new_tokens=12, person=str(number), seed=number, **settings)


def replies(manager, requests):
    """The token ids of replies that run together."""
    running = [generate(manager, request) for request in requests]
    return [one.result().finished.token_ids for one in running]


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("device", DEVICES)
def test_alone_and_32_together_are_what_generate_says(device, choice, tokenizer):
    manager = OneModel(tiny_model("llama", len(tokenizer)).to(device), tokenizer)
    requests = [asked(number, **CHOICES[choice]) for number in range(32)]
    expected = [reference(manager.loaded.model, tokenizer, request) for request in requests[::4]]
    assert replies(manager, requests[:1]) == expected[:1]
    assert replies(manager, requests)[::4] == expected
    assert_idle(manager)


@pytest.mark.parametrize("device", DEVICES)
def test_recorded_steps_give_everybody_the_same_tokens_and_their_memory_comes_back(device, tokenizer):
    manager = OneModel(tiny_model("llama", len(tokenizer)).to(device), tokenizer)
    manager.loaded.companion("generation", lambda owner: Engine(owner, graphs=True if device == "cpu" else None))
    static = manager.engine.passes.static
    assert static, "the log says why not"
    requests = [asked(number, **CHOICES[("greedy", "top_k", "top_p")[number % 3]]) for number in range(32)]
    expected = [reference(manager.loaded.model, tokenizer, request) for request in requests[::5]]
    for _ in range(2):
        assert replies(manager, requests)[::5] == expected
        assert not static.refused and static.shapes
    assert_idle(manager)
    assert manager.engine.kept_bytes >= static.nbytes > 0
    manager.engine.forget()
    assert static.nbytes == 0
    assert replies(manager, requests[:1]) == expected[:1]


def test_a_shape_that_there_is_no_memory_to_record_is_decoded_as_anywhere(tokenizer, monkeypatch):
    manager = OneModel(tiny_model("llama", len(tokenizer)), tokenizer)
    manager.loaded.companion("generation", lambda owner: Engine(owner, graphs=True))
    static, asked_for = manager.engine.passes.static, []

    def full(recorder, work):
        asked_for.append(static.table.capacity)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    requests = [asked(number) for number in range(4)]
    expected = [reference(manager.loaded.model, tokenizer, request) for request in requests]
    static.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "__call__", full)
        assert replies(manager, requests) == expected
    assert asked_for and len(set(asked_for)) == len(asked_for) and not static.shapes and not static.refused
    assert_idle(manager)
    manager.engine.forget()
    assert replies(manager, requests) == expected
    assert static.shapes


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("device", DEVICES)
def test_in_16_bits_replies_part_where_two_tokens_are_as_good(device, dtype, tokenizer):
    model = tiny_model("llama", len(tokenizer)).to(device, dtype)
    manager, requests = OneModel(model, tokenizer), [asked(number) for number in range(32)]
    alone, together = replies(manager, requests[:1]), replies(manager, requests)
    read = [tokenizer(request.prompt).input_ids for request in requests]
    assert given_up(model, read[0], alone[0]) <= ROUNDING[dtype]
    assert max(map(given_up, [model] * 32, read, together)) <= ROUNDING[dtype]
    assert_idle(manager)


def test_a_reply_that_reads_something_else_gives_up_a_lot(tokenizer):
    model = tiny_model("llama", len(tokenizer))
    read = tokenizer(asked(0).prompt).input_ids
    reply = reference(model, tokenizer, asked(0))
    assert given_up(model, read, reply) == 0
    assert given_up(model, read[:-1], reply) > 5 * max(ROUNDING.values())


@pytest.mark.parametrize("quantization", ["8-bit", "4-bit"])
@pytest.mark.parametrize("device", DEVICES)
def test_quantized_replies_are_those_of_the_quantized_model(device, quantization, tmp_path):
    make_model(tmp_path / "m", "llama", hidden_size=64, intermediate_size=128, eos_token_id=None)
    manager = ModelManager(Settings(device=device), Catalog((make_spec(tmp_path / "m", "llama", "tiny/m"),)))
    requests = [
        GenerateRequest(f"w5 w{8 + number}", quantization=quantization, max_new_tokens=8, person=str(number))
        for number in range(8)
    ]
    together = replies(manager, requests)
    with manager.lease(None, TASK, quantization) as loaded:
        assert loaded.model.device.type == device and loaded.model.is_quantized
        read = [loaded.tokenizer(request.prompt).input_ids for request in requests]
        assert max(map(given_up, [loaded.model] * 8, read, together)) <= ROUNDING[torch.bfloat16]
    manager.close()


@contextlib.contextmanager
def spread_model(folder, device):
    """A model of which a part is elsewhere: in RAM beside a GPU, by the manager's budget; beside a CPU on the disk."""
    if device == "cpu":
        places = {"model.embed_tokens": "cpu", "lm_head": "cpu", "model.norm": "cpu", "model.rotary_emb": "cpu"}
        layers = {f"model.layers.{number}": "disk" if number > 1 else "cpu" for number in range(4)}
        yield transformers.AutoModelForCausalLM.from_pretrained(
            folder, device_map={**places, **layers}, offload_folder=str(folder / "rest"), dtype=torch.float32
        ).eval()
        return
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    settings = Settings(device=device, memory_budget=int(0.6 * size), ram_budget=2 * size)
    manager = ModelManager(settings, Catalog((make_spec(folder, "llama", "tiny/m"),)))
    with manager.lease(None, TASK, "float32") as loaded:
        yield loaded.model
    manager.close()


@pytest.mark.parametrize("device", DEVICES)
def test_a_spread_model_says_what_it_says_on_one_device(device, tmp_path, tokenizer):
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 4}
    few = {"num_attention_heads": 8, "num_key_value_heads": 1, "eos_token_id": 0}
    folder = make_model(tmp_path / "m", "llama", **sizes, **few)
    whole = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device).eval()
    requests = [asked(number) for number in range(4)]
    expected = [reference(whole, tokenizer, request) for request in requests]
    with spread_model(folder, device) as model:
        assert is_spread(model)
        manager = OneModel(model, tokenizer)
        assert replies(manager, requests) == expected
        assert manager.engine.passes.padded
        assert_idle(manager)


@pytest.fixture
def squeeze():
    """``squeeze(device)`` leaves hardly any memory of a GPU from then on."""

    def squeeze(device):
        if device == "cuda":
            gc.collect()
            torch.cuda.empty_cache()
            room = torch.cuda.memory_reserved() + 64 * 2**20
            torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(0).total_memory)

    yield squeeze
    if torch.cuda.is_available():
        torch.cuda.set_per_process_memory_fraction(1.0)


def long_reader(device, vocab):
    """A model whose keys and values of 8,000 tokens take 131 MB on a GPU; a tiny one on the CPU."""
    torch.manual_seed(0)
    sizes = (512, 4, 8) if device == "cuda" else (32, 2, 4)
    hidden, layers, heads = sizes
    config = transformers.LlamaConfig(
        vocab_size=vocab, hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=heads, max_position_embeddings=16_384, eos_token_id=0,
        pad_token_id=0,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).to(device).eval().requires_grad_(False)


@pytest.mark.parametrize("device", DEVICES)
def test_a_prompt_that_is_too_long_for_the_memory_costs_the_crowd_nothing(device, tokenizer, squeeze, monkeypatch):
    manager = OneModel(long_reader(device, len(tokenizer)), tokenizer)
    requests = [asked(number) for number in range(4)]
    expected = [reference(manager.loaded.model, tokenizer, request) for request in requests]
    generate(manager, asked(9)).result()
    engine, real = manager.engine, manager.engine.passes.forward
    together, came = threading.Event(), threading.Event()

    def forward(table, token_ids, wanted=1):
        if table is engine._batch.table and len(token_ids) == 4:
            together.set()
            came.wait(20)
        if device == "cpu" and table.capacity[1] > 7_000:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(table, token_ids, wanted)

    monkeypatch.setattr(engine.passes, "forward", forward)
    crowd = compare(manager, requests)
    assert together.wait(20)
    squeeze(device)
    newcomer = generate(manager, GenerateRequest("the " * 8_000, max_new_tokens=4, person="new"))
    came.set()
    with pytest.raises(DeviceMemoryError):
        newcomer.result()
    assert [one.finished.token_ids for one in crowd.results()] == expected
    assert_idle(manager)


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("device", DEVICES)
def test_a_choice_waits_for_the_device_as_often_for_many_rows_as_for_one(device, choice, tokenizer):
    pieces = Pieces(tokenizer)
    logits = 6 * torch.randn(1, len(tokenizer), generator=torch.Generator().manual_seed(0)).to(device)

    def waits(count):
        turns, many = draws(count, device, **CHOICES[choice]), logits.expand(count, -1).contiguous()
        choose(many, turns, pieces)
        return synchronisations(lambda: choose(many, turns, pieces), device)

    assert waits(1) == waits(32) == 1 + (choice != "greedy")


def test_waiting_for_a_device_is_counted():
    numbers = torch.arange(4.0)
    assert synchronisations(lambda: numbers.argmax() + 1, "cpu") == 0
    assert synchronisations(lambda: [numbers.tolist(), numbers.sum().item(), numbers[numbers.argmax()]], "cpu") == 3
