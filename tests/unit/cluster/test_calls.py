"""Every method of a playground is answered somewhere, and where a call should go is read from what it asks."""

from __future__ import annotations

import inspect
import pickle

import pytest

import playground as pg
from playground.cluster.calls import Call, needs, party_of
from playground.cluster.facade import AT_HOME, EVERYWHERE, HERE, THERE, FleetPlayground
from playground.cluster.options import read_options
from playground.errors import ConfigError
from playground.models.catalog import Catalog

CATALOG = Catalog.read(None)
METHODS = {name for name in dir(pg.Playground) if not name.startswith("_")}
SENTIMENT, SMALL = CATALOG.default_for("text-classification").id, CATALOG.default_for("text-generation").id
ENCODER = CATALOG.default_for("feature-extraction").id


def test_every_method_is_answered_in_one_place():
    own = {name for name in METHODS if name in vars(FleetPlayground)} - THERE - EVERYWHERE
    own -= AT_HOME | HERE
    places = [THERE, EVERYWHERE, AT_HOME, HERE, own]
    assert own == {"cancel", "close", "compare", "fleet", "load_trained", "pack_trained", "snapshot", "warm_up"}
    assert sorted(name for place in places for name in place) == sorted(METHODS)


def test_what_runs_a_model_is_answered_there():
    """A method that may have a GPU runs a model, so a front that answered it would load one."""
    from playground.registry import declarations

    gpu = {one.method for one in declarations(pg.Playground) if one.gpu_seconds and one.method[0] != "_"}
    assert gpu and gpu <= THERE


@pytest.mark.parametrize("name", sorted(THERE | EVERYWHERE))
def test_a_method_looks_the_same(name):
    own, fleets = getattr(pg.Playground, name), getattr(FleetPlayground, name)
    assert own is not fleets
    assert inspect.signature(own) == inspect.signature(fleets)
    assert inspect.getdoc(own) == inspect.getdoc(fleets)
    assert inspect.isgeneratorfunction(inspect.unwrap(own)) == inspect.isgeneratorfunction(fleets)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (pg.ClassifyRequest("a"), f"{SENTIMENT} auto"),
        (pg.ClassifyRequest("a", model_id="x/y", quantization="8-bit"), "x/y 8-bit"),
        (pg.PerturbRequest(pg.ClassifyRequest("a", model_id="x/y"), (1,)), "x/y auto"),
        (pg.GenerateRequest(prompt="a"), f"{SMALL} auto"),
        ((pg.GenerateRequest(prompt="a", model_id="x/y"), pg.GenerateRequest(prompt="a", model_id="z")), "x/y auto"),
        (pg.PipelineRequest("feature-extraction", "a", texts=("b",)), f"{ENCODER} auto"),
        (pg.EmbedRequest(("a",)), f"{ENCODER} auto"),
        (pg.AttentionRequest("a"), f"{ENCODER} auto"),
        (pg.MaskRequest(pg.EncodeRequest(("a", "b"))), f"{ENCODER} auto"),
        (pg.ChatTemplateRequest((pg.Message("user", "a"),)), f"{SMALL} auto"),
        (pg.LensRequest("a"), f"{SMALL} auto"),
        (pg.WordLossRequest(("a", "b")), f"{CATALOG.default_for('text2text-generation').id} auto"),
        ("x/y", ""),
        ((), ""),
        (None, ""),
    ],
)
def test_what_a_request_needs(asked, key):
    assert needs(asked, CATALOG) == key


class Alone(FleetPlayground):
    """One whose replicas are never asked."""

    def __init__(self):
        self.catalog = CATALOG


@pytest.mark.parametrize(
    ("method", "arguments", "key", "loads"),
    [
        ("classify", (pg.ClassifyRequest("a"),), f"{SENTIMENT} auto", True),
        ("describe_classifier", (), f"{SENTIMENT} auto", True),
        ("describe_classifier", ("x/y", "8-bit"), "x/y 8-bit", True),
        ("load_model", ("x/y", "text-generation", "4-bit"), "x/y 4-bit", True),
        ("quantizations", ("x/y",), "x/y auto", False),
        ("pipeline_advice", ("fill-mask",), "", False),
        ("visitor_rules", (), "", False),
    ],
)
def test_where_a_method_goes(method, arguments, key, loads):
    call = Alone()._call(method, arguments, {})
    assert (call.model, call.loads) == (key, loads)


def test_who_asks():
    request = pg.GenerateRequest(prompt="a", person="p", address="1.2.3.4")
    assert party_of((request,)) == party_of(request) == ("1.2.3.4", "p")
    assert party_of("x/y") == party_of(()) == ("", "")


def test_calls_cross_and_each_has_a_name_of_its_own():
    one, other = Call("classify", (pg.ClassifyRequest("a"),)), Call("classify")
    assert pickle.loads(pickle.dumps(one)) == one
    assert one.call_id != other.call_id


@pytest.mark.parametrize("flags", ["--replicas 0", "--replicas 3:2", "--replicas many", "--streams 0", "--cores -1"])
def test_impossible_fleets_are_refused(flags):
    with pytest.raises(ConfigError, match=flags.split()[0]):
        read_options(flags.split())


def test_a_machine_is_shared_by_the_replicas_that_are_on_it():
    assert read_options(["--replicas", "1:3"])[0].share == 3
    assert read_options(["--replicas", "3", "--address", "auto"])[0].share == 1
    assert read_options(["--replicas", "3", "--address", "auto", "--per-node", "2"])[0].share == 2
