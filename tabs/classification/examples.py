"""The example texts, each with what it is there to show of the embedded model.

A test asks the model: what ``shows`` says must be so. Numbers are shares of all labels' probability.
"""

from __future__ import annotations

from dataclasses import dataclass

MODEL_ID = "playground/sentiment-5-stars"


@dataclass(frozen=True)
class Example:
    """A text, what it shows in one sentence, and the fact behind it.

    The embedded model gives ``label`` a probability from ``low`` to ``high``. ``fails`` is True where that is wrong,
    ``cut`` where the text is longer than what the model reads.
    """

    name: str
    text: str
    shows: str
    label: str
    low: float
    high: float
    fails: bool = False
    cut: bool = False


EXAMPLES = (
    Example(
        "wonderful",
        "What a wonderful film!",
        "One strong word, and most of the probability is on 5 stars. Put *terrible* in its place.",
        "5 stars",
        0.7,
        0.9,
    ),
    Example(
        "terrible",
        "What a terrible film!",
        "One word changed: from the last label to the first.",
        "1 star",
        0.7,
        0.9,
    ),
    Example(
        "good",
        "This is good.",
        "Two labels share it: 4 or 5 stars, the model can't tell.",
        "4 stars",
        0.4,
        0.5,
    ),
    Example(
        "not good",
        "This is not good.",
        "*not* alone turns *This is good.* from 4 stars into 2.",
        "2 stars",
        0.4,
        0.6,
    ),
    Example(
        "never bored",
        "I was never bored.",
        "*never* turns boredom into praise, but the model is far from sure.",
        "4 stars",
        0.3,
        0.45,
    ),
    Example(
        "restaurant",
        "This restaurant is awesome",
        "5 stars, but only with about 60\u00a0%.",
        "5 stars",
        0.55,
        0.65,
    ),
    Example(
        "two sides",
        "The food was great and the waiter was rude.",
        "Praise and blame: the answer is in the middle, and spread over many labels.",
        "3 stars",
        0.35,
        0.5,
    ),
    Example(
        "always bored",
        "What a wonderful film! I was always bored.",
        "Wrong: *wonderful* outweighs the boredom, and the irony is lost.",
        "5 stars",
        0.5,
        0.6,
        fails=True,
    ),
    Example(
        "twist",
        "The best film I will never watch again.",
        "Wrong, and fairly sure: a high probability doesn't make an answer true.",
        "5 stars",
        0.8,
        0.95,
        fails=True,
    ),
    Example(
        "in French",
        "Nous sommes très heureux de vous présenter la bibliothèque 🤗 Transformers.",
        "Happy people, but this model learned from English alone. It can't say so: it always gives one of its labels.",
        "3 stars",
        0.4,
        0.55,
        fails=True,
    ),
    Example(
        "too long",
        "We waited an hour, and then another. " * 90 + "But the cake at the end was the best of my life!",
        "The praise stands at the end, behind what the model reads.",
        "1 star",
        0.3,
        0.5,
        fails=True,
        cut=True,
    ),
)
FIRST = EXAMPLES[0]
PICKED = tuple(example for example in EXAMPLES if not example.fails)
FAILURES = tuple(example for example in EXAMPLES if example.fails)


def what_it_shows(text: str, model_id: str) -> str:
    """The sentence of the example with this text; empty for any other text, and for a model it isn't true of.

    >>> what_it_shows("What a terrible film!", MODEL_ID)
    'One word changed: from the last label to the first.'
    >>> what_it_shows("What a terrible film!", "another/model")
    ''
    """
    found = next((example for example in EXAMPLES if example.text == text), None)
    return found.shows if found and model_id == MODEL_ID else ""
