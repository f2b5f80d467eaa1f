"""The public endpoints of looking inside; answers are the results of `playground.inside`."""

from __future__ import annotations

from typing import Any

import gradio as gr

import playground as pg
from playground.inside.request import METHODS
from playground.models.tokenizers import read_messages
from server.arrival import address_of
from tabs.inside.examples import EXAMPLES
from tabs.page import publish


class InsideApi:
    """The endpoints over one playground. An empty ``model_id`` takes the catalog's first that generates text."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds them to the page that is being built."""
        examples = dict.fromkeys(("prompt", "text"), EXAMPLES[0].text)
        publish(self.logit_lens, examples=examples, concurrency_id="inside", concurrency_limit=2)
        publish(self.attribute_next, examples=examples, concurrency_id="inside", concurrency_limit=2)
        publish(self.model_map, examples=examples, concurrency_id="inside", concurrency_limit=2)

    def logit_lens(
        self,
        prompt: str = "",
        messages: list[dict[str, str]] | None = None,
        model_id: str = "",
        quantization: str = "auto",
        prefix_token_ids: list[int] | None = None,
        split_special_tokens: bool = False,
        positions: list[int] | None = None,
        track_token_ids: list[int] | None = None,
        top: int = 3,
    ) -> pg.LensResult:
        """What the model would say after each of its layers: lm_head(final_norm(hidden_states[layer])).

        Args:
            prompt: what the model reads; with [MASK] in it, for a model that fills masks.
            messages: a chat instead, with roles and contents.
            model_id: a model of the catalog.
            quantization: how the weights are held.
            prefix_token_ids: the reply so far.
            split_special_tokens: reads special tokens in the prompt as plain text.
            positions: the tokens after which to look, counted from 0; the last 64 without it.
            track_token_ids: tokens to follow through the layers beside those that win.
            top: how many tokens each cell lists.

        Returns:
            tokens, positions, cells[layer][column] and tracks[column]; the last layer is the model's own answer.
        """
        request = pg.LensRequest(
            **_text(prompt, messages, model_id, quantization, prefix_token_ids, split_special_tokens),
            positions=tuple(positions or ()),
            track_token_ids=tuple(track_token_ids or ()),
            top=top,
        )
        return self._playground.logit_lens(request)

    def attribute_next(
        self,
        request: gr.Request,
        prompt: str = "",
        messages: list[dict[str, str]] | None = None,
        model_id: str = "",
        quantization: str = "auto",
        prefix_token_ids: list[int] | None = None,
        split_special_tokens: bool = False,
        token_id: int | None = None,
        contrast_token_id: int | None = None,
        methods: list[str] | None = None,
        n_steps: int = 32,
    ) -> pg.AttributeNextResult:
        """How much each token of a text spoke for the next one, or for it rather than for another.

        Args:
            prompt: what the model reads.
            messages: a chat instead, with roles and contents.
            model_id: a model of the catalog.
            quantization: how the weights are held.
            prefix_token_ids: the reply so far.
            split_special_tokens: reads special tokens in the prompt as plain text.
            token_id: the next token that is explained; the most probable without it.
            contrast_token_id: another one: then the difference of the two logits is explained.
            methods: of gradient_x_input, integrated_gradients and occlusion; all without it.
            n_steps: steps of integrated gradients.

        Returns:
            tokens, words, and for each method a value for each of them, in units of the logit.
        """
        asked = pg.AttributeNextRequest(
            **_text(prompt, messages, model_id, quantization, prefix_token_ids, split_special_tokens),
            token_id=token_id,
            contrast_token_id=contrast_token_id,
            methods=tuple(methods or METHODS),
            n_steps=n_steps,
            address=address_of(request),
        )
        return self._playground.attribute_next(asked)

    def model_map(
        self,
        text: str = "",
        model_id: str = "",
        decoder_text: str = "",
        task: str = "",
        quantization: str = "auto",
        stack: str = "",
        layer: int | None = None,
        head: int = 0,
        position: int | None = None,
    ) -> pg.ModelMapResult:
        """A model drawn from its own modules, with a text on its way through them and one attention head unrolled.

        Args:
            text: what flows through the model; without it there are only its parts.
            model_id: a model of the catalog.
            decoder_text: what the decoder of a model with two sides reads; without it, what the model writes.
            task: the head that is loaded; by default the one that the catalog names.
            quantization: how the weights are held.
            stack: whose layers are counted: self, or encoder, decoder or cross where there are two sides.
            layer: with it, one head of this layer is unrolled; counted from 0.
            head: which of the layer's heads.
            position: the token that reads, counted from 0; the last without it.

        Returns:
            parts (modules with parameters and bytes that add up), states (what they returned), attentions and head.
        """
        asked = pg.ModelMapRequest(
            text=text,
            model_id=model_id,
            decoder_text=decoder_text,
            task=task,
            quantization=quantization,
            stack=stack,
            layer=layer,
            head=head,
            position=position,
        )
        return self._playground.model_map(asked)


def _text(
    prompt: str,
    messages: list[dict[str, str]] | None,
    model_id: str,
    quantization: str,
    prefix_token_ids: list[int] | None,
    split_special_tokens: bool,
) -> dict[str, Any]:
    """What both requests share."""
    return {
        "prompt": prompt,
        "messages": tuple(pg.Message(**one) for one in read_messages(messages)) if messages else None,
        "model_id": model_id,
        "quantization": quantization,
        "prefix_token_ids": tuple(prefix_token_ids or ()),
        "split_special_tokens": split_special_tokens,
    }
