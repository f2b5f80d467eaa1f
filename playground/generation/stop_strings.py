"""Where a stop string ends a reply: as ``model.generate(stop_strings=...)`` finds it, without its tensors.

A stop string is looked for in what the tokens spell, one by one: special tokens count, and it may begin in the prompt.
It has to end in the newest token.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers import StopStringCriteria

from playground.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class StopStrings:
    """Some stop strings, ready to be looked for."""

    def __init__(self, stop_strings: Sequence[str], spelled: dict[int, Any]) -> None:
        self._spelled = spelled
        in_bytes = any(isinstance(piece, bytes) for piece in spelled.values())
        self._stops: list[Any] = [one.encode() if in_bytes else one for one in stop_strings]
        self._longest = max(map(len, self._stops), default=0)

    def end(self, token_ids: Sequence[int], before_ids: Sequence[int] = ()) -> bool:
        """True if a stop string ends in the last of these tokens; it may begin in those before them."""
        last = self._spelled.get(token_ids[-1]) if self._stops else None
        if not last:
            return False
        text = self._text_before(token_ids, before_ids, last[:0])
        begin = len(text)
        text += last
        return any(text.find(stop, max(0, begin - len(stop) + 1)) >= 0 for stop in self._stops)

    def can_end(self) -> bool:
        """True if some token ends one of them: a model whose tokens spell none of their letters never stops."""
        return any(
            stop in piece or any(stop.endswith(piece[:size]) for size in range(1, min(len(piece), len(stop)) + 1))
            for piece in self._spelled.values()
            for stop in self._stops
        )

    def _text_before(self, token_ids: Sequence[int], before_ids: Sequence[int], text: Any) -> Any:
        """What the tokens before the last one spell, as far back as a stop string may reach."""
        count = self._longest - 1
        tail = [*before_ids[len(before_ids) - max(0, count - len(token_ids) + 1) :], *token_ids[-count - 1 : -1]]
        for token_id in reversed(tail[-count:] if count else []):
            piece = self._spelled.get(token_id)
            if piece is None or len(text) >= self._longest:
                break
            text = piece + text
        return text


class Spelling:
    """What each token of a tokenizer spells; read when it is first needed, which takes a moment."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer, self._lock = tokenizer, threading.Lock()
        self._spelled: dict[int, Any] = {}

    def stop_strings(self, stop_strings: Sequence[str]) -> StopStrings:
        """Those strings, ready to be looked for.

        Raises:
            InputError: no token of this model ends any of them.
        """
        if not stop_strings:
            return StopStrings((), {})
        found = StopStrings(stop_strings, self._read())
        if not found.can_end():
            raise InputError(
                f"No token of this model can end a reply with {' or '.join(map(repr, stop_strings))}.",
                "Choose another stop string.",
            )
        return found

    def _read(self) -> dict[int, Any]:
        with self._lock:
            if not self._spelled:
                mode = StopStringCriteria._get_stop_string_matching_mode(self._tokenizer)
                try:
                    spelled, ids = StopStringCriteria.clean_tokenizer_vocab(
                        self._tokenizer, stop_string_matching_mode=mode
                    )
                except ValueError as error:  # "abcdef" isn't what its tokens say
                    raise InputError("This model's tokenizer can't look for stop strings.", "Remove them.") from error
                self._spelled = dict(zip(ids, spelled, strict=True))
            return self._spelled
