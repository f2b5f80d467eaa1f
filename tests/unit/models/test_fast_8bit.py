"""fast-8-bit: the numbers, the bytes, the refusals and the receipt of whole numbers of 8 bits."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

import playground as pg
from playground.errors import UnsupportedOptionError
from playground.models import loading, memory
from playground.models.cpu import fast_8bit
from playground.models.pretrained import FAST_8_BIT, Pretrained
from tests.tiny_models import ARCHITECTURES, make_model, make_spec

CPU = torch.device("cpu")
IDS = torch.tensor([[1, 5, 9, 7, 5, 9, 8, 2]])
WIDE = {"hidden_size": 64, "intermediate_size": 256}


def load(folder, architecture, quantization=FAST_8_BIT):
    spec = make_spec(folder, architecture)
    return loading.load_model(spec, folder, spec.task, quantization, CPU)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 7), (1, 1, 576), (3, 5, 33), (40, 64), (0, 8)])
def test_a_layer_multiplies_with_the_numbers_that_its_8_bits_stand_for(shape, bias):
    torch.manual_seed(0)
    plain = nn.Linear(shape[-1], 11, bias)
    holder = nn.Sequential(plain)
    fast_8bit.hold_in_8_bits(holder)
    layer, x = holder[0], torch.randn(shape) * 3
    weight = layer.weight.float() * layer.scale[:, None]
    assert layer.weight.dtype == torch.int8
    assert (weight - plain.weight).abs().max() <= 0.51 * layer.scale.max()
    with torch.inference_mode():
        truth = nn.functional.linear(x, weight, plain.bias)
        found = layer(x)
    assert found.shape == truth.shape
    if x.numel():
        assert (found - truth).norm() < 1e-3 * truth.norm()


def test_a_large_number_in_a_row_takes_no_bits_from_the_others():
    """One outlier is why a single number of 8 bits is too few: here it would leave nothing of the rest."""
    holder = nn.Sequential(nn.Linear(64, 8, bias=False))
    fast_8bit.hold_in_8_bits(holder)
    layer, x = holder[0], torch.full((1, 64), 0.3)
    x[0, 0] = 100
    with torch.inference_mode():
        rest = layer(x) - x[0, 0] * layer.weight[:, 0] * layer.scale
        truth = x[0, 1:] @ (layer.weight[:, 1:].float() * layer.scale[:, None]).t()
    assert (rest - truth).norm() < 0.01 * truth.norm()


def test_a_row_gets_the_same_numbers_alone_and_in_company():
    holder = nn.Sequential(nn.Linear(96, 33))
    fast_8bit.hold_in_8_bits(holder)
    rows = torch.randn(37, 96)
    rows[5] = 0
    with torch.inference_mode():
        together = holder(rows)
        assert all(torch.equal(holder(rows[n : n + 1])[0], together[n]) for n in range(len(rows)))
    assert torch.equal(together[5], holder[0].bias), "a row of zeros is a row of zeros"


@pytest.mark.parametrize("bias", [False, True])
def test_few_rows_in_bfloat16(bias, monkeypatch):
    """As exact as that, the same numbers alone and in company; more rows as ever, and so without torch's product."""
    monkeypatch.setattr(fast_8bit, "has_few_product", lambda: True)
    plain = nn.Linear(128, 33, bias)
    holder = nn.Sequential(plain)
    fast_8bit.hold_in_8_bits(holder)
    layer, rows = holder[0], torch.randn(fast_8bit.FEW + 1, 128)
    with torch.inference_mode():
        exact = layer(rows)
        fast_8bit.round_few(layer)
        assert torch.equal(layer(rows), exact)
        few = layer(rows[:-1])
        assert not torch.equal(few, exact[:-1])
        assert (few - exact[:-1]).norm() < 0.01 * exact[:-1].norm()
        for number in range(fast_8bit.FEW):
            torch.testing.assert_close(layer(rows[number : number + 1])[0], few[number], rtol=0, atol=1e-6)
    odd = fast_8bit.Fast8bitLinear(fast_8bit.Codes(torch.randn(5, 40)), None)
    fast_8bit.round_few(odd)
    assert odd.ones is None, "it reads whole registers"


def test_without_the_product_for_few_rows_nothing_is_rounded(monkeypatch):
    fast_8bit.has_few_product.cache_clear()
    monkeypatch.delattr(torch, "_weight_int8pack_mm")
    layer = fast_8bit.Fast8bitLinear(fast_8bit.Codes(torch.randn(5, 64)), None)
    fast_8bit.round_few(layer)
    assert layer.ones is None
    fast_8bit.has_few_product.cache_clear()


def test_what_is_no_number_stays_none():
    holder = nn.Sequential(nn.Linear(4, 3))
    fast_8bit.hold_in_8_bits(holder)
    with torch.inference_mode():
        assert holder(torch.tensor([[1.0, math.nan, 0, 0]])).isnan().all()


def test_gradients_go_through_the_numbers():
    holder = nn.Sequential(nn.Linear(6, 3))
    fast_8bit.hold_in_8_bits(holder)
    x = torch.randn(2, 6, requires_grad=True)
    holder(x).sum().backward()
    weight = holder[0].weight.float() * holder[0].scale[:, None]
    torch.testing.assert_close(x.grad, weight.sum(0).expand(2, 6))


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_bytes_are_predicted_exactly_and_answers_stay(tmp_path, architecture):
    folder = make_model(tmp_path / architecture, architecture)
    spec = make_spec(folder, architecture)
    blueprint = loading.blueprint(loading.load_config(spec, folder, spec.task), spec.task, FAST_8_BIT, CPU)
    quick, plain = load(folder, architecture), load(folder, architecture, "float32")
    assert memory.predict_bytes(blueprint, torch.float32, CPU) == memory.measure_bytes(quick)
    assert memory.measure_bytes(quick) < memory.measure_bytes(plain)
    assert quick.dtype == torch.float32
    given = {"decoder_input_ids": IDS} if quick.config.is_encoder_decoder else {}
    with torch.inference_mode():
        found, truth = quick(IDS, **given).logits, plain(IDS, **given).logits
    assert 0 < (found - truth).norm() < 0.1 * truth.norm()


def test_a_table_that_the_head_shares_is_held_once(tmp_path):
    model = load(make_model(tmp_path / "llama", "llama", **WIDE), "llama")
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    assert type(embedding) is fast_8bit.Fast8bitEmbedding
    assert head.weight is embedding.weight
    assert head.scale is embedding.scale
    torch.testing.assert_close(embedding(IDS), embedding.floats()[IDS])
    assert not any(isinstance(one, nn.Linear | Conv1D) and one.weight.is_floating_point() for one in model.modules())


def test_it_is_refused_with_a_reason(monkeypatch):
    assert loading.quantization_obstacle(FAST_8_BIT, CPU) == ""
    assert loading.quantization_obstacle(FAST_8_BIT, torch.device("cuda")) == (
        "It runs on the CPU; a GPU has 8-bit and 4-bit."
    )
    fast_8bit.obstacle.cache_clear()
    monkeypatch.delattr(torch, "_int_mm")
    assert "multiplies no whole numbers of 8 bits" in loading.quantization_obstacle(FAST_8_BIT, CPU)
    fast_8bit.obstacle.cache_clear()


def test_torch_still_has_the_product_under_its_private_name():
    rows = torch.randint(-127, 128, (5, 300), dtype=torch.int8)
    weight = torch.randint(-127, 128, (70, 300), dtype=torch.int8)
    assert torch.equal(fast_8bit.int_product(rows, weight).long(), rows.long() @ weight.long().t())


def test_which_is_quicker_does_not_hang_on_when_the_machine_was_busy(monkeypatch):
    """What was measured while others computed was called slower, for as long as the playground ran."""
    clock = [0.0]
    monkeypatch.setattr(fast_8bit.time, "perf_counter", lambda: clock[0])

    def taking(seconds):
        def work() -> None:
            clock[0] += seconds + (10 if clock[0] < 100 else 0)

        return work

    assert fast_8bit._first_is_quicker(taking(1), taking(4))
    clock[0] = 0
    assert not fast_8bit._first_is_quicker(taking(4), taking(1))


def test_a_slow_processor_is_said(monkeypatch):
    monkeypatch.setattr(fast_8bit, "is_quicker", lambda: False)
    with pg.Playground(pg.Settings(hub="off")) as playground:
        options = {one.name: one for one in playground.quantizations("HuggingFaceTB/SmolLM2-135M-Instruct")}
    assert options[FAST_8_BIT].available
    assert options[FAST_8_BIT].reason == "Works, but this processor multiplies 8-bit numbers slower than float32."


def test_the_receipt_says_how_to_get_the_same_weights(tmp_path, python):
    """Run in a fresh process: the weights are those, and the answers equal up to what the input is rounded by."""
    models, codes = [], []
    for architecture in ("llama", "gpt2", "bert"):
        folder = make_model(tmp_path / architecture, architecture)
        models.append(load(folder, architecture))
        auto = type(models[-1]).__name__
        held = Pretrained(str(folder), auto, FAST_8_BIT, "float32", "cpu")
        codes.append(
            f"{held.model_lines()}\nfrom transformers import {auto}\nmodel = {held.code()}.eval()\nimport json\n"
            f"with torch.inference_mode():\n    logits = model(torch.tensor({IDS.tolist()})).logits\n"
            "print(json.dumps([logits.tolist(), model.get_input_embeddings().weight.tolist()]))"
        )
    for quick, numbers in zip(models, python.numbers(*codes), strict=True):
        logits, table = map(torch.tensor, numbers)
        with torch.inference_mode():
            found = quick(IDS).logits
        assert torch.equal(quick.get_input_embeddings().floats(), table)
        assert (found - logits).norm() < 1e-3 * logits.norm()


def test_there_is_no_other_name():
    with pytest.raises(UnsupportedOptionError, match="Use one of auto, float32"):
        loading.pick_quantization("9-bit", ("auto",), CPU)
