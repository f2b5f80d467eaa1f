"""Every example of the Generation tab shows what the page says it shows."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest

from tabs.generation.examples import EXAMPLES, FIRST, MODEL
from tabs.generation.handlers import stream_run
from tabs.generation.runs import Runs
from tabs.generation.settings import DEFAULTS, PRESETS, SPELLED

pytestmark = pytest.mark.embedded


def replies(playground, example, asked):
    """The finished events of a run of the page, by their column."""
    values = {"model_id": MODEL, "mode": example.mode, "prompt": example.prompt, "system": "", **DEFAULTS, **SPELLED}
    values["max_new_tokens"] = example.max_new_tokens

    async def read():
        deltas = [json.loads(one) async for one in stream_run(playground, Runs(playground.cancel), values, asked, "me")]
        return {column: event for column, event in deltas[-1]["events"] if event["type"] == "finished"}

    return asyncio.run(read())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.label)
def test_the_reply_begins_as_the_example_says(app_playground, example):
    text = replies(app_playground, example, {"run": "r"})[0]["text"]
    assert text.startswith(example.begins)
    assert "�" not in text


def test_a_fact_drifts_off_where_more_tokens_are_asked_for(app_playground):
    fact = next(one for one in EXAMPLES if "max_new_tokens of 20" in one.shows)
    longer = replies(app_playground, dataclasses.replace(fact, max_new_tokens=20), {"run": "r"})[0]
    assert longer["text"].startswith(" Paris.\n\nThe answer is: 2018-01-22") and longer["reason"] == "length"


def test_the_chat_example_ends_by_itself(app_playground):
    ended = replies(app_playground, FIRST["Chat"], {"run": "r"})[0]
    assert ended["reason"] == "eos" and ended["text"] == FIRST["Chat"].begins


def test_strategies_part_on_the_prompt_that_the_tab_opens_with(app_playground):
    seeds = range(3)
    columns = [PRESETS[name] | {"seed": seed} for name in ("balanced", "creative") for seed in seeds]
    texts = {column: one["text"] for column, one in replies(app_playground, EXAMPLES[0], {"columns": columns}).items()}
    balanced, creative = [texts[seed] for seed in seeds], [texts[3 + seed] for seed in seeds]
    assert len(set(balanced)) == len(set(creative)) == 3
    assert all(one != other for one, other in zip(balanced, creative, strict=True)), "the same dice, the same text"


def test_the_model_that_they_are_for_is_the_catalog_s_first(app_playground):
    assert app_playground.catalog.for_task("text-generation")[0].id == MODEL
    assert EXAMPLES[0] is FIRST["Complete"]
