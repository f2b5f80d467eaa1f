"""OpenAI's own client against the running app: the same numbers as the facade's, streams, limits, failures."""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
from urllib.parse import urlsplit

import openai
import pytest
import torch

import playground as pg

pytestmark = pytest.mark.embedded
SMOL, MINILM = "HuggingFaceTB/SmolLM2-135M-Instruct", "sentence-transformers/all-MiniLM-L6-v2"
COLORS = "A list of colors: red, blue"
HELLO = [{"role": "user", "content": "Say hi and name a fruit"}]


@pytest.fixture(scope="module")
def ai(app_server):
    with openai.OpenAI(base_url=f"{app_server}/v1", api_key="any", max_retries=0) as client:
        yield client


def test_models_are_listed_and_described(ai):
    ids = {model.id for model in ai.models.list()}
    assert {SMOL, MINILM} <= ids
    assert ai.models.retrieve(SMOL).owned_by == "HuggingFaceTB"
    with pytest.raises(openai.NotFoundError, match="/v1/models lists them"):
        ai.models.retrieve("nobody/nothing")


def test_a_greedy_chat_has_the_tokens_and_log_probabilities_of_the_facade(ai, app_playground):
    request = pg.GenerateRequest(messages=HELLO, model_id=SMOL, max_new_tokens=12, top=3)
    app_playground.generate(request).result()  # so that both read what is kept of the prompt, which rounds otherwise
    answer = ai.chat.completions.create(
        model=SMOL, messages=HELLO, temperature=0, max_tokens=12, logprobs=True, top_logprobs=3
    )
    expected = app_playground.generate(request).result()
    (choice,), usage = answer.choices, answer.usage
    assert choice.message.content == expected.text
    assert (usage.prompt_tokens, usage.completion_tokens) == (expected.finished.prompt_tokens, 12)
    assert [token.token for token in choice.logprobs.content] == [step.piece for step in expected.steps]
    for token, step in zip(choice.logprobs.content, expected.steps, strict=True):
        assert token.logprob == pytest.approx(math.log(step.probability_before), abs=1e-5)
        told = [(one.token, one.logprob) for one in token.top_logprobs]
        assert told == [(one.piece, pytest.approx(math.log(one.before), abs=1e-5)) for one in step.alternatives]


def test_a_completion_has_the_log_probabilities_of_plain_transformers(ai, app_playground):
    answer = ai.completions.create(model=SMOL, prompt=COLORS, temperature=0, max_tokens=8, logprobs=2)
    (choice,) = answer.choices
    with app_playground.manager.lease(SMOL, "text-generation") as loaded, torch.inference_mode():
        ids = loaded.tokenizer(COLORS, return_tensors="pt").input_ids
        reply = loaded.model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, repetition_penalty=1.0, max_new_tokens=8
        )
        logits = loaded.model(reply).logits[0, ids.shape[1] - 1 : -1]
        new = reply[0, ids.shape[1] :]
        wanted = logits.log_softmax(-1).gather(-1, new[:, None])[:, 0].tolist()
        assert choice.text == loaded.tokenizer.decode(new)
    assert choice.logprobs.token_logprobs == pytest.approx(wanted, abs=1e-3)  # read at once, not token by token
    assert "".join(choice.logprobs.tokens) == choice.text
    assert choice.logprobs.text_offset[3] == len("".join(choice.logprobs.tokens[:3]))
    assert all(
        len(best) == 2 and token in best
        for best, token in zip(choice.logprobs.top_logprobs, choice.logprobs.tokens, strict=True)
    )


@pytest.mark.parametrize("stop", [None, [" and", "\n\n"]])
def test_a_stream_joins_to_the_whole(ai, stop):
    """Sampled, two choices, with and without stop strings; the same seed gives the same again."""
    asked = {"model": SMOL, "messages": HELLO, "seed": 7, "n": 2, "max_tokens": 16, "stop": stop, "logprobs": True}
    whole = ai.chat.completions.create(**asked)
    texts, tokens, reasons = ["", ""], [[], []], [None, None]
    for chunk in ai.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            tokens[choice.index] += choice.logprobs.content if choice.logprobs else []
            reasons[choice.index] = choice.finish_reason or reasons[choice.index]
    assert texts == [choice.message.content for choice in whole.choices]
    assert texts[0] != texts[1]
    assert reasons == [choice.finish_reason for choice in whole.choices]
    assert chunk.usage == whole.usage
    for index, choice in enumerate(whole.choices):
        assert [one.token for one in tokens[index]] == [one.token for one in choice.logprobs.content]
        joined = bytes(byte for one in tokens[index] for byte in one.bytes).decode("utf-8", "replace")
        assert joined.startswith(texts[index])
    if stop:
        assert not any(one in text for one in stop for text in texts)


def test_two_clients_at_once_get_what_each_gets_alone(ai):
    prompts = [COLORS, "The capital of France is"]

    def ask(prompt):
        answer = ai.completions.create(model=SMOL, prompt=prompt, temperature=0, max_tokens=16, user=prompt)
        return answer.choices[0].text

    alone, together = [ask(prompt) for prompt in prompts], {}
    threads = [threading.Thread(target=lambda one=one: together.update({one: ask(one)})) for one in prompts]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert [together[prompt] for prompt in prompts] == alone


def engine_ends() -> bool:
    end = time.monotonic() + 30
    while any(thread.name == "playground-engine" for thread in threading.enumerate()):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("stream", [True, False])
def test_work_ends_when_its_asker_goes(app_server, stream):
    at = urlsplit(app_server)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    body = {"model": SMOL, "prompt": COLORS, "max_tokens": 4000, "temperature": 0, "stream": stream}
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    if stream:
        answer = connection.getresponse()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.readline().startswith(b"data: {")
        answer.close()
    else:
        began = time.monotonic()
        while not any(thread.name == "playground-engine" for thread in threading.enumerate()):
            assert time.monotonic() - began < 60
            time.sleep(0.02)
    connection.close()
    assert engine_ends()


def test_embeddings_are_those_of_plain_transformers(ai, app_playground):
    texts = ["a cat sat on the mat", "tax law", "kitten"]
    answer = ai.embeddings.create(model=MINILM, input=texts)  # the client asks for base64 by itself
    as_numbers = ai.embeddings.create(model=MINILM, input=texts, encoding_format="float")
    with app_playground.manager.lease(MINILM, "feature-extraction") as loaded, torch.inference_mode():
        for text, one, other in zip(texts, answer.data, as_numbers.data, strict=True):
            hidden = loaded.model(**loaded.tokenizer(text, return_tensors="pt")).last_hidden_state[0]
            wanted = torch.nn.functional.normalize(hidden.mean(0), dim=0).tolist()
            assert one.embedding == pytest.approx(wanted, abs=1e-5)
            assert other.embedding == pytest.approx(wanted, abs=1e-5)
        count = sum(len(ids) for ids in loaded.tokenizer(texts)["input_ids"])
    assert answer.usage.prompt_tokens == count
    with pytest.raises(openai.BadRequestError, match=r"Text 2 has \d+ tokens") as caught:
        ai.embeddings.create(model=MINILM, input=["short", "long " * 600])
    assert caught.value.code == "context_length_exceeded"


def test_what_goes_wrong_is_said_in_openai_s_form(ai, app_server):
    def failure(kind, **given):
        with pytest.raises(kind) as caught:
            ai.chat.completions.create(**{"model": SMOL, "messages": HELLO, **given})
        return caught.value.body["message"]

    assert "tools isn't supported" in failure(openai.BadRequestError, tools=[{"type": "function", "function": {}}])
    assert "text-generation" in failure(openai.BadRequestError, model="playground/sentiment-5-stars")
    assert "context holds" in failure(openai.BadRequestError, messages=[{"role": "user", "content": "a " * 9000}])
    with pytest.raises(openai.NotFoundError, match="/v1/embeddings"):
        ai.get("/fine_tuning/jobs", cast_to=object)
    foreign = openai.OpenAI(base_url=f"{app_server}/v1", api_key="-", default_headers={"Origin": "http://evil.test"})
    with pytest.raises(openai.PermissionDeniedError) as caught, foreign:
        foreign.models.list()
    assert "Another web page" in caught.value.body["message"]
    with pytest.raises(openai.APIStatusError, match="8 MB") as caught:
        ai.completions.create(model=SMOL, prompt="a" * 8_100_000)
    assert caught.value.status_code == 413
