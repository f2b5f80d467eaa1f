"""What can be shared: the places of the page with the class of what each is asked, written down here alone."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import playground as pg
from playground.lessons.places import PLACES, Field, Place

_TEMPLATE = next(one for one in PLACES if one.name == "similarity").fields[-1]

MATRIX = Place(
    "matrix", "Matrix", "similarity", "matrix", "word_matrix", "WordMatrixRequest", "Measure all pairs",
    (
        Field("words", "words", "words", [], "Up to 60 words.", "words"),
        Field("model_id", "model", "model_id", None, "The id of a model of the catalog.", "model_id"),
        _TEMPLATE,
    ),
)  # fmt: skip
PLACES_OF_LINKS = MappingProxyType({one.name: one for one in (*PLACES, MATRIX) if one.request})
NOT_SHARED = ("person", "address", "run_id")  # who asks is never part of what was asked
MOST_TOGETHER = 12  # side by side, as `Playground.compare` takes them


def class_of(place: str) -> Any:
    """The class of what a place is asked."""
    return getattr(pg, PLACES_OF_LINKS[place].request)


def place_of(asked: Any) -> str:
    """The place that is asked this; empty where nothing of the kind can be shared.

    >>> place_of(pg.TokenizeRequest("cats")), place_of("cats")
    ('tokens', '')
    """
    wanted = type(asked).__name__
    return next((name for name, one in PLACES_OF_LINKS.items() if one.request == wanted), "")
