"""A training through the running app: the API, what others notice, the other tabs, and the code at home."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

import playground as pg
from playground.tables import read_pasted
from playground.wire import from_json
from tabs.training.examples import SAMPLES
from tabs.training.format import SoFar, format_plan, format_trained, format_training

pytestmark = pytest.mark.embedded
ROWS = SAMPLES[1].rows()


@pytest.fixture(scope="module")
def streamed(app_playground, app_server):
    """Two epochs of the head, asked by a program, and the program."""
    client = Client(app_server, verbose=False)
    given = {"method": "head", "num_train_epochs": 2, "learning_rate": 0.005, "name": "Manners"}
    job = client.submit(rows=ROWS, **given, api_name="/train_classifier")
    job.result(timeout=120)
    return client, [event for message in job.outputs() for event in message]


def test_the_api_streams_each_step_and_the_model_is_used_at_once(app_playground, streamed):
    client, events = streamed
    kinds = [one["type"] for one in events]
    assert kinds[0] == "begins" and kinds[1] == "split" and kinds[-1] == "trained_classifier"
    assert kinds.count("step") == events[1]["total_steps"] and kinds.count("held_out") == 2
    result = from_json(pg.TrainedClassifier, events[-1])
    assert result.labels == ("polite", "rude") and result.accuracy > 0.6 > result.accuracy_before - 0.3
    answer = client.predict(text="Shut up and move.", model_id=result.model_id, api_name="/classify")
    assert answer["label"] == "rude" and answer["max_difference"] < 1e-5
    [mine] = client.predict(api_name="/trained_models")
    assert mine["model_id"] == result.model_id and mine["title"] == "Manners"
    attended = client.predict(text="Shut up.", model_id=result.model_id, api_name="/attention")
    assert attended["layers"]
    why = app_playground.attribute(pg.AttributeRequest("Shut up.", model_id=result.model_id))
    assert why.info.labels == result.labels


def test_who_cancels_ends_the_training_at_once_and_fills_no_log(app_playground, app_server, caplog, capsys):
    """While its process begins, and one that waits in line: both are gone long before the minute of a closed page."""
    logging.getLogger("uvicorn.error").addHandler(caplog.handler)
    clients = [Client(app_server, verbose=False) for _ in range(2)]
    jobs = [
        clients[0].submit(rows=ROWS, num_train_epochs=50, api_name="/train_classifier"),
        clients[1].submit(grammar="example", api_name="/train_language_model"),
    ]
    people = [client.session_hash for client in clients]
    wait_for(lambda: all(any(job.outputs()) for job in jobs))
    assert all(app_playground.running_trainings(person) for person in people)
    for job in reversed(jobs):
        job.cancel()
    wait_for(lambda: not any(app_playground.running_trainings(person) for person in people))
    assert not any(app_playground.trained_models(person) for person in people)
    logging.getLogger("uvicorn.error").removeHandler(caplog.handler)
    assert "Traceback" not in capsys.readouterr().err and not [one for one in caplog.records if one.exc_info]


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_nobody_else_is_told_of_it(app_server, streamed):
    other = Client(app_server, verbose=False)
    assert other.predict(api_name="/trained_models") == []


def test_nothing_of_a_training_stays_in_the_budget(app_playground, streamed):
    used = app_playground.snapshot().devices[0].used_bytes
    resident = sum(one.measured_bytes or 0 for one in app_playground.snapshot().models if one.state == "resident")
    assert used == resident


def test_the_code_gives_the_same_losses_at_home(app_playground, home, streamed):
    """By LoRA, on the sample, with the model as the Hub has it."""
    few = "\n".join(ROWS.splitlines()[:25])
    asked = pg.TrainClassifierRequest(read_pasted(few), num_train_epochs=1, seed=5, per_device_train_batch_size=4)
    *_, result = app_playground.train_classifier(asked)
    [numbers] = home.numbers(app_playground.classifier_receipt(asked, result).code)
    assert numbers["losses"] == pytest.approx(result.train_losses, abs=1e-4)
    assert numbers["held_losses"] == pytest.approx(result.held_losses, abs=1e-4)
    assert app_playground.origin(result.model_id).source == "my-minilm-sentence-encoder"
    app_playground.forget_trained(result.model_id)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rows": ""}, "no rows"),
        ({"rows": "text,label\n" + "a,b\n"}, "nothing to tell apart"),
        ({"rows": "only one column\nof texts\n"}, "no labels"),
        ({"rows": ROWS, "method": "prompt"}, "head, lora, full"),
        ({"rows": ROWS, "model_id": "no/such"}, "no/such"),
        ({"rows": ROWS, "model_id": "playground/word-association"}, "encoder"),
    ],
)
def test_what_cannot_be_trained_is_refused_kindly(client, given, said):
    with pytest.raises(AppError, match=said):
        client.predict(**given, api_name="/train_classifier")


def test_a_guess_is_compared_and_the_rest_is_in_words(streamed):
    so_far = SoFar(guess=20)
    for event in streamed[1]:
        kinds = {
            "begins": pg.TrainingBegins, "split": pg.SplitSaid, "step": pg.TrainingStep, "held_out": pg.HeldOut,
            "trained_classifier": pg.TrainedClassifier,
        }  # fmt: skip
        so_far.add(from_json(kinds[event["type"]], event))
        shown = format_training(so_far)
        assert shown.status and 0 <= shown.percent <= 100
    least = min(so_far.held, key=lambda one: one.loss)
    assert f"the model of step {least.step}, which had the lowest loss on held-out rows, is kept" in shown.status
    assert shown.done and "You guessed 20 of 20 held-out rows; it gets" in shown.verdict
    wrong = sum(row.gold != row.after for row in so_far.result.rows)
    assert len(shown.wrong) == wrong and (str(wrong) in shown.wrong_heading or not wrong)
    assert shown.losses[-1] == (so_far.steps[-1].step, so_far.steps[-1].loss)
    so_far.result = replace(so_far.result, rows=so_far.result.rows[:18])
    assert "You guessed 20, but only 18 rows are held out; it gets" in format_training(so_far).verdict


def test_a_whole_model_is_loaded_again_from_its_file(app_playground, app_server, streamed, tmp_path):
    """It is larger than what may be dropped elsewhere; its file goes into a folder of its own and is gone then."""
    model_id = from_json(pg.TrainedClassifier, streamed[1][-1]).model_id
    packed = Path(app_playground.pack_trained(model_id, str(tmp_path)))
    assert packed.stat().st_size > app_playground.settings.max_upload
    address, zipped = f"{app_server}/training/model", {"Content-Type": "application/zip"}
    with packed.open("rb") as file:
        answer = httpx.post(address, content=file, headers=zipped | {"X-File-Name": "..%2F..%2FMy%20manners.zip"})
    token = answer.json()["file"]
    assert app_playground.arrivals.find(token) == app_playground.arrivals.home / token / "My manners.zip"
    again = app_playground.load_arrived(token, "somebody")
    assert again.title == "My manners" and again.before_id == ""
    for text in ("Shut up and move.", "Would you mind waiting?"):
        one, other = (
            app_playground.classify(pg.ClassifyRequest(text, model_id=name)) for name in (model_id, again.model_id)
        )
        assert one.best.label == other.best.label
        assert one.best.probability == pytest.approx(other.best.probability, abs=1e-6)
    app_playground.forget_trained(again.model_id)
    assert list(app_playground.arrivals.home.iterdir()) == []
    with pytest.raises(pg.PlaygroundError, match="isn't here any more"):
        app_playground.load_arrived(token, "somebody")
    for headers, status in (
        ({"Content-Type": "multipart/form-data"}, 415),
        (zipped | {"Origin": "http://other.test"}, 403),
    ):
        assert httpx.post(address, content=b"PK", headers=headers).status_code == status


def test_where_a_model_can_be_used_are_links_that_open(app_playground, streamed):
    model = from_json(pg.TrainedModel, streamed[0].predict(api_name="/trained_models")[0])
    for name, address in format_trained(model).ways:
        link = pg.read_link(address)
        assert link.model_ids == (model.model_id,), name
        assert app_playground.link_presence(link).state == "here", name


def test_a_plan_says_what_it_takes_before_anything_is_loaded(app_playground):
    plan = app_playground.plan_classifier(pg.TrainClassifierRequest(read_pasted(ROWS)))
    said = format_plan(plan)
    assert "2 labels; learns from **76** rows, is tested with **24**" in said and "gradients" in said
    assert plan.split.trained_parameters < plan.split.parameters / 20
