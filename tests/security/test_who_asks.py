"""Where a request comes from is the server's word: limits per address can't be walked round by what a body says."""

from __future__ import annotations

import json

import httpx
import pytest

from playground.generation.request import GenerateRequest
from tabs.generation.settings import DEFAULTS, SPELLED, build_requests, echo


def test_what_a_view_sends_says_nothing_of_who_asks():
    values = {**DEFAULTS, **SPELLED, "mode": "Complete", "prompt": "x", "model_id": None, "system": ""}
    lies = {"person": "other", "address": "10.0.0.9", "run_id": "other's"}
    (request,) = build_requests({**values, **lies}, {**lies, "columns": [lies]}, "me", "mine", "192.0.2.1")
    assert (request.person, request.address, request.run_id) == ("me", "192.0.2.1", "mine")
    assert not set(lies) & set(echo(request))


def ask(url: str, address: str, body: dict) -> str:
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(base_url=url, transport=transport, timeout=60) as client:
        event = client.post("/gradio_api/call/generate", json=body).json()["event_id"]
        with client.stream("GET", f"/gradio_api/call/generate/{event}") as answer:
            return answer.read().decode()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.3"])
def test_a_request_bears_the_address_that_it_came_from(app_server, app_playground, monkeypatch, address):
    seen: list[GenerateRequest] = []
    compare = app_playground.compare

    def note(requests, asked_at=None):
        seen.extend(requests)
        return compare(requests, asked_at)

    monkeypatch.setattr(app_playground, "compare", note)
    information = httpx.get(f"{app_server}/gradio_api/info").json()["named_endpoints"]["/generate"]["parameters"]
    given = {"prompt": "A list", "max_new_tokens": 1}
    arguments = [given.get(one["parameter_name"], one.get("parameter_default")) for one in information]
    body = {"data": arguments, "address": "10.0.0.9", "session_hash": "chosen"}
    assert json.loads(ask(app_server, address, body).split("data: ")[1].splitlines()[0])
    assert [one.address for one in seen] == [address]
