"""What is said of a training on the page once something else stands in the fields."""

from __future__ import annotations

from dataclasses import replace

import playground as pg
from playground.errors import InputError
from playground.tables import read_pasted
from tabs.training.since import said_since

ASKED = pg.TrainClassifierRequest(read_pasted("text,label\ngood,up\nbad,down\n"), person="a", run_id="b")


def test_only_what_decides_about_the_training_is_named():
    for now in (ASKED, replace(ASKED, name="Other", keep=True, person="c", run_id="d")):
        assert not said_since(ASKED, lambda now=now: now).visible
    assert not said_since(None, lambda: ASKED).visible, "there is no training on the page"
    other = replace(ASKED, table=read_pasted("text,label\ngood,up\nbad,up\n"), model_id="org/other", seed=1)
    said = said_since(ASKED, lambda: other)
    assert said.visible and said.value.endswith("it had other rows, another model, another `seed`.")


def test_what_can_not_be_asked_is_other_too():
    def refused():
        raise InputError("There are no rows.", "Type some.")

    assert said_since(ASKED, refused).value == "⚠ The training below isn't of what stands above."
