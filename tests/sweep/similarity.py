"""Losses between words and the embeddings of words, against the plain calls."""

from __future__ import annotations

from typing import Any

import torch

from playground import WordLossRequest
from playground.similarity.embedding import embed
from tests.sweep.check import Sample, capability

WORDS = ("man", "the woman", "never again love")
TEMPLATE = "the {source} is the {target}"


@capability("word_loss", tasks=("text2text-generation", "text-generation"))
def word_loss(sample: Sample) -> None:
    """Every ordered pair of words, of which one needs several tokens."""
    request = WordLossRequest(WORDS, sample.model_id, template=TEMPLATE)
    plain = _plain_seq2seq if sample.family.task == "text2text-generation" else _plain_causal
    for loss in sample.playground.word_loss(request).losses:
        sample.equal([loss.loss], [plain(sample, loss.source, loss.target)])


@torch.no_grad()
def _plain_seq2seq(sample: Sample, source: str, target: str) -> float:
    labels = sample.tokenizer(text_target=target, return_tensors="pt").input_ids
    return float(sample.model(**_ids(sample.tokenizer(source).input_ids), labels=labels).loss)


@torch.no_grad()
def _plain_causal(sample: Sample, source: str, target: str) -> float:
    before = sample.tokenizer(f"the {source} is the").input_ids
    full = sample.tokenizer(f"the {source} is the {target}").input_ids
    labels = torch.tensor([[-100] * len(before) + full[len(before) :]])
    return float(sample.model(**_ids(full), labels=labels).loss)


def _ids(input_ids: list[int]) -> dict[str, Any]:
    return {"input_ids": torch.tensor([input_ids])}


@capability("word_vectors", tasks=("feature-extraction",))
def word_vectors(sample: Sample) -> None:
    """The vectors of words in one call, against the mean of each word's own hidden states."""
    with sample.playground.manager.lease(sample.model_id, sample.family.task) as loaded:
        found = embed(loaded, WORDS)
    reader = sample.model.get_encoder() if sample.model.config.is_encoder_decoder else sample.model
    with torch.no_grad():
        plain = [reader(**sample.tokenizer(word, return_tensors="pt")).last_hidden_state[0] for word in WORDS]
    sample.equal(found, torch.stack([torch.nn.functional.normalize(one.mean(dim=0), dim=0) for one in plain]))
