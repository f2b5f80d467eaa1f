"""The public endpoints; arguments are those of `GenerateRequest`, answers its events and results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

import playground as pg
from server.arrival import address_of, arrived_at
from tabs.generation.settings import turns
from tabs.page import publish

# What arguments mean that several endpoints take alike; those of sampling are transformers' own.
MEANINGS = {
    "prompt": "a text to go on from; give either this or messages.",
    "messages": "a chat: role (system, user or assistant) and content of each message.",
    "model_id": "a text-generation model; empty is the first.",
    "quantization": "one of auto, float32, bfloat16, float16, 8-bit, fast-8-bit and 4-bit.",
    "max_new_tokens": "how long the reply may be, in tokens.",
    "do_sample": "draws tokens by chance; otherwise always the likeliest.",
    "temperature": "with do_sample: below 1 likely tokens become likelier, above 1 all become more alike.",
    "top_k": "with do_sample: only so many of the likeliest tokens; 0 is all.",
    "top_p": "with do_sample: only the fewest tokens that together reach this probability.",
    "min_p": "with do_sample: only tokens at least this share as likely as the likeliest.",
    "repetition_penalty": "above 1 what has been said becomes less likely; 1 changes nothing.",
    "seed": "which of the random replies; the same seed gives the same again.",
    "stop_strings": "texts with which the reply ends.",
    "num_beams": "above 1: beam search, which goes on from so many beginnings.",
    "prompt_lookup_num_tokens": "above 0: guesses so many tokens from repetitions; the reply stays the same.",
    "prefix_token_ids": "tokens that the reply begins with.",
    "split_special_tokens": "reads special tokens in the prompt as plain text.",
    "top": "how many of the likeliest tokens each step lists.",
}


class GenerationApi:
    """The endpoints over one playground. An empty ``model_id`` takes the catalog's first."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds them to the page that is being built."""
        examples = {"prompt": "The capital of France is"}
        publish(self.generate, MEANINGS, examples, concurrency_limit=100, concurrency_id="generation")
        publish(self.next_token, MEANINGS, examples)
        publish(self.quantization_twin)

    async def generate(
        self,
        request: gr.Request,
        prompt: str = "",
        messages: list[dict[str, str]] | None = None,
        model_id: str = "",
        quantization: str = "auto",
        max_new_tokens: int = 100,
        do_sample: bool = False,
        temperature: float = 1.0,
        top_k: int = 50,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        stop_strings: list[str] | None = None,
        num_beams: int = 1,
        prompt_lookup_num_tokens: int = 0,
        prefix_token_ids: list[int] | None = None,
        split_special_tokens: bool = False,
        top: int = 10,
    ) -> AsyncIterator[list[pg.Event]]:
        """Streams lists of events as they come: waiting, started, reading (long prompts), step (or beamstep), and
        finished at the end."""
        asked = self._request(
            request, prompt, messages, model_id, prefix_token_ids, quantization=quantization, do_sample=do_sample,
            max_new_tokens=max_new_tokens, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, seed=seed,
            repetition_penalty=repetition_penalty, stop_strings=tuple(stop_strings or ()), num_beams=num_beams, top=top,
            prompt_lookup_num_tokens=prompt_lookup_num_tokens, split_special_tokens=split_special_tokens,
        )  # fmt: skip
        async with aclosing(self._playground.compare_batches((asked,), asked_at=arrived_at(request))) as batches:
            async for batch in batches:
                yield [event for _, event in batch]

    def next_token(
        self,
        request: gr.Request,
        prompt: str = "",
        messages: list[dict[str, str]] | None = None,
        model_id: str = "",
        quantization: str = "auto",
        do_sample: bool = False,
        temperature: float = 1.0,
        top_k: int = 50,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        prefix_token_ids: list[int] | None = None,
        split_special_tokens: bool = False,
    ) -> pg.NextTokenResult:
        """The distribution over the next token before and after the sampler; nothing is generated."""
        asked = self._request(
            request, prompt, messages, model_id, prefix_token_ids, quantization=quantization, do_sample=do_sample,
            temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, repetition_penalty=repetition_penalty,
            max_new_tokens=len(prefix_token_ids or ()) + 1, split_special_tokens=split_special_tokens,
        )  # fmt: skip
        return self._playground.next_token(asked)

    def quantization_twin(
        self,
        request: gr.Request,
        text: str,
        model_id: str = "",
        quantization: str = "float32",
        other_model_id: str = "",
        other_quantization: str = "8-bit",
        max_new_tokens: int = 24,
    ) -> pg.TwinResult:
        """One text, read by two models token for token: KL divergence in nats, both probabilities, whether the best
        token changed, perplexities, bytes and speeds, and what each writes by itself.

        Args:
            text: what both read.
            model_id: a text-generation model; empty is the first.
            quantization: how its weights are held.
            other_model_id: the second model, with the same tokenizer; empty is the same model.
            other_quantization: how the second one's weights are held.
            max_new_tokens: how many tokens each then writes by itself; 0: none.
        """
        asked = pg.TwinRequest(
            text, model_id or None, quantization, other_model_id or None, other_quantization, max_new_tokens,
            person=request.session_hash or "", address=address_of(request),
        )  # fmt: skip
        return self._playground.twin(asked)

    def _request(
        self,
        request: gr.Request,
        prompt: str,
        messages: list[dict[str, str]] | None,
        model_id: str,
        prefix_token_ids: list[int] | None,
        **settings: Any,
    ) -> pg.GenerateRequest:
        """Either the prompt or the chat, with the settings."""
        source: dict[str, Any] = {"messages": tuple(turns(messages))} if messages else {"prompt": prompt}
        prefix = tuple(prefix_token_ids or ())
        own: dict[str, Any] = {
            "model_id": model_id or None,
            "prefix_token_ids": prefix,
            "person": request.session_hash or "",
            "address": address_of(request),
        }
        return pg.GenerateRequest(**source, **own, **settings)
