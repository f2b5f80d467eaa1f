"""Whether what a program sent is of the kind that an endpoint takes, what each argument means, and an example of it."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin

from playground.errors import InputError

# What the API page shows for an argument that must be given: every snippet runs as it stands.
EXAMPLES: dict[str, Any] = {
    "text": "What a wonderful film!",
    "texts": ["The cat sat on the mat.", "Cats sleep."],
    "flips": [[1, 5]],
    "messages": [{"role": "user", "content": "Name three colors."}],
    "query": "ground",
    "word": "playgrounds",
    "words": ["man", "woman", "animal"],
    "rows": "text,label\n"
    "Is it cold?,question\nWho is there?,question\nWhen does it open?,question\nWhere is my hat?,question\n"
    "It is cold.,statement\nShe is there.,statement\nIt opens at nine.,statement\nMy hat is red.,statement\n",
    "file": {"path": "reviews.csv", "url": "reviews.csv", "meta": {"_type": "gradio.FileData"}},
    "model_ids": ["sentence-transformers/all-MiniLM-L6-v2", "HuggingFaceTB/SmolLM2-135M-Instruct"],
    "model_id": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "task": "text-generation",
    "quantization": "float32",
}
WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def check_arguments(
    signature: inspect.Signature, hints: Mapping[str, Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> None:
    """Nothing, if all arguments are of their kinds.

    A number's own limits, and texts where a number is meant, are left to the request that the endpoint makes.

    Raises:
        InputError: one isn't; names it, what came and what is wanted.
    """
    for name, value in signature.bind(*args, **kwargs).arguments.items():
        if name in hints and not _fits(value, hints[name]):
            shown = WORDS.get(type(value), "null" if value is None else type(value).__name__)
            raise InputError(f"{name} is {shown}.", f"Give {_in_words(hints[name])}.")


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value that came as JSON can be meant as a type; unknown types take anything."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if kind is type(None):
        return value is None
    if kind is str:
        return isinstance(value, str)
    if kind in (int, float, bool):
        return not isinstance(value, list | dict)
    if kind in (list, tuple):
        return isinstance(value, list | tuple) and all(_fits(one, inner[0]) for one in value if inner)
    return kind is not dict or isinstance(value, dict)


def _in_words(hint: Any) -> str:
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, types.UnionType):
        return _in_words(next(one for one in inner if one is not type(None)))
    if kind is list and inner:
        return f"a list, each of it {_in_words(inner[0])}"
    return WORDS.get(kind, "something else")


def described(handler: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """What a docstring says: of the whole with what comes back, and of each argument.

    >>> def double(text: str) -> str:
    ...     '''A text twice.
    ...
    ...     Args:
    ...         text: what is doubled,
    ...             whatever it is.
    ...
    ...     Returns:
    ...         the longer text.
    ...     '''
    >>> described(double)
    ('A text twice. Returns: the longer text.', {'text': 'what is doubled, whatever it is.'})
    """
    head, *sections = re.split(r"^(Args|Returns):\n", inspect.getdoc(handler) or "", flags=re.M)
    found = dict(zip(sections[::2], sections[1::2], strict=True))
    arguments = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", found.get("Args", ""), re.M)
    returns = f" Returns: {_one_line(found['Returns'])}" if "Returns" in found else ""
    return _one_line(head) + returns, {name: _one_line(text) for name, text in arguments}


def as_sentence(text: str) -> str:
    """What stands behind another sentence.

    >>> as_sentence("what is doubled.")
    'What is doubled.'
    """
    return text[:1].upper() + text[1:]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("``", "")
