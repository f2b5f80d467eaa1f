"""Linear layers that are quicker for few rows give the same products, gradients and text."""

import pytest
import torch
from transformers.pytorch_utils import Conv1D

from playground.models.cpu import linear
from playground.models.cpu.linear import FEW, TURNED, CrowdConv1D, CrowdLinear, prepare_for_crowd
from tests.unit.generation.generation_models import tiny_model


@pytest.fixture(params=[True, False], ids=["onednn", "none"])
def has_onednn(request, monkeypatch):
    """Both ways, whatever this machine has."""
    if request.param and not linear.has_onednn():
        pytest.skip("torch has no oneDNN here")
    monkeypatch.setattr(linear, "has_onednn", lambda: request.param)
    return request.param


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("features", [5, 64, 130])
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (FEW, 1), (3, 5), (TURNED[-1], 1), (TURNED[-1] + 1, 1)])
def test_the_same_product(bias, features, shape, has_onednn):
    plain, crowd = torch.nn.Linear(7, features, bias), torch.nn.Linear(7, features, bias)
    crowd.load_state_dict(plain.state_dict())
    prepare_for_crowd(crowd)
    hidden, every_other = torch.randn(*shape, 7), torch.randn(*shape, 14)[..., ::2]
    with torch.no_grad():
        assert crowd(hidden).is_contiguous()
        torch.testing.assert_close(crowd(hidden), plain(hidden), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(crowd(every_other), plain(every_other), rtol=1e-5, atol=1e-6)


def test_gradients_flow(has_onednn):
    crowd = torch.nn.Linear(7, 5)
    prepare_for_crowd(crowd)
    crowd(torch.ones(3, 7)).sum().backward()
    torch.testing.assert_close(crowd.weight.grad, torch.full((5, 7), 3.0))


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_prepared_model_says_the_same(kind, has_onednn):
    plain, crowd = tiny_model(kind), tiny_model(kind)
    prepare_for_crowd(crowd)
    kinds = {type(module) for module in crowd.modules()}
    assert kinds & {CrowdConv1D, CrowdLinear} and not kinds & {torch.nn.Linear, Conv1D}
    ids = torch.tensor([[5, 17, 3, 250, 9, 9, 40]])
    with torch.inference_mode():
        logits = plain(ids).logits
        torch.testing.assert_close(crowd(ids).logits, logits, rtol=0, atol=1e-5 * float(logits.abs().max()))
    asked = {"attention_mask": torch.ones_like(ids), "max_new_tokens": 20, "do_sample": False}
    assert crowd.generate(ids, **asked).tolist() == plain.generate(ids, **asked).tolist()


def test_only_plain_float32_layers_are_prepared():
    class Own(torch.nn.Linear):
        """Such as a quantized layer."""

    half = torch.nn.Linear(2, 2, dtype=torch.bfloat16)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), Own(2, 2), half, torch.nn.Linear(2, 2, device="meta"))
    prepare_for_crowd(model)
    assert [type(layer) for layer in model] == [CrowdLinear, Own, torch.nn.Linear, torch.nn.Linear]
