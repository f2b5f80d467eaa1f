"""What a person or a program is told when something is wrong: a sentence, as text, that opens no door."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from pathlib import Path

import gradio as gr
import pytest
from gradio_client.exceptions import AppError

from playground.errors import said_by

ROOT = Path(__file__).parents[2]
ADVICE = (
    "The repository /root/.cache/hub/x contains custom code which must be executed. Please pass the argument "
    "`trust_remote_code=True` to allow custom code to be run.",
    "Weights only load failed. Re-running `torch.load` with `weights_only` set to `False` will likely succeed.",
    "Couldn't connect. To enable it, set HF_HUB_OFFLINE=0.",
    "Object arrays cannot be loaded when allow_pickle=False.",
)
OWNER_ONLY = {
    "config.py",
    "catalog.py",
    "embedded.py",
    "form.py",
    "marked.py",
    "words.py",
}  # read by who starts it


@pytest.mark.parametrize("advice", ADVICE)
def test_advice_to_open_what_is_closed_is_not_repeated(advice):
    said = said_by(ValueError(f"{advice} The end is near"))
    assert said.endswith("The end is near")
    assert not re.search(r"trust_remote|weights_only|HF_HUB|pickle|/root", said)


def test_an_error_without_words_is_named():
    assert said_by(KeyError()) == "KeyError"
    assert said_by(ValueError("set trust_remote_code=True")) == "ValueError"
    assert said_by(ValueError("see https://host/a/b and /home/me/models/x.json, 1/2")) == (
        "see https://host/a/b and x.json, 1/2"
    )


def test_messages_quote_libraries_in_one_way():
    quoted = [
        f"{path.name}: {line.strip()}"
        for path in sorted((ROOT / "playground").rglob("*.py"))
        if path.name not in OWNER_ONLY
        for line in path.read_text(encoding="utf-8").splitlines()
        if "file=sys.stderr" not in line  # read by who started a command
        if "{error}" in line or re.search(r'f".*\{.*str\(error\)', line)
    ]
    assert [line for line in quoted if not line.startswith("json_lines.py")] == []  # of a person's own line


# What each kind of argument can't be.
WRONG = {"string": (1, [], {}), "integer": ([], {}), "number": ([], {}), "boolean": ([], {}), "array": (1, "x", {})}


def kind_of(parameter: dict) -> str:
    schema = parameter["type"]
    plain = next((one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"), {})
    return plain.get("type", "")


def wrong_calls(endpoint: dict) -> list[tuple[str, dict]]:
    """Each parameter of an endpoint, with arguments of which its own can't be meant."""
    needed = {
        one["parameter_name"]: "x" if kind_of(one) == "string" else []
        for one in endpoint["parameters"]
        if not one["parameter_has_default"]
    }
    names = {one["parameter_name"]: WRONG.get(kind_of(one), ()) for one in endpoint["parameters"]}
    return [(name, {**needed, name: wrong}) for name, all_wrong in names.items() for wrong in all_wrong]


def answer_of(handler, given: dict):
    """The first answer of an endpoint's function, however it gives answers; gradio adds the request."""
    found = handler(
        **given, **({"request": gr.Request()} if "request" in inspect.signature(handler).parameters else {})
    )
    if inspect.isasyncgen(found):
        return asyncio.run(anext(found))
    return next(found) if inspect.isgenerator(found) else found


def test_an_argument_of_the_wrong_kind_is_answered_with_a_sentence(demo, client, caplog):
    caplog.set_level(logging.ERROR)
    endpoints = demo.get_api_info()["named_endpoints"]
    del endpoints["/classify_table"]  # its components check it
    handlers = {f"/{one.api_name}": one.fn for one in demo.fns.values() if one.api_visibility == "public"}
    asked = [(name, *call) for name, endpoint in endpoints.items() for call in wrong_calls(endpoint)]
    assert len(asked) > 100
    for name, parameter, given in asked:
        with pytest.raises(gr.Error) as refused:
            answer_of(handlers[name], given)
        message = str(refused.value.message)
        assert parameter in message, (name, given, message)
        assert message.endswith("."), message
    for name in ("/classify", "/generate"):  # one that answers, one that streams: over the wire it is the same
        parameter, given = wrong_calls(endpoints[name])[0]
        with pytest.raises(AppError, match=rf"{parameter}.*\.$"):
            client.predict(**given, api_name=name)
    assert not [line.getMessage() for line in caplog.records if "handler failed" in line.getMessage()]
