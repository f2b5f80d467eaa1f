"""One text -> its tokens, each tied to the characters it stands for, for one tokenizer or for several side by side.

This module leaves out batches with padding and masks (`encoding`), chat templates (`chat_template`), the reasons behind
a split (`vocabulary`) and models. It needs the ``tokenizers`` library alone, never torch, so that a page can answer
while a person types.

Three ideas carry it:

* A token is not always a piece of the text. Special tokens are added, whitespace may be dropped, letters may be
  lower-cased: so a token has a span ``start:end`` of characters, and what no token stands for is a gap.
* Several tokens can share one character (the bytes of an emoji): they form one segment.
* Segments and gaps, in order, are the text again, exactly.
"""

from __future__ import annotations

import functools
import json
import re
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from playground.errors import InputError, InputTooLongError, UnsupportedOptionError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_CHARACTERS = 20_000
MAX_COMPARED = 4
METASPACE = "▁"


@dataclass(frozen=True)
class TokenizeRequest:
    """A text and the tokenizer that shall split it.

    ``add_special_tokens`` is transformers' switch: True adds what the model expects around a text, such as ``[CLS]``.
    ``describe`` tokens are described one by one; the rest is counted and stands in one last segment.
    """

    text: str
    model_id: str = "sentence-transformers/all-MiniLM-L6-v2"
    add_special_tokens: bool = True
    describe: int = 1_000_000


@dataclass(frozen=True)
class Token:
    """One token as the tokenizer made it.

    ``piece`` is the entry of the vocabulary, ``shown`` the same for human eyes: ``Ġcat`` is shown as ``·cat``, half of
    a character as its bytes ``⟨F0 9F⟩``. ``start`` and ``end`` count characters (Unicode code points) of the text; both
    are 0 and ``segment`` is None when the token stands for no character.
    """

    index: int
    token_id: int
    piece: str
    shown: str
    start: int
    end: int
    segment: int | None
    special: bool = False
    unknown: bool = False
    continuation: bool = False
    added: bool = False
    byte_note: str = ""


@dataclass(frozen=True)
class Segment:
    """A stretch of the text: with the tokens that share it, or a gap (no tokens) that the tokenizer dropped."""

    start: int
    end: int
    text: str
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Counts:
    """How long a text is, in every unit that people mix up. Words are what whitespace separates."""

    characters: int
    utf8_bytes: int
    words: int
    tokens: int
    special_tokens: int
    unknown_tokens: int

    @property
    def tokens_per_word(self) -> float | None:
        """Tokens without the special ones, per word; None when there is no word."""
        return round((self.tokens - self.special_tokens) / self.words, 3) if self.words else None


@dataclass(frozen=True)
class Tokenization:
    """A text as one tokenizer sees it.

    ``tokens`` holds the described ones, ``input_ids`` all of them. The texts of the segments, joined, are ``text``,
    which differs from what was asked only where half of a surrogate pair (no character) was replaced by ``�``;
    ``notes`` says so.
    """

    model_id: str
    algorithm: str
    text: str
    input_ids: tuple[int, ...]
    tokens: tuple[Token, ...]
    segments: tuple[Segment, ...]
    counts: Counts
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompareRequest:
    """A text and the two to four tokenizers that shall split it."""

    text: str
    model_ids: tuple[str, ...]
    add_special_tokens: bool = False


@dataclass(frozen=True)
class Comparison:
    """One text under several tokenizers.

    ``agreed`` are the character offsets where every tokenizer has a boundary, ``contested`` those where some have one
    and others don't.
    """

    text: str
    results: tuple[Tokenization, ...]
    agreed: tuple[int, ...]
    contested: tuple[int, ...]


def tokenize(shelf: TokenizerShelf, request: TokenizeRequest) -> Tokenization:
    """The tokens of a text, their spans, and the segments that make up the text again.

    Padding and truncation never happen here, whatever the tokenizer's files ask for.

    Raises:
        InputTooLongError: the text has more than 20,000 characters.
    """
    text, notes = usable_text(request.text)
    rules = shelf.rules(request.model_id)
    encoding = Rows.read(rules.backend.encode(text, add_special_tokens=request.add_special_tokens))
    dropped = _dropped_bytes(rules, text, encoding)
    spans = _spans_by_bytes(rules, text, encoding) if dropped else _spans(text, encoding)
    segments, homes, described = _segments(text, spans, request.describe)
    byte_notes = _byte_notes(rules, encoding, segments) if rules.speaks_bytes else {}
    show = functools.cache(rules.show)
    tokens = tuple(
        _token(rules, encoding, index, spans[index], homes.get(index), byte_notes.get(index, ""), show)
        for index in range(described)
    )
    counts = _counts(rules, text, encoding)
    if dropped:
        notes = (*notes, f"{dropped} bytes have no piece in this vocabulary: the tokenizer drops them without a trace.")
    return Tokenization(
        request.model_id, rules.algorithm, text, tuple(encoding.ids), tokens, segments, counts, (*notes, *rules.notes)
    )


def compare(shelf: TokenizerShelf, request: CompareRequest) -> Comparison:
    """A text under several tokenizers, with the boundaries on which they agree and disagree.

    Raises:
        InputError: fewer than two tokenizers, more than four, or the same one twice.
    """
    if not 2 <= len(request.model_ids) <= MAX_COMPARED or len(set(request.model_ids)) < len(request.model_ids):
        raise InputError("A comparison needs two to four different tokenizers.", "Pick them from the list.")
    results = tuple(
        tokenize(shelf, TokenizeRequest(request.text, model_id, request.add_special_tokens))
        for model_id in request.model_ids
    )
    cuts = [boundaries(result) for result in results]
    agreed, somewhere = set.intersection(*cuts), set.union(*cuts)
    return Comparison(results[0].text, results, tuple(sorted(agreed)), tuple(sorted(somewhere - agreed)))


def boundaries(result: Tokenization) -> set[int]:
    """The character offsets where a segment starts or ends; whitespace at an edge does not count as a difference.

    ``Ġcat`` covers the space before the word and ``cat`` doesn't, which is no disagreement about where the word starts:
    so a segment starts at its first character that is no whitespace.
    """
    cuts = set()
    for segment in result.segments:
        if segment.tokens and (body := segment.text.strip()):
            start = segment.start + segment.text.index(body)
            cuts |= {start, start + len(body)}
    return cuts


def usable_text(text: str, limit: int = MAX_CHARACTERS) -> tuple[str, tuple[str, ...]]:
    """The text with every lone surrogate replaced by ``�``, and a note if there was one.

    A browser can send half of a surrogate pair; it is no character and has no UTF-8 bytes, so no tokenizer takes it.

    >>> usable_text("a\\ud83d")
    ('a�', ('1 half of a surrogate pair is no character: it was replaced by �.',))
    """
    if len(text) > limit:
        raise InputTooLongError(f"The text has {len(text):,} characters.", f"Shorten it to {limit:,}.")
    text, count = re.subn("[\ud800-\udfff]", "�", text)
    if not count:
        return text, ()
    kind = "half of a surrogate pair is no character: it was" if count == 1 else "halves of surrogate pairs were"
    return text, (f"{count} {kind} replaced by �.",)


def visible(text: str) -> str:
    """The text with whitespace, control and format characters made visible.

    >>> visible("a b\\n\\u200d")
    'a·b↵⟨U+200D⟩'
    """
    if text.isascii() and text.isalnum():
        return text
    return "".join(_visible_character(character) for character in text)


def _visible_character(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    category = unicodedata.category(character)
    if category == "Cc":
        return chr(0x2400 + ord(character)) if ord(character) < 0x20 else f"⟨U+{ord(character):04X}⟩"
    if category in ("Cf", "Zs", "Zl", "Zp"):
        return f"⟨U+{ord(character):04X}⟩"
    return character


_SIGNS = {" ": "·", "\n": "↵", "\t": "⇥", "\x7f": "␡"}


def visible_bytes(data: bytes) -> str:
    """UTF-8 bytes as text, with what is no whole character written as its bytes.

    >>> visible_bytes(b"a \\xf0\\x9f")
    'a·⟨F0 9F⟩'
    """
    shown, rest = "", data
    while rest:
        try:
            return shown + visible(rest.decode())
        except UnicodeDecodeError as error:
            shown += visible(rest[: error.start].decode()) + f"⟨{rest[error.start : error.end].hex(' ').upper()}⟩"
            rest = rest[error.end :]
    return shown.replace("⟩⟨", " ")


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


@dataclass(frozen=True, eq=False, repr=False)
class TokenizerRules:
    """A tokenizer's own rules, read from its ``tokenizer.json``. Never changed, so any number of threads may use it."""

    backend: Tokenizer
    description: dict[str, Any]
    notes: tuple[str, ...] = ()

    @cached_property
    def algorithm(self) -> str:
        """The kind of model: WordPiece, byte-level BPE, BPE, Unigram, WordLevel."""
        kind = self.description["model"].get("type") or "BPE"
        return "byte-level BPE" if kind == "BPE" and self.is_byte_level else kind

    @cached_property
    def is_byte_level(self) -> bool:
        """True when pieces are written in the byte alphabet."""
        parts = [self.description.get(part) for part in ("pre_tokenizer", "decoder")]
        return any('"ByteLevel"' in json.dumps(part) for part in parts if part)

    @cached_property
    def speaks_bytes(self) -> bool:
        """True when a token can be a part of a character."""
        return self.is_byte_level or bool(self.description["model"].get("byte_fallback"))

    @cached_property
    def added(self) -> dict[int, bool]:
        """Ids of tokens that were added to the vocabulary as literal text, and whether each is special."""
        return {number: token.special for number, token in self.backend.get_added_tokens_decoder().items()}

    @cached_property
    def unknown_id(self) -> int | None:
        """The id that stands for everything the vocabulary can't write; None for tokenizers that write any byte."""
        model = self.description["model"]
        if model.get("unk_token") is not None:
            return self.backend.token_to_id(model["unk_token"])
        return model.get("unk_id")

    @cached_property
    def prefix(self) -> str:
        """What marks a piece that goes on with a word: ``##`` for WordPiece, empty for the others."""
        return self.description["model"].get("continuing_subword_prefix") or ""

    @cached_property
    def alphabet(self) -> dict[str, int]:
        """The byte alphabet, empty for tokenizers that don't use it."""
        return byte_alphabet() if self.is_byte_level else {}

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """Piece -> token id, added tokens included."""
        return self.backend.get_vocab(True)

    @cached_property
    def missing_bytes(self) -> frozenset[int]:
        """Bytes that no piece can write."""
        return frozenset(byte for character, byte in self.alphabet.items() if character not in self.vocabulary)

    @cached_property
    def merge_ranks(self) -> dict[tuple[str, str], int]:
        """Each merge and its place in the order in which they were learned, from 0 (BPE); else empty."""
        merges = self.description["model"].get("merges") or ()
        pairs = (tuple(merge.split(" ", 1)) if isinstance(merge, str) else tuple(merge) for merge in merges)
        return {pair: rank for rank, pair in enumerate(pairs)}  # type: ignore[misc]

    @cached_property
    def log_probabilities(self) -> dict[str, float]:
        """Piece -> log-probability (Unigram); else empty."""
        model = self.description["model"]
        return dict(model["vocab"]) if model.get("type") == "Unigram" else {}

    def piece_bytes(self, token_id: int, piece: str) -> bytes | None:
        """The bytes that a piece stands for, where the tokenizer writes bytes; None where it writes characters."""
        if token_id in self.added and not re.fullmatch(r"<0x[0-9A-F]{2}>", piece):
            return piece.encode()
        if self.is_byte_level:
            return bytes(self.alphabet.get(character, 0x3F) for character in piece)
        if re.fullmatch(r"<0x[0-9A-F]{2}>", piece) and self.speaks_bytes:
            return bytes([int(piece[3:5], 16)])
        return None

    def show(self, token_id: int, piece: str) -> str:
        """A piece for human eyes: bytes decoded, spaces visible, the continuation mark kept."""
        data = self.piece_bytes(token_id, piece)
        if data is not None:
            return visible_bytes(data)
        return visible(piece.replace(METASPACE, " ")) if METASPACE in piece else visible(piece)


@dataclass
class TokenizerShelf:
    """The tokenizers in use, each read once and then never changed.

    transformers' tokenizers change themselves when they are called with padding or truncation, and may then fail in
    another thread ("Already borrowed"): so this shelf hands out rules that nobody changes, and a copy of transformers'
    own tokenizer that one thread uses at a time.
    """

    load: Callable[[str], PreTrainedTokenizerBase]
    folder: Callable[[str], Path | None] = lambda model_id: None
    _rules: dict[str, TokenizerRules] = field(default_factory=dict)
    _copies: dict[str, tuple[PreTrainedTokenizerBase, threading.Lock]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def has(self, model_id: str) -> bool:
        """True when the rules are at hand already, so that asking for them takes no time."""
        return model_id in self._rules

    def rules(self, model_id: str) -> TokenizerRules:
        """A tokenizer's rules.

        Raises:
            UnsupportedOptionError: the tokenizer is written in Python and doesn't report offsets.
        """
        if model_id not in self._rules:
            with self._lock:
                if model_id not in self._rules:
                    self._rules[model_id] = self._read(model_id)
        return self._rules[model_id]

    def copy(self, model_id: str) -> tuple[PreTrainedTokenizerBase, threading.Lock]:
        """transformers' tokenizer, a copy of its own, and the lock to hold while calling it."""
        import copy

        with self._lock:
            if model_id not in self._copies:
                self._copies[model_id] = (copy.deepcopy(self.load(model_id)), threading.Lock())
            return self._copies[model_id]

    def _read(self, model_id: str) -> TokenizerRules:
        folder = self.folder(model_id)
        if folder is not None and (folder / "tokenizer.json").is_file():
            return read_rules((folder / "tokenizer.json").read_text(encoding="utf-8"))
        tokenizer = self.load(model_id)
        if not getattr(tokenizer, "is_fast", False):
            raise UnsupportedOptionError(
                f"The tokenizer of {model_id} doesn't say which characters a token stands for (it is not a fast one).",
                "Pick one that has a tokenizer.json.",
            )
        return read_rules(tokenizer.backend_tokenizer.to_str())


def read_rules(tokenizer_json: str) -> TokenizerRules:
    """The rules in the text of a ``tokenizer.json``, without its padding and truncation."""
    backend = Tokenizer.from_str(tokenizer_json)
    backend.no_padding()
    backend.no_truncation()
    return TokenizerRules(backend, json.loads(tokenizer_json))


@dataclass(frozen=True)
class Rows:
    """What an encoding holds, read once: each look at a ``tokenizers.Encoding`` copies the whole list."""

    ids: list[int]
    tokens: list[str]
    offsets: list[tuple[int, int]]
    words: list[int | None]
    special: list[int]

    @classmethod
    def read(cls, encoding: Any) -> Rows:
        """The rows of an encoding."""
        return cls(encoding.ids, encoding.tokens, encoding.offsets, encoding.word_ids, encoding.special_tokens_mask)


def _spans(text: str, encoding: Rows) -> list[tuple[int, int] | None]:
    """The characters of each token; None for one that stands for none (added, or empty)."""
    spans: list[tuple[int, int] | None] = []
    for (start, end), piece, alone in zip(encoding.offsets, encoding.tokens, encoding.special, strict=True):
        invented = piece and not piece.strip(METASPACE) and text[start:end].strip() and METASPACE not in text[start:end]
        spans.append(None if alone or start >= end or invented else (start, end))
    return spans


def _segments(
    text: str, spans: list[tuple[int, int] | None], describe: int
) -> tuple[tuple[Segment, ...], dict[int, int], int]:
    """The segments and gaps that make up the text, the segment of each token, and how many tokens are described.

    From about token ``describe`` on, at a place where no character is cut, everything is one segment.
    """
    groups: list[list[Any]] = []
    for index, span in enumerate(spans):
        if span is None:
            continue
        if groups and span[0] < groups[-1][1]:
            groups[-1][1] = max(groups[-1][1], span[1])
            groups[-1][2].append(index)
        else:
            groups.append([*span, [index]])
    described = len(spans)
    if describe < len(spans) and (k := next((k for k, g in enumerate(groups) if g[2][-1] >= describe), None)):
        described = groups[k][2][0]
        groups[k:] = [[groups[k][0], len(text), [index for group in groups[k:] for index in group[2]]]]
    segments, homes, position = [], {}, 0
    for start, end, members in groups:
        if start > position:
            segments.append(Segment(position, start, text[position:start]))
        homes.update(dict.fromkeys(members, len(segments)))
        segments.append(Segment(start, end, text[start:end], tuple(members)))
        position = end
    if position < len(text):
        segments.append(Segment(position, len(text), text[position:]))
    return tuple(segments), homes, described


def _byte_notes(rules: TokenizerRules, encoding: Rows, segments: tuple[Segment, ...]) -> dict[int, str]:
    """For each token that holds a part of a character: which of its bytes."""
    notes: dict[int, str] = {}
    for segment in segments:
        if not 2 <= len(segment.tokens) <= 64:
            continue
        parts = [rules.piece_bytes(encoding.ids[index], encoding.tokens[index]) for index in segment.tokens]
        if None in parts or not b"".join(p for p in parts if p).endswith(segment.text.encode()):
            continue
        places = [(c, k + 1, len(c.encode())) for c in segment.text for k in range(len(c.encode()))]
        position = len(places) - sum(len(part or b"") for part in parts)
        for index, part in zip(segment.tokens, parts, strict=True):
            held = places[max(position, 0) : position + len(part or b"")]
            position += len(part or b"")
            notes[index] = _held(held)
    return notes


def _dropped_bytes(rules: TokenizerRules, text: str, encoding: Rows) -> int:
    """How many bytes of the text no token holds: a vocabulary of bytes can lack rare ones, and has no unknown token."""
    if not rules.missing_bytes or rules.description.get("normalizer"):
        return 0
    return sum(byte in rules.missing_bytes for byte in text.encode())


def _spans_by_bytes(rules: TokenizerRules, text: str, encoding: Rows) -> list[tuple[int, int] | None]:
    """The characters of each token, found by its bytes.

    After a dropped byte the tokenizer's own offsets are wrong: they count what is left of the text.
    """
    homes = [k for k, character in enumerate(text) for _ in character.encode()]
    data, position = text.encode(), 0
    spans: list[tuple[int, int] | None] = []
    for token_id, piece, alone in zip(encoding.ids, encoding.tokens, encoding.special, strict=True):
        held = [] if alone else list(rules.piece_bytes(token_id, piece) or b"")
        places = []
        while held and position < len(data):
            if data[position] == held[0]:
                places.append(homes[position])
                held.pop(0)
            position += 1
        spans.append((places[0], places[-1] + 1) if places else None)
    return spans


def _held(places: list[tuple[str, int, int]]) -> str:
    """``byte 1-2 of 4 of 👍 (U+1F44D)`` for the incomplete characters among the bytes that a token holds."""
    notes, k = [], 0
    while k < len(places):
        character, first, total = places[k]
        last = first
        while k + 1 < len(places) and places[k + 1][1] == last + 1:
            k, last = k + 1, last + 1
        if last - first + 1 < total:
            which = f"byte {first}" if first == last else f"bytes {first}–{last}"
            sign = visible(character) if unicodedata.category(character)[0] != "M" else "◌" + character
            notes.append(f"{which} of {total} of {sign} (U+{ord(character):04X})".replace("⟨", "").replace("⟩", ""))
        k += 1
    return ", ".join(notes)


def _token(
    rules: TokenizerRules,
    encoding: Rows,
    index: int,
    span: tuple[int, int] | None,
    segment: int | None,
    byte_note: str,
    show: Callable[[int, str], str],
) -> Token:
    token_id, piece, words = encoding.ids[index], encoding.tokens[index], encoding.words
    start, end = span or (0, 0)
    if token_id == rules.unknown_id:  # Unigram reports the unknown characters in place of the piece
        piece = rules.backend.id_to_token(token_id) or piece
    return Token(
        index,
        token_id,
        piece,
        show(token_id, piece),
        start,
        end,
        segment,
        special=_is_special(rules, encoding, index),
        unknown=token_id == rules.unknown_id,
        continuation=index > 0 and words[index] is not None and words[index] == words[index - 1],
        added=span is None,
        byte_note=byte_note,
    )


def _is_special(rules: TokenizerRules, encoding: Rows, index: int) -> bool:
    token_id = encoding.ids[index]
    return token_id != rules.unknown_id and (bool(encoding.special[index]) or rules.added.get(token_id, False))


def _counts(rules: TokenizerRules, text: str, encoding: Rows) -> Counts:
    return Counts(
        len(text),
        len(text.encode()),
        len(text.split()),
        len(encoding.ids),
        sum(_is_special(rules, encoding, index) for index in range(len(encoding.ids))),
        sum(token_id == rules.unknown_id for token_id in encoding.ids),
    )
