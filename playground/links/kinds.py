"""What can be shared: the places of the page with the class of what each is asked, written down here alone."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import playground as pg
from playground.lessons.places import PLACES

NAMES = MappingProxyType({"word_map": "matrix"})  # its map says no more than its numbers
_SHARED = (
    "classification", "tokens", "batch", "masks", "chat", "tokenizers", "attention", "generation", "similarity",
    "word_map", "pipelines",
)  # fmt: skip
PLACES_OF_LINKS = MappingProxyType({NAMES.get(one.name, one.name): one for one in PLACES if one.name in _SHARED})
NOT_SHARED = ("person", "address", "run_id")  # who asks is never part of what was asked
ONLY_SHOWN = ("attention_row",)  # chooses what is shown of an answer, and changes nothing in it
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


def idle_fields(asked: Any) -> tuple[str, ...]:
    """The fields of a request that change nothing, as the others stand.

    >>> idle_fields(pg.EncodeRequest(("a",), padding="max_length", max_length=8))
    ('stride',)
    """
    if not isinstance(asked, pg.EncodeRequest):
        return ()
    no_length = asked.padding != "max_length" and asked.truncation == "do_not_truncate"
    no_overflow = not asked.return_overflowing_tokens
    return (*(["max_length"] if no_length else []), *(["stride"] if no_overflow else []))
