"""Meters: every request counts once, as what it ended as, and no label says more than it may."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, aclosing, nullcontext

import pytest
from prometheus_client.parser import text_string_to_metric_families

import playground as pg
from playground.errors import BusyError, DeviceMemoryError, InputError, StoppedError
from playground.generation.generate import compare
from playground.metrics.counted import counted, measure
from playground.registry import declarations
from playground.runs import MOST_OF_AN_ADDRESS
from tests.fleets import GB, SECRET, SMOL, two_replicas
from tests.unit.generation.generation_models import OneModel, tiny_model, tiny_tokenizer

ONE, TWO = "replica#first1", "replica#second"


def values(meters, name: str) -> dict[tuple[str, ...], float]:
    """Labels in the order of their names -> value, of one name, as Prometheus reads them."""
    families = text_string_to_metric_families(meters.text()[0].decode())
    samples = (sample for family in families for sample in family.samples)
    return {tuple(one.labels.values()): one.value for one in samples if one.name == name}


def requests(meters) -> dict[tuple[str, ...], float]:
    return values(meters, "playground_requests_total")


@pytest.fixture
def playground():
    """A playground whose replies come from a tiny model."""
    with pg.Playground(pg.Settings(warm_up=("none",))) as playground:
        manager = OneModel(tiny_model("llama"), tiny_tokenizer())
        playground.compare = lambda requests, asked_at=None: compare(manager, requests, asked_at)
        yield playground


def test_every_method_that_computes_is_counted():
    names = {name for _, name in counted(pg.Playground)}
    computing = {one.method for one in declarations(pg.Playground) if one.gpu_seconds and one.method[0] != "_"}
    assert computing <= names
    assert {"tokenize", "train_classifier", "train_language_model"} <= names
    assert not names & {"generate", "compare", "snapshot", "link", "generation_receipt", "plan_classifier"}


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (None, "done"),
        (StoppedError("x"), "stopped"),
        (BusyError("x"), "busy"),
        (InputError("x"), "refused"),
        (DeviceMemoryError("x"), "failed"),
        (ValueError("x"), "failed"),
    ],
)
def test_a_request_counts_as_what_it_ended_as(playground, failure, outcome):
    def answer(request):
        if failure:
            raise failure
        return request

    def answers(request):
        yield answer(request)

    playground.classify, playground.classify_table = answer, answers
    meters = measure(playground)
    for ask in (playground.classify, lambda request: list(playground.classify_table(request))):
        with pytest.raises(type(failure)) if failure else nullcontext():  # what goes wrong is passed on as it is
            ask("the text")
    assert requests(meters) == {
        ("classification", "classify", outcome): 1.0, ("classification", "classify_table", outcome): 1.0,
    }  # fmt: skip


def test_a_stream_that_is_closed_early_was_stopped(playground):
    playground.classify_table = lambda request: iter([1, 2])
    meters = measure(playground)
    rows = playground.classify_table("rows")
    assert next(rows) == 1
    rows.close()
    assert requests(meters) == {("classification", "classify_table", "stopped"): 1.0}


def test_replies_count_once_with_their_tokens_and_their_first(playground):
    meters = measure(playground)
    asked = (pg.GenerateRequest(prompt="the", max_new_tokens=5), pg.GenerateRequest(prompt="a fox", max_new_tokens=3))
    finished = [one.finished for one in playground.compare(asked).results()]
    assert requests(meters) == {("generation", "compare", "done"): 2.0}
    assert values(meters, "playground_tokens_total") == {
        ("prompt", SMOL): sum(one.prompt_tokens for one in finished),
        ("reply", SMOL): sum(len(one.token_ids) for one in finished),
    }
    assert values(meters, "playground_first_token_seconds_count") == {(SMOL,): 2.0}
    measured = values(meters, "playground_first_token_seconds_sum")[SMOL,]
    assert measured == pytest.approx(sum(one.seconds_to_first_token for one in finished))


async def read(playground, requests, most=10_000):
    """So many batches, as a page reads them."""
    async with aclosing(playground.compare_batches(requests)) as batches:
        for _ in range(most):
            if await anext(batches, None) is None:
                return


def test_what_a_page_reads_counts_once(playground):
    meters = measure(playground)
    asked = tuple(pg.GenerateRequest(prompt=text, max_new_tokens=3) for text in ("the", "a fox"))
    asyncio.run(read(playground, asked))
    assert requests(meters) == {("generation", "compare", "done"): 2.0}
    assert values(meters, "playground_tokens_total")["reply", SMOL] == 6
    playground.compare(asked).results()  # the same objects, later
    assert requests(meters) == {("generation", "compare", "done"): 4.0}


def test_a_page_that_closes_has_stopped_its_replies(playground):
    meters = measure(playground)
    asked = tuple(pg.GenerateRequest(prompt="the", max_new_tokens=110) for _ in range(2))
    asyncio.run(read(playground, asked, most=1))
    assert requests(meters) == {("generation", "compare", "stopped"): 2.0}


def test_an_address_that_has_too_much_running_is_busy(playground):
    meters = measure(playground)
    asked = (pg.GenerateRequest(prompt="the", address="10.1.2.3"),)
    with ExitStack() as running:
        for number in range(MOST_OF_AN_ADDRESS):
            running.enter_context(playground.runs.begin(f"run {number}", "10.1.2.3"))
        with pytest.raises(BusyError):
            asyncio.run(read(playground, asked))
    assert requests(meters) == {("generation", "compare", "busy"): 1.0}


def test_a_fleet_counts_what_one_process_does():
    class Fleet(pg.Playground):
        """Whose methods are answered elsewhere."""

        def classify(self, request: pg.ClassifyRequest) -> pg.ClassifyRequest:
            return request

    assert sorted(counted(Fleet)) == sorted(counted(pg.Playground))
    with Fleet(pg.Settings(warm_up=("none",))) as fleet:
        meters = measure(fleet)
        fleet.classify(pg.ClassifyRequest("x"))
        assert requests(meters) == {("classification", "classify", "done"): 1.0}


def test_a_reply_that_never_begins_is_refused(playground):
    meters = measure(playground)
    with pytest.raises(InputError):
        playground.generate(pg.GenerateRequest(prompt="the fox " * 200))
    assert requests(meters) == {("generation", "compare", "refused"): 1.0}
    assert values(meters, "playground_tokens_total") == {}


def test_no_label_says_what_somebody_typed(playground):
    meters = measure(playground)
    request = pg.GenerateRequest(
        prompt=SECRET, model_id=SECRET, person=SECRET, address=SECRET, run_id=SECRET, max_new_tokens=2
    )
    playground.compare((request,)).results()
    assert values(meters, "playground_tokens_total")["reply", "other"] == 2.0
    assert "somebody" not in meters.text()[0].decode()


def test_what_a_fleet_holds_and_does_is_read_when_it_is_asked(playground):
    playground.fleet = two_replicas
    meters = measure(playground)
    wanted = {
        "nodes": {("alive",): 2, ("gone",): 1},
        "replicas": {("running",): 1, ("starting",): 1},
        "calls": {(ONE,): 4, (TWO,): 0},
        "waiting": {("replica",): 7, ("turn",): 2, ("load",): 1},
        "models": {(ONE, "resident"): 1, (ONE, "failed"): 1, (TWO, "resident"): 1, (TWO, "loading"): 1},
        "streams": {(SMOL, ONE): 3, ("other", ONE): 0, ("other", TWO): 1},
        "model_loads_total": {(SMOL, ONE): 1, ("other", ONE): 0, ("other", TWO): 2},
        "model_evictions_total": {(SMOL, ONE): 0, ("other", ONE): 0, ("other", TWO): 2},
        "device_bytes": {
            ("cuda:0", kind, ONE): count * GB
            for kind, count in [("total", 80), ("budget", 60), ("weights", 20), ("cache", 5), ("free", 30)]
        },
    }
    assert {name: values(meters, f"playground_{name}") for name in wanted} == wanted
    assert "somebody" not in meters.text()[0].decode()


def test_the_form_is_the_one_that_is_asked_for(playground):
    meters = measure(playground)
    kinds = [meters.text(accept)[1].partition(";")[0] for accept in ("", "application/openmetrics-text;version=1.0.0")]
    assert kinds == ["text/plain", "application/openmetrics-text"]
