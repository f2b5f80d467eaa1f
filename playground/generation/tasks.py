"""A request -> what one model needs to answer it: its prompt, its processors, what ends it.

Done in the thread of whoever asks, so that what can't be used is said at once and costs the others nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from playground.generation.passes import Passes
from playground.generation.pieces import Decoder, Pieces
from playground.generation.processors import build_processors, eos_ids, own_settings, stop_strings
from playground.generation.prompts import Prompt, read_prompt
from playground.generation.request import GenerateRequest
from playground.generation.stop_strings import Spelling
from playground.generation.stream import Speaker, Task
from playground.models.limits import context_length

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel


class Tasks:
    """Makes requests ready for one model."""

    def __init__(self, loaded: LoadedModel, passes: Passes) -> None:
        self._model, self._tokenizer = loaded.model, loaded.tokenizer
        self._rows, self._note = passes.embedding_rows, passes.note
        self._spelling = Spelling(loaded.tokenizer)
        self.speaker = Speaker(
            Decoder(loaded.tokenizer), Pieces(loaded.tokenizer), eos_ids(loaded.model),
            context_length(loaded.model), passes.vocab, passes.device, passes.cached,
            loaded.key.quantization, loaded.dtype,
        )  # fmt: skip

    def prepare(self, request: GenerateRequest) -> Task:
        """The task of a request, checked against the model's limits.

        Raises:
            InputError, UnsupportedOptionError: see `read_prompt` and `build_processors`.
        """
        read = read_prompt(request, self._tokenizer, self.speaker.context_length, self._rows)
        own = own_settings(self._model, request)
        notes = (*read.notes, *own.notes(), *filter(None, [self._note]))
        make = partial(build_processors, self._model, request, read.token_ids, read.max_new_tokens)
        make()  # what is wrong with them is said before anything runs
        return Task(
            request, Prompt(read.token_ids, read.max_new_tokens, notes),
            self._spelling.stop_strings(stop_strings(self._model, request)), make, own.shown,
        )  # fmt: skip
