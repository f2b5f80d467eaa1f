"""One tokenizer for any number of threads: it never changes, whatever they ask of it.

A fast tokenizer keeps padding, truncation and the treatment of special tokens as settings of its own, and sets them
at every call that asks for something else; tokenizers of translation models also exchange their language. Two threads
would get each other's settings, or the error "Already borrowed". So calls that set something go to a twin, one after
the other, and everything else goes on at once on a tokenizer whose settings stay as they were read.
"""

from __future__ import annotations

import copy
import functools
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

AnyTokenizer = TypeVar("AnyTokenizer", bound="PreTrainedTokenizerBase")


def share(tokenizer: AnyTokenizer) -> AnyTokenizer:
    """The same tokenizer, from now on safe in any number of threads; without the padding that its file may bring.

    The second vocabulary that the twin needs is made by the first call that needs it. A `copy.deepcopy` has a twin of
    its own.
    """
    if tokenizer.is_fast:
        backend = tokenizer.backend_tokenizer
        backend.no_padding()
        backend.no_truncation()
        backend.encode_special_tokens = tokenizer.split_special_tokens
    tokenizer.__class__ = _shared_class(type(tokenizer))  # type: ignore[arg-type]
    tokenizer._twin = _Twin()
    return tokenizer


def renew_turn(tokenizer: PreTrainedTokenizerBase) -> None:
    """Makes the twin free, in a process that was forked: whoever had it isn't there."""
    twin = getattr(tokenizer, "_twin", None)
    if twin is not None:
        twin.turn = threading.RLock()


class _Twin:
    """A second tokenizer, used by one thread at a time."""

    def __init__(self) -> None:
        self.turn = threading.RLock()
        self._tokenizer: PreTrainedTokenizerBase | None = None

    def of(self, tokenizer: Any) -> Any:
        """The twin, made at its first use; needs the turn."""
        if self._tokenizer is None:
            twin = copy.deepcopy(tokenizer)
            twin.__class__ = type(tokenizer).__mro__[1]
            del twin._twin
            self._tokenizer = twin
        return self._tokenizer

    def __deepcopy__(self, memo: dict[int, Any]) -> _Twin:
        return _Twin()


@functools.cache
def _shared_class(base: type[Any]) -> type[Any]:
    """A class of the same name whose calls that set something go to the twin."""
    exchanges_language = hasattr(base, "_switch_to_input_mode")

    class Shared(base):
        def __call__(self, *values: Any, **options: Any) -> Any:
            if not exchanges_language:
                return super().__call__(*values, **options)
            with self._twin.turn:
                return self._twin.of(self)(*values, **options)

        def _encode_plus(self, *values: Any, **options: Any) -> Any:
            if not (self.is_fast and _sets_something(self, options)):
                return super()._encode_plus(*values, **options)
            with self._twin.turn:
                return self._twin.of(self)._encode_plus(*values, **options)

    Shared.__name__, Shared.__qualname__ = base.__name__, base.__qualname__
    return Shared


def _sets_something(tokenizer: Any, options: dict[str, Any]) -> bool:
    from transformers.tokenization_utils_base import PaddingStrategy, TruncationStrategy

    split = options.get("split_special_tokens")
    return (
        options.get("padding_strategy", PaddingStrategy.DO_NOT_PAD) != PaddingStrategy.DO_NOT_PAD
        or options.get("truncation_strategy", TruncationStrategy.DO_NOT_TRUNCATE) != TruncationStrategy.DO_NOT_TRUNCATE
        or (split is not None and split != tokenizer.split_special_tokens)
        or bool(options.get("sanitize_control_tokens"))
    )
