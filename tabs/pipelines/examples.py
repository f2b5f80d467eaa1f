"""For each task a text to try, what the task is, and what it is there to show of the embedded models.

A test asks the models that come along: what ``best`` says must be so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_STORY = (
    "The Eiffel Tower was built by the company of Gustave Eiffel for the World's Fair of 1889 in Paris. It is 330 "
    "metres tall, about as high as a building of 81 floors, and it was meant to stand for only twenty years."
)


@dataclass(frozen=True)
class Example:
    """A task with a text and its options.

    ``best`` is what comes first in the answer of the embedded model, ``shows`` what that is there to show.
    """

    name: str
    task: str
    text: str
    options: dict[str, Any] = field(default_factory=dict)
    best: str = ""
    shows: str = ""


MODELS = {  # what `best` and `shows` are of
    "feature-extraction": "sentence-transformers/all-MiniLM-L6-v2",
    "text2text-generation": "playground/word-association",
}
EXAMPLES = (
    Example(
        "search",
        "feature-extraction",
        "How do I get my money back?",
        {
            "texts": (
                "We refund every order within thirty days.",
                "Returns are free of charge.",
                "The bank lends money to farmers.",
                "My cat sleeps all day long.",
            )
        },
        "We refund every order within thirty days.",
        "Found by its meaning: the two share no word.",
    ),
    Example(
        "same words",
        "feature-extraction",
        "The bank raised its interest rate.",
        {
            "texts": (
                "Borrowing has become more expensive.",
                "We sat on the bank of the river.",
                "I have no interest in football.",
                "The heart rate rises when you run.",
            )
        },
        "Borrowing has become more expensive.",
        "The text without a word in common wins over those with “bank”, “interest” and “rate”.",
    ),
    Example(
        "word association",
        "text2text-generation",
        "nurse",
        {},
        "doctor",
        "It writes “doctor”, and nearly said the word itself: “nurse” comes second.",
    ),
    Example("fill a gap", "fill-mask", "Paris is the [MASK] of France, and Rome is the [MASK] of Italy."),
    Example(
        "labels of your own",
        "zero-shot-classification",
        "The goalkeeper saved three penalties in the final.",
        {"candidate_labels": ("sports", "cooking", "politics", "travel")},
    ),
    Example("names", "token-classification", "Ada Lovelace met Charles Babbage in London in 1833."),
    Example("a question", "question-answering", _STORY, {"question": "How long was the tower meant to stand?"}),
    Example("a summary", "summarization", _STORY),
    Example("a translation", "translation", "The weather is nice today, and we are going to the lake."),
)
FIRST = EXAMPLES[0]
ABOUT = {
    "feature-extraction": "Every text becomes a vector, the mean of its tokens' hidden states. **Texts that mean alike "
    "point the same way**, even without a word in common.",
    "fill-mask": "What may stand for `[MASK]`? **A probability for every token** of the vocabulary; several masks "
    "don't know of each other.",
    "zero-shot-classification": "Labels of your own: each becomes a sentence, and a model that knows what **follows "
    "from** a text says whether this one does.",
    "token-classification": "A label for every token; then **tokens are joined to names** by the characters that they "
    "stand for.",
    "question-answering": "The answer is a part of the text: **every token may begin it, and every one may end it**. "
    "The best pair wins.",
    "summarization": "An encoder reads the text once; a decoder writes a shorter one, **token by token**.",
    "translation": "An encoder reads the text once; a decoder writes it in another language, **token by token**.",
    "text2text-generation": "An encoder reads, a decoder writes **token by token**. The model that comes along learned "
    "what people answer to a word, and often says the word itself: look at what it nearly said.",
}


def what_it_shows(task: str, text: str, texts: str, prefix: str, model_id: str) -> str:
    """The sentence of the example in the fields; empty for any other, and for a model it isn't of.

    >>> what_it_shows("text2text-generation", "nurse", "", "", MODELS["text2text-generation"])[:18]
    'It writes “doctor”'
    >>> what_it_shows("text2text-generation", "nurse", "", "say it: ", MODELS["text2text-generation"])
    ''
    >>> search = (FIRST.task, FIRST.text, "\\n".join(FIRST.options["texts"]), "")
    >>> what_it_shows(*search, MODELS["feature-extraction"])
    'Found by its meaning: the two share no word.'
    >>> what_it_shows(*search, MODELS["text2text-generation"])  # which is refused here
    ''
    """
    lines = tuple(texts.splitlines())
    asked = (task, prefix + text, lines if task == "feature-extraction" else ())
    given = {(one.task, one.text, one.options.get("texts", ())): one.shows for one in EXAMPLES}
    return given.get(asked, "") if model_id == MODELS.get(task) else ""


def example_of(task: str) -> Example:
    """The first example of a task."""
    return next(one for one in EXAMPLES if one.task == task)
