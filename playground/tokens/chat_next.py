"""What a chat model would say next, with the generation prompt and without it: measured, as no rule fits all models."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import torch

from playground.errors import InputTooLongError
from playground.models.limits import context_length
from playground.models.manager import LoadedModel, ModelManager
from playground.tokens.chat_template import chat_template
from playground.tokens.request import ChatTemplateRequest
from playground.tokens.result import ChatNext, NextPiece
from playground.tokens.rules import TokenizerShelf

TASK = "text-generation"
LISTED = 3


def chat_next(manager: ModelManager, shelf: TokenizerShelf, request: ChatTemplateRequest) -> ChatNext:
    """The likeliest next tokens after a conversation, with ``add_generation_prompt`` and without.

    Raises:
        As `chat_template`.
        InputTooLongError: the model can't read that much.
    """
    both = [chat_template(shelf, replace(request, add_generation_prompt=added)) for added in (True, False)]
    with manager.lease(request.model_id, TASK) as loaded:
        first, second = (_likeliest(loaded, shelf, request.model_id, one.tokenization.input_ids) for one in both)
        return ChatNext(first, second, loaded.pretrained)


@torch.inference_mode()
def _likeliest(
    loaded: LoadedModel, shelf: TokenizerShelf, model_id: str, ids: tuple[int, ...]
) -> tuple[NextPiece, ...]:
    most = context_length(loaded.model)
    if len(ids) >= most:
        raise InputTooLongError(f"The conversation has {len(ids):,} tokens.", f"The model reads {most:,}: shorten it.")
    given = torch.tensor([ids], device=loaded.model.device)
    options: dict[str, Any] = {"attention_mask": torch.ones_like(given), "use_cache": False}
    if "logits_to_keep" in inspect.signature(loaded.model.forward).parameters:
        options["logits_to_keep"] = 1
    logits = loaded.model(input_ids=given, **options).logits[0, -1]
    best = logits.float().softmax(dim=-1).topk(LISTED)
    rules = shelf.rules(model_id)
    return tuple(
        NextPiece(token_id, rules.entry(token_id).shown, probability)
        for token_id, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    )
