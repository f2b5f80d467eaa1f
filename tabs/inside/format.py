"""Results of looking inside -> what the views draw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import playground as pg
from playground.inside.request import CAUSAL, MASKED
from playground.inside.result import NextAttribution
from playground.texts import quoted, shown_text
from playground.units import format_error, format_number, format_share

FULL_COLOUR = 0.05  # the least value that may have the strongest colour, in units of the logit
MORE = "Compare three methods"  # the button that asks for all of them
NO_NEXT = "There is no next token to explain: look inside a text first, one without a mask."
ABOUT = {  # in the order in which they are read, whichever answers first
    "integrated_gradients": "Gradients on the straight way from a text of empty tokens to this one, added up.",
    "occlusion": "What is lost when the model reads the text without this one.",
    "gradient_x_input": "One gradient, at the text itself, times each embedding: noisy.",
}
CAUTION = (
    "These say what one logit depends on, each in its own way; none says what the model “thinks”. Where they disagree, "
    "trust none of them alone. The first token often counts for much whatever it says: many heads rest on it."
)
ONE_METHOD = f"This is what one method says: “{MORE}” sets two others beside it."


def format_lens(
    result: pg.LensResult, title: str, source: str, at: tuple[int, int] | None = None, asked: Sequence[str] = ()
) -> str:
    """The lens view's value: JSON text.

    The cursor begins ``at`` a layer and a column, by default at the answer. ``asked`` is what stood in the fields.
    """
    places: dict[int, int] = {}
    pieces: list[str] = []

    def index_of(guess: Any) -> int:
        if guess.token_id not in places:
            places[guess.token_id] = len(pieces)
            pieces.append(guess.piece)
        return places[guess.token_id]

    cells, tokens = result.cells, [result.tokens[place] for place in result.positions]
    value = {
        "title": title,
        "origin": f"{title} · {result.pretrained.dtype} · {source}",
        "notes": list(result.notes),
        "masked": result.masked,
        "read": _formula(result),
        "layers": result.layers,
        "start": at or (result.layers, result.opening),
        "asked": asked,
        "task": MASKED if result.masked else CAUSAL,
        "quantization": result.request.quantization,
        "positions": result.positions,
        "tokens": [token.piece for token in tokens],
        "best": [[[index_of(one) for one in cell.best] for cell in row] for row in cells],
        "shares": [[[_short(one.probability) for one in cell.best] for cell in row] for row in cells],
        "entropy": [[_short(cell.entropy_nats) for cell in row] for row in cells],
        "rank": [[cell.rank for cell in row] for row in cells],
        "winner": [[_short(cell.winner_probability) for cell in row] for row in cells],
        "tracks": [[_track(track) for track in some] for some in result.tracks],
    }
    return json.dumps(value | {"pieces": pieces, "pieceIds": list(places)}, separators=(",", ":"))


def _short(number: float) -> float:
    """Six digits that count."""
    return float(f"{number:.6g}")


def _track(track: Any) -> dict[str, Any]:
    return {"id": track.token_id, "piece": track.piece, "shares": [_short(one) for one in track.probabilities]}


def _formula(result: pg.LensResult) -> str:
    norm = "hidden_states[layer]"
    for name in result.final_norm:
        norm = f"{name}({norm})"
    return f"head({norm})"


def format_why(result: pg.AttributeNextResult, waiting: Sequence[str] = ()) -> dict[str, Any]:
    """The attribution view's value: words and pieces with the values of each method, and what is still to come."""
    methods = sorted(result.methods, key=lambda one: list(ABOUT).index(one.method))
    first = result.first_covered
    places = [n for n, word in enumerate(result.words) if word.positions[0] >= first]
    values = [abs(value) for one in methods for value in (*one.values, *one.word_values)]
    return {
        "title": question(result),
        "methods": [_method(result, one, places) for one in methods],
        "tokens": [{"text": shown_text(one.piece), "special": one.special} for one in result.tokens[first:]],
        "words": [{"text": result.words[n].text, "special": result.words[n].special} for n in places],
        "scale": max([FULL_COLOUR, *values]),
        "agreement": _agreement(result, methods, places, bool(waiting)),
        "caution": " ".join([*result.notes, CAUTION]),
        "waiting": list(waiting),
        "of": max(1, len(methods) + len(waiting)),
    }


def question(result: pg.AttributeNextResult) -> str:
    """What is explained, in one line."""
    target = quoted(shown_text(result.target.piece))
    if result.contrast:
        rather = quoted(shown_text(result.contrast.piece))
        more = format_number(result.explained, "+.2f")
        return f"Why {target} rather than {rather}? Its logit is {more} beside the other's."
    share = format_share(result.target.probability)
    return f"Why {target}? Its logit is {format_number(result.explained, '.2f')}, its probability {share}."


def format_long(result: pg.AttributeNextResult) -> dict[str, Any]:
    """The attribution view's value for a text that would take long: what could be explained, and how to ask for it."""
    count = len(result.tokens)
    return {"said": f"{question(result)} With {count:,} tokens this takes a while: press “{MORE}”."}


def format_candidates(result: pg.AttributeNextResult) -> list[tuple[str, int]]:
    """Choices of next tokens, with their probabilities."""
    ranked = sorted(result.candidates, key=lambda one: -one.probability)
    return [(f"{shown_text(one.piece)}  {format_share(one.probability)}", one.token_id) for one in ranked]


def format_working(method: str, done: int, total: int) -> str:
    """How far a method has come."""
    return f"{method}, {done} of {total}" if total > 1 else method


def _method(result: pg.AttributeNextResult, one: NextAttribution, places: Sequence[int]) -> dict[str, Any]:
    return {
        "method": one.method,
        "about": ABOUT[one.method],
        "values": list(one.values[result.first_covered :]),
        "word_values": [one.word_values[n] for n in places],
        "sum": _sum(result, one),
    }


def _sum(result: pg.AttributeNextResult, one: NextAttribution) -> str:
    """What the values of a method add up to."""
    if one.delta is None or result.neutral is None:
        return "These add up to nothing in particular."
    difference = result.explained - result.neutral
    total, moved = (format_number(one, "+.2f") for one in (sum(one.values), difference))
    delta, neutral = format_number(one.delta, "+.3f"), format_number(result.neutral, ".2f")
    return (
        f"They add up to {total}; the text moves it by {moved}, from {neutral} where all tokens but the first are "
        f"empty (the average of all embeddings): a delta of {delta}."
        f"{format_error(one.delta, difference)}"
    )


def _agreement(
    result: pg.AttributeNextResult, methods: Sequence[NextAttribution], places: Sequence[int], waiting: bool
) -> str:
    """Which word counts most to each method, or that one alone has answered; and that somebody stopped them."""
    words = [n for n in places if not result.words[n].special]
    stopped = "Stopped: these are the methods that had answered. " if result.stopped else ""
    if len(methods) == 1 and not waiting:
        return stopped + ONE_METHOD
    if waiting or len(methods) < 2 or not words:
        return stopped.strip()
    # For whom every word speaks against it, or is as good as nothing, none speaks for it.
    silent = [one.method for one in methods if max(one.word_values[n] for n in words) < 0.005]
    top = {
        one.method: result.words[_largest(words, one.word_values)].text for one in methods if one.method not in silent
    }
    stopped += f"To {' and '.join(silent)} no word speaks for it. " if silent else ""
    if not top:
        return stopped.strip()
    if not silent and len(set(top.values())) == 1:
        return f"{stopped}To every method {quoted(next(iter(top.values())))} speaks most for it."
    return (
        stopped
        + "What speaks most for it: "
        + ", ".join(f"{quoted(word)} to {name}" for name, word in top.items())
        + "."
    )


def _largest(places: Sequence[int], values: Sequence[float]) -> int:
    return max(places, key=values.__getitem__)
