"""The form of a link, version 1: JSON, deflated (zlib, which has a checksum), in base64url, behind ``#run=1.``.

A file that was saved for want of a shorter link holds the same text. What is read may come from anybody: it becomes
plain values of known classes, nothing else, and no more of it than somebody could type.
"""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any
from urllib.parse import unquote

from playground.errors import InputError, InputTooLongError
from playground.links.fingerprint import Fingerprint
from playground.links.kinds import (
    FROM_CATALOG,
    MOST_TOGETHER,
    NOT_SHARED,
    ONLY_SHOWN,
    PLACES_OF_LINKS,
    classes_of,
    idle_fields,
    inner,
    place_of,
)
from playground.models.catalog import QUANTIZATIONS
from playground.receipt import Receipt
from playground.tables.table import refuse_bent
from playground.wire import from_json, to_json

VERSION = 1
MOST_OF_A_LINK = 4_000  # characters; programs for mail and chats cut longer addresses
MOST_OF_A_FILE = 2_000_000  # characters
MOST_UNPACKED = 2_000_000  # bytes: room for the longest text that can be typed anywhere
MOST_SEEN, LONGEST_SEEN = 12, 200

_LINK = re.compile(r"\brun=(\d{1,6})\.([A-Za-z0-9_-]*)")
Seen = str | int | float | bool | None


@dataclass(frozen=True)
class Link:
    """What was asked at which place of the page; several requests where settings stood side by side.

    ``seen`` is what was looked at beside the answer, by the names of the place's fields (such as ``layer``) and
    ``part`` (the id of a tab within it). ``answer`` is None where only the question was shared.
    """

    place: str
    asked: tuple[Any, ...]
    seen: dict[str, Seen] = field(default_factory=dict)
    answer: Fingerprint | None = None

    @property
    def model_ids(self) -> tuple[str, ...]:
        """The models that it asks, without those that are the catalog's first."""
        named = [model_id for one in self.asked for model_id in _models_of(one)]
        return tuple(dict.fromkeys(name for name in named if name))

    def __str__(self) -> str:
        """What stands in the address, from ``#`` on; longer than `MOST_OF_A_LINK` it is better kept in a file.

        Raises:
            InputTooLongError: it asks more than could be opened again.
        """
        return f"#run={VERSION}.{_pack(_content(self))}"


def link_to(*asked: Any, seen: dict[str, Seen] | None = None, answer: Fingerprint | None = None) -> Link | None:
    """The link to what was asked; None where nothing of the kind can be shared."""
    place = place_of(*asked)
    return Link(place, tuple(_of_nobody(one) for one in asked), seen or {}, answer) if place else None


def read_link(text: str) -> Link:
    """The link in a text: an address, what stands in it after ``#``, or a file that was saved.

    Raises:
        InputError: there is none, or it is damaged, or of a newer version; the message says which.
    """
    if len(text) > MOST_OF_A_FILE:
        raise InputTooLongError(f"This has {len(text):,} characters, far more than a link.", "Open another one.")
    found = _LINK.search(text) or _LINK.search(unquote(text))
    if not found:
        raise InputError("This is no link to a run of the playground.", "It should hold #run=… and what follows.")
    version, packed = int(found[1]), found[2]
    if version > VERSION:
        raise InputError(
            f"This link has the form of a newer version ({version}; this copy reads {VERSION}).",
            "Open it in a newer copy of the playground.",
        )
    if version < 1:
        raise InputError("This is no link to a run of the playground.", "Links begin with version 1.")
    return _link(_unpacked(packed))


def open_link(text: str) -> Any:
    """What a link asks, ready for the method of a `Playground`; a tuple where settings stood side by side.

    >>> from playground.tokens.request import TokenizeRequest
    >>> open_link(f"https://example.org/page/{link_to(TokenizeRequest('cats'))}").text
    'cats'

    Raises:
        InputError: see `read_link`.
    """
    asked = read_link(text).asked
    return asked[0] if len(asked) == 1 else asked


def differences(link: Link, asked: tuple[Any, ...]) -> tuple[str, ...]:
    """The fields in which another question differs from that of a link; a link without a model asks any.

    >>> from playground.tokens.request import TokenizeRequest
    >>> differences(link_to(TokenizeRequest("cats")), (TokenizeRequest("dogs", "a/model"),))
    ('text',)
    """
    if tuple(map(type, asked)) != tuple(map(type, link.asked)):
        return ("how many things are asked at once",)
    return tuple(dict.fromkeys(name for pair in zip(link.asked, asked, strict=True) for name in _other_fields(*pair)))


def _other_fields(old: Any, new: Any) -> Iterator[str]:
    """The fields that count and in which two requests differ."""
    idle = {*NOT_SHARED, *ONLY_SHOWN, *idle_fields(old)}
    for one in fields(old):
        ours, theirs = getattr(old, one.name), getattr(new, one.name)
        if one.name in idle or ours == theirs or (one.name in FROM_CATALOG and not ours):
            continue
        if is_dataclass(ours):
            yield from _other_fields(ours, theirs)
        else:
            yield one.name


def linked(receipt: Receipt, link: Link | None) -> Receipt:
    """The receipt with the link to its run, where there is one that fits into an address."""
    text = ""
    with suppress(InputTooLongError):
        text = "" if link is None else str(link)
    return replace(receipt, link=text) if len(text) <= MOST_OF_A_LINK else receipt


def _models_of(asked: Any) -> tuple[str | None, ...]:
    if hasattr(asked, "model_ids"):
        return tuple(asked.model_ids)
    return (inner(asked).model_id, getattr(asked, "other_model_id", None))


def _of_nobody(asked: Any) -> Any:
    return replace(asked, **{name: "" for name in NOT_SHARED if hasattr(asked, name)})


def _content(link: Link) -> dict[str, Any]:
    """The link as JSON; what says nothing is left out."""
    asked = [{k: v for k, v in to_json(one).items() if k not in NOT_SHARED} for one in link.asked]
    content = {"place": link.place, "asked": asked, "seen": link.seen, "answer": to_json(link.answer, short=True)}
    return {name: value for name, value in content.items() if value}


def _pack(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    written = text.encode("utf-8", "surrogatepass")
    if len(written) > MOST_UNPACKED:
        raise InputTooLongError(
            f"This has {len(written):,} bytes, more than a link or its file takes ({MOST_UNPACKED:,}).",
            "Share fewer rows or a shorter text.",
        )
    return base64.urlsafe_b64encode(zlib.compress(written, 9)).decode().rstrip("=")


def _unpacked(packed: str) -> Any:
    """The JSON of a link, and never more of it than `MOST_UNPACKED`.

    Raises:
        InputError: it is damaged, or larger.
    """
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), MOST_UNPACKED)
        if unpacker.unconsumed_tail:
            raise InputTooLongError("This link holds more than the page takes.", "Open another one.")
        if not unpacker.eof:
            raise _damaged("its end is missing")
        return json.loads(content.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    except (ValueError, zlib.error, RecursionError):
        raise _damaged("characters of it are missing or changed") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _damaged(how: str) -> InputError:
    return InputError(f"This link is damaged: {how}.", "Copy it again, from its first to its last character.")


def _link(content: Any) -> Link:
    """The link that was written as this JSON.

    Raises:
        InputError: it wasn't a link, or asks what this version doesn't know.
    """
    place, asked = (content.get(name) if isinstance(content, dict) else None for name in ("place", "asked"))
    if not isinstance(place, str) or not isinstance(asked, list):
        raise _damaged("it doesn't say what was asked")
    if place not in PLACES_OF_LINKS:
        raise InputError(f"This copy has no part {place[:40]!r}.", "The link may be of a newer version.")
    if not 1 <= len(asked) <= MOST_TOGETHER:
        raise InputError(f"This link asks {len(asked)} things at once.", f"It may ask 1 to {MOST_TOGETHER}.")
    try:
        kinds = zip(classes_of(place, len(asked)), asked, strict=True)
        requests = tuple(_of_nobody(from_json(kind, one)) for kind, one in kinds)
        for one in requests:
            _refuse_unknown(one)
        for one in requests if place == "table" else ():
            refuse_bent(one.table)
        answer = from_json(Fingerprint, content["answer"]) if content.get("answer") else None
    except InputError as error:
        raise InputError(f"This link asks what can't be asked here. {error.message}", error.fix) from None
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
        raise _damaged("what it asks makes no sense") from None
    return Link(place, requests, _seen(content.get("seen", {})), answer)


def _refuse_unknown(asked: Any) -> None:
    """None, if the weights are asked for in ways that this copy knows.

    Raises:
        InputError: they aren't.
    """
    for name in ("quantization", "other_quantization"):
        wanted = getattr(inner(asked), name, "auto")
        if wanted not in QUANTIZATIONS:
            known = ", ".join(QUANTIZATIONS)
            raise InputError(f"It wants {name} {wanted[:40]!r}, and this copy has {known}.", "Ask for one of these.")


def _seen(given: Any) -> dict[str, Seen]:
    """What was looked at, as few short plain values."""
    items = list(given.items()) if isinstance(given, dict) else []
    if len(items) > MOST_SEEN:
        raise _damaged("it looks at too much")
    for name, value in items:
        if not isinstance(value, Seen) or max(len(name), len(str(value))) > LONGEST_SEEN:
            raise _damaged("what it looks at makes no sense")
    return dict(items)
