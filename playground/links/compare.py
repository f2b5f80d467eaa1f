"""Is an answer the same as when it was shared? Where does it first differ, and what is the likely cause?"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import zip_longest

from playground.links.fingerprint import Fingerprint, Mark, Setting

# The likelier cause first.
CAUSES = {
    "model": "revision of the model",
    "quantization": "quantization",
    "dtype": "dtype",
    "device": "device",
    "transformers": "transformers",
    "torch": "torch",
    "playground": "Transformers Playground",
}
COUNTED = {
    "tokens": "token", "chat": "token", "generation": "token", "twin": "token", "batch": "row", "masks": "row",
    "table": "row", "beside": "answer",
}  # fmt: skip
CLOSE, SHARE = 0.0005, 0.002  # rounding alone moves numbers by less: absolute, and of their size


@dataclass(frozen=True)
class Verdict:
    """What is said of an answer beside its link; ``same`` is None where nothing is compared."""

    same: bool | None
    sentence: str


def compare(place: str, there: Fingerprint | None, here: Fingerprint) -> Verdict:
    """Whether ``here``, the answer of now, is what it was when the link was made."""
    if there is None:
        return Verdict(None, "This link holds the question alone, so there is nothing to compare this answer with.")
    different = changed(there.setting, here.setting)
    where = first_difference(place, there, here)
    if where:
        return Verdict(False, f"Differs from when it was shared. {where} {_likely(different)}")
    also = f", though here it is another {_listed(different)}" if different else ""
    return Verdict(True, f"Same as when it was shared{also}.")


def changed(there: Setting, here: Setting) -> list[str]:
    """What is known of both settings and isn't the same, the likelier cause first."""
    known = {field.name for field in fields(Setting) if getattr(there, field.name) and getattr(here, field.name)}
    names = [name for name in CAUSES if name in known and getattr(there, name) != getattr(here, name)]
    return [f"{CAUSES[name]} ({getattr(there, name)} there, {getattr(here, name)} here)" for name in names]


def first_difference(place: str, there: Fingerprint, here: Fingerprint) -> str:
    """Where two answers first differ, in a sentence; empty if they don't."""
    for number, (old, new) in enumerate(zip_longest(there.marks, here.marks), start=1):
        if old is None or new is None or not _alike(old, new):
            name = f"{COUNTED[place]} {number}" if place in COUNTED else ""
            return _difference(name, old, new)
    if (there.count, there.exact) == (here.count, here.exact):
        return ""
    if there.count > len(there.marks) or here.count > len(here.marks):
        return f"The first {len(there.marks)} are the same: it differs later."
    return "What is shown is the same, but the token ids are others."


def _alike(old: Mark, new: Mark) -> bool:
    if old.what != new.what or (old.number is None) != (new.number is None):
        return False
    if old.number is None or new.number is None:
        return True
    return abs(old.number - new.number) <= CLOSE + SHARE * max(abs(old.number), abs(new.number))


def _difference(name: str, old: Mark | None, new: Mark | None) -> str:
    a, b = _numbers(old and old.number, new and new.number)
    if old and new and old.what == new.what:
        place = f"{name} `{old.what}`" if name else f"`{old.what}`"
        return f"First at {place}: {a} there, {b} here."
    there, here = (f"`{mark.what}` {number}".rstrip() if mark else "nothing" for mark, number in ((old, a), (new, b)))
    return f"First at {name}: {there} there, {here} here." if name else f"First: {there} there, {here} here."


def _numbers(old: float | None, new: float | None) -> tuple[str, str]:
    """Two numbers with as many digits as tell them apart."""
    for digits in range(2, 7):
        pair = tuple("" if one is None else f"{one:.{digits}g}" for one in (old, new))
        if pair[0] != pair[1]:
            break
    return pair[0], pair[1]


def _likely(different: list[str]) -> str:
    if not different:
        return "Versions, device, dtype and model are the same as far as the link says."
    return f"Likely because of another {_listed(different)}."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
