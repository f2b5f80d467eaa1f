"""Up to 60 words -> the loss of each one given each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from playground.similarity.embedding import NO_ENCODER, cosine_table
from playground.similarity.request import MAX_WORDS, WordMatrixRequest
from playground.similarity.result import Progress, WordMatrixResult
from playground.similarity.word_loss import lease_scorer
from playground.similarity.words import check_words

if TYPE_CHECKING:
    from playground.models.manager import ModelManager


def word_matrix(manager: ModelManager, request: WordMatrixRequest) -> Iterator[Progress | WordMatrixResult]:
    """A `Progress` for every chunk of sources, then one `WordMatrixResult`. Closing the iterator stops the work.

    Raises:
        EmptyInputError, InputError, InputTooLongError: the words can't be used.
        UnsupportedOptionError: the model has no loss for a word and its label.
    """
    words, notes = check_words(request.words, most=MAX_WORDS)
    table: list[tuple[float, ...]] = []
    with lease_scorer(manager, request, words) as scorer:
        sources = ("", *words)
        yield Progress(0, len(sources))
        for start, sums in scorer.sums(sources, words):
            table += sums
            yield Progress(start + len(sums), len(sources))
        counts = tuple(len(scorer.label_ids(word)) for word in words)
        model_id, template = scorer.loaded.spec.id, scorer.template
        held = scorer.loaded.key.quantization
    cosine = cosine_table(manager, words) if request.cosine else None
    if request.cosine and cosine is None:
        notes = (*notes, NO_ENCODER)
    loss = tuple(tuple(total / count for total, count in zip(row, counts, strict=True)) for row in table[1:])
    yield WordMatrixResult(model_id, template, words, loss, counts, table[0], cosine, notes, request.quantization, held)
