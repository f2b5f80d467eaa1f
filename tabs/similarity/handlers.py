"""What the tab does when something is pressed: plain functions on a playground and the page's values.

They know no component; `tabs.similarity.tab` binds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import playground as pg
from playground.errors import InputError
from playground.links.answers import asked_by
from playground.receipt import Receipt
from playground.similarity.result import Progress
from tabs.similarity.format import (
    LossesView,
    MatrixView,
    RatedPair,
    RatingsView,
    format_losses,
    format_matrix,
    format_ratings,
    matrix_csv,
)

RATINGS = Path(__file__).parents[2] / "assets" / "examples" / "word_ratings.csv"
WORD_NAMES = ("word", "words", "text", "term", "phrase")
_SEPARATORS = re.compile(r"[,;\n\t]+")


class MeasuredMatrix(NamedTuple):
    """The matrix with its CSV and its receipt, its map with the map's receipt, and the measurement itself."""

    matrix: MatrixView
    table: str
    receipt: Receipt
    map: pg.WordMapResult
    map_receipt: Receipt
    result: pg.WordMatrixResult


def split_words(text: str) -> tuple[str, ...]:
    """The words or phrases of a text: separated by commas, semicolons, tabs or line ends.

    >>> split_words("man, woman\\nbig dog;")
    ('man', 'woman', 'big dog')
    """
    return tuple(word.strip() for word in _SEPARATORS.split(text or "") if word.strip())


def read_words(path: Path) -> str:
    """The words of a file, for the field: its column of words, or its only row.

    A first line of which it isn't sure that it names the columns is a word, too.
    """
    table = pg.read_file(path)
    named = next((name for name in table.columns if name.strip().lower() in WORD_NAMES), None)
    if named is None and table.format.header_doubtful:
        table = pg.read_file(path, header=False)
    words = table.rows[0] if len(table.rows) == 1 else tuple(table.column(named or table.columns[0]))
    return ", ".join(word.strip() for word in words if word.strip())


def read_ratings() -> tuple[RatedPair, ...]:
    """The bundled pairs with people's mean rating from 0 to 10 (WordSim-353)."""
    table = pg.read_file(RATINGS)
    columns = [table.column(name) for name in ("word1", "word2", "rating")]
    return tuple(RatedPair(first, second, float(rating)) for first, second, rating in zip(*columns, strict=True))


def measure_words(
    playground: pg.Playground, words: tuple[str, ...], model_id: str, template: str
) -> tuple[LossesView, pg.WordLossResult]:
    """Two or three words: what the view shows, and the result for its receipt."""
    result = playground.word_loss(pg.WordLossRequest(words, model_id, template=template))
    return format_losses(result, words), result


def measure_matrix(
    playground: pg.Playground, text: str, model_id: str, template: str
) -> Iterator[Progress | MeasuredMatrix]:
    """How far it has come, and last the matrix and its map."""
    for event in playground.word_matrix(pg.WordMatrixRequest(split_words(text), model_id, template=template)):
        if isinstance(event, pg.WordMatrixResult):
            result = playground.word_map(event)
            yield MeasuredMatrix(
                format_matrix(event),
                matrix_csv(event),
                playground.word_matrix_receipt(event),
                result,
                playground.word_map_receipt(result),
                event,
            )
        else:
            yield event


def asked_and_measured(result: pg.WordMatrixResult) -> tuple[tuple[pg.WordMatrixRequest, ...], pg.WordMatrixResult]:
    """What a matrix was asked as, and the matrix."""
    return (asked_by(result),), result


class MeasuredRatings(NamedTuple):
    """The rated pairs with a model's measures, the receipt, and the measurement itself."""

    view: RatingsView
    receipt: Receipt
    result: pg.WordPairsResult


def rated_pairs(ratings: tuple[RatedPair, ...], model_id: str, template: str) -> pg.WordPairsRequest:
    """The question how close the pairs are that people have rated."""
    return pg.WordPairsRequest(tuple((pair.word1, pair.word2) for pair in ratings), model_id, template=template)


def measure_ratings(
    playground: pg.Playground, ratings: tuple[RatedPair, ...], request: pg.WordPairsRequest
) -> Iterator[Progress | MeasuredRatings]:
    """How far it has come, and last the pairs with the model's measures.

    Raises:
        InputError: other pairs are asked for than people have rated.
    """
    if request.pairs != rated_pairs(ratings, "", "").pairs:
        raise InputError("People have rated other pairs than these.", "Python measures any: playground.word_pairs(…).")
    for event in playground.word_pairs(request):
        if isinstance(event, pg.WordPairsResult):
            receipt = playground.word_pairs_receipt(event, tuple(pair.rating for pair in ratings))
            yield MeasuredRatings(format_ratings(ratings, event), receipt, event)
        else:
            yield event
