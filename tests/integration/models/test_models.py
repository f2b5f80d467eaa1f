"""The Models tab's endpoints through gradio_client: what it reads and commands, and what a public page refuses."""

from __future__ import annotations

import time

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.models_app import TASK, models_app, replies_held


def wait_for(client, model_id, state):
    deadline = time.monotonic() + 20
    while True:
        (row,) = (one for one in client.predict(api_name="/models")["models"] if one["id"] == model_id)
        if row["variants"] and row["variants"][0]["state"] == state:
            return row["variants"][0]
        assert time.monotonic() < deadline, row
        time.sleep(0.02)


def test_load_look_unload(tmp_path):
    with models_app(tmp_path) as (url, playground):
        client = Client(url, verbose=False)
        before = client.predict(api_name="/models")
        assert [row["id"] for row in before["models"]][:3] == ["tiny/a", "tiny/b", "tiny/c"]
        assert before["devices"][0]["budget_bytes"] == 400_000
        assert before["devices"][0]["used_bytes"] == 0

        key = client.predict("tiny/a", api_name="/load_model")
        assert key == {"model_id": "tiny/a", "task": TASK, "quantization": "float32"}
        variant = wait_for(client, "tiny/a", "resident")
        assert variant["measured_bytes"] == variant["predicted_bytes"] > 50_000
        assert (variant["loads"], variant["leases"], variant["device"]) == (1, 0, "cpu")
        assert client.predict(api_name="/models")["devices"][0]["used_bytes"] == variant["measured_bytes"]

        with playground.manager.lease("tiny/a", TASK):
            with pytest.raises(AppError, match="in use"):
                client.predict("tiny/a", TASK, "float32", api_name="/unload_model")
            assert wait_for(client, "tiny/a", "resident")["leases"] == 1
        with replies_held(playground):
            shown = wait_for(client, "tiny/a", "resident")
            device = client.predict(api_name="/models")["devices"][0]
            assert shown["cache_bytes"] == device["cache_bytes"] > 0
            assert device["used_bytes"] == variant["measured_bytes"]
        kept = wait_for(client, "tiny/a", "resident")["cache_bytes"]
        assert 0 < kept < shown["cache_bytes"], "what was said stays for whoever goes on from it"
        after = client.predict("tiny/a", TASK, "float32", api_name="/unload_model")
        assert after["devices"][0]["used_bytes"] == 0

        client.predict("tiny/broken", api_name="/load_model")
        assert "no folder" in wait_for(client, "tiny/broken", "failed")["message"]
        for model_id, message in (("../etc/passwd", "can't be the id"), ("x" * 5000, "can't be the id")):
            with pytest.raises(AppError, match=message):
                client.predict(model_id, api_name="/load_model")
        with pytest.raises(AppError, match="no quantization"):
            client.predict("tiny/a", TASK, "1-bit", api_name="/load_model")
        with pytest.raises(AppError, match="no task"):
            client.predict("tiny/a", "dancing", "auto", api_name="/load_model")


def test_a_public_page_shows_everything_and_changes_nothing(tmp_path):
    with models_app(tmp_path, public=True) as (url, playground):
        client = Client(url, verbose=False)
        with playground.manager.lease("tiny/a", TASK):
            pass
        for call in (("tiny/b", "/load_model"), ("tiny/a", TASK, "float32", "/unload_model")):
            with pytest.raises(AppError, match="public page"):
                client.predict(*call[:-1], api_name=call[-1])
        state = client.predict(api_name="/models")
        assert state["public"]
        assert not state["typing"]
        assert wait_for(client, "tiny/a", "resident")["loads"] == 1
        assert [row["variants"] for row in state["models"] if row["id"] == "tiny/b"] == [[]]

        # The page's own commands come by another door, which must be as closed.
        import httpx

        component = next(
            one
            for one in httpx.get(f"{url}/config").json()["components"]
            if one["props"].get("elem_id") == "models-ledger"
        )
        for command in ("load", "unload", "pin", "unpin"):
            body = {"data": [command, "tiny/a", TASK, "float32"], "component_id": component["id"],
                    "fn_name": "model_command", "session_hash": "x"}  # fmt: skip
            answer = httpx.post(f"{url}/gradio_api/component_server", json=body).json()
            assert "public page" in answer["error"], answer
        assert wait_for(client, "tiny/a", "resident")["pinned"] is False
