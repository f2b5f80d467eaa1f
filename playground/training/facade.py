"""What a playground answers about training.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.models.trained import TrainedModel
    from playground.receipt import Receipt
    from playground.training.events import ClassifierEvent, ClassifierPlan, RunningTraining, TrainedClassifier
    from playground.training.language_model.events import LanguageModelEvent
    from playground.training.language_model.request import TrainLanguageModelRequest
    from playground.training.request import TrainClassifierRequest


class TrainingWing(Wing):
    """What a playground answers about training."""

    @heavy("playground.training.classifier.plan")
    def plan_classifier(self, request: TrainClassifierRequest) -> ClassifierPlan:
        """What a training would take: the split, the steps, trained numbers and bytes. Nothing is loaded."""
        from playground.training.classifier.plan import plan_classifier

        return plan_classifier(self.manager, request)

    @heavy("playground.training.classifier.plan")
    def train_classifier(
        self, request: TrainClassifierRequest, pause_seconds: float | None = None
    ) -> Iterator[ClassifierEvent | None]:
        """Trains a classifier in a process of its own: its place in the line, each step, and what came of it.

        Closing the iterator leaves it: it ends a minute later, unless it is followed again or to be kept. `cancel`
        stops it and keeps the model that had the lowest loss on held-out rows, `end_training` keeps nothing. Where
        nothing is said for ``pause_seconds``, None comes in between: only then can the iterator be closed.
        """
        from playground.training.classifier.plan import classifier_training

        yield from self.trainings.run(classifier_training(self.manager, request), pause_seconds)

    @heavy("playground.training.classifier.plan")
    def follow_training(
        self, run_id: str, pause_seconds: float | None = None
    ) -> Iterator[ClassifierEvent | LanguageModelEvent | None]:
        """All that was said, and is still to be said, of a training that was left; as `train_classifier` gives it.

        Raises:
            InputError: there is none (any more).
        """
        yield from self.trainings.follow(run_id, pause_seconds)

    def end_training(self, run_id: str) -> bool:
        """Whether there was such a training; it ends now, and nothing is left of it."""
        return self.trainings.end(run_id)

    def running_trainings(self, person: str) -> tuple[RunningTraining, ...]:
        """What somebody trains now, or waits to."""
        return self.trainings.of(person)

    def asked_of_training(self, run_id: str) -> TrainClassifierRequest | TrainLanguageModelRequest:
        """The request of a training that can still be followed.

        Raises:
            InputError: there is none.
        """
        asked: TrainClassifierRequest | TrainLanguageModelRequest = self.trainings.asked(run_id)
        return asked

    @heavy("playground.training.classifier.plan")
    def classifier_receipt(self, request: TrainClassifierRequest, result: TrainedClassifier | None = None) -> Receipt:
        """Plain transformers code that gives the losses of a training; of a stopped one, until there."""
        from playground.training.classifier.plan import receipt_of

        return receipt_of(self.manager, request, result)

    def trained_models(self, person: str = "") -> tuple[TrainedModel, ...]:
        """What somebody trained here, the newest first; it is gone when the playground ends."""
        return self.manager.trained.of(person)

    def forget_trained(self, model_id: str) -> None:
        """Nothing is left of a trained model; for whoever knows its name."""
        self.manager.trained.remove(model_id)

    def pack_trained(self, model_id: str, folder: str) -> str:
        """The path of a zip file in a folder with what was trained: an adapter, or the whole model, and its card."""
        self.import_everything()
        from playground.training.package import pack

        return str(pack(self.manager.trained, model_id, Path(folder)))

    def load_arrived(self, token: str, person: str = "") -> TrainedModel:
        """The same from a file that has been sent to this server, which is gone then.

        Raises:
            InputError: it isn't here. As `load_trained`.
        """
        try:
            return self.load_trained(str(self.arrivals.find(token)), person)
        finally:
            self.arrivals.drop(token)

    @heavy("playground.training.classifier.plan")
    def load_trained(self, path: str, person: str = "") -> TrainedModel:
        """A model from such a file, under a name of its own."""
        from playground.training.package import unpack

        return unpack(self.manager, Path(path), person)
