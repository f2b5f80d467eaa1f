"""The public endpoint that trains a language model from nothing; its stream is that of `playground.training`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import gradio as gr

import playground as pg
from playground.errors import InputError
from playground.training.language_model.events import LanguageModelEvent
from playground.training.stories import example
from server.arrival import address_of
from tabs.page import publish
from tabs.training.api import told
from tabs.training.handlers import PAUSE_SECONDS

OPTIONS = frozenset(
    "lines vocab_size per_device_train_batch_size learning_rate warmup_steps weight_decay seed max_seconds name".split()
)


SIZES = {
    "n_layer": "how many layers it has.",
    "n_head": "how many heads each layer has.",
    "hidden_size": "numbers for each token.",
    "context": "how many tokens it reads at most.",
    "max_steps": "how long it learns.",
}


class LanguageModelApi:
    """The endpoint over one playground."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds it to the page that is being built."""
        publish(self.train_language_model, SIZES, concurrency_limit=8)

    def train_language_model(
        self,
        request: gr.Request,
        text: str = "",
        grammar: str = "",
        tokenizer: str = "characters",
        architecture: str = "llama",
        n_layer: int = 2,
        n_head: int = 4,
        hidden_size: int = 64,
        context: int = 96,
        max_steps: int = 2_500,
        prompt: str = "",
        options: dict[str, Any] | None = None,
    ) -> Iterator[list[LanguageModelEvent]]:
        """Trains a tiny language model from random numbers, on a text or on the lines of a story grammar.

        Args:
            text: what it learns from; or give a grammar.
            grammar: word lists and patterns that write the text; "example" is the one that comes along.
            tokenizer: one of characters and bpe, whose vocab_size is one of the options.
            architecture: one of llama and gpt2.
            prompt: what it goes on from at each checkpoint; empty is the beginning of a line.
            options: by name lines, vocab_size, per_device_train_batch_size, learning_rate, weight_decay, seed,
                warmup_steps (a share of max_steps), max_seconds and name.

        Returns:
            a stream of lists of events: waits, begins, merges_learned, corpus_read, loss_logged and checkpoint again
            and again, and last language_model_trained with model_id, which the other endpoints take from this client.
            A list is empty where nothing was said for a while. Who cancels the job ends the training, with nothing.
        """
        asked = pg.TrainLanguageModelRequest(
            text, example() if grammar.strip() == "example" else grammar, tokenizer=tokenizer,
            architecture=architecture, n_layer=n_layer, n_head=n_head, hidden_size=hidden_size, context=context,
            max_steps=max_steps, prompt=prompt, person=request.session_hash or "", address=address_of(request),
            run_id=secrets.token_hex(8), **_known(options),
        )  # fmt: skip
        yield from told(self._playground, self._playground.train_language_model(asked, PAUSE_SECONDS), asked.run_id)


def _known(options: dict[str, Any] | None) -> dict[str, Any]:
    """The options, if they are such.

    Raises:
        InputError: a name is none.
    """
    if unknown := sorted((options or {}).keys() - OPTIONS):
        raise InputError(f"There is no option {unknown[0][:40]}.", f"There are {', '.join(sorted(OPTIONS))}.")
    return options or {}
