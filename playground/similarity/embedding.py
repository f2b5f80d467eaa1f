"""Words -> unit vectors of an encoder, and the cosine between them: the other way to say how close two words are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from playground.errors import InputTooLongError, ModelNotFoundError
from playground.models.families import check_hidden_states, explaining
from playground.models.limits import token_limit
from playground.similarity.result import EmbedResult

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel, ModelManager
    from playground.similarity.request import EmbedRequest

ENCODER = "feature-extraction"
TEXTS_AT_ONCE = 32
NO_ENCODER = "The catalog has no encoder, so there are no cosines."


def cosine_table(manager: ModelManager, words: Sequence[str]) -> tuple[tuple[float, ...], ...] | None:
    """The cosine of every word with every other; None where the catalog has no encoder."""
    vectors = _vectors(manager, words)
    if vectors is None:
        return None
    return tuple(map(tuple, (vectors @ vectors.T).clamp(-1, 1).tolist()))


def cosine_pairs(manager: ModelManager, pairs: Sequence[tuple[str, str]]) -> list[float | None]:
    """The cosine of each pair's words; None where the catalog has no encoder."""
    vectors = _vectors(manager, [word for pair in pairs for word in pair])
    if vectors is None:
        return [None] * len(pairs)
    return (vectors[0::2] * vectors[1::2]).sum(dim=-1).clamp(-1, 1).tolist()


def _vectors(manager: ModelManager, words: Sequence[str]) -> Float[Tensor, "word hidden"] | None:
    try:
        spec = manager.catalog.default_for(ENCODER)
    except ModelNotFoundError:
        return None
    with manager.lease(spec.id, ENCODER) as loaded:
        return embed(loaded, words)


def embed_texts(manager: ModelManager, request: EmbedRequest) -> EmbedResult:
    """The unit vectors of texts, which are read whole or not at all; those of like length share a pass.

    Raises:
        InputTooLongError: a text has more tokens than the model reads.
        ModelNotFoundError: no model was named and the catalog has no encoder.
        UnsupportedOptionError: the model gives no hidden state for every token.
    """
    with manager.lease(request.model_id, ENCODER, request.quantization) as loaded:
        limit = token_limit(loaded.model, loaded.tokenizer)
        tokens = [len(ids) for ids in loaded.tokenizer(list(request.texts), verbose=False)["input_ids"]]
        for number, count in enumerate(tokens, start=1):
            if count > limit:
                raise InputTooLongError(
                    f"Text {number} has {count:,} tokens; {loaded.spec.title} reads {limit:,}.",
                    "Shorten it, or divide it.",
                )
        order = sorted(range(len(tokens)), key=tokens.__getitem__)
        vectors: list[tuple[float, ...]] = [()] * len(tokens)
        for begin in range(0, len(order), TEXTS_AT_ONCE):
            places = order[begin : begin + TEXTS_AT_ONCE]
            found = embed(loaded, [request.texts[place] for place in places]).tolist()
            for place, vector in zip(places, found, strict=True):
                vectors[place] = tuple(vector)
        return EmbedResult(loaded.spec.id, tuple(vectors), tuple(tokens))


def embed(loaded: LoadedModel, words: Sequence[str]) -> Float[Tensor, "word hidden"]:
    """Unit vectors of words: the mean of the encoder's last hidden states over the tokens that the mask keeps.

    A decoder behind the encoder isn't run: it would read something that nobody gave.

    Words share a pass where the family leaves padding alone (`LoadedModel.safe_padding`).

    Source: the card of all-MiniLM-L6-v2 (mean pooling, then normalisation).

    Raises:
        UnsupportedOptionError: the model can't be run on texts alone, or gives no hidden state for every token.
    """
    with explaining(loaded.model, "can't embed a text"):
        together = loaded.safe_padding if loaded.tokenizer.pad_token is not None else None
        batches = [list(words)] if together else [[word] for word in words]
        return torch.cat([_embed_batch(loaded, batch, together) for batch in batches])


@torch.inference_mode()
def _embed_batch(loaded: LoadedModel, words: list[str], side: str | None) -> Float[Tensor, "word hidden"]:
    padding = {"padding": True, "padding_side": side} if side else {}
    batch = loaded.tokenizer(
        words,
        truncation=True,
        max_length=token_limit(loaded.model, loaded.tokenizer),
        return_attention_mask=True,
        return_tensors="pt",
        **padding,
    ).to(loaded.model.device)
    mask = batch["attention_mask"].unsqueeze(-1)
    runner: Any = loaded.model.get_encoder() if loaded.model.config.is_encoder_decoder else loaded.model
    output = runner(**batch)
    check_hidden_states(loaded.model, output, mask.shape[1])
    mean = (output.last_hidden_state * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    return torch.nn.functional.normalize(mean.float(), dim=-1)
