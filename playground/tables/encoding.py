"""Bytes of a file -> text, and the encoding they were read in.

UTF-8 if that explains most of what isn't ASCII: one bad byte then costs its own line only, instead of turning the whole
file into nonsense. Otherwise the encoding that makes the likeliest text, as charset-normalizer finds it.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from charset_normalizer import from_bytes

from playground.errors import InputError

# What spreadsheets and editors write, by Python's names, with what a person knows each one by.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16 (Excel's Unicode text)",
    "cp1252": "Western (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp1257": "Baltic (Windows-1257)",
    "gb18030": "Chinese, simplified (GBK, GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "cp932": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "cp949": "Korean (EUC-KR)",
}
MAX_BAD_BYTES = 10_000
_SAMPLE_BYTES = 32_768
_BAD = re.compile("[\0\udc00-\udcff]")  # a byte that means nothing stands as U+DC00 and its value


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text and the name of its encoding; each byte that means nothing there becomes U+DC00 + byte.

    Raises:
        InputError: it is no text, or not in the encoding that was asked for.
    """
    if encoding is not None:
        return _decoded(data, _known(encoding))
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return _decoded(data, name)
    if b"\0" in data:
        return _decoded(data, "utf-16" if _halves(data) else "utf-8")
    return _decoded(data, "utf-8" if _mostly_utf8(data) else _likeliest(data))


def bad_bytes(text: str) -> str:
    """What is wrong with a text that `decode` made; empty if every byte meant something.

    >>> bad_bytes("caf\\udce9")
    'byte 0xE9 in it means nothing in this encoding'
    """
    found = _BAD.search(text)
    return f"byte 0x{ord(found[0]) & 0xFF:02X} in it means nothing in this encoding" if found else ""


def without_bad_bytes(text: str) -> str:
    """The text with U+FFFD where a byte meant nothing."""
    return _BAD.sub("\ufffd", text)


def _keep_bytes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("playground.keep_bytes", _keep_bytes)


def _known(encoding: str) -> str:
    try:
        wanted = codecs.lookup(encoding.strip()).name
    except (LookupError, ValueError):
        wanted = ""
    for name in ENCODINGS:
        if codecs.lookup(name).name == wanted:
            return name
    raise InputError(f"Files in the encoding {encoding[:40]!r} are not read here.", f"Use {', '.join(ENCODINGS)}.")


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    codec = name
    if name == "utf-16" and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        codec = _halves(data) or "utf-16-le"
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        lost = len(data) - len(data.decode(codec, "ignore").encode(codec))
        if lost > MAX_BAD_BYTES:
            raise InputError(
                f"The file is not in the encoding {name}: {lost:,} of its bytes mean nothing there.",
                "Choose another encoding, or save it as UTF-8.",
            ) from None
        text = data.decode(codec, "playground.keep_bytes")
    if text.count("\0") * 1000 > len(text):
        raise InputError("The file is not a text file.", "Save it as UTF-8 text: .csv, .tsv, .jsonl or .txt.")
    return text.removeprefix("\ufeff"), name


def _halves(data: bytes) -> str:
    """The kind of UTF-16 without a byte order mark, told from where the zeros of ASCII letters stand; else empty."""
    sample = data[:65_536]
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    codec = "utf-16-le" if low > 20 * high else "utf-16-be" if high > 20 * low else ""
    if not codec or (low + high) * 100 < len(sample) or re.search("[\0-\x08]", sample.decode(codec, "ignore")):
        return ""
    return codec


def _mostly_utf8(data: bytes) -> bool:
    """Whether there are more whole characters beyond ASCII than bytes that fit in none."""
    kept = data.decode("utf-8", "ignore")
    lost = len(data) - len(kept.encode())
    return lost == 0 or len(kept) - len(kept.encode("ascii", "ignore")) > lost


def _likeliest(data: bytes) -> str:
    """The encoding that makes the best text of the lines beyond ASCII; Western where others are hardly better."""
    names = [name for name in ENCODINGS if not name.startswith("utf")]
    found = from_bytes(b"".join(_lines_beyond_ascii(data)), cp_isolation=names, enable_fallback=False)
    best = found.best()
    if best is None:
        return "cp1252"
    for match in found:
        near = match.chaos <= best.chaos + 0.05 and match.coherence >= best.coherence - 0.05
        if near and "cp1252" in match.could_be_from_charset:
            return "cp1252"
    return _known(best.encoding)


def _lines_beyond_ascii(data: bytes) -> Iterator[bytes]:
    size = 0
    for line in io.BytesIO(data):
        if not line.isascii():
            yield line[:4096]
            size += min(len(line), 4096)
            if size > _SAMPLE_BYTES:
                return
