"""The answers of a class beside those of a model: how they spread, how far apart they are, and what comes next.

Only arithmetic. Both distributions are over the same answers; what the model gives to all other answers is one more
answer, which nobody in the class gave.
"""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from playground.classroom.questions import Choice, Number, Question, Slider, TokenCount, Told, Value, Word, grouped
from playground.classroom.result import Bar, ModelSays, Reveal, Said, Surprise
from playground.errors import InputError, NotAllowedError
from playground.units import format_number

SLIDER_BARS = 10
MOST_SURPRISES = 3
SURPRISING = math.log(16)  # nats: one in sixteen


def reveal(question: Question, answers: Mapping[int, Value], says: ModelSays) -> Reveal:
    """The class beside the model; ``answers`` are those of each seat, by its number."""
    if isinstance(question, TokenCount | Slider | Number):
        return _numbers(question, answers, says)
    seats = _seats_of(answers, says)
    total = len(answers)
    bars = tuple(_bar(one, len(seats[place]), total) for place, one in enumerate(says.said))
    likeliest = says.said[says.right].name if says.right >= 0 else None
    shown = _ordered(bars) if says.read_as else bars
    known = bool(bars) and all(one.probability is not None for one in bars)
    return Reveal(
        bars=shown,
        answered=total,
        agreement=sum(bar.probability or 0.0 for bar in bars if bar.count) if known and total else None,
        total_variation=total_variation(bars) if known and total else None,
        right=next((place for place, bar in enumerate(shown) if bar.name == likeliest), -1),
        rest=_rest(bars) if known else 0.0,
        surprises=_surprises(says.said, seats) if known else (),
        note=says.note,
        origin=says.origin,
    )


def told(question: Question, says: ModelSays, given: Any) -> ModelSays:
    """What is right, as whoever asks says where no model answers.

    Raises:
        InputError: it is no answer to this question.
        NotAllowedError: the model answers this question itself.
    """
    if not isinstance(question, Told):
        raise NotAllowedError("The model answers this question itself.", "Leave right out.")
    value = question.read(given)
    if isinstance(question, Choice):
        return replace(says, right=int(value))
    if isinstance(question, Word):
        return replace(says, said=(Said(str(value), None),), right=0)
    return replace(says, number=float(value))


def count_words(says: ModelSays, words: Iterable[str]) -> ModelSays:
    """The words of a class, the one that most gave first; they are the same whatever their case.

    >>> count_words(ModelSays(), ["Cat", "dog", "cat"]).read_as
    (('Cat', 0), ('cat', 0), ('dog', 1))
    """
    given = sorted(words)
    names = {one.casefold(): one for one in reversed(given)}
    right = says.said[: says.right + 1]
    known = [one.name.casefold() for one in right]
    counted = Counter(word.casefold() for word in given)
    order = [*known, *sorted(counted.keys() - set(known), key=lambda word: (-counted[word], word))]
    places = {word: place for place, word in enumerate(order)}
    said = (*right, *(Said(names[word], None) for word in order[len(right) :]))
    return replace(says, said=said, read_as=tuple((word, places[word.casefold()]) for word in sorted(set(given))))


def bar_of(question: Question, says: ModelSays, shown: Reveal, value: Value) -> int:
    """The place among the bars of an answer that counted in them."""
    if isinstance(question, TokenCount | Slider | Number):
        name, token_id = _names_of_bars(question, [float(value)])[float(value)], -1
    else:
        one = says.said[dict(says.read_as)[value] if isinstance(value, str) else int(value)]
        name, token_id = one.name, one.token_id
    return next((at for at, bar in enumerate(shown.bars) if (bar.name, bar.token_id) == (name, token_id)), -1)


def total_variation(bars: Sequence[Bar]) -> float:
    """Half the sum of the distances between the class's shares and the model's probabilities.

    >>> total_variation([Bar("a", 1, 0.5, 0.75), Bar("b", 1, 0.5, 0.25)])
    0.25
    """
    apart = math.fsum(abs(bar.share - (bar.probability or 0.0)) for bar in bars)
    return min(1.0, (apart + _rest(bars)) / 2)


def vote(bars: Sequence[Bar]) -> Bar:
    """The answer of most; of equals the one that the model finds likelier.

    Raises:
        InputError: nobody answered.
    """
    return max(_answered(bars), key=lambda bar: (bar.count, bar.probability or 0.0))


def draw(bars: Sequence[Bar], temperature: float, chance: random.Random) -> Bar:
    """An answer, drawn from the class's distribution at a temperature, as a model draws its tokens.

    Raises:
        InputError: nobody answered, or the temperature isn't above 0.
    """
    if not 0 < temperature <= 100:
        raise InputError(f"The temperature is {format_number(temperature, 'g')}.", "Choose one above 0, up to 100.")
    given = _answered(bars)
    most = max(bar.share for bar in given)
    weights = [(bar.share / most) ** (1 / temperature) for bar in given]
    return chance.choices(given, weights)[0]


def _answered(bars: Sequence[Bar]) -> list[Bar]:
    given = [bar for bar in bars if bar.count]
    if not given:
        raise InputError("Nobody has answered.", "Ask again, or wait for an answer.")
    return given


def _seats_of(answers: Mapping[int, Value], says: ModelSays) -> list[list[int]]:
    """Who gave each answer of ``says.said``."""
    read_as = dict(says.read_as)
    seats: list[list[int]] = [[] for _ in says.said]
    for seat, value in sorted(answers.items()):
        seats[read_as[value] if isinstance(value, str) else int(value)].append(seat)
    return seats


def _bar(one: Said, count: int, total: int) -> Bar:
    return Bar(one.name, count, count / total if total else 0.0, one.probability, one.token_id)


def _ordered(bars: tuple[Bar, ...]) -> tuple[Bar, ...]:
    return tuple(sorted(bars, key=lambda bar: (-max(bar.share, bar.probability or 0.0), bar.name)))


def _rest(bars: Sequence[Bar]) -> float:
    return max(0.0, 1.0 - math.fsum(bar.probability or 0.0 for bar in bars))


def _surprises(said: Sequence[Said], seats: Sequence[Sequence[int]]) -> tuple[Surprise, ...]:
    found = [  # what no token begins has no loss
        Surprise(one.name, -math.log(one.probability), tuple(who))
        for one, who in zip(said, seats, strict=True)
        if who and one.probability
    ]
    found = [one for one in found if one.loss >= SURPRISING]
    return tuple(sorted(found, key=lambda one: (-one.loss, one.name))[:MOST_SURPRISES])


def plain(number: float) -> str:
    """A number in digits alone, as people write it.

    >>> plain(1e-06), plain(12.0), plain(1e12), plain(-1e-300)
    ('0.000001', '12', '1000000000000', '0')
    """
    return f"{Decimal(f'{round(number, 9) + 0.0:.12g}'):f}"


def with_unit(number: str, unit: str) -> str:
    """A number as people read it, with the unit of its question, if that has one.

    >>> with_unit("-12", "°C"), with_unit("5", "")
    ('−12\\xa0°C', '5')
    """
    number = number.replace("-", "−")
    return f"{number}\u00a0{unit.strip()}" if unit.strip() else number


def _numbers(question: TokenCount | Slider | Number, answers: Mapping[int, Value], says: ModelSays) -> Reveal:
    """The class's numbers as bars, one of which is the model's."""
    values = [float(value) for value in answers.values()]
    names = _names_of_bars(question, [*values, *([] if says.number is None else [says.number])])
    counts = dict.fromkeys(names.values(), 0)
    for value in values:
        counts[names[value]] += 1
    right = -1 if says.number is None else list(counts).index(names[says.number])
    return Reveal(
        bars=tuple(Bar(name, n, n / len(values) if values else 0.0, None) for name, n in counts.items()),
        answered=len(values),
        agreement=None,
        total_variation=None,
        right=right,
        number=says.number,
        median=statistics.median(values) if values else None,
        note=says.note,
        origin=says.origin,
    )


def _names_of_bars(question: TokenCount | Slider | Number, values: Sequence[float]) -> dict[float, str]:
    """Which bar each number belongs to; the bars of a slider are all there, also those that nobody chose."""
    if not isinstance(question, Slider):
        unit = getattr(question, "unit", "")
        return {value: with_unit(plain(value), unit) for value in sorted(values)}
    width = (question.high - question.low) / SLIDER_BARS
    ends = [question.low + place * width for place in range(SLIDER_BARS + 1)]
    names = {
        low: with_unit(f"{grouped(low)} to {grouped(high)}", question.unit) for low, high in itertools.pairwise(ends)
    }
    lows = list(names)
    inside = {value: names[lows[min(SLIDER_BARS - 1, max(0, int((value - question.low) / width)))]] for value in values}
    return {**names, **inside}
