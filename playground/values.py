"""Values that people hand over, taken as what they mean: a number of numpy is a number, one text is a list of one.

For the requests of every capability. It imports nothing: numpy's and torch's scalars say themselves what they are.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from playground.errors import InputError


def whole_number(name: str, value: Any) -> int:
    """The integer that a value is: of Python, numpy or torch, or a float without a fraction, as JSON has them.

    >>> whole_number("top_k", 40.0)
    40

    Raises:
        InputError: it is none; True is no number either.
    """
    with suppress(TypeError):
        if not isinstance(value, bool):
            return operator.index(value)
    number = real_number(name, value)
    if not number.is_integer():
        raise InputError(f"{name} is {value}.", "Give a whole number.")
    return int(number)


def real_number(name: str, value: Any) -> float:
    """The finite or infinite number that a value is.

    Raises:
        InputError: it is none, or not a number (NaN).
    """
    try:
        number = math.nan if isinstance(value, str | bytes | bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise InputError(f"{name} is {value!r}.", "Give a number.")
    return number


def truth(name: str, value: Any) -> bool:
    """True or False, also as numpy's, or as 1 and 0.

    Raises:
        InputError: it is neither.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = {"True": 1, "False": 0}.get(str(value) if not isinstance(value, str) else "", -1)
    if number not in (0, 1):
        raise InputError(f"{name} is {value!r}.", "Give True or False.")
    return bool(number)


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Several texts; one alone, as a plain string, is a list of one, and None is none.

    >>> texts("stop_strings", "green")
    ('green',)

    Raises:
        InputError: something in it is no text.
    """
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else _listed(name, value)
    for number, item in enumerate(items, start=1):
        if not isinstance(item, str):
            raise InputError(f"{name} has {item!r} as number {number}.", "Give texts only.")
    return tuple(map(str, items))


def whole_numbers(name: str, value: Any) -> tuple[int, ...]:
    """Several integers, from a list, a tuple or a one-dimensional array; None is none.

    Raises:
        InputError: something in it is no integer.
    """
    return () if value is None else tuple(whole_number(name, item) for item in _listed(name, value))


def _listed(name: str, value: Any) -> list[Any]:
    if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
        raise InputError(f"{name} is {value!r}.", "Give a list.")
    return list(value)
