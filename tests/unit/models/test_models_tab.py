"""The tab's handlers without a page: they command the playground and pass on what it refuses."""

from __future__ import annotations

import pytest

from playground.config import Settings
from playground.errors import BusyError, InputError, ModelNotFoundError, NotAllowedError
from playground.service import Playground
from tabs.models.handlers import list_models, list_options, obey
from tests.unit.models.fake_models import TASK, wait_for


@pytest.fixture
def playground(make):
    manager, _ = make()
    return Playground(manager.settings, manager)


def state_of(playground, model_id):
    (row,) = (row for row in list_models(playground).models if row.id == model_id)
    return row.variants[0].state if row.variants else "never asked for"


def test_load_pin_unload(playground):
    assert state_of(playground, "a") == "never asked for"
    obey(playground, ["load", " a ", TASK, "float32"])
    wait_for(lambda: state_of(playground, "a") == "resident")
    obey(playground, ["pin", "a", TASK, "float32"])
    assert list_models(playground).models[0].variants[0].pinned
    obey(playground, ["unpin", "a", TASK, "float32"])
    assert not list_models(playground).models[0].variants[0].pinned
    with playground.manager.lease("a", TASK), pytest.raises(BusyError, match="in use"):
        obey(playground, ["unload", "a", TASK, "float32"])
    obey(playground, ["unload", "a", TASK, "float32"])
    assert state_of(playground, "a") == "not loaded"
    for gone in ("a", "never/known"):
        with pytest.raises(ModelNotFoundError, match="isn't loaded for"):
            obey(playground, ["unload", gone, TASK, "float32"])


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (["explode", "a", TASK, "float32"], InputError),
        (["pin", "a", TASK, "float32"], ModelNotFoundError),
        (["load", "nobody/knows", TASK, "float32"], ModelNotFoundError),
    ],
)
def test_what_is_refused(playground, given, error):
    with pytest.raises(error):
        obey(playground, given)


def test_a_public_page_obeys_nobody(make):
    manager, _ = make()
    public = Playground(Settings(public=True, device="cpu", hub="off"), manager)
    with pytest.raises(NotAllowedError):
        obey(public, ["load", "a", TASK, "float32"])


def test_the_options_of_a_row(playground):
    options = {option.name: option for option in list_options(playground, ["a", TASK])}
    assert options["4-bit"].predicted_bytes < options["float32"].predicted_bytes
