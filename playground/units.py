"""Bytes and seconds: read from what people write, and written as people read them.

A space at which no line is broken stands between a number and its unit.
"""

from __future__ import annotations

import re

_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}

ROUGH = 0.05  # the share of a whole by which its parts may miss it before a reader is told

_CODE_OR_SPACE = re.compile(r"(`+).*?\1|(?<=[\d}]) (?=(?:%|[kMGT]?B|nats?|m?s|min|h)(?![\w/]))", re.S)


def parse_bytes(text: str) -> int:
    """Number of bytes written as ``6GB``, ``500 MiB`` or ``1000000``.

    >>> parse_bytes("1.5 GB"), parse_bytes("2MiB"), parse_bytes("512")
    (1500000000, 2097152, 512)
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kmgt]?i?)b?\s*", text.lower())
    if not match or match[2] not in _FACTORS:
        raise ValueError("a size such as 6GB, 500MiB or a number of bytes")
    return int(float(match[1]) * _FACTORS[match[2]])


def format_error(delta: float, whole: float) -> str:
    r"""A sentence where a sum misses what it should add up to by so much that its parts are rough; else empty.

    >>> format_error(-1.6, 9.8), format_error(0.01, 3.4)
    (' That is 16\xa0% of it: these values are rough.', '')
    """
    share = abs(delta / whole) if whole else 0.0
    return f" That is {share * 100:.0f}\u00a0% of it: these values are rough." if share > ROUGH else ""


def format_bytes(count: float) -> str:
    r"""A number of bytes as people read it, in steps of 1000 as on a disk's label.

    >>> format_bytes(538_060_416), format_bytes(5.1e9), format_bytes(999)
    ('538\xa0MB', '5.1\xa0GB', '999\xa0bytes')
    """
    units = ["bytes", "kB", "MB", "GB", "TB"]
    while abs(count) >= 999.5 and len(units) > 1:
        count /= 1000
        del units[0]
    whole = units[0] in ("bytes", "kB") or abs(count) >= 99.5
    return f"{count:.0f}\u00a0{units[0]}" if whole else f"{count:.1f}\u00a0{units[0]}"


def format_number(number: float, form: str = "") -> str:
    """A number in one of Python's forms, with a true minus sign as people read it.

    >>> format_number(-2.941, ".2f"), format_number(0.5, "+.1f")
    ('−2.94', '+0.5')
    >>> format_number(-0.001, ".2f"), format_number(0.001, "+.2f")
    ('0.00', '0.00')
    """
    shown = format(number, form)
    if shown.startswith(("-", "+")):
        sign = "−" if shown.startswith("-") else "+"
        shown = sign + shown[1:] if any(digit in "123456789" for digit in shown.split("e")[0]) else shown[1:]
    return shown.replace("e-", "e−")


def format_share(share: float) -> str:
    r"""A share with one digit, of small ones with the two digits that count.

    >>> format_share(0.49), format_share(0.00022), format_share(0.0002), format_share(1.2e-9)
    ('49.0\xa0%', '0.022\xa0%', '0.020\xa0%', '1.2e−07\xa0%')
    """
    if share >= 0.001 or not share:
        return f"{100 * share:.1f}\u00a0%" if share else "0\u00a0%"
    return f"{format_number(100 * share, '#.2g')}\u00a0%"


def format_difference(difference: float, dtype: str) -> tuple[str, str]:
    """How far apart two ways to the same numbers are, and what to think of that; weights of a dtype computed both.

    >>> format_difference(0.0, "float32")
    ('0', 'They are the same numbers.')
    >>> format_difference(5.4e-08, "float32")
    ('5.4e−08', 'They are the same numbers, but for rounding.')
    >>> format_difference(2.1e-05, "float32")[1]  # logits of 15 or so are rounded there
    'They are the same numbers, but for rounding.'
    >>> format_difference(0.001, "bfloat16")[1]
    'More than rounding: the weights are bfloat16.'
    """
    if not difference:
        return "0", "They are the same numbers."
    comment = "They are the same numbers, but for rounding."
    if dtype != "float32" and difference >= 1e-5:
        comment = f"More than rounding: the weights are {dtype}."
    elif difference >= 1e-3:
        comment = "More than rounding."
    return format_number(difference, ".1e"), comment


def with_units(text: str) -> str:
    r"""A text that somebody wrote, in which no line ends between a number and its unit; code in it stays as it is.

    >>> with_units("4-bit takes {models.megabytes:0} MB, 12 % of it. `7 % 2`")
    '4-bit takes {models.megabytes:0}\xa0MB, 12\xa0% of it. `7 % 2`'
    """
    return _CODE_OR_SPACE.sub(lambda found: "\u00a0" if found[0] == " " else found[0], text)


def parse_seconds(text: str) -> float:
    """A number of seconds, 0 or more.

    >>> parse_seconds("90"), parse_seconds("0.5")
    (90.0, 0.5)
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError("a number of seconds, 0 for never")
    return seconds


def format_seconds(seconds: float) -> str:
    r"""A duration as people read it.

    >>> format_seconds(0.24), format_seconds(75), format_seconds(7260)
    ('0.2\xa0s', '1\xa0min 15\xa0s', '2\xa0h 1\xa0min')
    >>> format_seconds(0.01)
    'less than 0.1\xa0s'
    """
    if seconds < 0.05:
        return "less than 0.1\u00a0s"
    if seconds < 59.95:
        return f"{seconds:.1f}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}\u00a0min {rest}\u00a0s"
    return f"{minutes // 60}\u00a0h {minutes % 60}\u00a0min"


def format_seconds_left(seconds: float) -> str:
    r"""How much longer something is thought to take, as people say it.

    >>> format_seconds_left(75), format_seconds_left(0.01)
    ('about 1\xa0min 15\xa0s left', 'nearly done')
    """
    return "nearly done" if seconds < 0.05 else f"about {format_seconds(seconds)} left"
