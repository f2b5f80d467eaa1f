"""`Playground` over a fleet: the same methods, of which those that need a model are answered by replicas.

Here, in the front, stays what belongs to one place: trainings and what was trained (and every call that asks such a
model), tokenizers, lessons, the rooms of a class. Tabs and the API don't know which playground they have.
"""

from __future__ import annotations

import asyncio
import inspect
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from playground.cluster.calls import AUTO, Call, model_key, needs, party_of
from playground.cluster.fleet import TRIES, lost
from playground.cluster.resume import Resumption
from playground.config import Settings
from playground.crossing import Failed, taken
from playground.errors import LostError, PlaygroundError
from playground.models.fleet import FleetReport, snapshot_of
from playground.models.report import Snapshot
from playground.registry import heavy
from playground.runs import Run
from playground.service import Playground, WarmUp

if TYPE_CHECKING:
    from playground.cluster.fleet import Fleet
    from playground.generation.events import Event
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
    "asked_of_training", "cancel", "class_writing", "classifier_receipt", "compare_tokenizers",
    "continued_question", "encode", "end_training", "explain_split", "follow_training", "forget_trained",
    "generate", "has_tokenizer", "import_everything", "language_model_receipt", "lessons", "load_trained",
    "pack_trained", "pipeline_models", "plan_classifier", "plan_language_model", "prepare_question", "read_words",
    "render_chat", "running_trainings", "search_vocabulary", "token_columns", "token_receipt", "tokenize",
    "train_classifier", "train_language_model", "trained_models", "vocabulary_receipt", "warmth",
})  # fmt: skip


class _Part:
    """A generation on its way: the calls for what is left of it, one replica after the other."""

    def __init__(self, resumption: Resumption, model: str, begun: float, interval_seconds: float) -> None:
        self._resumption, self._model, self._begun, self._interval = resumption, model, begun, interval_seconds
        self._tries = TRIES
        self._asked = False

    def goes_on(self) -> bool:
        """Whether a replica is to be asked (again)."""
        asked, self._asked = self._asked, True
        return not asked or not self._resumption.done

    def call(self) -> Call:
        """The call for what is left; its id is the id of its run in the replica."""
        requests = self._resumption.left()
        call = Call(
            "compare_batches", named={"interval_seconds": self._interval, "asked_at": 0.0}, model=self._model,
            party=party_of(requests), asked_seconds=time.perf_counter() - self._begun,
        )  # fmt: skip
        return replace(call, arguments=(tuple(replace(one, run_id=call.call_id) for one in requests),))

    def take(self, batch: Any) -> list[Any]:
        """What of a batch wasn't told before.

        Raises:
            PlaygroundError: what the generation failed with.
        """
        news: list[Any] = list(self._resumption.take(taken(batch)))
        self._tries = TRIES if news else self._tries
        return news

    @contextmanager
    def may_be_lost(self) -> Iterator[None]:
        """Lets a replica get lost, as long as some come further in between.

        Raises:
            LostError: none does.
        """
        try:
            yield
            if not self._resumption.done:
                raise lost()
        except LostError:
            self._tries -= 1
            if not self._tries:
                raise


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
        while not self._warmth.done:
            self._warmth = self._fleet.warmth()
            time.sleep(0 if self._warmth.done else LOOK_SECONDS)
        return self._warmth

    def close(self, patience_seconds: float = 5.0) -> None:
        """Stops all work of this front, and the fleet if it was started here."""
        super().close(patience_seconds)
        self._fleet.close()

    @heavy("playground.generation.generate")
    def compare(self, requests: Sequence[GenerateRequest], asked_at: float | None = None) -> Generation:
        """Up to twelve settings in one batch; see `generation.compare`."""
        from playground.generation.running import listen

        asked, run_id = tuple(requests), secrets.token_hex(8)
        if self._is_trained(needs(asked, self.catalog)):
            return super().compare(requests, asked_at)
        return listen(asked, self._told_of(asked, asked_at, run_id), partial(self.runs.cancel, run_id))

    async def compare_batches(
        self, requests: Sequence[GenerateRequest], interval_seconds: float = 0.05, asked_at: float | None = None
    ) -> AsyncGenerator[list[tuple[int, Event]], None]:
        """The same for an async handler; a generation whose replica is lost goes on in another."""
        model = needs(requests, self.catalog)
        if self._is_trained(model):
            async with aclosing(super().compare_batches(requests, interval_seconds, asked_at)) as batches:
                async for batch in batches:
                    yield batch
            return
        part = _Part(Resumption(requests), model, asked_at or time.perf_counter(), interval_seconds)
        with self.runs.begin(requests[0].run_id if requests else "", party_of(requests)[0]) as run:
            while part.goes_on():
                call = part.call()
                with self._stoppable(run, call, call.call_id), part.may_be_lost():
                    async with aclosing(self._fleet.stream_async(call)) as batches:
                        async for batch in batches:
                            if news := part.take(batch):
                                yield news

    def _told_of(
        self, requests: tuple[GenerateRequest, ...], asked_at: float | None, run_id: str
    ) -> Iterator[list[Told]]:
        """`compare_batches` for a thread."""
        part = _Part(Resumption(requests), needs(requests, self.catalog), asked_at or time.perf_counter(), SOON_SECONDS)
        with self.runs.begin(run_id) as run:
            while part.goes_on():
                call = part.call()
                with self._stoppable(run, call, call.call_id), part.may_be_lost():
                    for batch in self._fleet.stream(call):
                        yield part.take(batch)

    @contextmanager
    def _stoppable(self, run: Run, call: Call, run_id: str) -> Iterator[None]:
        """Lets `cancel` reach a call in its replica; who stops reading ends it there."""
        run.on_cancel(partial(self._fleet.cancel, run_id, call.call_id))
        try:
            yield
        except (GeneratorExit, asyncio.CancelledError):
            self._fleet.leave(run_id, call.call_id)
            raise

    def _call(self, method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Call:
        """The call of a method, with the key of the model that it needs."""
        given = inspect.signature(getattr(Playground, method)).bind(self, *arguments, **named).arguments
        values = [value for name, value in given.items() if name != "self"]
        if isinstance(given.get("model_id"), str):
            model = model_key(given["model_id"], given.get("quantization", AUTO)) if given["model_id"] else ""
        else:
            model = needs(values[0], self.catalog) if values else ""
        return Call(method, arguments, named, model, party_of(values[0]) if values else ("", ""))

    def _is_trained(self, model: str) -> bool:
        """Whether a key is of a model that was trained in this process, and so is asked here."""
        return self.manager.trained.find(model.rpartition(" ")[0]) is not None


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
