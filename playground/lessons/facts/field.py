"""What all facts are made of: fields with the sentence that documents them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

Fields = Mapping[str, Any]  # what stood in a tab's fields when it was asked


def says(about: str) -> Any:
    """A field of facts, with its sentence for docs/lessons.md."""
    return field(metadata={"about": about})


def told_apart(texts: Sequence[str]) -> list[str]:
    """Names that tell words or tokens apart: a second ``cat`` is ``cat 2``.

    >>> told_apart(["the", " cat", " the"])
    ['the', 'cat', 'the 2']
    """
    texts = [text.strip() for text in texts]
    times = [texts[: place + 1].count(text) for place, text in enumerate(texts)]
    return [text if time == 1 else f"{text} {time}" for text, time in zip(texts, times, strict=True)]
