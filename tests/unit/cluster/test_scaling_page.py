"""docs/scaling.md: what it shows is what the commands print, and it tells of every meter."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import playground as pg
from playground.cluster.options import read_options
from playground.cluster.simulation import main
from playground.config import Settings
from playground.metrics.counted import measure
from tests.fleets import two_replicas

PAGE = (Path(__file__).parents[3] / "docs/scaling.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^python -m playground\.cluster\.simulation ([^\n]+)\n```\n\n```text\n(.*?)^```", PAGE, re.M | re.S)


@pytest.mark.parametrize(("flags", "table"), SHOWN)
def test_a_table_is_what_its_command_prints(flags, table, capsys):
    assert main(shlex.split(flags)) == 0
    assert capsys.readouterr().out == table


def test_both_examples_are_tried():
    assert len(SHOWN) == PAGE.count("```text") == 2


@pytest.mark.parametrize("arguments", re.findall(r'^make cluster ARGS="(.+?)"', PAGE, re.M))
def test_a_fleet_takes_the_flags(arguments):
    options, rest = read_options(shlex.split(arguments))
    assert options.most >= 1 and Settings.read(rest, {})


def test_every_meter_is_told():
    with pg.Playground(pg.Settings(warm_up=("none",))) as playground:
        playground.fleet = two_replicas
        text = measure(playground).text()[0].decode()
    there = set(re.findall(r"^# TYPE (playground_\w+) (?:counter|gauge|histogram)$", text, re.M))
    there = {name for name in there if not name.endswith("_created")}
    assert set(re.findall(r"`(playground_\w+)`", PAGE)) == there
