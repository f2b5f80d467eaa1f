"""What the sampler leaves, and what is drawn from it."""

import math

import pytest
import torch
from transformers import RepetitionPenaltyLogitsProcessor

from playground.generation.choose import Draw, Kept, choose, process, warpers
from playground.generation.generate import next_token
from playground.generation.pieces import Pieces
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import (
    STRATEGIES,
    tiny_tokenizer,
)


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


def test_the_rest_counts_in_its_bins(tiny):
    """Probabilities at another temperature, from the best candidates and the bins of the rest alone."""
    manager = tiny()
    request = GenerateRequest(prompt="the", do_sample=True, top_k=0, temperature=1.5)
    few = next_token(manager, GenerateRequest(prompt="the"), count=20)
    exact = next_token(manager, request, count=20)
    assert sum(count for count, _ in few.rest) == len(manager.loaded.tokenizer) - 20
    own = [math.exp(one.logit / 1.5) for one in few.candidates]
    total = sum(own) + sum(count * math.exp(logit / 1.5) for count, logit in few.rest)
    assert [one / total for one in own] == pytest.approx([one.after for one in exact.candidates], rel=1e-3)
    assert sum(one.before for one in few.candidates) < 1
    assert (few.quantization, few.dtype) == (manager.loaded.key.quantization, manager.loaded.dtype)
