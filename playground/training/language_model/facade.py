"""What a playground answers about language models from nothing.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.receipt import Receipt
    from playground.training.language_model.events import (
        LanguageModelEvent,
        LanguageModelPlan,
        LanguageModelTrained,
    )
    from playground.training.language_model.request import TrainLanguageModelRequest


class LanguageModelWing(Wing):
    """What a playground answers about language models from nothing."""

    def plan_language_model(self, request: TrainLanguageModelRequest) -> LanguageModelPlan:
        """What a training would take: the text, the entries of its vocabulary, numbers and bytes. Nothing is made."""
        from playground.training.language_model.plan import plan_language_model

        return plan_language_model(request)

    @heavy("playground.training.language_model.plan")
    def train_language_model(
        self, request: TrainLanguageModelRequest, pause_seconds: float | None = None
    ) -> Iterator[LanguageModelEvent | None]:
        """Trains a tiny language model in a process of its own: merges, losses, what it writes, and what came of it.

        Closing the iterator leaves it, as `train_classifier` says, and so does ``pause_seconds``; `cancel` stops it,
        with the model as it is then.
        """
        from playground.training.language_model.plan import language_model_training

        yield from self.trainings.run(language_model_training(request), pause_seconds)

    @heavy("playground.training.language_model.plan")
    def language_model_receipt(self, result: LanguageModelTrained) -> Receipt:
        """Plain transformers code that gives the losses of a training."""
        from playground.training.language_model.receipt import language_model_receipt

        return language_model_receipt(result)
