"""Tools for language models: which there are, what a model is told of each, what is refused."""

from __future__ import annotations

import asyncio
import sys

import jsonschema
import pytest

import app
import playground as pg
from playground.config import Settings
from playground.errors import InputError
from server import api_list
from tabs.tools import tools

TOOLS = {tool.name: tool for tool in tools(pg.Playground())}


def test_what_takes_a_file_or_changes_what_people_share_is_no_tool():
    assert set(TOOLS) == {
        "list_models", "classify", "tokenize", "encode", "compare_tokenizers", "explain_split", "search_vocabulary",
        "chat_template", "flip_mask", "attention", "next_token", "generate", "word_loss", "word_matrix",
        "run_pipeline", "model_map", "logit_lens", "attribute_next",
    }  # fmt: skip


@pytest.mark.parametrize("name", TOOLS)
def test_a_model_is_told_what_a_tool_does_and_what_each_argument_is(name):
    tool = TOOLS[name]
    assert len(tool.description) > 60 and tool.description.endswith(".") and "\n" not in tool.description
    jsonschema.Draft202012Validator.check_schema(tool.parameters)
    assert tool.parameters["additionalProperties"] is False
    for argument, said in tool.parameters["properties"].items():
        assert len(said["description"]) > 10, argument
        assert "type" in said or "anyOf" in said
    assert {"address", "request", "self"} & set(tool.parameters["properties"]) == set()


def test_arguments_are_checked():
    with pytest.raises(InputError, match="words is a text"):
        asyncio.run(TOOLS["word_loss"].call({"words": "man"}, ""))
    with pytest.raises(InputError, match="1 to 50"):
        asyncio.run(TOOLS["next_token"].call({"prompt": "a", "count": 51}, ""))


def test_without_its_package_the_fix_is_said(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mcp.server.lowlevel", None)
    assert app.main(["--mcp", "--port", "0"]) == 2
    assert "requirements-mcp.txt" in capsys.readouterr().err


def test_tools_are_served_only_if_asked():
    without = [route.path for route in app.routes_for_programs(pg.Playground())]
    paths = [route.path for route in app.routes_for_programs(pg.Playground(Settings(mcp=True)))]
    assert paths == [*without, "/gradio_api/mcp", "/gradio_api/mcp/"]
    assert [path for path in without if "mcp" in path] == [api_list.MCP_SCHEMA]
