"""Why a model can't be run, in words of our own: never in those of the library that stopped."""

from __future__ import annotations

import pytest
import torch

from playground.errors import UnsupportedOptionError
from playground.models.families import explaining
from playground.models.reasons import why


class Boxes(torch.nn.Module):
    """A model that wants the place of every word on its page."""

    def forward(self, input_ids, bbox=None, pixel_values=None):
        raise AssertionError


class Speech(Boxes):
    """One that can also speak."""

    def generate(self, input_ids, tgt_lang=None):
        raise AssertionError


SHAPES = RuntimeError("The size of tensor a (4) must match the size of tensor b (8) at non-singleton dimension 1")


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        (Boxes(), ValueError("Bbox is required for horizontal bias"), "needs bbox beside the tokens"),
        (Boxes(), TypeError("forward() missing 1 required positional argument: 'bbox'"), "needs bbox beside"),
        (Boxes(), ValueError("You have to specify either bbox or pixel_values"), "needs bbox or pixel_values beside"),
        (Speech(), ValueError("You must specify a `tgt_lang`"), "needs tgt_lang beside"),
        (Boxes(), ValueError("You must specify a `tgt_lang`"), "stops with ValueError"),
        (Boxes(), SHAPES, "stops with RuntimeError: numbers in its config.json don't fit"),
        (Boxes(), IndexError("index out of range in self"), "stops with IndexError: its tables are too short"),
        (Boxes(), NotImplementedError("no kernel"), "transformers hasn't written this"),
        (Boxes(), ImportError("no", name="mamba_ssm"), "needs the package mamba_ssm"),
        (Boxes(), AttributeError("'NoneType' object has no attribute 'weight'"), "stops with AttributeError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_error_has_a_reason_that_repeats_none_of_it(model, error, says):
    assert says in why(model, error)
    assert str(error) not in why(model, error)


def test_a_model_that_can_t_be_run_is_refused_with_its_name_and_a_way_on():
    says = "Boxes can't be run on a text alone: it needs bbox"
    with pytest.raises(UnsupportedOptionError, match=says) as caught, explaining(Boxes()):
        raise ValueError("You have to specify bbox")
    assert caught.value.fix


def test_a_refusal_of_ours_and_a_full_memory_pass_as_they_are():
    for error in (UnsupportedOptionError("No.", "Pick another."), torch.OutOfMemoryError("full")):
        with pytest.raises(type(error)) as caught, explaining(Boxes()):
            raise error
        assert caught.value is error
