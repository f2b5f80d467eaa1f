"""The few kinds of pictures that answers and steps are made of; ``assets/views/pipelines`` draws each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playground import texts

Block = dict[str, Any]


def text(content: str, *, code: bool = False) -> Block:
    """A sentence, or a line of code."""
    return {"kind": "code" if code else "text", "text": content}


def bars(title: str, columns: Sequence[str], rows: Sequence[Block]) -> Block:
    """A table whose rows have a bar each; ``columns`` name the cells behind it."""
    return {"kind": "bars", "title": title, "columns": list(columns), "rows": list(rows)}


def bar(name: str, share: float, shown: str, cells: Sequence[str] = (), *, best: bool = False) -> Block:
    """One row: ``share`` from 0 to 1 is the length of its bar, ``shown`` the number beside it."""
    length = max(0.0, min(1.0, share))
    return {"name": name, "share": round(length, 4), "shown": shown, "cells": list(cells), "best": best}


def tag_of(label: str) -> str:
    """What a label names, such as PER for B-PER and I-PER: these have one colour."""
    return label.removeprefix("B-").removeprefix("I-")


def marked(title: str, pieces: Sequence[tuple[str, str, str]], tags: Sequence[str] = ()) -> Block:
    """A text in pieces, some with a label and a number; ``tags`` are those of all labels, in the order of colours."""
    order = list(dict.fromkeys([*tags, *(tag_of(label) for _, label, _ in pieces if label)]))
    return {
        "kind": "marked",
        "title": title,
        "pieces": [
            {"text": one, "label": label, "shown": shown, "colour": order.index(tag_of(label)) % 6 if label else -1}
            for one, label, shown in pieces
        ],
    }


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], best: int = -1) -> Block:
    """Plain numbers; the first column is text."""
    return {
        "kind": "table", "title": title, "columns": list(columns), "rows": [list(row) for row in rows], "best": best,
    }  # fmt: skip


def quoted(content: str, most: int = 80) -> str:
    """A text in quotation marks, cut where it is long."""
    return texts.quoted(" ".join(content.split()), most)
