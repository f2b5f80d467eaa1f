"""The line of trainings: order, leaving, coming back, Stop, what the process does to others, and what is left of it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest

import playground as pg
from playground.config import Settings
from playground.errors import (
    BudgetError,
    BusyError,
    DeviceMemoryError,
    InputError,
    NotAllowedError,
    StoppedError,
    TrainingError,
)
from playground.models.catalog import Catalog
from playground.models.manager import ModelManager
from playground.training import line as lines
from playground.training.desk import Done, Training
from playground.training.events import TrainingBegins, TrainingBytes, TrainingWaits
from playground.training.line import Trainings
from tabs.training.handlers import ClassifierHandlers, Parts
from tabs.training.language_model_handlers import LanguageModelHandlers, LanguageModelParts, Looks
from tests.unit.training.jobs import Made, Order, Told, work

SIZE = TrainingBytes(100, 100, 200, 50, 50)


@contextmanager
def trainings(**settings):
    options = {"device": "cpu", "memory_budget": 10_000, **settings}
    manager = ModelManager(Settings(**options), Catalog(()), patience_seconds=0.2)
    made = Trainings(manager)
    made.manager = manager
    try:
        yield made
    finally:
        made.close()
        manager.close()


def job(what="save", **more):
    return Training(f"{work.__module__}:{work.__name__}", Order(what), "text-classification", "Mine", SIZE, 7, **more)


class FakeChild:
    """A process in name alone: what it says is put there by the test."""

    made: list[FakeChild]

    def __init__(self, training, device, folder, threads):
        self.training, self.stopped, self.ended, self.answers = training, False, False, []
        self.changed = threading.Condition()
        FakeChild.made.append(self)

    def say(self, answer):
        with self.changed:
            self.answers.append(answer)
            self.changed.notify_all()

    def next(self, seconds):
        with self.changed:
            self.changed.wait_for(lambda: self.answers, seconds)
            return self.answers.pop(0) if self.answers else None

    def stop(self):
        self.stopped = True
        self.say(Done(Made("", 3)))

    def end(self):
        self.ended = True


@pytest.fixture
def children(monkeypatch):
    from playground.training import child

    FakeChild.made = []
    monkeypatch.setattr(child, "Child", FakeChild)
    monkeypatch.setattr(lines, "LOOK_SECONDS", 0.02)
    return FakeChild.made


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class Follower:
    """Somebody who reads all that is said, on a thread."""

    def __init__(self, events):
        self.heard, self.failure, self.events = [], None, events
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for event in self.events:
                self.heard.append(event)
        except Exception as error:
            self.failure = error

    def end(self):
        self.thread.join(120)  # a process that is nice waits for everything else
        assert not self.thread.is_alive()
        if self.failure:
            raise self.failure
        return self.heard


def places_of(*followers):
    return [one for follower in followers for one in follower.heard if isinstance(one, TrainingWaits)]


def test_one_works_and_the_others_wait_with_their_places(children):
    with trainings() as line:
        first = Follower(line.run(job(person="a")))
        wait_for(lambda: len(children) == 1)
        second, third = (Follower(line.run(job(person=name))) for name in "bc")
        wait_for(lambda: second.heard and third.heard)
        assert line.manager.snapshot().devices[0].used_bytes == SIZE.total
        assert 0 < line.manager.room.busy() <= 1, "its cores are left to it, too"
        places = sorted(one.position for one in (*second.heard, *third.heard))
        assert places == [1, 2] and all(isinstance(one, TrainingWaits) for one in second.heard)
        children[0].say(Told(1))
        children[0].say(Done(Made("", 1)))
        begins, told, made = first.end()
        assert isinstance(begins, TrainingBegins) and begins.bytes == SIZE and told == Told(1)
        assert made.model_id.startswith("trained/mine-")
        wait_for(lambda: len(children) == 2)
        wait_for(lambda: [one.position for one in places_of(second, third)].count(1) == 2)
        children[1].say(Done(Made("", 1)))
        wait_for(lambda: len(children) == 3)
        children[2].say(Done(Made("", 1)))
        assert third.end()[-1].model_id and second.end()[-1].model_id
        assert line.manager.snapshot().devices[0].used_bytes == line.manager.room.busy() == 0
        assert all(one.ended for one in children)


def test_two_of_one_name_are_told_apart_and_nobody_elses_counts(children):
    with trainings() as line:
        for number, person in enumerate(("me", "you", "me", "me")):
            follower = Follower(line.run(job(person=person)))
            wait_for(lambda number=number: len(children) > number)
            children[number].say(Done(Made("", 1)))
            assert follower.end()[-1].title == ("Mine", "Mine", "Mine 2", "Mine 3")[number]
        models = line.manager.trained.of("me")
        assert [one.title for one in models] == ["Mine 3", "Mine 2", "Mine"]
        assert [line.manager.trained.find(one.model_id).title for one in models] == ["Mine 3", "Mine 2", "Mine"]
        assert models[0].model_id.startswith("trained/mine-3-")  # its file as well
        line.manager.trained.remove(models[1].model_id)
        folder = line.manager.trained.new_folder()
        assert line.manager.trained.add(folder, "Mine", "text-generation", 1, "me").title == "Mine 2"


def test_a_closed_page_may_come_back_for_a_minute(children, monkeypatch):
    with trainings() as line:
        events = line.run(job(run_id="mine", person="a"))
        next(events)
        events.close()
        wait_for(lambda: children)
        children[0].say(Told(1))
        again = Follower(line.follow("mine"))
        wait_for(lambda: Told(1) in again.heard)
        assert line.of("a")[0].run_id == "mine"
        monkeypatch.setattr(lines, "LEFT_SECONDS", 0.0)
        time.sleep(0.1)
        assert not children[0].stopped, "somebody follows it"
        children[0].say(Done(Made("", 1)))
        assert again.end()[-1].model_id


TAUGHT = pg.TrainClassifierRequest(pg.Table(("text", "label"), (("good", "a"), ("bad", "b")), (1, 2)))
READ = pg.TrainLanguageModelRequest("a tale", run_id="left")


@pytest.mark.parametrize("asked", [TAUGHT, READ], ids=["a classifier", "a language model"])
def test_the_page_of_who_comes_back_shows_a_training_of_either_kind_and_can_stop_it(children, asked):
    settings = Settings(device="cpu", memory_budget=10_000, warm_up=("none",))
    with pg.Playground(settings, ModelManager(settings, Catalog(()))) as playground:
        job = Training(work, asked, "text-classification", "Mine", SIZE, 7, run_id="left")
        next(playground.trainings.run(job))
        taught = ClassifierHandlers(playground, Parts(*Parts.__dataclass_fields__))
        read = LanguageModelHandlers(playground, Looks(), LanguageModelParts(*LanguageModelParts.__dataclass_fields__))
        here, elsewhere = (taught, read) if asked is TAUGHT else (read, taught)
        assert list(elsewhere.follow("left")) == []
        shown = next(here.follow("left"))
        assert shown["run_id"] == "left" and shown["stop"].interactive and shown["asked"] is asked
        assert playground.cancel(shown["run_id"])


def test_who_trains_already_hears_what_and_where_it_is_stopped_and_loses_nothing_that_is_shown(children):
    settings = Settings(device="cpu", memory_budget=10_000, warm_up=("none",))
    with pg.Playground(settings, ModelManager(settings, Catalog(()))) as playground:
        next(playground.trainings.run(Training(work, TAUGHT, "text-classification", "Mine", SIZE, 7, person="a")))
        taught = ClassifierHandlers(playground, Parts(*Parts.__dataclass_fields__))
        read = LanguageModelHandlers(playground, Looks(), LanguageModelParts(*LanguageModelParts.__dataclass_fields__))
        shown = []
        for train in (taught.train({}, "a", ""), read.train({}, "", "a", "")):
            with pytest.raises(BusyError, match="“Mine”, under “Fine-tune a classifier”"):
                shown += train
        assert [list(values) for values in shown] == [["plan"], ["plan"]], "what is seen of a training is lost"
        assert all("“Mine”, under" in values["plan"] for values in shown)


@pytest.mark.parametrize("keep", [False, True])
def test_what_nobody_follows_ends_unless_it_is_kept(children, monkeypatch, keep):
    monkeypatch.setattr(lines, "LEFT_SECONDS", 0.1)
    with trainings() as line:
        events = line.run(job(run_id="left", keep=keep))
        next(events)
        events.close()
        waiting = line.run(job(run_id="waiting"))
        next(waiting)
        waiting.close()
        if keep:
            wait_for(lambda: children and len(line.of("")) == 1)  # what waited and was left never began
            assert not children[0].stopped and len(children) == 1
            children[0].say(Done(Made("", 1)))
        wait_for(lambda: not line.of(""))
        assert children[0].stopped is not keep
        assert line.manager.snapshot().devices[0].used_bytes == 0


def test_stop_keeps_the_best_so_far_and_in_line_ends_at_once(children):
    with trainings() as line:
        first = Follower(line.run(job(run_id="one", person="a")))
        wait_for(lambda: len(children) == 1)
        second = Follower(line.run(job(run_id="two", person="b")))
        wait_for(lambda: second.heard)
        assert line.stop("two") and line.stop("one") and not line.stop("three") and not line.stop("")
        assert first.end()[-1].steps == 3
        with pytest.raises(StoppedError, match="before it began"):
            second.end()


def test_a_process_that_still_starts_is_not_waited_for(children, monkeypatch):
    monkeypatch.setattr(FakeChild, "stop", lambda child: None)
    with trainings() as line:
        starting = Follower(line.run(job(run_id="one", person="a")))
        wait_for(lambda: len(children) == 1)
        assert line.stop("one")
        with pytest.raises(StoppedError, match="before its first step"):
            starting.end()
        assert children[0].ended and line.of("a") == ()


def test_what_does_not_fit_is_refused_with_what_it_needs(children):
    with trainings(memory_budget=400) as line:
        with pytest.raises(BudgetError, match="Training Mine needs 500\u00a0bytes"):
            list(line.run(job()))
        assert children == [] and line.of("") == ()


def test_visitors_train_one_at_a_time_and_not_for_long(children):
    with trainings(public=True, public_training_seconds=0.1) as line:
        first = Follower(line.run(job(person="a", address="1")))
        wait_for(lambda: len(children) == 1)
        with pytest.raises(BusyError, match="train already"):
            list(line.run(job(person="another name", address="1")))
        assert first.end()[-1].steps == 3, "its time was up: the best so far is kept"
        assert children[0].stopped
    with trainings(public=True, public_training_seconds=0) as line, pytest.raises(NotAllowedError, match="can't train"):
        list(line.run(job()))


def test_a_line_has_an_end(children, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 1)
    with trainings() as line:
        first = Follower(line.run(job(person="a")))
        wait_for(lambda: len(children) == 1)
        with pytest.raises(BusyError, match="wait already"):
            list(line.run(job(person="b")))
        line.close()
        assert first.end()[-1].steps == 3
        with pytest.raises(StoppedError, match="shutting down"):
            list(line.run(job()))


def test_a_process_that_cannot_be_started_is_said(children, monkeypatch):
    from playground.training import child

    def refuse(*given):
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(child, "Child", refuse)
    with trainings() as line:
        with pytest.raises(TrainingError, match="Cannot allocate memory"):
            list(line.run(job()))
        assert line.of("") == () and line.manager.snapshot().devices[0].used_bytes == 0


def test_who_follows_can_leave_while_nothing_is_said(children):
    with trainings() as line:
        events = line.run(job(run_id="mine", person="a"), pause_seconds=0.01)
        assert isinstance(next(filter(None, events)), TrainingBegins) and next(events) is None
        waiting = line.run(job(person="b"), pause_seconds=0.01)
        assert isinstance(next(filter(None, waiting)), TrainingWaits) and next(waiting) is None
        wait_for(lambda: children)
        children[0].say(Told(1))
        assert next(filter(None, events)) == Told(1)
        events.close()
        assert line._find("mine").followers == 0


def test_nobody_can_follow_what_is_not_there():
    with trainings() as line, pytest.raises(InputError, match="no such training"):
        list(line.follow(""))


# Real processes


@pytest.fixture(scope="module")
def real():
    with trainings() as line:
        yield line


@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("kill", DeviceMemoryError, "ended by the system"),
        ("refuse", InputError, "can't teach"),
        ("memory", DeviceMemoryError, "out of memory"),
        ("fail", TrainingError, "ValueError: a fault of ours"),
        ("half a word", TrainingError, "status 3"),
    ],
)
def test_whatever_happens_in_a_process_ends_that_training_alone(real, what, kind, said):
    follower = Follower(real.run(job(what)))
    with pytest.raises(kind, match=said):
        follower.end()
    assert real.manager.snapshot().devices[0].used_bytes == 0
    assert real.manager.trained.of("") == ()


@pytest.mark.parametrize(("way", "said"), [("stop", "before its first step"), ("end", "was stopped")])
def test_what_has_only_begun_is_stopped_without_a_model(real, way, said):
    first = Follower(real.run(job("until stopped", run_id="first", person="a")))
    second = Follower(real.run(job(run_id="second", person="b")))
    wait_for(lambda: first.heard and second.heard)
    assert getattr(real, way)("second") and getattr(real, way)("first")
    for follower, words in ((first, said), (second, "before it began")):
        with pytest.raises(StoppedError, match=words):
            follower.end()
    assert real.manager.trained.of("a") == real.manager.trained.of("b") == ()
    assert real.manager.snapshot().devices[0].used_bytes == 0 and not getattr(real, way)("first")


def test_a_process_tells_saves_and_is_stopped(real):
    follower = Follower(real.run(job("until stopped", run_id="slow", person="me")))
    wait_for(lambda: any(isinstance(one, Told) for one in follower.heard), 60)
    assert real.stop("slow")
    made = follower.end()[-1]
    assert made.steps > 0
    [model] = real.manager.trained.of("me")
    assert made.model_id == model.model_id and model.parameters == 7
    folder = real.manager.trained.folder(model.model_id)
    assert (folder / "config.json").is_file()
    real.manager.trained.remove(model.model_id)
    assert not folder.exists()
