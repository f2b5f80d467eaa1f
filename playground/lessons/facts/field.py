"""What all facts are made of: fields with the sentence that documents them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

Fields = Mapping[str, Any]  # what stood in a tab's fields when it was asked


def says(about: str) -> Any:
    """A field of facts, with its sentence for docs/lessons.md."""
    return field(metadata={"about": about})
