"""What a model is like at a checkpoint: its loss on text that it isn't trained on, what it writes, where it looks.

Everything here leaves the random numbers of the training alone, so that a training with many checkpoints gives the same
losses as one without.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

HELDOUT_BLOCKS = 64
SAMPLES = 20
LINES_TOGETHER = 16


@contextmanager
def looking(model: PreTrainedModel) -> Iterator[None]:
    """The model as it answers: no gradients, and training goes on afterwards with the random numbers it had."""
    was_training = model.training
    with torch.random.fork_rng(devices=[model.device] if model.device.type == "cuda" else []), torch.no_grad():
        model.eval()
        try:
            yield
        finally:
            model.train(was_training)


def mean_loss(model: PreTrainedModel, blocks: Sequence[Tensor]) -> float:
    """The mean loss per token over blocks of equal length."""
    total = 0.0
    for start in range(0, len(blocks), LINES_TOGETHER):
        together = torch.stack(list(blocks[start : start + LINES_TOGETHER])).to(model.device)
        total += float(model(input_ids=together, labels=together).loss) * len(together)
    return total / len(blocks)


def write(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt_ids: Sequence[int],
    count: int,
    length: int,
    ends_with_line: bool,
) -> list[str]:
    """So many texts that go on from a prompt, each token drawn as likely as the model finds it.

    They have ``length`` tokens at most, and no more than the model's context has room for.
    """
    newline = tokenizer.convert_tokens_to_ids("\n")
    known = list(prompt_ids) or [newline]
    room = max(1, min(length, model.config.max_position_embeddings - len(known)))
    prompt = torch.tensor([known] * count, device=model.device)
    torch.manual_seed(0)
    rows = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=room,
        do_sample=True,
        top_k=0,
        eos_token_id=newline if ends_with_line else None,
        pad_token_id=newline,
    )
    begins = "" if prompt_ids else "\n"
    return [str(tokenizer.decode(row)).removeprefix(begins) for row in rows.tolist()]


def attention_bytes(model: PreTrainedModel, probe: Tensor) -> bytes:
    """Every weight of every head on one text as a byte, 255 for 1; of a row only what is not behind its token."""
    model.set_attn_implementation("eager")
    try:
        layers = model(input_ids=probe[None], output_attentions=True).attentions
    finally:
        model.set_attn_implementation("sdpa")
    seen = torch.tril(torch.ones(len(probe), len(probe), dtype=torch.bool))
    weights = torch.stack([layer[0] for layer in layers]).cpu()
    return bytes((weights[..., seen] * 255).round().clamp(0, 255).to(torch.uint8).flatten().tolist())


def unigram_loss(train: Sequence[int], heldout: Sequence[int], vocab_size: int) -> float:
    """The loss on the held-out tokens of knowing how often each token stands in the training text, and nothing else.

    Each is counted once more than it stands there, so that one which is new has a probability as well.
    """
    counts = Counter(train)
    total = len(train) + vocab_size
    return -sum(math.log((counts[one] + 1) / total) for one in heldout) / len(heldout)
