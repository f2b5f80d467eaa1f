"""A real MCP client against the running app: tools are listed, called, bounded and refused."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from urllib.parse import urlsplit

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

import playground as pg
from playground import wire

pytestmark = pytest.mark.embedded
COLORS = "A list of colors: red, blue"


def ask(server: str, *calls: tuple[str, dict]) -> list:
    """What the tools answer, all asked at once by one client: (text, whether it failed) each."""

    async def session():
        async with (
            streamablehttp_client(f"{server}/gradio_api/mcp") as (incoming, outgoing, _),
            ClientSession(incoming, outgoing) as client,
        ):
            await client.initialize()
            answers = await asyncio.gather(*(client.call_tool(name, arguments) for name, arguments in calls))
            return [(answer.content[0].text, bool(answer.isError)) for answer in answers]

    return asyncio.run(session())


def test_tools_are_listed_as_ones_that_only_read(app_server):
    async def listed():
        async with (
            streamablehttp_client(f"{app_server}/gradio_api/mcp/") as (incoming, outgoing, _),
            ClientSession(incoming, outgoing) as client,
        ):
            about = await client.initialize()
            return about, (await client.list_tools()).tools

    about, tools = asyncio.run(listed())
    assert about.serverInfo.name == "Transformers Playground" and "list_models" in about.instructions
    assert len(tools) == 18 and all(tool.annotations.readOnlyHint for tool in tools)
    assert next(tool for tool in tools if tool.name == "classify").inputSchema["required"] == ["text"]


def test_tools_answer_what_the_library_answers_also_at_once(app_server, app_playground):
    """All eighteen are called, six at a time: of one person eight may wait."""
    smol = "HuggingFaceTB/SmolLM2-135M-Instruct"
    minilm = "sentence-transformers/all-MiniLM-L6-v2"
    calls = {
        "classify": {"text": "I love it"},
        "generate": {"prompt": COLORS, "max_new_tokens": 8, "show_tokens": True},
        "next_token": {"prompt": COLORS, "count": 3},
        "tokenize": {"text": "naïve cats"},
        "word_loss": {"words": ["man", "woman"]},
        "list_models": {},
        "encode": {"texts": ["one", "two words"]},
        "compare_tokenizers": {"text": "unbelievable", "model_ids": [smol, minilm]},
        "explain_split": {"word": "unbelievable"},
        "search_vocabulary": {"query": "cat", "limit": 5},
        "chat_template": {"messages": [{"role": "user", "content": "Hi"}]},
        "flip_mask": {"texts": ["one", "two words"], "flips": [[0, 1]]},
        "attention": {"text": "The cat sat", "layer": 0, "head": 1},
        "word_matrix": {"words": ["man", "woman", "lamp"]},
        "run_pipeline": {"text": "a cat", "texts": ["a car", "a kitten"]},
        "model_map": {"model_id": "playground/word-association", "text": "thunder"},
        "logit_lens": {"text": COLORS},
        "attribute_next": {"text": COLORS},
    }
    asked = list(calls.items())
    answers = [answer for n in (0, 6, 12) for answer in ask(app_server, *asked[n : n + 6])]
    assert [text for text, failed in answers if failed] == []
    said = {name: json.loads(text) for name, (text, _) in zip(calls, answers, strict=True)}
    expected = {
        label.label: label.probability for label in app_playground.classify(pg.ClassifyRequest("I love it")).labels
    }
    answered = dict(zip(said["classify"]["labels"], said["classify"]["probabilities"], strict=True))
    assert answered == pytest.approx(expected, abs=1e-5)
    reply = app_playground.generate(pg.GenerateRequest(COLORS, max_new_tokens=8)).result()
    assert (said["generate"]["text"], said["generate"]["reason"]) == (reply.text, "length")
    assert [one["probability"] for one in said["generate"]["tokens"]] == pytest.approx(
        [step.probability_before for step in reply.steps], abs=1e-4
    )
    assert said["next_token"]["candidates"][0]["piece"] == reply.steps[0].piece
    assert said["tokenize"] == wire.to_json(app_playground.tokenize(pg.TokenizeRequest("naïve cats", "", True)))
    assert [one["what"] for one in said["run_pipeline"]["answers"]] == ["a kitten", "a car"]
    assert (said["model_map"]["parameters"], said["model_map"]["tied"]) == (10_499_072, True)
    assert said["logit_lens"]["after"][-1]["best"] == said["attribute_next"]["token"] == reply.steps[0].piece
    assert said["attribute_next"]["speaks"]["gradient_x_input"].keys() >= {"blue", "colors"}
    assert {smol, minilm} <= {one["id"] for one in said["list_models"]}


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("tokenize", {"text": "word " * 3000}, "a tool's may have 20,000"),
        ("classify", {"text": ""}, "text"),
        ("classify", {"text": "x", "model_id": "../../etc/passwd"}, "can't be the id of a model"),
        ("classify", {"text": "x", "file": "http://127.0.0.1/"}, "file"),
        ("classify_table", {"file": "http://127.0.0.1/x.csv"}, "no tool classify_table"),
        ("unload_model", {"model_id": "x"}, "no tool unload_model"),
        ("generate", {"prompt": "a", "max_new_tokens": 0}, "max_new_tokens is 0"),
    ],
)
def test_what_a_tool_cannot_do_is_said(app_server, tool, arguments, says):
    ((text, failed),) = ask(app_server, (tool, arguments))
    assert failed and says in text
    assert len(text) < 1000


def raw(server: str, method: str, headers: dict[str, str], body: str = "") -> http.client.HTTPResponse:
    at = urlsplit(server)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    connection.request(method, "/gradio_api/mcp", body, headers)
    return connection.getresponse()


def test_another_page_calls_no_tool_and_a_browser_is_told_what_this_is(app_server):
    json_headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    assert raw(app_server, "POST", json_headers | {"Origin": "http://evil.test"}, "{}").status == 403
    answer = raw(app_server, "GET", {})
    assert (answer.status, b"MCP clients" in answer.read()) == (405, True)


def test_a_tool_that_nobody_waits_for_ends(app_server):
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "generate", "arguments": {"prompt": COLORS, "max_new_tokens": 4000}},
    }
    at = urlsplit(app_server)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    connection.request("POST", "/gradio_api/mcp", json.dumps(call), headers)

    def working() -> bool:
        return any(thread.name == "playground-engine" for thread in threading.enumerate())

    end = time.monotonic() + 60
    while not working():
        assert time.monotonic() < end
        time.sleep(0.02)
    connection.close()
    end = time.monotonic() + 30
    while working():
        assert time.monotonic() < end
        time.sleep(0.05)
