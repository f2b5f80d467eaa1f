"""deploy/grafana.json: every name and label in it is one that /metrics has, and none of /metrics is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import playground as pg
from playground.metrics.counted import measure
from tests.fleets import two_replicas

BOARD = json.loads((Path(__file__).parents[3] / "deploy/grafana.json").read_text(encoding="utf-8"))
PANELS = BOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
SELECTOR = re.compile(r"\b((?:playground|process)_[a-z_]+)(?:\{([^}]*)\})?")
OF_PROMETHEUS = {"job", "instance", "le"}


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """The names that /metrics has after one reply, each with its labels."""
    with pg.Playground(pg.Settings(warm_up=("none",))) as playground:
        playground.fleet = two_replicas
        meters = measure(playground)
        meters.request_ended("generation", "compare", "done")
        finished = pg.Finished("eos", "", (1, 2), 3, 64, None, None, 0.5, 1.0, 1)
        meters.reply_ended(pg.GenerateRequest(prompt="x"), finished)
        labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(meters.text()[0].decode()):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


@pytest.mark.parametrize("expression", sorted(set(EXPRESSIONS)))
def test_what_a_panel_asks_for_exists(expression, known):
    found = SELECTOR.findall(expression)
    assert found
    for name, matchers in found:
        if not name.startswith("process_"):  # told by the system, where it tells
            assert name in known
        asked = set(re.findall(r"([a-z_]+)\s*[!=]~?", matchers))
        assert "job" in asked
        assert asked <= known.get(name, set()) | OF_PROMETHEUS
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        named = [known[name] for name, _ in found]
        assert {label.strip() for label in grouped.split(",")} <= set().union(*named) | OF_PROMETHEUS


def test_legends_name_labels_that_are_left():
    for panel in PANELS:
        for target in panel["targets"]:
            kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"])[:1]))) or {"instance"}
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_every_meter_is_on_the_board(known):
    shown = {re.sub(r"_(bucket|total)$", "", name) for name, _ in SELECTOR.findall(" ".join(EXPRESSIONS))}
    ours = {re.sub(r"_(bucket|count|sum|total|created)$", "", name) for name in known if name.startswith("playground_")}
    assert ours == {name for name in shown if name.startswith("playground_")}


def test_panels_stand_side_by_side():
    taken = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24
        taken |= cells
        assert panel["title"] and panel["description"].endswith(".")
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_it_takes_any_source_of_prometheus():
    names = {one["name"] for one in BOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\}?", json.dumps(PANELS)))
    assert used == names == {"source", "job"}
