"""The public endpoints: losses between words; arguments are those of the requests, answers the results."""

from __future__ import annotations

import playground as pg
from playground.similarity.request import DEFAULT_TEMPLATE
from tabs.page import publish


class SimilarityApi:
    """The endpoints over one playground. An empty ``model_id`` takes the catalog's first."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds them to the page that is being built."""
        publish(self.word_loss)
        publish(self.word_matrix)
        publish(self.word_map)

    def word_loss(self, words: list[str], model_id: str = "", template: str = DEFAULT_TEMPLATE) -> pg.WordLossResult:
        """How much a language model expects one word after another: the loss of every ordered pair of words.

        Args:
            words: two or three words or phrases.
            model_id: a model of the catalog that was trained to go on from text to text; empty is the first.
            template: for causal models; it names {source} and ends with {target}.

        Returns:
            losses, the most expected pair first, in nats, with the loss of each piece.
        """
        return self._playground.word_loss(pg.WordLossRequest(tuple(words), model_id or None, template=template))

    def word_matrix(
        self, words: list[str], model_id: str = "", template: str = DEFAULT_TEMPLATE
    ) -> pg.WordMatrixResult:
        """How close many words are to each other, by a language model's losses and by the cosine of embeddings.

        Args:
            words: two to 60 words or phrases.
            model_id: a model of the catalog that was trained to go on from text to text; empty is the first.
            template: for causal models; it names {source} and ends with {target}.

        Returns:
            loss[source][target] in nats, pieces of each target, its summed loss after an empty source, and cosine.
        """
        request = pg.WordMatrixRequest(tuple(words), model_id or None, template=template)
        *_, result = self._playground.word_matrix(request)
        assert isinstance(result, pg.WordMatrixResult)
        return result

    def word_map(self, words: list[str], model_id: str = "", template: str = DEFAULT_TEMPLATE) -> pg.WordMapResult:
        """Up to 60 words as points of two flat pictures: by the cosines of their embeddings (PCA) and by the losses
        between them (classical scaling), with what the pictures keep and each word's nearest.

        Args:
            words: words or phrases, up to 60.
            model_id: a model of the catalog that was trained to go on from text to text; empty is the first.
            template: for causal models; it names {source} and ends with {target}.
        """
        return self._playground.map_words(pg.WordMatrixRequest(tuple(words), model_id or None, template=template))
