"""Pairs of words -> both losses of each pair, and everything else that can be compared with people's ratings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from playground.similarity.embedding import cosine_pairs
from playground.similarity.request import MAX_PAIRS, WordPairsRequest
from playground.similarity.result import PairMeasures, Progress, WordPairsResult
from playground.similarity.word_loss import lease_scorer
from playground.similarity.words import check_pairs, check_words

if TYPE_CHECKING:
    from playground.models.manager import ModelManager


def word_pairs(manager: ModelManager, request: WordPairsRequest) -> Iterator[Progress | WordPairsResult]:
    """A `Progress` for every source, then one `WordPairsResult`. Only the pairs asked for are scored.

    Raises:
        EmptyInputError, InputError, InputTooLongError: the pairs can't be used.
        UnsupportedOptionError: the model has no loss for a word and its label.
    """
    pairs = check_pairs(request.pairs, most=MAX_PAIRS)
    words, _ = check_words([word for pair in pairs for word in pair], most=2 * MAX_PAIRS)
    wanted: dict[str, list[str]] = {"": list(words)}
    for first, second in pairs:
        wanted.setdefault(first, []).append(second)
        wanted.setdefault(second, []).append(first)
    sums: dict[tuple[str, str], float] = {}
    with lease_scorer(manager, request, words) as scorer:
        for done, (source, targets) in enumerate(wanted.items()):
            yield Progress(done, len(wanted))
            for target, pieces in zip(targets, scorer.piece_losses(source, targets), strict=True):
                sums[source, target] = sum(loss for _, loss in pieces)
        counts = {word: len(scorer.label_ids(word)) for word in words}
        model_id, template = scorer.loaded.spec.id, scorer.template
        held = scorer.loaded.key.quantization
    cosines = cosine_pairs(manager, pairs) if request.cosine else [None] * len(pairs)
    measures = tuple(_measures(*pair, sums, counts, cosine) for pair, cosine in zip(pairs, cosines, strict=True))
    yield WordPairsResult(model_id, template, measures, request.quantization, held)


def _measures(
    first: str, second: str, sums: dict[tuple[str, str], float], counts: dict[str, int], cosine: float | None
) -> PairMeasures:
    return PairMeasures(
        word1=first,
        word2=second,
        loss_forward=sums[first, second] / counts[second],
        loss_backward=sums[second, first] / counts[first],
        loss_sum_forward=sums[first, second],
        loss_sum_backward=sums[second, first],
        baseline_sum_1=sums["", first],
        baseline_sum_2=sums["", second],
        cosine=cosine,
    )
