"""Token ids -> text: of one token, and of a reply while it grows.

It leaves out which tokens there are (`choose`) and where a reply ends (`stop_strings`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from playground.texts import readable_piece

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BYTE = re.compile("<0x[0-9A-Fa-f]{2}>")
# What `clean_up_tokenization_spaces` takes the space out of, in `PreTrainedTokenizerBase.clean_up_tokenization`.
_TIDIED = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")
_UNTIDY_ENDS = tuple(sorted({one[:size] for one in _TIDIED for size in range(1, len(one))}, key=len, reverse=True))
WINDOW = 4


class Pieces:
    """Token id -> what the token is, so that a person can read it: spaces kept, stray bytes as ``<0xE2>``."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, str] = {}
        self._anchor = list(tokenizer("a", add_special_tokens=False)["input_ids"])

    def __getitem__(self, token_id: int) -> str:
        if token_id not in self._known:
            self._known[token_id] = self._read(token_id)
        return self._known[token_id]

    def _read(self, token_id: int) -> str:
        """Decoded behind another token, because some decoders strip the space of a first one."""
        alone, both = self._decode(self._anchor), self._decode([*self._anchor, token_id])
        text = both[len(alone) :]
        if text and "\ufffd" not in text and both.startswith(alone):
            return text
        token = self._tokenizer.convert_ids_to_tokens(token_id)
        if not isinstance(token, str):
            return f"<{token_id}>"
        return readable_piece(token, byte_level=True)

    def _decode(self, token_ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(token_ids), clean_up_tokenization_spaces=False))


class Decoder:
    """A tokenizer's way from ids to text, without special tokens, and how much of a text later tokens may change."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._tidies = bool(tokenizer.clean_up_tokenization_spaces)
        self._special_ids = set(special_tokens(tokenizer))
        self._byte_ids = _byte_ids(tokenizer)

    def text(self, token_ids: Sequence[int]) -> str:
        """What ``tokenizer.decode(token_ids, skip_special_tokens=True)`` gives."""
        return str(self._tokenizer.decode(list(token_ids), skip_special_tokens=True))

    def settled(self, token_ids: Sequence[int], text: str) -> int:
        """How many characters of ``text``, which these ids give, stay as they are whatever comes next.

        A run of byte tokens (``<0xE2>``) is decoded as a whole, and becomes U+FFFD as a whole while it is no valid
        UTF-8: none of it is settled before another token follows.
        """
        run = self._bytes_at_the_end(token_ids)
        settled = text if not run else text[: _common(self.text(token_ids[:-run]), text)]
        if settled.endswith("\ufffd"):
            return len(settled) - 1
        if self._tidies:
            return len(settled) - next((len(end) for end in _UNTIDY_ENDS if settled.endswith(end)), 0)
        return len(settled)

    def tail(self, token_ids: Sequence[int]) -> list[int]:
        """The last few ids, enough for what follows them to be decoded as it is behind all of them."""
        begin, seen = len(token_ids), 0
        while begin and (seen < WINDOW or token_ids[begin] in self._byte_ids):
            begin -= 1
            seen += token_ids[begin] not in self._special_ids
        return list(token_ids[begin:])

    def reply(self, prompt_ids: Sequence[int], token_ids: Sequence[int], ended: bool = True) -> str:
        """The text that a reply adds to its prompt; while it hasn't ended, only what stays as it is."""
        text = ReplyText(self, prompt_ids)
        return text.extend(token_ids, ended)

    def _bytes_at_the_end(self, token_ids: Sequence[int]) -> int:
        """How many ids from the first of the trailing byte tokens on."""
        run = 0
        if self._byte_ids:
            for back, token_id in enumerate(reversed(token_ids), start=1):
                if token_id in self._byte_ids:
                    run = back
                elif token_id not in self._special_ids:
                    break
        return run


class ReplyText:
    """A reply's text while it grows: the joined answers of `add` are what all tokens give behind their prompt.

    What later tokens may still change is held back: half of a character, a space that may be tidied away. Only a window
    of the last tokens is decoded again, so a long reply costs no more per token than a short one.
    """

    def __init__(self, decoder: Decoder, prompt_ids: Sequence[int]) -> None:
        self._decoder = decoder
        self._window = decoder.tail(prompt_ids)
        self._prompt = decoder.text(self._window)
        self._shown = -1
        self.text = ""

    def add(self, token_id: int, ended: bool = False) -> str:
        """The new suffix of the text; with the last token, all that was held back as well."""
        return self.extend([token_id], ended)

    def extend(self, token_ids: Sequence[int], ended: bool = False) -> str:
        """The same for several tokens, or for none."""
        self._window += token_ids
        grown = self._decoder.text(self._window)
        settled = len(grown) if ended else self._decoder.settled(self._window, grown)
        shown = self._shown
        if shown < 0:  # nothing of the reply yet, and its first tokens may still change the prompt's end
            shown = _common(self._prompt, grown[:settled])
        suffix = grown[shown:settled]
        if suffix:
            self._shown = settled
        if self._shown == settled == len(grown) and len(self._window) > 3 * WINDOW:
            self._shorten(grown)
        self.text += suffix
        return suffix

    def _shorten(self, grown: str) -> None:
        """Forgets the older tokens where the newer ones decode to the same without them."""
        window = self._decoder.tail(self._window)
        tail = self._decoder.text(window)
        if tail and grown.endswith(tail):
            self._window, self._shown = window, len(tail)


def special_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """Id -> content of every special token: the named ones (eos, pad ...) and all that were added as special."""
    named = zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True)
    added = ((token_id, str(one)) for token_id, one in tokenizer.added_tokens_decoder.items() if one.special)
    return {token_id: content for token_id, content in (*named, *added) if content}


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _byte_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The ids of tokens that stand for one byte and are decoded together with the bytes around them."""
    decoder = getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None)
    if decoder is not None and "ByteFallback" not in set(_kinds(json.loads(decoder.__getstate__()))):
        return frozenset()
    return frozenset(token_id for token, token_id in tokenizer.get_vocab().items() if _BYTE.fullmatch(token))


def _kinds(state: Any) -> Iterator[str]:
    """The types of a decoder and of those within it."""
    if isinstance(state, dict):
        yield str(state.get("type"))
        for value in state.values():
            yield from _kinds(value)
    elif isinstance(state, list):
        for value in state:
            yield from _kinds(value)
