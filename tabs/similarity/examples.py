"""The example words, each with what they are there to show of the embedded model, and what is known of that model.

A test asks the model: what ``shows`` says must be so.
"""

from __future__ import annotations

from dataclasses import dataclass

MODEL_ID = "playground/word-association"


@dataclass(frozen=True)
class Example:
    """Words, and what they show in one sentence.

    The fact behind it: after the source of ``near`` its target is at least ``times`` as probable as that of ``far``.
    """

    words: str
    shows: str
    near: tuple[str, str]
    far: tuple[str, str]
    times: float


EXAMPLES = (
    Example(
        "man, woman, animal",
        "The article's own words: one pair that goes together, and one that hardly does.",
        ("man", "woman"),
        ("man", "animal"),
        20,
    ),
    Example(
        "doctor, nurse, banana",
        "The direction matters: *doctor* after *nurse* is far more probable than *nurse* after *doctor*.",
        ("nurse", "doctor"),
        ("doctor", "nurse"),
        10,
    ),
    Example(
        "bread, butter, car",
        "What stands on the same table is close; a car isn't.",
        ("bread", "butter"),
        ("bread", "car"),
        20,
    ),
    Example(
        "hot, cold, warm",
        "Where it misleads: opposites come out close. It says what people think of next, not what means the same.",
        ("hot", "cold"),
        ("hot", "warm"),
        1.1,
    ),
)
FULL_SETS = (
    "On the full sets of WordSim-353 this model reaches 0.68 (relatedness, 252 pairs) and 0.82 (similarity, 203 "
    "pairs), MiniLM 0.65 and 0.77. "
    "It was trained on what people answered to words, though on no rating of these pairs: to agree with people is what "
    "it was made for."
)


def what_it_shows(words: str, model_id: str) -> str:
    """The sentence of the example with these words; empty for others, and for a model it isn't true of.

    >>> what_it_shows("bread, butter, car", MODEL_ID)
    "What stands on the same table is close; a car isn't."
    >>> what_it_shows("bread, butter, car", "another/model")
    ''
    """
    found = next((example for example in EXAMPLES if example.words == words), None)
    return found.shows if found and model_id == MODEL_ID else ""
