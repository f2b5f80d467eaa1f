"""The generation tab's endpoints through gradio_client, and its own handlers without a browser."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest

import playground as pg
from playground.wire import from_json
from tabs.generation.handlers import stream_run, write_receipt
from tabs.generation.runs import Runs
from tabs.generation.settings import DEFAULTS, SPELLED

pytestmark = pytest.mark.embedded
MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
PROMPT = "A list of colors: red, blue"


def controls(**changes):
    values = {"model_id": MODEL, "mode": "Complete", "prompt": PROMPT, "system": ""}
    return {**values, **DEFAULTS, **SPELLED, "max_new_tokens": 5, **changes}


def run(playground, asked, runs=None, **changes):
    """All deltas of one run of the page."""

    async def read():
        kept = Runs(playground.cancel) if runs is None else runs
        return [json.loads(one) async for one in stream_run(playground, kept, controls(**changes), asked, "me")]

    return asyncio.run(read())


def test_generate_streams_typed_steps(client):
    job = client.submit(PROMPT, max_new_tokens=4, api_name="/generate")
    job.result(timeout=120)
    events = [event for batch in job.outputs() for event in batch]
    assert [event["type"] for event in events] == ["started", "step", "step", "step", "step", "finished"]
    steps = [event for event in events if event["type"] == "step"]
    assert [step["index"] for step in steps] == [0, 1, 2, 3]
    assert [step["token_id"] for step in steps] == events[-1]["token_ids"]
    assert all(0 < step["probability_before"] <= 1 for step in steps)
    assert "".join(step["text"] for step in steps) == events[-1]["text"]


def test_next_token_agrees_with_what_greedy_takes(client):
    answer = client.predict(PROMPT, api_name="/next_token")
    greedy = client.predict(PROMPT, max_new_tokens=1, api_name="/generate")
    assert answer["candidates"][0]["token_id"] == greedy[-1]["token_ids"][0]
    assert answer["candidates"][0]["after"] == 1.0


def test_bad_values_get_a_kind_message(client):
    with pytest.raises(Exception, match="temperature is 0"):
        client.predict(PROMPT, temperature=0, do_sample=True, api_name="/generate")


@pytest.mark.parametrize(
    ("message", "said"), [({"role": "user", "content": None}, "no content"), ({"content": "hi"}, "no role")]
)
def test_messages_without_content_or_role_are_refused(client, message, said):
    """Rather than put the word "None" into the prompt."""
    with pytest.raises(Exception, match=said):
        client.predict(messages=[message], api_name="/generate")


def test_deltas_add_up_and_the_last_has_everything(app_playground):
    deltas = run(app_playground, {"run": "r"})
    assert [delta["n"] for delta in deltas] == list(range(len(deltas)))
    streamed = [event for delta in deltas[:-1] for event in delta.get("events", ())]
    assert deltas[-1]["final"] is True
    assert deltas[-1]["events"] == streamed
    assert from_json(pg.GenerateRequest, deltas[0]["begin"][0]) == pg.GenerateRequest(
        PROMPT, model_id=MODEL, max_new_tokens=5
    )


def test_rewinding_sends_only_what_the_page_lacks(app_playground):
    first = run(app_playground, {"run": "a"})[-1]["events"][-1][1]["token_ids"]
    deltas = run(app_playground, {"run": "b", "prefix_token_ids": first[:3], "have": 3, "prompt": PROMPT})
    steps = [event for _, event in deltas[-1]["events"] if event["type"] == "step"]
    assert [step["id"] for step in steps] == first[3:]


def test_a_step_by_hand_brings_the_next_distribution(app_playground):
    deltas = run(app_playground, {"run": "a", "draw": 1, "have": 0})
    upcoming = deltas[-1]["next"]
    taken = deltas[-1]["events"][-1][1]["token_ids"]
    assert len(taken) == 1
    ahead = run(app_playground, {"run": "b", "prefix_token_ids": taken, "prompt": PROMPT, "have": 1}, max_new_tokens=2)
    step = next(event for _, event in ahead[-1]["events"] if event["type"] == "step")
    assert upcoming["candidates"][0][0] == step["id"]
    assert upcoming["candidates"][0][3] == pytest.approx(step["before"], rel=1e-4)


def test_stop_comes_with_figures_and_leaves_nothing(app_playground):
    async def read():
        runs, deltas = Runs(app_playground.cancel), []
        async for one in stream_run(app_playground, runs, controls(max_new_tokens=400), {"run": "r"}, "me"):
            deltas.append(json.loads(one))
            if any(event["type"] == "step" for _, event in deltas[-1].get("events", ())):
                runs.stop("me")
        return runs, deltas

    runs, deltas = asyncio.run(read())
    finished = deltas[-1]["events"][-1][1]
    assert finished["type"] == "finished"
    assert finished["reason"] == "stopped"
    assert len(finished["token_ids"]) < 400
    assert len(runs) == 0


def test_the_receipt_run_at_home_gives_the_tokens_of_the_page(app_playground, home):
    runs = Runs(app_playground.cancel)
    deltas = run(app_playground, {"run": "r"}, runs, do_sample=True, seed=3)
    finished = deltas[-1]["events"][-1][1]
    code = write_receipt(app_playground, runs.find("me", "r")).code
    (printed,) = home.numbers(code)
    assert printed["token_ids"] == finished["token_ids"]


def test_a_closed_page_frees_its_slot(app_playground):
    async def leave():
        runs = Runs(app_playground.cancel)
        deltas = stream_run(app_playground, runs, controls(max_new_tokens=400), {"run": "r"}, "me")
        async for one in deltas:
            if any(event["type"] == "step" for _, event in json.loads(one).get("events", ())):
                break
        await deltas.aclose()
        return runs

    assert len(asyncio.run(leave())) == 0
    deadline = time.monotonic() + 20
    while any(thread.name == "playground-engine" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the engine still decodes for a page that has gone"
        time.sleep(0.05)


def test_a_new_run_ends_the_page_s_old_one(app_playground):
    async def both():
        runs = Runs(app_playground.cancel)

        async def read(number):
            stream = stream_run(app_playground, runs, controls(max_new_tokens=200 if number else 2), {}, "me")
            return [json.loads(one) async for one in stream]

        first = asyncio.create_task(read(1))
        await asyncio.sleep(0.5)
        return await asyncio.gather(first, read(0))

    first, second = asyncio.run(both())
    assert first[-1]["events"][-1][1]["reason"] == "stopped"
    assert second[-1]["events"][-1][1]["reason"] == "length"
