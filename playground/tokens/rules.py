"""A tokenizer's own rules, read once from its ``tokenizer.json``: what its pieces stand for, and how to show them.

This module leaves out texts: `tokenize` applies the rules, `vocabulary` explains them. It needs the ``tokenizers``
library alone, never torch.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tokenizers import Tokenizer

from playground.errors import UnsupportedOptionError
from playground.texts import METASPACE, byte_alphabet, shown_bytes, shown_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MOST_RULES = 24


class Entry(NamedTuple):
    """One entry of a vocabulary: as it is stored, as it is shown, and what can be said of it without any text."""

    piece: str
    shown: str
    special: bool
    is_metaspace: bool


@dataclass(frozen=True, eq=False, repr=False)
class TokenizerRules:
    """A tokenizer's own rules, read from its ``tokenizer.json``. Never changed, so any number of threads may use it.

    What was found out about an entry of the vocabulary is kept, because it can't change.
    """

    backend: Tokenizer
    description: dict[str, Any]
    notes: tuple[str, ...] = ()
    _entries: dict[int, Entry] = field(default_factory=dict)

    def entry(self, token_id: int) -> Entry:
        """What an id of the vocabulary stands for, whatever the text."""
        if token_id not in self._entries:
            piece = self.backend.id_to_token(token_id) or ""
            blank = bool(piece) and not piece.strip(METASPACE)
            self._entries[token_id] = Entry(piece, self.show(token_id, piece), self.added.get(token_id, False), blank)
        return self._entries[token_id]

    def entries(self, token_ids: list[int]) -> list[Entry]:
        """The entry of each id."""
        for token_id in set(token_ids) - self._entries.keys():
            self.entry(token_id)
        known = self._entries
        return [known[token_id] for token_id in token_ids]

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
        """What marks a piece that goes on with a word: ``##`` for WordPiece, empty for most others."""
        return self.description["model"].get("continuing_subword_prefix") or ""

    @cached_property
    def suffix(self) -> str:
        """What marks a piece that ends a word: ``</w>`` for the BPE of GPT-1, XLM and CLIP, empty for the others."""
        return self.description["model"].get("end_of_word_suffix") or ""

    @cached_property
    def alphabet(self) -> dict[str, int]:
        """The byte alphabet, empty for tokenizers that don't use it."""
        return byte_alphabet() if self.is_byte_level else {}

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """Piece -> token id, added tokens included."""
        return self.backend.get_vocab(True)

    @cached_property
    def own_vocabulary(self) -> dict[str, int]:
        """Piece -> token id as the algorithm knows them: without the added tokens."""
        vocabulary = self.description["model"]["vocab"]
        if isinstance(vocabulary, dict):
            return vocabulary
        return {piece: token_id for token_id, (piece, _) in enumerate(vocabulary)}

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

    def read(self, token_id: int, piece: str) -> str:
        """A piece as it reads in a text: bytes decoded (``�`` for a part of a character), spaces as spaces."""
        data = self.piece_bytes(token_id, piece)
        return piece.replace(METASPACE, " ") if data is None else data.decode(errors="replace")

    def show(self, token_id: int, piece: str) -> str:
        """A piece for human eyes: bytes decoded, spaces visible, the continuation mark kept."""
        data = self.piece_bytes(token_id, piece)
        if data is not None:
            return shown_bytes(data)
        return shown_text(piece.replace(METASPACE, " "))


@dataclass
class TokenizerShelf:
    """The rules of the latest tokenizers, each read once and then never changed; and transformers' own tokenizers.

    ``load`` gives transformers' tokenizer of a model, which any number of threads may call at once. ``folder`` gives
    the folder of a model whose rules can be read without torch, else None.
    """

    load: Callable[[str], PreTrainedTokenizerBase]
    folder: Callable[[str], Path | None] = lambda model_id: None
    _rules: dict[str, TokenizerRules] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def has(self, model_id: str) -> bool:
        """True when the rules are at hand already, so that asking for them takes no time."""
        return model_id in self._rules

    def rules(self, model_id: str) -> TokenizerRules:
        """A tokenizer's rules.

        Raises:
            UnsupportedOptionError: the tokenizer is written in Python and doesn't report offsets.
        """
        found = self._rules.get(model_id)
        if found is None:
            with self._lock:
                found = self._rules.get(model_id)
                if found is None:
                    found = self._rules[model_id] = self._read(model_id)
                    if len(self._rules) > MOST_RULES:
                        del self._rules[next(iter(self._rules))]
        return found

    def tokenizer(self, model_id: str) -> PreTrainedTokenizerBase:
        """transformers' tokenizer of a model."""
        return self.load(model_id)

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
