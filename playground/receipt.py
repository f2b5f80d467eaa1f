"""Receipts: the runnable Python that reproduces what the page just showed, with plain transformers.

A receipt imports nothing of this project. Its last printed line is JSON with the numbers on the page, so that a test
can run it in a fresh process and compare. This module holds what all receipts share; each capability writes its own
in the module of its name.

Sections begin with a line ``# %% Heading``, which editors know as the beginning of a cell; in the notebook it becomes
one. The first defines ``MODEL`` (`models.origin`), the last, `AS_JSON`, prints the JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

AS_JSON = "# %% The same numbers as JSON\nimport json\n"
SAME_RUN = "The same run on the page: write this behind the address of Transformers Playground."


@dataclass(frozen=True)
class Receipt:
    """A title and the Python that goes with it; ``link`` opens the same run on the page, empty if there is none."""

    title: str
    code: str
    link: str = ""


def literal(value: object) -> str:
    """A Python literal for a value, safe to paste: lone surrogates and control characters are escaped.

    >>> literal("caf\\u00e9\\n")
    "'café\\\\n'"
    """
    text = repr(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def requirements(code: str) -> str:
    """What pip installs so that the code runs, in the versions that ran it here.

    >>> requirements("print(1)")
    ''
    """
    wanted = [
        name
        for name in ("torch", "transformers", "peft", "numpy", "scipy")
        if re.search(rf"^(import|from) {name}\b", code, re.M)
    ]
    if "BitsAndBytesConfig" in code:
        wanted += ["bitsandbytes"]
    if "device_map" in code or "BitsAndBytesConfig" in code or "TrainingArguments(" in code:
        wanted += ["accelerate"]
    return " ".join(f"{name}=={version(name).partition('+')[0]}" for name in wanted)


def script(receipt: Receipt) -> str:
    """The receipt as a file: what it is and what it needs, then its code, and the link to its run."""
    link = f"\n# {SAME_RUN}\n# {receipt.link}\n" if receipt.link else ""
    return f"# {receipt.title}. Needs: pip install {requirements(receipt.code)}\n{receipt.code}{link}"


def notebook(receipt: Receipt) -> dict[str, Any]:
    """The receipt as a Jupyter notebook (nbformat 4.5), ready for ``json.dump``: a heading and a cell per ``# %%``.

    The numbers as JSON, which only programs read, are left out.
    """
    first, *sections = re.split(r"^# %% ", receipt.code, flags=re.M)
    parts = [part.partition("\n")[::2] for part in sections if not part.startswith(AS_JSON.removeprefix("# %% "))]
    link = f"\n\n{SAME_RUN}\n\n`{receipt.link}`" if receipt.link else ""
    cells = [_cell("markdown", f"# {receipt.title}\n\nFrom Transformers Playground, with plain transformers.{link}")]
    if needs := requirements(receipt.code):
        cells.append(_cell("code", f"%pip install -q {needs}"))
    if first.strip():
        parts.insert(0, ("The code", first))
    for heading, code in parts:
        cells += [_cell("markdown", f"## {heading}"), _cell("code", code.strip("\n"))]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)],
    }


def _cell(kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell
