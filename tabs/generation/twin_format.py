"""The result of a twin -> the value of its view: figures side by side, tokens with their divergence, two replies."""

from __future__ import annotations

from dataclasses import dataclass

import playground as pg
from playground.units import format_bytes, format_number


@dataclass(frozen=True)
class TwinColumn:
    """One of the two: its name, its figures as they are shown, and the pieces that it wrote."""

    name: str
    figures: tuple[str, ...]
    pieces: tuple[str, ...]
    wrote: str


@dataclass(frozen=True)
class TwinView:
    """``figures`` names the rows of both columns' figures; ``verdict`` says in a sentence or two what was lost."""

    verdict: str
    figures: tuple[str, ...]
    columns: tuple[TwinColumn, ...]
    start: tuple[str, ...]
    tokens: tuple[pg.TwinToken, ...]
    parts_at: int | None
    parting: str
    notes: tuple[str, ...]


FIGURES = ("weights in memory", "perplexity of the text", "reads, tokens a second", "writes, tokens a second")


def format_twin(result: pg.TwinResult) -> TwinView:
    """The value of the view."""
    names = names_of(result)
    sides = (result.first, result.second)
    return TwinView(
        verdict=verdict(result, names),
        figures=FIGURES if result.first.reply else FIGURES[:-1],
        columns=tuple(_column(side, name) for side, name in zip(sides, names, strict=True)),
        start=result.start,
        tokens=result.tokens,
        parts_at=result.parts_at,
        parting=_parting(result),
        notes=result.notes,
    )


def names_of(result: pg.TwinResult) -> tuple[str, str]:
    """What the two are called: by what tells them apart."""
    first, second = result.first, result.second
    if first.model_id == second.model_id:
        return first.quantization, second.quantization
    return f"{first.title}, {first.quantization}", f"{second.title}, {second.quantization}"


def verdict(result: pg.TwinResult, names: tuple[str, str]) -> str:
    """How much smaller the second is, and how far it is from the first."""
    first, second = result.first, result.second
    share = second.measured_bytes / max(1, first.measured_bytes)
    count, changed = len(result.tokens), sum(token.changed for token in result.tokens)
    size = f"{names[1]} takes {share * 100:.0f}\u00a0% of the memory of {names[0]}."
    if not changed and result.mean_kl_divergence < 1e-9:
        return f"{size} Every distribution of the text is the same."
    if changed:
        best = f"at {changed} of {count} places another token is the most probable"
    else:
        best = f"the most probable token stays the same at all {count} places"
    return (
        f"{size} Over the text the mean KL divergence is {_nats(result.mean_kl_divergence)}\u00a0nats, and {best}. "
        f"Perplexity: {first.perplexity:.2f} and {second.perplexity:.2f}."
    )


def _column(side: pg.TwinSide, name: str) -> TwinColumn:
    figures = [format_bytes(side.measured_bytes), f"{side.perplexity:.3f}", f"{side.reading_tokens_per_second:,.0f}"]
    if side.reply is not None:
        speed = side.reply.tokens_per_second
        figures.append("–" if speed is None else f"{speed:.1f}")
    reply = side.reply
    return TwinColumn(name, tuple(figures), reply.pieces if reply else (), reply.text if reply else "")


def _parting(result: pg.TwinResult) -> str:
    """Where the replies part, in a sentence; empty without replies."""
    if result.first.reply is None:
        return ""
    if result.parts_at is None:
        return "Both go on with the same tokens to the end."
    if result.parts_at == 0:
        return "They part at the first token."
    return f"They write the same for {result.parts_at} token{'s' * (result.parts_at > 1)}, and part at the next."


def _nats(number: float) -> str:
    """A small number with two digits that count.

    >>> _nats(0.0123), _nats(1.5), _nats(0.0000021)
    ('0.012', '1.5', '2.1e−06')
    """
    return format_number(number, ".2g")
