"""Two replicas in a real local Ray: answers, streams, Stop, routing by model, and a replica that is killed."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import psutil
import pytest

import playground as pg
from playground.errors import InputError, ModelNotFoundError

pytestmark = [
    pytest.mark.long,
    pytest.mark.embedded,
    pytest.mark.skipif(
        not importlib.util.find_spec("ray"), reason="Ray isn't installed: pip install -r requirements-cluster.txt"
    ),
]

TELLING = pg.GenerateRequest(
    prompt="Once upon a time", max_new_tokens=40, do_sample=True, seed=5, person="ann", address="192.0.2.7"
)
SETTINGS = pg.Settings(warm_up=("none",), device="cpu")


@pytest.fixture(scope="module")
def fleet():
    """A playground over two replicas."""
    from playground.cluster.options import ClusterOptions
    from playground.cluster.start import open_playground

    playground = open_playground(ClusterOptions(cores=1, home=True), SETTINGS)
    yield playground
    playground.close()


@pytest.fixture
def other_front(fleet):
    """A second front of the same cluster, which knows nothing of the first."""
    from playground.cluster.facade import FleetPlayground
    from playground.cluster.fleet import Fleet

    replicas, home = (Fleet(one._handle, lambda: None, ends=False) for one in (fleet._fleet, fleet._home))
    with FleetPlayground(SETTINGS, replicas, home) as playground:
        yield playground


@pytest.fixture(scope="module")
def alone():
    """A playground in this process, which computes with one thread as each replica does: so rounding is the same."""
    import torch

    threads = torch.get_num_threads()
    with pg.Playground(SETTINGS) as playground:
        torch.set_num_threads(1)
        yield playground
    torch.set_num_threads(threads)


def replicas(fleet) -> dict[str, int]:
    """The process of each replica, when there are two."""
    end = time.monotonic() + 40
    while len(found := fleet._fleet.processes()) < 2 and time.monotonic() < end:
        time.sleep(0.2)
    assert len(found) == 2
    return found


def at_work(fleet) -> list[str]:
    """The replicas that work on something now."""
    return [one.replica_id for one in fleet._fleet._ask_for_report().replicas if one.state != "silent" and one.calls]


async def events_of(fleet, *requests: pg.GenerateRequest) -> AsyncIterator[pg.Event]:
    """What is said of some requests, one event at a time."""
    async with aclosing(fleet.compare_batches(requests)) as batches:
        async for batch in batches:
            for _, event in batch:
                yield event


def test_answers_are_those_of_one_process(fleet, alone):
    assert fleet.warm_up().done and fleet.warmth().device == "cpu"
    for request in (pg.ClassifyRequest("What a wonderful film!"), pg.ClassifyRequest("No.", "Never.")):
        assert fleet.classify(request) == alone.classify(request)
    result = fleet.classify(pg.ClassifyRequest("What a wonderful film!"))
    assert fleet.classification_receipts(result) == alone.classification_receipts(result)
    table = pg.ClassifyTableRequest(pg.read_lines("good\nbad\nso so"), "text")
    *progress, rows = fleet.classify_table(table)
    assert progress and rows.rows == list(alone.classify_table(table))[-1].rows


def test_nobody_outside_reaches_a_port_of_a_replica(fleet):
    for process in replicas(fleet).values():
        ports = [one for one in psutil.Process(process).net_connections("inet") if one.status == psutil.CONN_LISTEN]
        assert {one.laddr.ip for one in ports} <= {"127.0.0.1", "::ffff:127.0.0.1"}
        assert ports


def test_a_call_goes_to_the_replica_that_holds_its_model(fleet):
    classifier, encoder = pg.ClassifyRequest("good"), pg.EmbedRequest(("cat", "dog"))
    fleet.classify(classifier), fleet.embed(encoder)
    before = fleet._fleet._ask_for_report()
    assert before.clustered and len(before.nodes) == 1 and len(before.replicas) == 2
    for _ in range(6):
        fleet.classify(classifier), fleet.embed(encoder)
    after = fleet._fleet._ask_for_report()
    assert sum(one.misses for one in after.replicas) == sum(one.misses for one in before.replicas)
    assert sum(one.hits for one in after.replicas) == sum(one.hits for one in before.replicas) + 12
    models = [fleet.catalog.default_for(task).id for task in ("text-classification", "feature-extraction")]
    homes = [after.holders(model_id) for model_id in models]
    assert [len(home) for home in homes] == [1, 1] and homes[0] != homes[1]
    assert set(models) <= {model.model_id for model in fleet.snapshot().resident}


def test_a_stream_tells_what_one_process_tells_and_stop_ends_it(fleet, alone):
    whole = alone.generate(TELLING).result()

    async def told() -> list[pg.Event]:
        return [event async for event in events_of(fleet, TELLING)]

    async def stopped() -> list[pg.Event]:
        events = []
        async for event in events_of(fleet, replace(TELLING, max_new_tokens=400, run_id="long")):
            events.append(event)
            if len(events) == 5:
                assert fleet.cancel("long")
        return events

    events = asyncio.run(told())
    steps = [event for event in events if isinstance(event, pg.Step)]
    assert [(one.token_id, one.text) for one in steps] == [(one.token_id, one.text) for one in whole.steps]
    assert events[-1].text == whole.text and isinstance(events[0], pg.Started)
    *_, last = asyncio.run(stopped())
    assert last.reason == "stopped" and len(last.token_ids) < 300
    assert not fleet.cancel("long")


def test_models_side_by_side_are_each_where_they_are_held(fleet, alone):
    """Two quantizations are two models to a fleet; each reply is that of its own model alone."""
    asked = [replace(TELLING, max_new_tokens=6, quantization=name) for name in ("float32", "8-bit", "float32")]
    wholes = [alone.generate(one).result() for one in asked[:2]]
    held = {one.replica_id: sum(model.state == "resident" for model in one.models)
            for one in fleet._fleet._ask_for_report().replicas}  # fmt: skip
    replies = fleet.compare(asked).results()
    assert [one.text for one in replies] == [wholes[number].text for number in (0, 1, 0)]
    assert [one.started.quantization for one in replies] == ["float32", "8-bit", "float32"]
    told = fleet._fleet._ask_for_report().replicas
    homes = [{one.replica_id for one in told for model in one.models if model.quantization == name
              and model.task == "text-generation" and model.state == "resident"}
             for name in ("float32", "8-bit")]  # fmt: skip
    assert [len(home) for home in homes] == [1, 1]
    (home,) = homes[1]  # a new model goes to where the fewest are, else to where less is asked
    assert homes[0] != homes[1] or held[home] < min(count for one, count in held.items() if one != home)
    with pytest.raises(pg.PlaygroundError, match="13 settings"):
        fleet.compare([TELLING] * 13)


def test_a_model_that_is_not_there_is_refused_as_by_one_process(fleet, alone):
    """After the test of where models go: for half a minute it counts as one that is on its way."""
    unknown = pg.ClassifyRequest("a", model_id="no/such", quantization="no")
    with pytest.raises(pg.PlaygroundError) as here:
        alone.classify(unknown)
    with pytest.raises(type(here.value)) as there:
        fleet.classify(unknown)
    assert str(there.value) == str(here.value)


def test_a_closed_page_leaves_nothing_at_work(fleet):
    async def closed() -> None:
        async for event in events_of(fleet, replace(TELLING, max_new_tokens=400)):
            if isinstance(event, pg.Step):
                return

    asyncio.run(closed())
    end = time.monotonic() + 10
    while (busy := at_work(fleet)) and time.monotonic() < end:
        time.sleep(0.1)
    assert busy == []
    assert fleet._fleet._ask_for_report().running == 0


def test_a_training_of_one_front_is_followed_and_used_from_another(fleet, other_front, tmp_path):
    asked = pg.TrainLanguageModelRequest(
        "the cat sat on the mat.\n" * 60, n_layer=1, n_head=1, hidden_size=16, context=32, max_steps=20_000,
        person="ann", run_id="tale",
    )  # fmt: skip
    begun = fleet.train_language_model(asked, pause_seconds=0.2)
    next(begun)
    (running,) = other_front.running_trainings("ann")
    assert other_front.asked_of_training(running.run_id) == asked
    begun.close()  # its page goes: the training doesn't
    stopped = False
    for event in other_front.follow_training("tale", pause_seconds=0.2):
        if isinstance(event, pg.LossLogged) and not stopped:
            stopped = other_front.cancel("tale")
            assert stopped
    assert not fleet.running_trainings("ann")
    (model,) = fleet.trained_models("ann")
    assert model == other_front.trained_models("ann")[0] and event.model_id == model.model_id
    text = pg.GenerateRequest(prompt="the ", model_id=model.model_id, max_new_tokens=8, seed=1)
    assert other_front.generate(text).result().text == fleet.generate(text).result().text
    assert fleet.encode(pg.EncodeRequest(("the cat",), model_id=model.model_id, padding="do_not_pad")).rows
    assert model.model_id in {one.model_id for one in fleet.snapshot().resident}
    with pytest.raises(InputError, match="different tokenizers") as differ:
        fleet.compare([text, TELLING])
    assert fleet.catalog.default_for("text-generation").title in str(differ.value)
    again = fleet.load_trained(other_front.pack_trained(model.model_id, str(tmp_path)), "bob")
    other_front.forget_trained(model.model_id)
    assert not fleet.trained_models("ann") and other_front.trained_models("bob") == (again,)
    with pytest.raises(ModelNotFoundError):
        fleet.generate(text)


def test_a_student_at_one_front_is_in_the_room_of_another(fleet, other_front):
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from server.classroom.elsewhere import ClassroomElsewhere

    here, there = (
        TestClient(Starlette(routes=ClassroomElsewhere(one.rooms_elsewhere).routes())) for one in (fleet, other_front)
    )
    opened = here.post("/class/api/rooms", json={}).json()
    room, teacher = f"/class/api/rooms/{opened['code']}", {"Authorization": f"Bearer {opened['key']}"}
    seat = {"Authorization": f"Bearer {there.post(f'{room}/join', json={'name': 'ann'}).json()['seat']}"}
    question = {"question": {"type": "next_word", "text": "The sky is"}}
    assert there.post(f"{room}/ask", json=question, headers=seat).status_code == 403
    assert here.post(f"{room}/ask", json=question, headers=teacher).json() == {"question": 1}
    assert there.post(f"{room}/answers", json={"question": 1, "answer": "blue"}, headers=seat).status_code == 200
    assert here.post(f"{room}/answers", json={"question": 1, "answer": "x" * 50_000}).status_code == 413
    assert there.get("/class/api/rooms/WRONG2/state").status_code == 403
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": f"{room}/events",
             "raw_path": f"{room}/events".encode(), "root_path": "", "query_string": b"as=board", "headers": [],
             "client": ("192.0.2.1", 1), "server": ("h", 80)}  # fmt: skip

    async def watched() -> list[bytes]:
        async with aclosing(other_front.rooms_elsewhere.ask(scope, b"")) as messages:
            chunks = []
            async for message in messages:
                chunks += [message["body"]] if message["type"] == "http.response.body" else []
                if len(chunks) == 1:
                    await asyncio.to_thread(here.post, f"{room}/reveal", headers=teacher)
                if b"blue" in chunks[-1:][0] if chunks else False:
                    return chunks
        return []

    assert b"The sky is" in asyncio.run(watched())[0]
    code, key = other_front.rooms_elsewhere.open()
    ended = here.post(f"/class/api/rooms/{code}/end", headers={"Authorization": f"Bearer {key}"})
    assert ended.status_code == 200


def test_a_killed_replica_loses_nothing_of_a_generation(fleet, alone):
    """Of two that were told in bundles, each goes on with its own tokens."""
    before = replicas(fleet)
    longs = [replace(TELLING, max_new_tokens=48, seed=seed) for seed in (5, 6)]
    wholes = [alone.generate(one).result() for one in longs]

    async def broken(number: int) -> list[pg.Event]:
        events = []
        async for event in events_of(fleet, longs[number]):
            events.append(event)
            if number and len(events) == 20:
                assert "bundles" in {thread.name for thread in threading.enumerate()}
                (home,) = await asyncio.to_thread(at_work, fleet)
                os.kill(before[home], signal.SIGKILL)
        return events

    async def both() -> list[list[pg.Event]]:
        return list(await asyncio.gather(broken(0), broken(1)))

    for events, whole in zip(asyncio.run(both()), wholes, strict=True):
        steps = [event for event in events if isinstance(event, pg.Step)]
        assert [one.index for one in steps] == list(range(48))
        assert [one.token_id for one in steps] == list(events[-1].token_ids) == list(whole.finished.token_ids)
        assert sum(isinstance(event, pg.Started) for event in events) == 1
    assert fleet.classify(pg.ClassifyRequest("good")) == alone.classify(pg.ClassifyRequest("good"))


def test_a_table_whose_replica_is_killed_says_so_and_another_one_comes(fleet):
    lines = "\n".join(f"row number {number}" for number in range(3000))
    table = pg.ClassifyTableRequest(pg.read_lines(lines), "text")
    before = fleet._fleet.processes()
    rows = fleet.classify_table(table)
    next(rows)
    (home,) = at_work(fleet)
    os.kill(before[home], signal.SIGKILL)
    with pytest.raises(pg.PlaygroundError, match="Start it again") as caught:
        list(rows)
    assert caught.value.retryable
    assert replicas(fleet).keys() - before.keys()
