"""`Playground` over a fleet: the same methods, of which those that need a model are answered by replicas.

Here, in the front, stay tokenizers and lessons, and what belongs to one place: trainings and what was trained (and
every call that asks such a model), the rooms of a class. Where there are several fronts, a process of its own has that
place (`home`). Tabs and the API don't know which playground they have.
"""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from playground.cluster.calls import AUTO, PIECE_BYTES, Call, lost, model_key, needs, party_of
from playground.cluster.fleet import HOME, TRIES, Fleet
from playground.cluster.lines import Places, Starting, is_starting, lines_of
from playground.cluster.resume import Posted, Resumption
from playground.cluster.rooms import RoomsOfFleet
from playground.config import Settings
from playground.crossing import Failed, taken
from playground.errors import LostError, PlaygroundError
from playground.generation.request import MOST_REQUESTS
from playground.models.fleet import FleetReport, snapshot_of
from playground.models.report import ModelReport, Snapshot
from playground.models.trained import PREFIX, TrainedModel
from playground.registry import declarations, heavy
from playground.runs import Run
from playground.service import Playground, WarmUp

if TYPE_CHECKING:
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
# Answered in the one place that has trainings: here, where there is one front.
AT_HOME = frozenset({
    "asked_of_training", "end_training", "follow_training", "forget_trained", "running_trainings", "train_classifier",
    "train_language_model", "trained_models",
})  # fmt: skip
# Answered here: with what this process holds, or by asking other methods.
HERE = frozenset({
    "compare_batches", "class_writing", "classifier_receipt", "compare_tokenizers", "continued_question", "encode",
    "explain_split", "generate", "has_tokenizer", "import_everything", "language_model_receipt", "lessons",
    "load_arrived", "pipeline_models", "plan_classifier", "plan_language_model", "prepare_question", "read_words",
    "render_chat", "search_vocabulary", "token_columns", "token_receipt", "tokenize", "vocabulary_receipt", "warmth",
})  # fmt: skip
# Of these, those that never go to where a trained model is.
_ALWAYS_HERE = {
    "compare_batches", "generate", "import_everything", "lessons", "load_arrived", "pipeline_models", "warmth",
}  # fmt: skip


# What has a model loaded, where it isn't; the others only ask about one.
LOADS = frozenset({
    *(one.method for one in declarations(Playground) if one.gpu_seconds),
    "compare_batches", "describe_classifier", "label_readings", "load_model",
})  # fmt: skip


class FleetPlayground(Playground):
    """A playground whose models are in the replicas of a fleet."""

    def __init__(self, settings: Settings, fleet: Fleet, home: Fleet | None = None) -> None:
        super().__init__(settings)
        self._fleet, self._home = fleet, home
        self.rooms_elsewhere = RoomsOfFleet(home) if home else None

    def fleet(self) -> FleetReport:
        """All machines and processes that hold models here, what each does, and who waits."""
        return self._fleet.report()

    def processes(self) -> dict[str, int]:
        """The id of each replica's process on its machine, by the replica's name."""
        return self._fleet.processes()

    def snapshot(self) -> Snapshot:
        """What is resident in the fleet, as if it were one process, and where people train."""
        there = snapshot_of(self.fleet())
        return Snapshot((*there.models, *self.trained_in_use()), there.devices)

    def trained_in_use(self) -> tuple[ModelReport, ...]:
        """The trained models that were loaded in their place."""
        if self._home is None:
            return tuple(model for model in self.manager.snapshot().models if model.loads) if self.imported else ()
        with suppress(LostError):
            return tuple(self._at_home("trained_in_use"))
        return ()

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
        if self._home is not None:
            self._home.close()
        self._fleet.close()

    def cancel(self, run_id: str) -> bool:
        """Whether anything ran under this id; it ends within a step, and its last words still come."""
        return super().cancel(run_id) or bool(run_id and self._home and self._at_home("cancel", run_id))

    def pack_trained(self, model_id: str, folder: str) -> str:
        """The path of a zip file in a folder with what was trained: an adapter, or the whole model, and its card."""
        if self._home is None:
            return super().pack_trained(model_id, folder)
        pieces = map(taken, self._home.stream(Call("packed", (model_id,))))
        path = Path(folder) / Path(next(pieces).decode()).name
        with path.open("wb") as file:
            file.writelines(pieces)
        return str(path)

    def load_trained(self, path: str, person: str = "") -> TrainedModel:
        """A model from such a file, under a name of its own."""
        if self._home is None:
            return super().load_trained(path, person)
        token = self._at_home("begin_arrival", Path(path).name)
        with Path(path).open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                self._at_home("add_to_arrival", token, piece)
        made: TrainedModel = self._at_home("load_arrived", token, person)
        return made

    def _at_home(self, method: str, *arguments: Any) -> Any:
        """What the process answers that has trainings."""
        return taken(cast(Fleet, self._home).answer(Call(method, arguments)))

    @heavy("playground.generation.generate")
    def compare(self, requests: Sequence[GenerateRequest], asked_at: float | None = None) -> Generation:
        """Up to twelve settings, each model's in one batch; a generation whose replica is lost goes on in another."""
        from playground.cluster.side_by_side import merged
        from playground.generation.running import listen
        from playground.generation.together import require_same_tokens

        asked, run_id, asked_at = tuple(requests), secrets.token_hex(8), asked_at or time.perf_counter()
        models = [needs(request, self.catalog) for request in asked]
        if not 1 <= len(asked) <= MOST_REQUESTS or not any(self._answering("compare", one) for one in models):
            return super().compare(requests, asked_at)
        ours = [one for one in models if self._answering("compare", one) is not self._home or self._home is None]
        ids = [one.rpartition(" ")[0] for one in models]
        if len(ours) == len(models):
            require_same_tokens(self.manager, ids)
        elif ours:
            self._at_home("require_same_tokens", ids)
        places: dict[str, list[int]] = {}
        for place, model in enumerate(models):
            places.setdefault(model if model in ours else HOME, []).append(place)
        parts = {
            tuple(own): self._told_of(tuple(asked[place] for place in own), models[own[0]], asked_at, run_id)
            for own in places.values()
        }
        told = merged(parts) if len(parts) > 1 else next(iter(parts.values()))
        return listen(asked, told, partial(self.runs.cancel, run_id))

    def _told_of(
        self, requests: tuple[GenerateRequest, ...], model: str, asked_at: float, run_id: str
    ) -> Iterator[list[Told]]:
        """All that happens in a generation of one model, from one replica after the other if need be.

        Raises:
            LostError: replicas get lost before anything new comes from them.
        """
        from playground.generation.running import tell

        fleet, resumption, tries = self._answering("compare", model), Resumption(requests), TRIES
        with self.runs.begin(run_id) as run:
            if fleet is None:
                yield from tell(super().compare(requests, asked_at), lambda: run.cancelled)
                return
            places = Places(lambda: lines_of(fleet.report(), model))
            while not resumption.done:
                call = _generating(resumption.left(), model, asked_at)
                run.on_cancel(partial(fleet.cancel, call.call_id, call.call_id))
                try:
                    for batch in _batches(fleet, call, run, resumption):
                        tries = tries if is_starting(batch) else TRIES
                        yield list(places.of_fleet(batch))
                    if not resumption.done:
                        raise lost()
                except LostError:
                    tries -= 1
                    if not tries:
                        raise

    @contextmanager
    def _stoppable(self, fleet: Fleet, run: Run, call: Call, run_id: str) -> Iterator[None]:
        """Lets `cancel` reach a call in its replica; who stops reading ends it there, but for a training."""
        run.on_cancel(partial(fleet.cancel, run_id, call.call_id))
        try:
            yield
        except GeneratorExit:
            fleet.leave("" if call.method in AT_HOME else run_id, call.call_id)
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

    def _answering(self, method: str, model: str) -> Fleet | None:
        """Who answers a method that needs a model; None: this process.

        Raises:
            ModelNotFoundError: the model was trained here, and is gone.
        """
        model_id = model.rpartition(" ")[0]
        if self._home is not None and (method in AT_HOME or model_id.startswith(PREFIX)):
            return self._home
        is_here = method in AT_HOME or method in HERE or self.manager.trained.find(model_id) is not None
        return None if is_here else self._fleet


def _generating(requests: tuple[GenerateRequest, ...], model: str, asked_at: float) -> Call:
    """The call for some requests; its id is the id of their run in the replica."""
    call = Call(
        "compare_batches", named={"interval_seconds": SOON_SECONDS, "asked_at": 0.0}, model=model,
        party=party_of(requests), asked_seconds=time.perf_counter() - asked_at,
    )  # fmt: skip
    return replace(call, arguments=(tuple(replace(one, run_id=call.call_id) for one in requests),))


def _batches(fleet: Fleet, call: Call, run: Run, resumption: Resumption) -> Iterator[list[Posted]]:
    """What is new of what a call tells; it can be stopped before any replica runs."""
    (requests,), last = call.arguments, None
    for told in fleet.stream(call, says_starting=True):
        if isinstance(told, Starting):
            if run.cancelled and (ends := resumption.stopped()):
                yield ends
                return
            batch, last = told.batch(len(requests)) if told != last else [], told
        else:
            batch = taken(told)
        if news := resumption.take(batch):
            yield news


def _one(method: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose answer comes from a replica."""

    @wraps(own)
    def answer(self: FleetPlayground, *arguments: Any, **named: Any) -> Any:
        call = self._call(method, arguments, named)
        fleet = self._answering(method, call.model)
        if fleet is None:
            return own(self, *arguments, **named)
        asked = arguments[0] if arguments else next(iter(named.values()), None)
        run_id = getattr(asked, "run_id", "")
        with self.runs.begin(run_id, call.party[0] if run_id else "") as run:
            if run_id:
                run.on_cancel(partial(fleet.cancel, run_id, call.call_id))
            return taken(fleet.answer(call))

    return answer


def _many(method: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """A method that yields what a replica tells."""

    @wraps(own)
    def answers(self: FleetPlayground, *arguments: Any, **named: Any) -> Any:
        call = self._call(method, arguments, named)
        fleet = self._answering(method, call.model)
        if fleet is None:
            yield from own(self, *arguments, **named)
            return
        run_id = getattr(arguments[0] if arguments else None, "run_id", "")
        with self.runs.begin(run_id, call.party[0]) as run, self._stoppable(fleet, run, call, run_id):
            yield from map(taken, fleet.stream(call))

    return answers


def _command(method: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """A method that every replica obeys which has the model."""

    @wraps(own)
    def command(self: FleetPlayground, model_id: str, *arguments: Any, **named: Any) -> Any:
        call = Call(method, (model_id, *arguments), named, model_id)
        fleet = self._answering(method, model_key(model_id))
        answers = fleet.command(call) if fleet else ()
        if not answers:
            return own(self, model_id, *arguments, **named)
        for answer in answers:
            if isinstance(answer, Failed) and isinstance(answer.error, PlaygroundError):
                raise answer.error
        return taken(answers[0])

    return command


def _answered_there() -> None:
    """Gives the class its methods; what isn't named above stays as it is in `Playground`."""
    for name in THERE | EVERYWHERE | AT_HOME | HERE - _ALWAYS_HERE:
        own = getattr(Playground, name)
        made = _command if name in EVERYWHERE else _many if inspect.isgeneratorfunction(inspect.unwrap(own)) else _one
        setattr(FleetPlayground, name, made(name, own))


_answered_there()
