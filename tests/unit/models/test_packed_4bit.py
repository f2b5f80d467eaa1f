"""4-bit layers: the same on every CPU, whether bitsandbytes packs their weights there (AVX512-BF16) or not."""

from __future__ import annotations

import threading

import bitsandbytes
import pytest
import torch
import transformers

from playground.models import loading, memory
from playground.models.cpu.packed_4bit import pack_4bit, packs, unpack
from tests.tiny_models import make_model, make_spec

CPU = torch.device("cpu")
IDS = torch.tensor([[1, 5, 9, 7, 5, 9, 8, 2]])
FITTING = {"hidden_size": 64, "intermediate_size": 128, "num_key_value_heads": 4}


def load(folder):
    spec = make_spec(folder, "llama")
    return loading.load_model(spec, folder, spec.task, "4-bit", CPU)


def layer_of(columns, rows, seed=0):
    """A 4-bit layer as transformers makes it, and the numbers that its 4 bits stand for."""
    torch.manual_seed(seed)
    layer = bitsandbytes.nn.Linear4bit(columns, rows, compute_dtype=torch.float32, quant_type="nf4")
    weight = torch.randn(rows, columns) * 0.1
    layer.weight = bitsandbytes.nn.Params4bit(weight, requires_grad=False, quant_type="nf4").to("cpu")
    layer.bias.data = torch.randn(rows)
    state = layer.weight.quant_state
    dense = bitsandbytes.functional.dequantize_4bit(layer.weight.data, state).float().reshape(rows, columns)
    return layer.eval().requires_grad_(False), dense


@pytest.mark.parametrize(("columns", "rows"), [(64, 32), (192, 96), (32, 32), (64, 33), (96, 64), (80, 5), (128, 1)])
def test_a_layer_of_any_shape_multiplies_with_the_numbers_that_its_4_bits_stand_for(columns, rows):
    layer, dense = layer_of(columns, rows)
    pack_4bit(torch.nn.ModuleList([layer]))
    x = torch.randn(3, 7, columns)
    expected = torch.nn.functional.linear(x, dense, layer.bias)
    precision = 0.02 if packs(layer) else 1e-5
    assert (layer(x) - expected).abs().max() < precision * expected.abs().max()


@pytest.mark.parametrize(("columns", "rows"), [(64, 32), (192, 96), (32, 32)])
def test_gradients_flow_through_a_layer_after_a_pass_without(columns, rows):
    """Packed by bitsandbytes alone, a layer passes no gradient on: what came around it would look like all of it."""
    layer, dense = layer_of(columns, rows)
    pack_4bit(torch.nn.ModuleList([layer]))
    x = torch.randn(2, columns)
    before = layer(x)
    x.requires_grad_()
    output = layer(x)
    output.square().sum().backward()
    y = x.detach().clone().requires_grad_()
    torch.nn.functional.linear(y, dense, layer.bias).square().sum().backward()
    assert (x.grad - y.grad).abs().max() < 0.02 * y.grad.abs().max()
    assert (output - before).abs().max() < 0.02 * before.abs().max()


def test_unpacking_gives_the_numbers_that_were_packed():
    layer, dense = layer_of(192, 96)
    if not packs(layer):
        pytest.skip("bitsandbytes packs nothing on this CPU")
    pack_4bit(torch.nn.ModuleList([layer]))
    assert (unpack(layer) - dense).abs().max() < 0.01 * dense.abs().max(), "a scale in bfloat16 has 8 bits"
    # A row of the unit matrix picks a column of the weights: bitsandbytes' own product of packed weights says the same.
    columns = (layer(torch.eye(192)) - layer.bias).t()
    assert (columns - unpack(layer)).abs().max() < 0.01 * dense.abs().max() + 0.01 * layer.bias.abs().max()


def test_a_model_equals_plain_transformers(tmp_path):
    """Shapes that fit everywhere, so that the plain model works on this machine, too."""
    folder = make_model(tmp_path / "llama", "llama", **FITTING)
    plain = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, quantization_config=loading.quantization_config("4-bit", torch.float32)
    )
    with torch.no_grad():
        assert torch.equal(load(folder)(IDS).logits, plain(IDS).logits)


def test_the_first_pass_sets_nothing_up(tmp_path):
    """What it set up would be set up twice by two people at once, and weigh other than what the manager measured."""
    model = load(make_model(tmp_path / "llama", "llama", **FITTING))
    before, size = (
        [held.data_ptr() for part in model.modules() for _, held in memory.own_tensors(part)],
        memory.measure_bytes(model),
    )
    with torch.no_grad():
        model(IDS)
    assert [held.data_ptr() for part in model.modules() for _, held in memory.own_tensors(part)] == before
    assert memory.measure_bytes(model) == size


@pytest.mark.parametrize("options", [FITTING, {"num_key_value_heads": 2}], ids=["fitting", "too small"])
def test_bytes_are_predicted_in_either_order(tmp_path, options):
    folder = make_model(tmp_path / "llama", "llama", **options)
    spec = make_spec(folder, "llama")
    blueprint = loading.blueprint(loading.load_config(spec, folder, spec.task), spec.task, "4-bit", CPU)
    assert memory.predict_bytes(blueprint, torch.float32, CPU) == memory.measure_bytes(load(folder))


def test_many_threads_make_the_first_pass_at_once(tmp_path):
    model = load(make_model(tmp_path / "llama", "llama", **FITTING))
    alone = load(tmp_path / "llama")
    with torch.no_grad():
        expected = alone(IDS).logits
    barrier, answers = threading.Barrier(8), []

    def work():
        barrier.wait()
        with torch.no_grad():
            answers.append(model(IDS).logits)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(torch.equal(one, expected) for one in answers)
