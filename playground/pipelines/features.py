"""Texts -> vectors, and how near they are: hidden states, their mean over the tokens, length 1, cosine.

``pipeline("feature-extraction")`` stops at the hidden states. Source of the rest: the card of all-MiniLM-L6-v2.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from playground.errors import UnsupportedOptionError
from playground.models.families import check_finite, check_hidden_states
from playground.pipelines.reading import Reader, cut_tokens
from playground.pipelines.request import PipelineRequest
from playground.pipelines.result import FeaturesAnswer, ModelPass, TextFeatures

SHOWN_TOKENS = 16
SHOWN_NUMBERS = 48


def features(reader: Reader, request: PipelineRequest) -> dict[str, Any]:
    """The fields of the result.

    Raises:
        UnsupportedOptionError: the model has a decoder, or no hidden state for each token.
    """
    if reader.model.config.is_encoder_decoder:
        raise UnsupportedOptionError(
            f"{reader.name} also has a decoder, to which nobody gives anything to read here.", "Pick an encoder."
        )
    texts = (request.text, *(request.texts or ()))
    passes: list[ModelPass] = []
    states: list[Tensor] = []
    notes: list[str] = []
    for number, text in enumerate(texts, start=1):
        one, hidden = _run(reader, number, text)
        passes.append(one)
        states.append(hidden)
        if one.cut:
            notes.append(f"Text {number}: {cut_tokens(len(one.tokens) + one.cut, len(one.tokens))}")
    means = torch.stack([hidden.mean(dim=0) for hidden in states])
    vectors = torch.nn.functional.normalize(means, dim=-1)
    found = tuple(
        TextFeatures(
            _rows(hidden[:SHOWN_TOKENS, :SHOWN_NUMBERS]),
            tuple(mean[:SHOWN_NUMBERS].tolist()),
            float(mean.norm()),
            tuple(vector.tolist()),
        )
        for hidden, mean, vector in zip(states, means, vectors, strict=True)
    )
    said = _pipeline(reader, texts)
    return {
        "passes": tuple(passes),
        "answer": FeaturesAnswer(int(means.shape[1]), found, _rows((vectors @ vectors.T).clamp(-1, 1))),
        "pipeline": tuple(_shortened(one) for one in said),
        "max_difference": max(float((one - two).abs().max()) for one, two in zip(states, said, strict=True)),
        "notes": tuple(notes),
    }


def _run(reader: Reader, number: int, text: str) -> tuple[ModelPass, Tensor]:
    """One text through the model, and a hidden state for each token: [seq, hidden]."""
    encoding = reader.encode(text, truncation=True, max_length=reader.limit)
    whole = len(reader.tokenizer(text, verbose=False)["input_ids"])
    inputs = reader.tensors(encoding)
    output = reader.run(inputs)
    check_hidden_states(reader.model, output, len(encoding["input_ids"]))
    hidden = output.last_hidden_state
    check_finite(reader.model, hidden)
    cut = whole - len(encoding["input_ids"])
    one = reader.one_pass(f"text {number}", reader.tokens(encoding), inputs, {"last_hidden_state": hidden}, cut)
    return one, hidden[0].float().cpu()


def _rows(table: Tensor) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, table.tolist()))


def _pipeline(reader: Reader, texts: tuple[str, ...]) -> list[Tensor]:
    """What the pipeline says of each text: [seq, hidden]."""
    with reader.pipeline("feature-extraction") as pipeline:
        return [torch.tensor(pipeline(text, truncation=True)[0], dtype=torch.float32) for text in texts]


def _shortened(hidden: Tensor) -> str:
    """The list of lists that the pipeline returns, the beginning of each."""
    rows = [f"[{', '.join(f'{value:.4f}' for value in row[:3].tolist())}, …]" for row in hidden[:2]]
    return f"[[{', '.join(rows)}, …]]  # [1, {hidden.shape[0]}, {hidden.shape[1]}]"
