"""What a playground answers about how close words are.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.models.pretrained import Pretrained
    from playground.receipt import Receipt
    from playground.similarity.request import EmbedRequest, WordLossRequest, WordMatrixRequest, WordPairsRequest
    from playground.similarity.result import (
        EmbedResult,
        Progress,
        WordLossResult,
        WordMapResult,
        WordMatrixResult,
        WordPairsResult,
    )


def _matrix_seconds(request: WordMatrixRequest) -> float:
    """On a GPU: a second for 200 losses."""
    return 20 + len(request.words) ** 2 / 200


def _pairs_seconds(request: WordPairsRequest) -> float:
    """On a GPU: a second for 50 pairs."""
    return 20 + len(request.pairs) / 50


class SimilarityWing(Wing):
    """What a playground answers about how close words are."""

    @heavy("playground.similarity.word_loss", gpu_seconds=20)
    def word_loss(self, request: WordLossRequest) -> WordLossResult:
        """exp(loss) of every ordered pair of two or three words, piece by piece."""
        from playground.similarity import word_loss as similarity

        return similarity.word_loss(self.manager, request)

    @heavy("playground.similarity.word_loss")
    def word_loss_receipt(self, result: WordLossResult) -> Receipt:
        """Plain transformers code that gives the losses of a result."""
        from playground.links.form import linked
        from playground.similarity import receipt as receipts

        words = result.words or tuple(dict.fromkeys(word for one in result.losses for word in (one.source, one.target)))
        return linked(receipts.word_loss_receipt(words, self._held(result), result.template), self.link(result))

    @heavy("playground.similarity.word_loss")
    def word_matrix_receipt(self, result: WordMatrixResult) -> Receipt:
        """Plain transformers code that gives the summed losses of a matrix, and those after an empty source."""
        from playground.links.form import linked
        from playground.similarity import receipt as receipts

        return linked(receipts.word_matrix_receipt(result, self._held(result)), self.link(result))

    @heavy("playground.similarity.word_loss")
    def word_pairs_receipt(self, result: WordPairsResult, people: tuple[float, ...] = ()) -> Receipt:
        """Plain transformers code that gives how close each pair is, and how far ``people``'s ratings agree."""
        from playground.links.form import linked
        from playground.similarity import receipt as receipts

        return linked(receipts.word_pairs_receipt(result, self._held(result), people), self.link(result))

    @heavy("playground.similarity.word_map")
    def word_map(self, matrix: WordMatrixResult) -> WordMapResult:
        """The words of a matrix as points of two flat pictures."""
        from playground.similarity import word_map

        return word_map.word_map(matrix)

    @heavy("playground.similarity.word_map", gpu_seconds=30)
    def map_words(self, request: WordMatrixRequest) -> WordMapResult:
        """The same for words that are measured first."""
        from playground.similarity import word_map

        return word_map.map_words(self.manager, request)

    @heavy("playground.similarity.word_map")
    def word_map_receipt(self, result: WordMapResult) -> Receipt:
        """Plain transformers code that gives the points of both pictures."""
        from playground.links.answers import asked_by
        from playground.links.form import link_to, linked
        from playground.similarity.embedding import ENCODER
        from playground.similarity.map_receipt import word_map_receipt

        encoder = None
        if result.by_embedding is not None:
            encoder = self.manager.pretrained(self.catalog.default_for(ENCODER).id, ENCODER)
        return linked(word_map_receipt(result, self._held(result), encoder), link_to(asked_by(result)))

    def _held(self, result: WordLossResult | WordMatrixResult | WordPairsResult | WordMapResult) -> Pretrained:
        task = "text2text-generation" if result.template is None else "text-generation"
        return self.manager.pretrained(result.model_id, task, result.quantization)

    @heavy("playground.similarity.matrix", gpu_seconds=_matrix_seconds)
    def word_matrix(self, request: WordMatrixRequest) -> Iterator[Progress | WordMatrixResult]:
        """Progress, then the losses of up to 60 words against each other. Closing the iterator stops the work."""
        from playground.similarity import matrix

        yield from matrix.word_matrix(self.manager, request)

    @heavy("playground.similarity.pairs", gpu_seconds=_pairs_seconds)
    def word_pairs(self, request: WordPairsRequest) -> Iterator[Progress | WordPairsResult]:
        """Progress, then every measure of a list of pairs. Closing the iterator stops the work."""
        from playground.similarity import pairs

        yield from pairs.word_pairs(self.manager, request)

    @heavy("playground.similarity.embedding", gpu_seconds=20)
    def embed(self, request: EmbedRequest) -> EmbedResult:
        """A unit vector of an encoder for each text; see `similarity.embedding.embed_texts`."""
        from playground.similarity.embedding import embed_texts

        return embed_texts(self.manager, request)
