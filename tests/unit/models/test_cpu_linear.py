"""A linear layer the other way round gives the same product."""

import pytest
import torch

from playground.models.cpu.linear import ROWS, CrowdLinear, prepare_for_crowd


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
