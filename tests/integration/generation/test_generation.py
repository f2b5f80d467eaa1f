"""Generation with SmolLM2, through the library and through the running app's API."""

import asyncio
import threading
import time

import pytest
import torch

import playground as pg
from server.arrival import ArrivalClock

pytestmark = pytest.mark.embedded
COLORS = "A list of colors: red, blue"


@pytest.fixture(scope="module")
def smol(app_playground):
    """The resident model and tokenizer that the app itself uses."""
    with app_playground.manager.lease(pg.GenerateRequest(prompt="-").model_id, "text-generation") as loaded:
        yield loaded


def reference(smol, ids, **options):
    with torch.random.fork_rng():
        torch.manual_seed(options.pop("seed", 0))
        output = smol.model.generate(ids, attention_mask=torch.ones_like(ids), **options)
    return tuple(output[0, ids.shape[1] :].tolist())


def test_a_mixed_batch_gives_what_generate_gives(app_playground, smol):
    """Greedy, sampled, beams and chat at once; the answer to a chat is one with a template."""
    ids = smol.tokenizer(COLORS, return_tensors="pt").input_ids
    chat = smol.tokenizer.apply_chat_template(
        [{"role": "user", "content": "Say hi"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )["input_ids"]
    requests = (
        pg.GenerateRequest(prompt=COLORS, max_new_tokens=10),
        pg.GenerateRequest(prompt=COLORS, max_new_tokens=8, do_sample=True, top_p=0.9, seed=3),
        pg.GenerateRequest(prompt=COLORS, max_new_tokens=6, num_beams=3),
        pg.GenerateRequest(messages=(pg.Message("user", "Say hi"),), max_new_tokens=8),
    )
    got = [result.finished.token_ids for result in app_playground.compare(requests).results()]
    plain = {"do_sample": False, "repetition_penalty": 1.0}
    assert got[0] == reference(smol, ids, max_new_tokens=10, **plain)
    sampled = {"do_sample": True, "top_k": 50, "top_p": 0.9, "temperature": 1.0, "repetition_penalty": 1.0}
    assert got[1] == reference(smol, ids, max_new_tokens=8, seed=3, **sampled)
    assert got[2] == reference(smol, ids, max_new_tokens=6, num_beams=3, **plain)
    assert got[3] == reference(smol, chat, max_new_tokens=8, **plain)


def test_four_bits_give_what_generate_gives(app_playground):
    """As in the article: the same model with its weights in 4 bits, which its own `generate` is asked about too."""
    model_id = app_playground.manager.spec(None, "text-generation").id
    request = pg.GenerateRequest(prompt=COLORS, model_id=model_id, max_new_tokens=6, quantization="4-bit")
    got = app_playground.generate(request).result().finished.token_ids
    with app_playground.manager.lease(request.model_id, "text-generation", "4-bit") as small:
        assert type(small.model.model.layers[0].mlp.up_proj).__name__ == "Linear4bit"
        ids = small.tokenizer(COLORS, return_tensors="pt").input_ids
        assert got == reference(small, ids, max_new_tokens=6, do_sample=False, repetition_penalty=1.0)
    app_playground.unload_model(request.model_id, "text-generation", "4-bit")


def test_the_receipt_run_at_home_gives_the_tokens_of_the_page(app_playground, home):
    request = pg.GenerateRequest(prompt=COLORS, max_new_tokens=5, do_sample=True, top_k=40, temperature=0.8, seed=9)
    finished = app_playground.generate(request).result().finished
    (printed,) = home.numbers(app_playground.generation_receipt(request, finished).code)
    assert printed["token_ids"] == list(finished.token_ids)


def test_generate_streams_typed_steps_over_http(client):
    job = client.submit(prompt=COLORS, max_new_tokens=6, api_name="/generate")
    events = [event for batch in job for event in batch]
    assert events[0]["type"] == "started"
    steps = [event for event in events if event["type"] == "step"]
    assert len(steps) == 6
    assert len(steps[0]["alternatives"]) == 10
    assert "".join(step["text"] for step in steps) == events[-1]["text"]
    assert events[-1]["reason"] == "length"


def test_time_in_line_counts_from_the_arrival_at_the_server(client, monkeypatch):
    """Not from when gradio's own queue lets the handler begin."""
    plain = ArrivalClock.__call__

    async def arrive_earlier(self, scope, receive, send):
        async def pass_on(scope, receive, send):
            if scope["type"] == "http":
                scope["state"]["arrived_at"] -= 100
            await self._app(scope, receive, send)

        await plain(ArrivalClock(pass_on), scope, receive, send)

    monkeypatch.setattr(ArrivalClock, "__call__", arrive_earlier)
    events = [
        event for batch in client.submit(prompt=COLORS, max_new_tokens=1, api_name="/generate") for event in batch
    ]
    assert events[0]["queue_seconds"] >= 100
    assert events[-1]["seconds_to_first_token"] >= 100


def test_next_token_over_http(client):
    result = client.predict(prompt=COLORS, do_sample=True, top_k=3, api_name="/next_token")
    best = result["candidates"][0]
    assert best["piece"] == ","
    assert [one["kept"] for one in result["candidates"][:4]] == [True, True, True, False]
    assert sum(one["after"] for one in result["candidates"]) == pytest.approx(1, abs=1e-5)


def test_bad_input_is_said_over_http(client):
    with pytest.raises(Exception, match="temperature"):
        client.predict(prompt=COLORS, do_sample=True, temperature=-1.0, api_name="/next_token")


def test_a_closed_reader_leaves_no_thread_behind(app_playground):
    async def look_and_leave():
        requests = (pg.GenerateRequest(prompt=COLORS, max_new_tokens=400),)
        batches = app_playground.compare_batches(requests, 0.01)
        async for batch in batches:
            if any(isinstance(event, pg.Step) for _, event in batch):
                break
        await batches.aclose()

    asyncio.run(look_and_leave())
    end = time.monotonic() + 20
    while any(thread.name == "playground-engine" for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.05)
