"""What programs can ask of the Training tab: endpoints with plain values in and out."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import gradio as gr

import playground as pg
from playground.models.trained import TrainedModel
from playground.tables import read_pasted
from playground.training.events import ClassifierEvent
from playground.training.request import Method
from server.arrival import address_of
from tabs.page import publish
from tabs.training.handlers import PAUSE_SECONDS


def told(playground: pg.Playground, events: Iterator[Any], run_id: str) -> Iterator[list[Any]]:
    """What a training says, in lists; it ends at once when nobody reads them any more."""
    try:
        for event in events:
            yield [] if event is None else [event]
    finally:
        playground.end_training(run_id)


# Arguments with the names of transformers' TrainingArguments, and the name.
MEANINGS = {
    "num_train_epochs": "how often it goes through all rows.",
    "per_device_train_batch_size": "rows in each step.",
    "weight_decay": "how much each step pulls weights towards 0.",
    "seed": "which random numbers it uses; the same seed gives the same again.",
    "name": "what the model is called.",
}


class TrainingApi:
    """The endpoints of the tab, over one playground."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Makes them endpoints of the page that is being built."""
        publish(self.train_classifier, MEANINGS, concurrency_limit=8)
        publish(self.trained_models)

    def train_classifier(
        self,
        request: gr.Request,
        rows: str,
        method: Method = "lora",
        model_id: str = "",
        learning_rate: float | None = None,
        num_train_epochs: int | None = None,
        per_device_train_batch_size: int = 16,
        warmup_steps: float = 0.1,
        weight_decay: float = 0.0,
        seed: int = 0,
        held_out: float = 0.25,
        r: int = 8,
        name: str = "",
    ) -> Iterator[list[ClassifierEvent]]:
        """Trains a classifier from labelled rows, in a process of its own; the last event names the model.

        Args:
            rows: CSV or TSV text; its first line may name the columns, such as text,label.
            method: what is trained: head, lora or full.
            model_id: an encoder of the catalog; empty is its first.
            learning_rate: how far a step goes; without it, and without num_train_epochs, what suits the method.
            warmup_steps: the share of steps in which the learning rate rises.
            held_out: the share of rows that the model is tested with and never learns from.
            r: the rank of LoRA's adapters.

        Returns:
            a stream of lists of events: waits (the place in the line), begins, split, step and held_out again and
            again, and last trained_classifier with model_id, which the other endpoints take from this client. A list is
            empty where nothing was said for a while. Who cancels the job ends the training, with nothing.
        """
        asked = pg.TrainClassifierRequest(
            read_pasted(rows), model_id=model_id or None, method=method, learning_rate=learning_rate,
            num_train_epochs=num_train_epochs, per_device_train_batch_size=per_device_train_batch_size,
            warmup_steps=warmup_steps, weight_decay=weight_decay, seed=seed, held_out=held_out, r=r, name=name,
            person=request.session_hash or "", address=address_of(request), run_id=secrets.token_hex(8),
        )  # fmt: skip
        yield from told(self._playground, self._playground.train_classifier(asked, PAUSE_SECONDS), asked.run_id)

    def trained_models(self, request: gr.Request) -> list[TrainedModel]:
        """What this client has trained here, the newest first; it is gone when the playground ends.

        Returns:
            model_id (what the other endpoints take), title, task, parameters, file_bytes and made_at of each.
        """
        return list(self._playground.trained_models(request.session_hash or ""))
