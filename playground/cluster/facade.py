"""`Playground` over a fleet: the same methods, of which those that need a model are answered by replicas.

Here, in the front, stays what belongs to one place: trainings and what was trained (and every call that asks such a
model), tokenizers, lessons, the rooms of a class. Tabs and the API don't know which playground they have.
"""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from playground.cluster.calls import AUTO, Call, lost, model_key, needs, party_of
from playground.cluster.fleet import TRIES
from playground.cluster.resume import Resumption
from playground.config import Settings
from playground.crossing import Failed, taken
from playground.errors import LostError, PlaygroundError
from playground.models.fleet import FleetReport, snapshot_of
from playground.models.report import Snapshot
from playground.registry import declarations, heavy
from playground.runs import Run
from playground.service import Playground, WarmUp

if TYPE_CHECKING:
    from playground.cluster.fleet import Fleet
    from playground.generation.request import GenerateRequest
    from playground.generation.running import Generation, Told

LOOK_SECONDS, SOON_SECONDS = 0.3, 0.03
# Answered by a replica, chosen by the model of the first argument: everything that runs a model or asks about one.
THERE = frozenset({
    "attend", "attention_receipt", "attribute", "attribute_next", "attribute_next_receipt", "attribute_next_steps",
    "attribution_receipt", "chat_next", "classification_receipts", "classify", "classify_table", "compare_link",
    "compare_masks", "describe_classifier", "embed", "generation_receipt", "label_readings", "lens_receipt", "link",
    "link_presence", "load_model", "logit_lens", "map_words", "model_map", "model_map_receipt", "next_token",
    "origin", "perturb", "perturb_receipt", "pipeline", "pipeline_advice", "pipeline_receipts", "quantization_twin",
    "quantizations", "table_receipt", "texts_receipt", "twin", "twin_receipt", "visitor_rules", "word_loss",
    "word_loss_receipt", "word_map", "word_map_receipt", "word_matrix", "word_matrix_receipt", "word_pairs",
    "word_pairs_receipt",
})  # fmt: skip
# Answered by every replica that has the model.
EVERYWHERE = frozenset({"pin_model", "unload_model"})
# Answered here: with what this process holds, or by asking other methods.
HERE = frozenset({
    "asked_of_training", "cancel", "compare_batches", "class_writing", "classifier_receipt", "compare_tokenizers",
    "continued_question", "encode", "end_training", "explain_split", "follow_training", "forget_trained",
    "generate", "has_tokenizer", "import_everything", "language_model_receipt", "lessons", "load_arrived",
    "load_trained", "pack_trained", "pipeline_models", "plan_classifier", "plan_language_model", "prepare_question",
    "read_words", "render_chat", "running_trainings", "search_vocabulary", "token_columns", "token_receipt", "tokenize",
    "train_classifier", "train_language_model", "trained_models", "vocabulary_receipt", "warmth",
})  # fmt: skip


# What has a model loaded, where it isn't; the others only ask about one.
LOADS = frozenset({
    *(one.method for one in declarations(Playground) if one.gpu_seconds),
    "compare_batches", "describe_classifier", "label_readings", "load_model",
})  # fmt: skip


class FleetPlayground(Playground):
    """A playground whose models are in the replicas of a fleet."""

    def __init__(self, settings: Settings, fleet: Fleet) -> None:
        super().__init__(settings)
        self._fleet = fleet

    def fleet(self) -> FleetReport:
        """All machines and processes that hold models here, what each does, and who waits."""
        return self._fleet.report()

    def processes(self) -> dict[str, int]:
        """The id of each replica's process on its machine, by the replica's name."""
        return self._fleet.processes()

    def snapshot(self) -> Snapshot:
        """What is resident in the fleet, as if it were one process, and in this process, where people train."""
        there = snapshot_of(self.fleet())
        trained = tuple(model for model in self.manager.snapshot().models if model.loads) if self.imported else ()
        return Snapshot((*there.models, *trained), there.devices)

    def warm_up(self) -> WarmUp:
        """How the loading at start went, of all replicas together; waits for it."""
        self.import_everything()
        while not (self._warmth.done or self._fleet.closed):
            self._warmth = self._fleet.warmth()
            time.sleep(0 if self._warmth.done else LOOK_SECONDS)
        return self._warmth

    def close(self, patience_seconds: float = 5.0) -> None:
        """Stops all work of this front, and the fleet if it was started here."""
        super().close(patience_seconds)
        self._fleet.close()

    @heavy("playground.generation.generate")
    def compare(self, requests: Sequence[GenerateRequest], asked_at: float | None = None) -> Generation:
        """Up to twelve settings in one batch; a generation whose replica is lost goes on in another."""
        from playground.generation.running import listen

        asked, run_id = tuple(requests), secrets.token_hex(8)
        if not asked or self._is_trained(needs(asked, self.catalog)):
            return super().compare(requests, asked_at)
        told = self._told_of(asked, asked_at or time.perf_counter(), run_id)
        return listen(asked, told, partial(self.runs.cancel, run_id))

    def _told_of(self, requests: tuple[GenerateRequest, ...], asked_at: float, run_id: str) -> Iterator[list[Told]]:
        """All that happens in a generation, from one replica after the other if need be.

        Raises:
            LostError: replicas get lost before anything new comes from them.
        """
        resumption, model, tries = Resumption(requests), needs(requests, self.catalog), TRIES
        with self.runs.begin(run_id) as run:
            while not resumption.done:
                call = _generating(resumption.left(), model, asked_at)
                run.on_cancel(partial(self._fleet.cancel, call.call_id, call.call_id))
                try:
                    for batch in self._fleet.stream(call):
                        if news := resumption.take(taken(batch)):
                            tries = TRIES
                            yield list(news)
                    if not resumption.done:
                        raise lost()
                except LostError:
                    tries -= 1
                    if not tries:
                        raise

    @contextmanager
    def _stoppable(self, run: Run, call: Call, run_id: str) -> Iterator[None]:
        """Lets `cancel` reach a call in its replica; who stops reading ends it there."""
        run.on_cancel(partial(self._fleet.cancel, run_id, call.call_id))
        try:
            yield
        except GeneratorExit:
            self._fleet.leave(run_id, call.call_id)
            raise

    def _call(self, method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Call:
        """The call of a method, with the key of the model that it needs."""
        signature = inspect.signature(getattr(Playground, method))
        given = signature.bind(self, *arguments, **named).arguments
        first = list(given.values())[1] if len(given) > 1 else None
        if "model_id" in signature.parameters:
            model_id = given.get("model_id") or self._unnamed(method)
            model = model_key(model_id, given.get("quantization", AUTO)) if model_id else ""
        else:
            model = needs(first, self.catalog)
        return Call(method, arguments, named, model, party_of(first), loads=method in LOADS)

    def _unnamed(self, method: str) -> str:
        """The model of a method that is asked without one."""
        return self.catalog.default_for("text-classification").id if method == "describe_classifier" else ""

    def _is_trained(self, model: str) -> bool:
        """Whether a key is of a model that was trained in this process, and so is asked here."""
        return self.manager.trained.find(model.rpartition(" ")[0]) is not None


def _generating(requests: tuple[GenerateRequest, ...], model: str, asked_at: float) -> Call:
    """The call for some requests; its id is the id of their run in the replica."""
    call = Call(
        "compare_batches", named={"interval_seconds": SOON_SECONDS, "asked_at": 0.0}, model=model,
        party=party_of(requests), asked_seconds=time.perf_counter() - asked_at,
    )  # fmt: skip
    return replace(call, arguments=(tuple(replace(one, run_id=call.call_id) for one in requests),))


def _one(method: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose answer comes from a replica."""

    @wraps(own)
    def answer(self: FleetPlayground, *arguments: Any, **named: Any) -> Any:
        call = self._call(method, arguments, named)
        if self._is_trained(call.model):
            return own(self, *arguments, **named)
        asked = arguments[0] if arguments else next(iter(named.values()), None)
        run_id = getattr(asked, "run_id", "")
        with self.runs.begin(run_id, call.party[0] if run_id else "") as run:
            if run_id:
                run.on_cancel(partial(self._fleet.cancel, run_id, call.call_id))
            return taken(self._fleet.answer(call))

    return answer


def _many(method: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """A method that yields what a replica tells."""

    @wraps(own)
    def answers(self: FleetPlayground, *arguments: Any, **named: Any) -> Any:
        call = self._call(method, arguments, named)
        if self._is_trained(call.model):
            yield from own(self, *arguments, **named)
            return
        run_id = getattr(arguments[0] if arguments else None, "run_id", "")
        with self.runs.begin(run_id, call.party[0]) as run, self._stoppable(run, call, run_id):
            yield from map(taken, self._fleet.stream(call))

    return answers


def _command(method: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """A method that every replica obeys which has the model."""

    @wraps(own)
    def command(self: FleetPlayground, model_id: str, *arguments: Any, **named: Any) -> Any:
        answers = self._fleet.command(Call(method, (model_id, *arguments), named, model_id))
        if not answers or self._is_trained(model_key(model_id)):
            return own(self, model_id, *arguments, **named)
        for answer in answers:
            if isinstance(answer, Failed) and isinstance(answer.error, PlaygroundError):
                raise answer.error
        return taken(answers[0])

    return command


def _answered_there() -> None:
    """Gives the class its methods; what isn't named above stays as it is in `Playground`."""
    for name in THERE | EVERYWHERE:
        own = getattr(Playground, name)
        made = _command if name in EVERYWHERE else _many if inspect.isgeneratorfunction(inspect.unwrap(own)) else _one
        setattr(FleetPlayground, name, made(name, own))


_answered_there()
