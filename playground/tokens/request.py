"""What the tokens wing can be asked.

Requests are plain values: nothing here knows a tokenizer. Without a ``model_id`` it is the catalog's first that can do
the task. Numbers may be numpy's, and one text may stand for a list of one text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from playground.errors import InputError
from playground.models.tokenizers import Message
from playground.values import texts, whole_number, whole_numbers

PADDINGS = ("longest", "max_length", "do_not_pad")
TRUNCATIONS = ("longest_first", "only_first", "only_second", "do_not_truncate")
SIDES = ("right", "left")
ROLES = ("system", "user", "assistant", "tool")
Asked = TypeVar("Asked")
MISTAKES = ("flipped bits", "no mask", "wrong padding side", "no special tokens")


@dataclass(frozen=True)
class TokenizeRequest:
    """A text and the tokenizer that shall split it.

    ``add_special_tokens`` is transformers' switch: True adds what the model expects around a text, such as ``[CLS]``.
    ``describe`` tokens are described one by one; the rest is counted and stands in one last segment.
    """

    text: str
    model_id: str = ""
    add_special_tokens: bool = True
    describe: int = 1_000_000

    def __post_init__(self) -> None:
        _whole(self, "describe")


@dataclass(frozen=True)
class CompareRequest:
    """A text and the two to four tokenizers that shall split it."""

    text: str
    model_ids: tuple[str, ...]
    add_special_tokens: bool = False


@dataclass(frozen=True)
class EncodeRequest:
    """One to eight texts (or pairs) and the arguments of ``tokenizer(...)``, under transformers' names.

    ``pairs`` is empty, or as long as ``texts``; a pair of blanks counts as none. ``padding_side=None`` and
    ``return_token_type_ids=None`` mean the tokenizer's own default.

    >>> EncodeRequest("a cat", "a dog").pairs
    ('a dog',)
    """

    texts: tuple[str, ...]
    pairs: tuple[str, ...] = ()
    model_id: str = ""
    padding: str = "longest"
    padding_side: str | None = None
    truncation: str = "do_not_truncate"
    max_length: int | None = None
    add_special_tokens: bool = True
    return_token_type_ids: bool | None = None
    stride: int = 0
    return_overflowing_tokens: bool = False

    def __post_init__(self) -> None:
        pairs = texts("pairs", self.pairs)
        object.__setattr__(self, "texts", texts("texts", self.texts))
        object.__setattr__(self, "pairs", pairs if any(map(str.strip, pairs)) else ())
        _whole(self, "max_length", "stride")


@dataclass(frozen=True)
class MaskRequest:
    """A batch and what shall be wrong with it.

    ``mistake`` is one of `MISTAKES`; ``flips`` are (row, column) pairs of ``attention_mask`` bits to turn over, used by
    the mistake "flipped bits". Attention is reported for one row, ``attention_row``.
    """

    batch: EncodeRequest
    mistake: str = "flipped bits"
    flips: tuple[tuple[int, int], ...] = ()
    attention_row: int = 0
    quantization: str = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "flips", tuple(_bit(flip) for flip in self.flips))
        _whole(self, "attention_row")


@dataclass(frozen=True)
class ChatTemplateRequest:
    """A conversation and the tokenizer whose template shall write it down.

    ``add_generation_prompt`` ends the text with the opening of an assistant's turn.
    """

    messages: tuple[Message, ...]
    model_id: str = ""
    add_generation_prompt: bool = True


@dataclass(frozen=True)
class VocabularyRequest:
    """What to look for: a part of a piece (as it is shown or as it is stored), or a token id."""

    query: str
    model_id: str = ""
    limit: int = 50

    def __post_init__(self) -> None:
        _whole(self, "limit")


@dataclass(frozen=True)
class SplitRequest:
    """A word whose split shall be explained."""

    word: str
    model_id: str = ""


def named(request: Asked, default: Callable[[str], str]) -> Asked:
    """The request with a model id; ``default(task)`` gives that of whoever names none."""
    if isinstance(request, MaskRequest):
        return replace(request, batch=named(request.batch, default))  # type: ignore[return-value]
    if isinstance(request, CompareRequest) or request.model_id:  # type: ignore[attr-defined]
        return request
    is_chat = isinstance(request, ChatTemplateRequest)
    return replace(request, model_id=default("text-generation" if is_chat else "feature-extraction"))  # type: ignore[type-var]


def _bit(flip: Any) -> tuple[int, int]:
    """Row and column of a bit.

    Raises:
        InputError: it is no pair of whole numbers.
    """
    place = whole_numbers("flips", flip)
    if len(place) != 2:
        raise InputError("A flip is a pair of numbers.", "Use (row, column).")
    return place[0], place[1]


def _whole(request: object, *names: str) -> None:
    """Makes Python's own whole numbers of these fields; None stays None.

    Raises:
        InputError: one is no whole number.
    """
    for name in names:
        if getattr(request, name) is not None:
            object.__setattr__(request, name, whole_number(name, getattr(request, name)))
