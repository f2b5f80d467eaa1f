"""Receipts: the runnable Python that reproduces what the page just showed, with plain transformers.

A receipt imports nothing of this project. Its last printed line is JSON with the numbers on the page, so that a test
can run it in a fresh process and compare. This module holds what all receipts share; each capability writes its own
in the module of its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Receipt:
    """A title and the Python that goes with it."""

    title: str
    code: str


def literal(value: object) -> str:
    """A Python literal for a value, safe to paste: lone surrogates and control characters are escaped.

    >>> literal("caf\\u00e9\\n")
    "'café\\\\n'"
    """
    text = repr(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def notebook(receipt: Receipt, install: str = "pip install torch transformers") -> dict[str, Any]:
    """The receipt as a Jupyter notebook (nbformat 4.5), ready for ``json.dump``."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "cells": [
            _cell("markdown", f"# {receipt.title}\n\nNeeds: `{install}`", 0),
            _cell("code", receipt.code, 1),
        ],
    }


def _cell(kind: str, source: str, number: int) -> dict[str, Any]:
    cell: dict[str, Any] = {"id": f"cell-{number}", "cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell
