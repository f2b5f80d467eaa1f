"""What a class and a model say, beside each other: plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """Something that can be answered: its name on the board, and the probability that the model gives it.

    ``probability`` is None where the model gives none. ``token_id`` is -1 for what is no token.
    """

    name: str
    probability: float | None
    token_id: int = -1


@dataclass(frozen=True)
class ModelSays:
    """What a model answers to a question.

    ``said`` are the choices in their order, or the likeliest tokens and all that the class said. ``read_as`` are pairs
    (word of a student, place in ``said``). ``right`` is the place of the model's own answer, -1 where it isn't known;
    ``number`` is the answer to a question for a number. ``origin`` is the model that answered, and how its weights were
    held; empty where none was asked.
    """

    said: tuple[Said, ...] = ()
    read_as: tuple[tuple[str, int], ...] = ()
    right: int = -1
    number: float | None = None
    note: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Bar:
    """One answer: how many gave it, which share of the class that is, and the probability that the model gives it."""

    name: str
    count: int
    share: float
    probability: float | None
    token_id: int = -1


@dataclass(frozen=True)
class Surprise:
    """An answer that the model found unlikely, with its loss in nats, and the seats that gave it."""

    name: str
    loss: float
    seats: tuple[int, ...]


@dataclass(frozen=True)
class Reveal:
    """The class beside the model.

    ``agreement`` is the probability that the model gives to all that the class said, ``total_variation`` half the sum
    of the distances between both distributions, from 0 (the same) to 1 (nothing in common); None where the model gives
    no probabilities. ``right`` is the bar of the model's own answer, -1 where it isn't known. ``rest`` is what the
    model gives to answers that have no bar. ``number`` is the model's, ``median`` the class's; ``origin`` as in
    `ModelSays`.
    """

    bars: tuple[Bar, ...]
    answered: int
    agreement: float | None
    total_variation: float | None
    right: int = -1
    rest: float = 0.0
    surprises: tuple[Surprise, ...] = ()
    number: float | None = None
    median: float | None = None
    note: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Writing:
    """A text that the class went on with, beside the model's own, with the model's perplexity of each.

    ``model_text`` is as many tokens, always the likeliest one. The perplexities are None for nothing, and
    ``origin``, as in `ModelSays`, is empty then.
    """

    prompt: str
    class_text: str
    class_perplexity: float | None
    model_text: str
    model_perplexity: float | None
    tokens: int
    model_id: str = ""
    origin: str = ""
