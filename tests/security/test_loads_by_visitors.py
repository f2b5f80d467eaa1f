"""Visitors of a public page can't fill the machine with models: refused with a sentence, through every door."""

from __future__ import annotations

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.models_app import models_app

WORDS = {"prompt": "w1 w2", "max_new_tokens": 2}


def copies_in_memory(playground):
    return {(one.model_id, one.quantization) for one in playground.snapshot().resident}


def test_a_copy_that_is_too_large_or_not_offered_is_refused(tmp_path):
    rules = {
        "public": True,
        "public_copies": ("auto", "bfloat16"),
        "public_bytes": 60_000,
        "public_models": ("tiny/a",),
    }
    with models_app(tmp_path, **rules) as (url, playground):
        client = Client(url, verbose=False)
        full = playground.quantizations("tiny/a")[0].predicted_bytes
        assert full > 60_000
        for quantization, said in (("auto", "up to 60\u00a0kB"), ("4-bit", "can have auto, bfloat16, not 4-bit")):
            with pytest.raises(AppError, match=said):
                client.predict(**WORDS, model_id="tiny/a", quantization=quantization, api_name="/generate")
        with pytest.raises(AppError, match="can't have Tiny b loaded"):
            client.predict(**WORDS, model_id="tiny/b", api_name="/generate")
        assert not copies_in_memory(playground)
        assert client.predict(**WORDS, model_id="tiny/a", quantization="bfloat16", api_name="/generate")
        assert copies_in_memory(playground) == {("tiny/a", "bfloat16")}
        said = client.predict(api_name="/models")["visitor_rules"]
        assert "tiny/a" in said and "60\u00a0kB" in said and "10 minutes" in said


def test_time_for_loads_runs_out(tmp_path):
    with models_app(tmp_path, public=True, public_minutes=0) as (url, playground):
        with pytest.raises(AppError, match="within an hour"):
            Client(url, verbose=False).predict(**WORDS, model_id="tiny/a", api_name="/generate")
        assert not copies_in_memory(playground)
