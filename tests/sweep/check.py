"""What a capability does with a family: the same as plain transformers, or a refusal with its reason; else a fault.

A wing registers its checks in a module of its own name here::

    from tests.sweep.check import Sample, capability

    @capability("classify", tasks=("text-classification",))
    def classify(sample: Sample) -> None:
        result = sample.playground.classify(ClassifyRequest(sample.text, model_id=sample.model_id))
        sample.equal(result.logits, sample.plain(sample.text).logits[0])

The check returns where everything is equal, and raises `Different` (or any assertion) where it isn't. An error that
says what the model can't do, and what to do instead, is a refusal; any other error is a fault.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers

from playground.config import Settings
from playground.errors import (
    InputError,
    PlaygroundError,
    UnknownArchitectureError,
    UnsupportedOptionError,
    WrongTaskError,
)
from playground.models.catalog import QUANTIZATIONS, Catalog, ModelSpec
from playground.models.manager import ModelManager
from playground.models.pretrained import AUTO_CLASSES
from playground.service import Playground
from tests.sweep.families import Family, build

WINGS = ("models", "classification", "tokens", "attention", "generation", "similarity")
REFUSALS = (UnsupportedOptionError, UnknownArchitectureError, WrongTaskError, InputError)
NAMELESS = ("went wrong on our side", "can't be loaded (", "failed: ")
INNER = re.compile(r"tensor|NoneType|attribute '|positional argument|expected .* but got|has no len|out of range")
TOLERANCE = 1e-4


class Different(AssertionError):
    """A capability's number is not what plain transformers gives."""


@dataclass
class Sample:
    """One tiny model, as a playground offers it and as plain transformers loads it."""

    family: Family
    folder: Path
    playground: Playground
    text: str = "the film was very good"
    second_text: str = "i love this food"

    @property
    def model_id(self) -> str:
        """The id under which the playground knows the model."""
        return self.family.name

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer, read by plain transformers."""
        return transformers.AutoTokenizer.from_pretrained(self.folder)

    @cached_property
    def model(self) -> Any:
        """The model, loaded by plain transformers."""
        auto_class: Any = getattr(transformers, AUTO_CLASSES[self.family.task])
        return auto_class.from_pretrained(self.folder, dtype=torch.float32).eval()

    @cached_property
    def eager(self) -> Any:
        """The same with ``attn_implementation="eager"``, which is what gives attention weights."""
        auto_class: Any = getattr(transformers, AUTO_CLASSES[self.family.task])
        return auto_class.from_pretrained(self.folder, dtype=torch.float32, attn_implementation="eager").eval()

    @torch.no_grad()
    def plain(self, *texts: str, **options: Any) -> Any:
        """The plain forward pass over one text, or over a text and its second."""
        inputs = self.tokenizer(*texts, return_tensors="pt")
        if self.model.config.is_encoder_decoder and self.family.task != "text-classification":
            inputs["decoder_input_ids"] = inputs["input_ids"][:, :2]
        return self.model(**inputs, **options)

    def equal(self, found: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
        """Nothing, if two arrays of numbers are the same.

        Raises:
            Different: they aren't; says by how much.
        """
        left, right = (torch.as_tensor(one, dtype=torch.float64).detach() for one in (found, expected))
        if left.shape != right.shape:
            raise Different(f"shape {tuple(left.shape)} for {tuple(right.shape)}")
        gap = float((left - right).abs().max()) if left.numel() else 0.0
        if not gap <= tolerance * max(1.0, float(right.abs().max()) if right.numel() else 0.0):
            raise Different(f"differs by {gap:.2g}")


Check = Callable[[Sample], None]


@dataclass(frozen=True)
class Capability:
    """A named check and the tasks whose families it is for."""

    name: str
    tasks: tuple[str, ...]
    check: Check


CAPABILITIES: dict[str, Capability] = {}


def capability(name: str, tasks: tuple[str, ...] = tuple(AUTO_CLASSES)) -> Callable[[Check], Check]:
    """Registers a check under a name."""

    def register(check: Check) -> Check:
        CAPABILITIES[name] = Capability(name, tasks, check)
        return check

    return register


def load_capabilities() -> dict[str, Capability]:
    """All that the wings have registered."""
    for wing in WINGS:
        if (Path(__file__).parent / f"{wing}.py").exists():
            importlib.import_module(f"tests.sweep.{wing}")
    return CAPABILITIES


@contextmanager
def sample_of(family: Family, folder: Path) -> Iterator[Sample]:
    """A family's tiny model, made in a folder, and a playground that has it alone in its catalog."""
    build(family, folder)
    spec = ModelSpec(family.name, family.task, "folder", str(folder), quantizations=QUANTIZATIONS)
    settings = Settings(device="cpu", hub="off", memory_budget=10**9, warm_up=("none",))
    with Playground(settings, ModelManager(settings, Catalog((spec,)))) as playground:
        yield Sample(family, folder, playground)


def outcome(check: Check, sample: Sample) -> str:
    """ "equal", "refused: " and the reason, or "FAULT: " and the error."""
    try:
        check(sample)
    except REFUSALS as error:
        return _refusal(error)
    except Exception as error:
        return f"FAULT: {type(error).__name__}: {_line(error)}"
    return "equal"


def _refusal(error: PlaygroundError) -> str:
    if not error.fix or any(words in error.message for words in NAMELESS):
        return f"FAULT: a refusal without reason or way on: {_line(error)}"
    inner = "" if error.__cause__ is None else str(error.__cause__)[:40]
    if (inner and inner in error.message) or INNER.search(error.message):
        return f"FAULT: a refusal that repeats a library's inner error: {_line(error)}"
    return f"refused: {_line(error)}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
