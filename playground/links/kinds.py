"""What can be shared: the places of the page with the classes of what each is asked, written down here alone.

A kind is a row here, its marks in `fingerprint`, and on the page a `Watched` with a Share.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import playground as pg
from playground.lessons.places import PLACES, Field, Place

NAMES = MappingProxyType({"word_map": "matrix"})  # its map says no more than its numbers
_LEFT_OUT = ("models", "training", "language_model")  # there nothing is asked, or the rows are somebody's own
_MODEL = Field("model_id", "model", "model_id", None, "The model.", "model_id")

# Places that no lesson drives. ``part`` is a path where one tab stands in another.
_MORE = (
    Place(
        "table", "A table of texts", "classification", "table", "classify_table", "ClassifyTableRequest", "", (_MODEL,)
    ),
    Place("attribution", "Why", "classification", "one-text/why", "attribute", "AttributeRequest", "", ()),
    Place("perturb", "What if", "classification", "one-text/what-if", "perturb", "PerturbRequest", "", ()),
    Place("beside", "What if", "classification", "one-text/what-if", "classify", "ClassifyRequest", "", ()),
    Place(
        "vocabulary", "Vocabulary", "tokens", "tokens-vocabulary", "search_vocabulary", "VocabularyRequest", "",
        (
            Field("word", "text", "word", "", "The word that is split."),
            Field("query", "text", "query", "", "What is looked for."),
            _MODEL,
        ),
    ),
    Place(
        "people", "Against people", "similarity", "people", "word_pairs", "WordPairsRequest", "",
        (_MODEL, Field("template", "text", "template", "", "The sentence that a causal model reads.")),
    ),
)  # fmt: skip
PLACES_OF_LINKS = MappingProxyType(
    {NAMES.get(one.name, one.name): one for one in (*PLACES, *_MORE) if one.name not in _LEFT_OUT}
)
NOT_SHARED = ("person", "address", "run_id")  # who asks is never part of what was asked
FROM_CATALOG = ("model_id", "task")  # left out, they are what the catalog names
ONLY_SHOWN = ("attention_row",)  # chooses what is shown of an answer, and changes nothing in it
MOST_TOGETHER = 12  # side by side, as `Playground.compare` takes them


def classes_of(place: str, count: int) -> tuple[type, ...]:
    """The classes of so many questions to a place: all of one, but for a vocabulary that is searched and explained.

    >>> [kind.__name__ for kind in classes_of("vocabulary", 2)]
    ['VocabularyRequest', 'SplitRequest']
    """
    first = getattr(pg, PLACES_OF_LINKS[place].request)
    return (first, pg.SplitRequest)[:count] if place == "vocabulary" else (first,) * count


def place_of(*asked: Any) -> str:
    """The place that is asked this; empty where nothing of the kind can be shared.

    >>> place_of(pg.TokenizeRequest("cats")), place_of("cats")
    ('tokens', '')
    """
    wanted = type(asked[0]).__name__
    if wanted == "ClassifyRequest" and len(asked) > 1:
        return "beside"
    return next((name for name, one in PLACES_OF_LINKS.items() if one.request == wanted), "")


def base_of(*asked: Any) -> Any:
    """What the page must have answered before it can be asked this: the text that is explained; None for most.

    The page has its own way to hold that text's model, whatever the link says.

    >>> base_of(pg.PerturbRequest(pg.ClassifyRequest("a", quantization="4-bit"), (1,)))
    ClassifyRequest(text='a', text_pair=None, model_id=None, quantization='auto')
    """
    if place_of(*asked) not in ("attribution", "perturb", "beside"):
        return None
    text = inner(asked[0])
    return pg.ClassifyRequest(text.text, text.text_pair, text.model_id)


def inner(asked: Any) -> Any:
    """The question within a question, which names the model; else the question itself."""
    return getattr(asked, "batch", getattr(asked, "request", asked))


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
