"""Token ids -> text: of one token, and of a reply while it grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from playground.texts import readable_piece

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Pieces:
    """Token id -> what the token is, so that a person can read it: spaces kept, stray bytes as ``<0xE2>``."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, str] = {}
        self._anchor = _anchor(tokenizer)

    def __getitem__(self, token_id: int) -> str:
        if token_id not in self._known:
            self._known[token_id] = self._read(token_id)
        return self._known[token_id]

    def _read(self, token_id: int) -> str:
        """Decoded behind another token, because some decoders strip the space of a first one."""
        alone, both = decode(self._tokenizer, self._anchor), decode(self._tokenizer, [*self._anchor, token_id])
        text = both[len(alone) :]
        if text and "\ufffd" not in text:
            return text
        token = self._tokenizer.convert_ids_to_tokens(token_id)
        if not isinstance(token, str):
            return f"<{token_id}>"
        return readable_piece(token, byte_level=True)


class ReplyText:
    """A reply's text while it grows: `add` gives what a token adds, nothing while a character is incomplete.

    A decoder shows the bytes of an unfinished character as U+FFFD at the end, so those at the end wait for the next
    token. Only a window of the last tokens is decoded again: a long reply costs no more per token than a short one.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._window = list(prompt_ids[-4:])
        self._shown = len(decode(tokenizer, self._window, skip=True))
        self.text = ""

    def add(self, token_id: int) -> str:
        """The new suffix of the text."""
        self._window.append(token_id)
        grown = decode(self._tokenizer, self._window, skip=True)
        settled = len(grown.rstrip("\ufffd"))
        settled = max(settled, len(grown) - 3)  # no character has more than three bytes before its last
        settled = len(grown) if not grown.endswith("\ufffd") else settled
        suffix = grown[self._shown : settled]
        self._shown = max(self._shown, settled)
        if self._shown == len(grown) and len(self._window) > 12:
            self._shorten(grown)
        self.text += suffix
        return suffix

    def _shorten(self, grown: str) -> None:
        """Forgets the older tokens where the newer ones decode to the same without them."""
        tail = decode(self._tokenizer, self._window[-4:], skip=True)
        if grown.endswith(tail):
            self._window, self._shown = self._window[-4:], len(tail)


def decode(tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int], skip: bool = False) -> str:
    """The text of token ids, exactly: no spaces are tidied up."""
    text = tokenizer.decode(list(token_ids), skip_special_tokens=skip, clean_up_tokenization_spaces=False)
    return text if isinstance(text, str) else "".join(text)


def _anchor(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids of some plain text to stand in front of a token."""
    return list(tokenizer("a", add_special_tokens=False)["input_ids"])
