"""The public endpoint that trains a language model from nothing; its stream is that of `playground.training`."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

import playground as pg
from playground.training.language_model.events import LanguageModelEvent
from playground.training.stories import example
from server.arrival import address_of
from tabs.page import publish


class LanguageModelApi:
    """The endpoint over one playground."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds it to the page that is being built."""
        publish(self.train_language_model, concurrency_limit=8)

    def train_language_model(
        self,
        request: gr.Request,
        text: str = "",
        grammar: str = "",
        lines: int = 4_000,
        tokenizer: str = "characters",
        vocab_size: int = 200,
        architecture: str = "llama",
        n_layer: int = 2,
        n_head: int = 4,
        hidden_size: int = 64,
        context: int = 96,
        max_steps: int = 2_500,
        per_device_train_batch_size: int = 16,
        learning_rate: float = 3e-3,
        warmup_steps: float = 0.05,
        weight_decay: float = 0.01,
        seed: int = 0,
        max_seconds: float = 180.0,
        prompt: str = "",
        name: str = "",
        run_id: str = "",
    ) -> Iterator[list[LanguageModelEvent]]:
        """A tiny language model, trained from random numbers on a text or on the lines of a story grammar.

        Args:
            text: what it learns from; or give a grammar.
            grammar: word lists and sentence patterns that write the text; "example" is the one that comes along.
            lines: how many lines the grammar writes.
            tokenizer: characters, or bpe with up to vocab_size entries.
            vocab_size: for bpe.
            architecture: llama or gpt2.
            n_layer: how many layers.
            n_head: how many heads each has.
            hidden_size: numbers of each token between layers.
            context: how many tokens it reads at most.
            max_steps: steps of the optimizer.
            per_device_train_batch_size: blocks of the text in a step.
            learning_rate: how far a step goes.
            warmup_steps: the share of the steps in which the learning rate rises.
            weight_decay: how much the numbers are drawn to 0.
            seed: of the random numbers it begins with, and of the order of the text.
            max_seconds: it ends then; 0: after max_steps.
            prompt: what it goes on from at each checkpoint; empty is the beginning of a line.
            name: what the model is called.
            run_id: /stop_training stops it under this id; the model is kept as it is then.

        Returns:
            a stream: waits (the place in the line), begins, merges_learned, corpus_read, loss_logged and checkpoint
            again and again, and last language_model_trained with model_id, which the other endpoints take from this
            client.
        """
        asked = pg.TrainLanguageModelRequest(
            text, example() if grammar.strip() == "example" else grammar, lines, tokenizer, vocab_size, architecture,
            n_layer, n_head, hidden_size, context, max_steps, per_device_train_batch_size, learning_rate, warmup_steps,
            weight_decay, seed, max_seconds, prompt, name, str(request.session_hash or ""), address_of(request), run_id,
        )  # fmt: skip
        for event in self._playground.train_language_model(asked):
            yield [event]
