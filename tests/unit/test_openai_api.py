"""OpenAI's API without a model: what bodies mean, what is refused, how replies are cut, who may ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

import playground as pg
from playground.config import Settings
from playground.errors import InputError
from server import api_list
from server.openai.answers import bytes_of
from server.openai.parameters import EMBEDDINGS, NEUTRAL, read_chat, read_completion, read_embeddings
from server.openai.replies import Reply
from server.openai.routes import OpenAIApi

CHAT = {"messages": [{"role": "user", "content": "Hi"}]}


def step(index: int, text: str, piece: str | None = None) -> pg.Step:
    return pg.Step(index, index, text if piece is None else piece, text, 0.5, 0.5, 0.0, 0.0, ())


def finished(reason: str, text: str, count: int) -> pg.Finished:
    return pg.Finished(reason, text, tuple(range(count)), 3, 64, None, None, None, 0.0, 1)


@given(
    pieces=st.lists(st.text("ab ", max_size=3), min_size=1, max_size=12),
    stops=st.lists(st.text("ab ", min_size=1, max_size=4), max_size=3),
    every=st.integers(1, 4),
)
def test_the_pieces_of_a_stream_join_to_the_text_before_the_stop_string(pieces, stops, every):
    """However the reply comes in, nothing of a stop string is ever sent; tokens are those of the text."""
    said, ended = [], "length"
    for piece in pieces:  # as the engine does: it ends with the token in which a stop string ends
        said.append(piece)
        if any(stop in "".join(said) for stop in stops):
            ended = "stop_string"
            break
    text = "".join(said)
    cut = min((text.find(stop) for stop in stops if stop in text), default=len(text))
    reply, taken = Reply(stops), []
    for index, piece in enumerate(said):
        reply.read(step(index, piece))
        if index % every == 0:
            taken.append(reply.take())
    reply.read(finished(ended, text, len(said)))
    taken.append(reply.take())
    assert "".join(one.text for one in taken) == text[:cut]
    tokens = [token for one in taken for token in one.tokens]
    assert [token.step.index for token in tokens] == list(range(len(tokens)))
    assert "".join(token.step.text for token in tokens).startswith(text[:cut])
    assert all(token.offset < cut for token in tokens) or ended == "length"
    assert ended == "stop_string" or len(tokens) == len(said)


def test_the_token_that_ends_a_reply_is_not_part_of_it():
    reply = Reply()
    reply.read(step(0, "Hi"))
    reply.read(step(1, "", "<|im_end|>"))
    reply.read(finished("eos", "Hi", 2))
    piece = reply.take()
    assert (piece.text, [token.step.piece for token in piece.tokens], reply.finish_reason) == ("Hi", ["Hi"], "stop")


def test_a_reply_that_a_crowd_has_shortened_says_so():
    reply = Reply()
    reply.read(finished("crowded", "", 0))
    assert reply.finish_reason == "length"
    assert "ended early" in reply.notes[0]


def test_bytes_of_a_token_are_those_of_its_text():
    assert bytes(bytes_of(" é")).decode() == " é"
    assert bytes([*bytes_of("<0xF0><0x9F>"), *bytes_of("<0x98><0x80>")]).decode() == "😀"


def test_parameters_mean_what_they_mean_at_openai():
    asked = read_chat({**CHAT, "temperature": 0, "max_completion_tokens": 7, "stop": "\n", "user": "ada"}, "10.0.0.7")
    (request,) = asked.requests
    assert (request.do_sample, request.max_new_tokens, request.stop_strings) == (False, 7, ("\n",))
    assert (request.person, request.address) == ("v1 ada", "10.0.0.7")
    plain = read_chat(CHAT, "").requests[0]
    assert (plain.do_sample, plain.temperature, plain.top_p, plain.top_k) == (True, 1.0, 1.0, 0)
    assert plain.seed != read_chat(CHAT, "").requests[0].seed
    assert read_completion({"prompt": "a"}, "").requests[0].max_new_tokens == 16


def test_choices_have_seeds_of_their_own():
    asked = read_completion({"prompt": ["a", "b"], "n": 3, "seed": -1, "logprobs": 4}, "")
    assert [request.prompt for request in asked.requests] == ["a"] * 3 + ["b"] * 3
    assert [request.seed for request in asked.requests] == [2**63 - 1, 0, 1] * 2
    assert (asked.logprobs, asked.requests[0].top) == (4, 4)


def test_developer_is_the_system_of_chat_templates():
    asked = read_chat({"messages": [{"role": "developer", "content": [{"type": "text", "text": "Be kind."}]}]}, "")
    assert asked.requests[0].messages == (pg.Message("system", "Be kind."),)


def test_values_that_ask_for_nothing_pass():
    body = {name: value for name, values in NEUTRAL.items() for value in values[:1]}
    assert read_chat({**CHAT, **body, "reasoning_effort": None}, "").requests


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tools": [{"type": "function"}]}, "tools isn't supported"),
        ({"logit_bias": {"5": 1}}, "logit_bias isn't supported"),
        ({"frequency_penalty": 0.5}, "frequency_penalty isn't supported"),
        ({"response_format": {"type": "json_object"}}, "response_format isn't supported"),
        ({"reasoning_effort": "low"}, "reasoning_effort isn't supported"),
        ({"made_up": 1}, "made_up isn't supported"),
        ({"top_logprobs": 2}, "Set logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "0 to 20"),
        ({"max_tokens": 3, "max_completion_tokens": 4}, "differ"),
        ({"max_tokens": 0}, "1 to"),
        ({"max_tokens": "many"}, "max_tokens is 'many'"),
        ({"n": 13}, "1 to 12"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "at most 4"),
        ({"stop": [""]}, "stop string is empty"),
        ({"temperature": -1}, "from 0.01 to 100.0, or is 0"),
        ({"temperature": 101}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"model": 5}, "model is 5"),
        ({"user": "x" * 201}, "user"),
        ({"messages": []}, "no messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "text parts"),
        ({"messages": [{"content": "Hi"}]}, "no role"),
        ({"messages": [{"role": "banana", "content": "Hi"}]}, "Message 1 has the role 'banana'. It is one of system,"),
        ({"messages": [*CHAT["messages"], {"role": "User", "content": "Hi"}]}, "Message 2 has the role 'User'"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(given, said):
    with pytest.raises(InputError, match=said):
        read_chat({**CHAT, **given}, "")


def test_prompts_and_inputs_are_texts():
    with pytest.raises(InputError, match="token ids"):
        read_completion({"prompt": [[1, 2]]}, "")
    with pytest.raises(InputError, match="13 prompts"):
        read_completion({"prompt": ["a"] * 13}, "")
    with pytest.raises(InputError, match="no input"):
        read_embeddings({"input": []})
    with pytest.raises(InputError, match=f"dimensions isn't supported here.*{EMBEDDINGS[0]}"):
        read_embeddings({"input": "a", "dimensions": 3})
    with pytest.raises(InputError, match="base64"):
        read_embeddings({"input": "a", "encoding_format": "hex"})
    with pytest.raises(InputError, match="empty"):
        read_embeddings({"input": ["a", ""]})
    with pytest.raises(InputError, match="257 texts"):
        read_embeddings({"input": ["a"] * 257})


@pytest.fixture(scope="module")
def locked():
    """A client of routes that want a key."""
    return TestClient(Starlette(routes=OpenAIApi(pg.Playground(), "sesame-open").routes()))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic sesame-open", "Bearer sesame-open2"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/anything"])
def test_without_the_key_there_is_no_answer(locked, path, header):
    answer = locked.get(path, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_with_the_key_there_is(locked):
    models = locked.get("/v1/models", headers={"Authorization": "Bearer sesame-open"}).json()["data"]
    assert {"HuggingFaceTB/SmolLM2-135M-Instruct", "sentence-transformers/all-MiniLM-L6-v2"} <= {
        m["id"] for m in models
    }
    assert "playground/sentiment-5-stars" not in {model["id"] for model in models}


def test_it_is_off_unless_asked_and_its_key_is_told_to_nobody(capsys):
    import app

    without = {route.path for route in app.routes_for_programs(pg.Playground())}
    assert without == {"/training/model", api_list.MCP_SCHEMA, api_list.SUMMARY}
    asked = Settings.read(["--openai-api"], {"PLAYGROUND_OPENAI_KEY": "sesame-open"})
    assert app.routes_for_programs(pg.Playground(asked))
    assert "sesame" not in repr(asked)
    assert app.main(["--openai-key", "has a space"]) == 2
    assert "has a space" not in capsys.readouterr().err


def test_failures_have_the_status_that_clients_act_upon():
    from playground import errors
    from server.openai.failures import answer_to
    from server.turns import Crowded

    statuses = {
        errors.InputTooLongError("x"): 400,
        errors.WrongTaskError("x"): 400,
        errors.ModelNotFoundError("x"): 404,
        errors.NotAllowedError("x"): 403,
        errors.BusyError("x"): 429,
        Crowded(): 429,
        errors.HubOfflineError("x"): 503,
        errors.DeviceMemoryError("x"): 503,
        ZeroDivisionError("secret"): 500,
    }
    assert {error: answer_to(error).status_code for error in statuses} == statuses
    assert b"secret" not in answer_to(ZeroDivisionError("secret")).body
    assert answer_to(Crowded()).headers["retry-after"] == "1"
    for error in (errors.ModelNotFoundError("No gpt-4o."), errors.HubOfflineError("No gpt-4o.")):
        assert b"No gpt-4o. /v1/models lists the models of this server." in answer_to(error).body
