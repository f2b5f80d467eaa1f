"""Two or three words -> exp(loss) of each one given each other, piece by piece.

The idea: feed one word to a sequence-to-sequence model and make the other its label. ``model(...).loss`` is the mean
surprise, in nats, over the label's pieces; ``exp(loss)`` is the perplexity: 1 means certain, 20 means as unsure as
between 20 equally likely pieces. The direction matters: *man -> woman* is not *woman -> man*.

Leaves out many words at once (`matrix`, `pairs`) and the training of the embedded model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from playground.errors import WrongTaskError
from playground.similarity.causal import CausalScorer
from playground.similarity.measures import perplexity
from playground.similarity.request import WordLossRequest, WordMatrixRequest, WordPairsRequest
from playground.similarity.result import PieceLoss, WordLoss, WordLossResult
from playground.similarity.scorer import Pieces, Scorer, proven
from playground.similarity.seq2seq import Seq2SeqScorer
from playground.similarity.words import check_template, check_words
from playground.texts import is_byte_level, shown_piece

if TYPE_CHECKING:
    from playground.models.manager import Lease, LoadedModel, ModelManager

SEQ2SEQ, CAUSAL = "text2text-generation", "text-generation"


def word_loss(manager: ModelManager, request: WordLossRequest) -> WordLossResult:
    """The loss of every ordered pair of the request's words.

    Raises:
        EmptyInputError, InputError, InputTooLongError: the words can't be used.
        UnsupportedOptionError: the model has no loss for a word and its label.
    """
    words, notes = check_words(request.words, most=3)
    with lease_scorer(manager, request, words) as scorer:
        losses = []
        for source in words:
            targets = [word for word in words if word != source]
            rows = scorer.piece_losses(source, targets)
            losses += [_word_loss(scorer, source, *pair) for pair in zip(targets, rows, strict=True)]
        return WordLossResult(
            model_id=scorer.loaded.spec.id,
            quantization=request.quantization,
            template=scorer.template,
            losses=tuple(sorted(losses, key=lambda one: one.loss)),
            notes=notes,
            words=tuple(words),
            held=scorer.loaded.key.quantization,
        )


@contextmanager
def lease_scorer(
    manager: ModelManager, request: WordLossRequest | WordMatrixRequest | WordPairsRequest, words: Sequence[str]
) -> Iterator[Scorer]:
    """A scorer of the leased model that a request names, once it is clear that it can score these words.

    Raises:
        InputError: the template can't be used, or the tokenizer knows no piece of a word.
        ModelError: the model can't be loaded, or has no loss for a word and its label.
    """
    spec = manager.spec(request.model_id, SEQ2SEQ) if request.model_id else manager.catalog.default_for(SEQ2SEQ, CAUSAL)
    known = manager.catalog.find(spec.id) is not None
    if known and spec.task == CAUSAL:
        check_template(request.template)  # before anything is loaded
    tasks = (CAUSAL,) if spec.task == CAUSAL else (SEQ2SEQ,) if known else (SEQ2SEQ, CAUSAL)
    with ExitStack() as stack:
        loaded = _borrow(stack, [manager.lease(spec.id, task, request.quantization) for task in tasks])
        template = check_template(request.template) if loaded.key.task == CAUSAL else None
        scorer = scorer_of(loaded, template)
        scorer.check_known(words)
        yield scorer


def _borrow(stack: ExitStack, leases: Sequence[Lease]) -> LoadedModel:
    """The model of the first lease whose task it has a head for: of an id that was typed in, none is known before."""
    for lease in leases[:-1]:
        with suppress(WrongTaskError):
            return stack.enter_context(lease)
    return stack.enter_context(leases[-1])


def scorer_of(loaded: LoadedModel, template: str | None) -> Scorer:
    """The scorer of a loaded model; a causal one needs a template.

    Raises:
        UnsupportedOptionError: the model has no loss for a word and its label.
    """
    return proven(Seq2SeqScorer(loaded, None) if template is None else CausalScorer(loaded, template))


def _word_loss(scorer: Scorer, source: str, target: str, pieces: Pieces) -> WordLoss:
    losses = [loss for _, loss in pieces]
    names = scorer.tokenizer.convert_ids_to_tokens([token_id for token_id, _ in pieces])
    byte_level = is_byte_level(scorer.tokenizer)
    shown = tuple(
        PieceLoss(token_id, shown_piece(name, byte_level=byte_level), math.exp(-loss), loss)
        for name, (token_id, loss) in zip(names, pieces, strict=True)
    )
    return WordLoss(source, target, sum(losses) / len(losses), sum(losses), perplexity(losses), shown)
