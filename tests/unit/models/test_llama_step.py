"""A step with fewer operations gives transformers' logits, leaves the model as it is, and is taken where it fits."""

import pytest
import torch

from playground.generation.passes import Passes
from playground.models.cpu import llama_step as module
from playground.models.cpu.fast_8bit import hold_in_8_bits
from playground.models.cpu.linear import join, prepare_for_crowd
from playground.models.cpu.llama_step import LlamaStep, llama_step
from playground.models.memory import measure_bytes
from tests.unit.generation.generation_models import KINDS, tiny_model

ROWS = [[5, 17, 3, 250, 9], [9, 40], [7, 7, 7]]


def as_it_is(model):
    """Plain layers of torch."""


def logits_of(passes, rows, count=6):
    """The logits of some steps after these rows, which begin with padding; shape (steps, rows, vocab)."""
    longest = max(map(len, rows))
    table = passes.table()
    table.open([len(row) for row in rows], longest)
    passes.forward(table, [[0] * (longest - len(row)) + row for row in rows])
    found = []
    for step in range(count):
        table.reserve(1)
        found.append(passes.forward(table, [[20 * step + place] for place in range(len(rows))])[:, -1])
    return torch.stack(found)


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1]], ids=["several", "one"])
@pytest.mark.parametrize(("prepare", "most"), [(as_it_is, 1e-5), (prepare_for_crowd, 1e-5), (hold_in_8_bits, 2e-3)])
@pytest.mark.parametrize("kind", ["llama", "qwen"])
@torch.inference_mode()
def test_the_same_logits(kind, prepare, most, rows, monkeypatch):
    """Few rows are multiplied in bfloat16 where that is quicker, and that alone is less exact."""
    difference = []
    for rounds in (False, True):
        model = tiny_model(kind)
        for name, weight in model.named_parameters():
            if "bias" in name:
                weight.normal_()
        prepare(model)
        if not rounds:
            monkeypatch.setattr(module, "round_few", lambda layer: None)
        passes = Passes(model)
        monkeypatch.undo()
        assert passes._step and passes.cached and passes.padded
        quick, passes._step = logits_of(passes, rows), None
        plain = logits_of(passes, rows)
        difference.append(float((quick - plain).abs().max() / plain.std()))
    assert difference[0] < most
    assert difference[1] < (most if prepare is not hold_in_8_bits else 0.1)


@pytest.mark.parametrize("kind", ["llama", "qwen"])
def test_the_model_keeps_its_weights_and_its_bytes(kind):
    model = tiny_model(kind)
    before, size = {name: one.clone() for name, one in model.state_dict().items()}, measure_bytes(model)
    step = llama_step(model)
    assert isinstance(step, LlamaStep)
    assert measure_bytes(model) == size
    for name, one in model.state_dict().items():
        assert torch.equal(one, before[name])
    attention = model.model.layers[0].self_attn
    with torch.no_grad():
        attention.k_proj.weight.fill_(3)
    height = attention.q_proj.out_features
    assert step._blocks[0]._qkv.weight[height : 2 * height - 16].unique().tolist() == [3], "one memory"
    storages = {one.untyped_storage().data_ptr() for one in attention.parameters()}
    assert len(storages) == len(list(attention.parameters()))


@pytest.mark.parametrize("bias", [False, True])
def test_one_layer_for_several(bias):
    layers = [torch.nn.Linear(6, count, bias) for count in (4, 2, 3)]
    x = torch.randn(5, 6)
    apart = torch.cat([layer(x) for layer in layers], -1)
    whole = join(layers)
    assert (whole.in_features, whole.out_features) == (6, 9)
    torch.testing.assert_close(whole(x), apart)
    torch.testing.assert_close(torch.cat([layer(x) for layer in layers], -1), apart)


def test_other_models_have_none():
    for kind in set(KINDS) - {"llama", "qwen"}:
        assert llama_step(tiny_model(kind)) is None
    assert llama_step(tiny_model("llama").to(torch.bfloat16)) is None
    sliding = tiny_model("llama")
    sliding.config.sliding_window = 4
    assert llama_step(sliding) is None
    special = tiny_model("llama")
    special.model.layers[1].mlp.up_proj.__class__ = type("Linear4bit", (torch.nn.Linear,), {})
    assert llama_step(special) is None


def test_a_step_that_gives_other_logits_is_not_taken(monkeypatch):
    real = LlamaStep.__call__
    monkeypatch.setattr(module.LlamaStep, "__call__", lambda *given: real(*given).roll(1, -1))
    passes = Passes(tiny_model("llama"))
    assert passes._step is None and passes.cached and passes.padded
