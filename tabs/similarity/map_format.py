"""The map of words -> the value of its view, with the sentences that say what a flat picture hides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import playground as pg
from tabs.similarity.format import origin_of


@dataclass(frozen=True)
class PictureView:
    """One flat picture: its heading and what it keeps, where each word stands, and the numbers behind it.

    ``measure`` names the numbers; ``closest`` is "least" or "greatest", whichever says close.
    """

    name: str
    title: str
    about: str
    measure: str
    closest: str
    points: tuple[tuple[float, float], ...]
    numbers: tuple[tuple[float, ...], ...]
    neighbours: tuple[tuple[int, ...], ...]
    still_near: tuple[int, ...]


ALONE = "one word alone is a point"


@dataclass(frozen=True)
class MapView:
    """The pictures side by side, and one sentence about what both hide."""

    words: tuple[str, ...]
    nearest: int
    hides: str
    pictures: tuple[PictureView, ...]
    origin: str


def format_map(result: pg.WordMapResult) -> MapView:
    """The value of the map."""
    losses = PictureView(
        name="losses",
        title="By loss",
        about=_about_losses(result.by_loss, len(result.words)),
        measure="nats",
        closest="least",
        **_numbers(result.by_loss),
    )
    pictures: tuple[PictureView, ...] = (losses,)
    if (picture := result.by_embedding) is not None:
        kept = f"the two axes keep {_percent(picture.kept)} of their variance"
        about = f"PCA of MiniLM's vectors; {kept if len(result.words) > 1 else ALONE}."
        embeddings = PictureView(
            name="embeddings",
            title="By embedding",
            about=about,
            measure="cosine",
            closest="greatest",
            **_numbers(picture),
        )
        pictures = (embeddings, losses)
    return MapView(result.words, result.nearest, what_it_hides(result), pictures, origin_of(result))


def _numbers(picture: pg.FlatPicture) -> dict[str, Any]:
    return {
        "points": picture.points,
        "numbers": picture.measure,
        "neighbours": picture.neighbours,
        "still_near": picture.still_near,
    }


def _about_losses(picture: pg.FlatPicture, count: int) -> str:
    kept = (
        "Classical scaling of the losses, both directions, above what each word costs after nothing; "
        f"{f'the two axes keep {_percent(picture.kept)}' if count > 1 else ALONE}."
    )
    if not picture.negative:
        return kept
    has = "is" if picture.negative == 1 else "are"
    return (
        f"{kept} {picture.negative} of {count} eigenvalues {has} negative ({_percent(picture.negative_share)} of all): "
        "such distances exist in no space, whatever its dimensions."
    )


def what_it_hides(result: pg.WordMapResult) -> str:
    """How many of a word's nearest are still its nearest in each picture, and how many would be by chance."""
    nearest, others = result.nearest, len(result.words) - 1
    if nearest == others:
        return "Two words have no neighbours to lose: take more."
    pictures = [("by loss", result.by_loss)]
    if result.by_embedding is not None:
        pictures.insert(0, ("by embedding", result.by_embedding))
    means = [f"{sum(p.still_near) / len(p.still_near):.2f} ({name})" for name, p in pictures]
    whose = "the nearest word is still the nearest" if nearest == 1 else f"{nearest} nearest"
    if nearest == 1:
        said = " and ".join(f"{sum(p.still_near)} of {len(p.still_near):,} words ({name})" for name, p in pictures)
        return f"What a flat picture hides: {whose} for {said}."
    chance = nearest * nearest / others
    return (
        f"What a flat picture hides: of a word's {whose}, {' and '.join(means)} are on average still among its "
        f"{nearest} nearest here; {chance:.2f} would be by chance. Choose a word to see which."
    )


def _percent(share: float) -> str:
    r"""A share, without decimals.

    >>> _percent(0.234)
    '23\xa0%'
    """
    return f"{share * 100:.0f}\u00a0%"
