"""One policy for odd text, and one way to show a piece of a vocabulary: what every capability does alike.

Text in, text out; it knows no model and imports nothing heavy.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

from playground.errors import InputError, InputTooLongError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

METASPACE = "▁"
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_FROM_THE_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")  # Thai to Chinese
_SIGNS = {" ": "·", "\n": "↵", "\t": "→", "\x7f": "␡"}
_WHITESPACE = {" ": ("a space", "spaces"), "\n": ("a line break", "line breaks"), "\t": ("a tab", "tabs")}
_ANY_WHITESPACE = ("whitespace", "signs of whitespace")


def usable_text(text: str, limit: int | None = None, name: str = "The text") -> str:
    """The text itself, unless no tokenizer could read it.

    Half of a surrogate pair, which a browser or a cut string may send, is no character and has no UTF-8 bytes:
    transformers would fail on it. Control characters and NUL are characters, and stay.

    Raises:
        InputTooLongError: the text has more characters than ``limit``.
        InputError: half of a surrogate pair stands in it.
    """
    if limit is not None and len(text) > limit:
        raise InputTooLongError(f"{name} has {len(text):,} characters.", f"Use at most {limit:,}.")
    if half := _HALF_A_CHARACTER.search(text):
        raise InputError(
            f"Character {half.start() + 1} of {name[:1].lower()}{name[1:]} is half of a character (a lone surrogate),"
            " which no tokenizer can read.",
            "Delete it, or type it again.",
        )
    return text


def has_spaced_words(text: str) -> bool:
    """Whether words are what whitespace separates: not where Thai, Lao, Burmese, Khmer, Japanese or Chinese stands.

    >>> has_spaced_words("a cat"), has_spaced_words("\u4e00\u53ea\u732b")
    (True, False)
    """
    return not _UNSPACED.search(text)


def sendable(text: str) -> str:
    """The text with ``\ufffd`` in place of each half of a surrogate pair, for quoting it: no page could be sent it."""
    return _HALF_A_CHARACTER.sub("\ufffd", text)


def isolated(text: str) -> str:
    """The text as it can stand within an English sentence: one that is read from the right doesn't mix up its order.

    >>> isolated("cat"), isolated("\u05d7\u05ea\u05d5\u05dc") == "\u2068\u05d7\u05ea\u05d5\u05dc\u2069"
    ('cat', True)
    """
    return f"\u2068{text}\u2069" if _FROM_THE_RIGHT.search(text) else text


def quoted(text: str, most: int = 10_000) -> str:
    """The text in quotation marks, cut where it is longer than ``most``, as it can stand within a sentence.

    >>> quoted("a cat and a dog", 6)
    '“a cat…”'
    """
    return f"“{isolated(text if len(text) <= most else text[: most - 1] + '…')}”"


def shown_piece(piece: str, *, byte_level: bool = False) -> str:
    """An entry of a vocabulary for human eyes: spaces are seen, and bytes that are no whole character are spelled out.

    ``byte_level`` says that pieces are written in the byte alphabet of GPT-2. A WordPiece ``##s`` stays as it is.

    >>> shown_piece("Ġcat", byte_level=True), shown_piece("▁cat"), shown_piece("##s")
    ('·cat', '·cat', '##s')
    """
    return shown_text(readable_piece(piece, byte_level=byte_level))


def readable_piece(piece: str, *, byte_level: bool = False) -> str:
    """The same with spaces as spaces: what a piece adds to a text.

    >>> readable_piece("Ġcat", byte_level=True), readable_piece("<0x0A>")
    (' cat', '<0x0A>')
    """
    if _BYTE.fullmatch(piece):
        return piece
    alphabet = byte_alphabet()
    if byte_level and all(character in alphabet for character in piece):
        return readable_bytes(bytes(alphabet[character] for character in piece))
    return piece.replace(METASPACE, " ")


def is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """True when a tokenizer's pieces are written in the byte alphabet (GPT-2, SmolLM2, Llama 3 ...)."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return hasattr(tokenizer, "byte_encoder")
    parts = (backend.pre_tokenizer, backend.decoder)
    return any(part is not None and b'"ByteLevel"' in part.__getstate__() for part in parts)


def shown_text(text: str) -> str:
    """The text with whitespace, control and format characters made visible.

    >>> shown_text("a b\\n\\u200d")
    'a·b↵⟨U+200D⟩'
    """
    if text.isascii() and text.isalnum():
        return text
    return "".join(_shown_character(character) for character in text)


def named_piece(text: str) -> str:
    """A token as people read it who don't know the signs: one that is nothing but whitespace says what it is.

    >>> named_piece(" cat"), named_piece(" "), named_piece("\\n\\n")
    ('·cat', '· (a space)', '↵↵ (2 line breaks)')
    """
    shown = shown_text(text)
    if not text or not text.isspace():
        return shown
    one, many = _WHITESPACE.get(text[0], _ANY_WHITESPACE) if len(set(text)) == 1 else _ANY_WHITESPACE
    return f"{shown} ({one if len(text) == 1 else f'{len(text)} {many}'})"


def shown_bytes(data: bytes) -> str:
    """UTF-8 bytes for human eyes.

    >>> shown_bytes(b"a \\xf0\\x9f")
    'a·<0xF0><0x9F>'
    """
    return shown_text(readable_bytes(data))


def readable_bytes(data: bytes) -> str:
    """UTF-8 bytes as text, with what is no whole character spelled out as its bytes."""
    text = data.decode(errors="surrogateescape")
    return "".join(f"<0x{ord(one) - 0xDC00:02X}>" if "\udc80" <= one <= "\udcff" else one for one in text)


@functools.cache
def byte_alphabet() -> dict[str, int]:
    """The 256 characters with which byte-level BPE writes bytes: ``Ġ`` is the byte of a space.

    Printable bytes stand for themselves, the others are shifted above U+0100.
    Source: openai/gpt-2 ``encoder.py``, ``bytes_to_unicode``.

    >>> byte_alphabet()["Ġ"], byte_alphabet()["A"], len(byte_alphabet())
    (32, 65, 256)
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + k): byte for k, byte in enumerate(hidden)}


def _shown_character(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    category = unicodedata.category(character)
    if category == "Cc":
        return chr(0x2400 + ord(character)) if ord(character) < 0x20 else f"⟨U+{ord(character):04X}⟩"
    if category in ("Cf", "Zs", "Zl", "Zp", "Cs"):
        return f"⟨U+{ord(character):04X}⟩"
    return character
