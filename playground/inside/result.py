"""What comes back of the inside of a language model, in plain values."""

from __future__ import annotations

from dataclasses import dataclass

from playground.inside.request import AttributeNextRequest, LensRequest
from playground.models.pretrained import Pretrained


@dataclass(frozen=True)
class InsideToken:
    """One token that the model read: ``piece`` is what it adds to the text, spaces and all."""

    token_id: int
    piece: str
    special: bool


@dataclass(frozen=True)
class LensGuess:
    """A token that could come next (or stand under the mask), and how probable it is after one layer."""

    token_id: int
    piece: str
    probability: float


@dataclass(frozen=True)
class LensCell:
    """What the model would say at one position after one layer.

    ``best`` are the most probable tokens. ``rank`` is that of the token that wins in the last layer: 1 where it is the
    best here already. Entropy is of the whole distribution, in nats.
    """

    best: tuple[LensGuess, ...]
    entropy_nats: float
    rank: int
    winner_probability: float


@dataclass(frozen=True)
class LensTrack:
    """One token followed through the layers at one position, its probability after each."""

    token_id: int
    piece: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class LensResult:
    """The predictions after each layer.

    ``cells[layer][column]`` belongs to the token ``tokens[positions[column]]``; layer 0 are the embeddings, the last
    one is the model's own answer. ``tracks[column]`` are the tokens that the last layer likes best there, and those
    that were asked for. ``masked`` says that the model fills masks: then a prediction is of the token itself, else of
    the one that follows. ``last_block`` and ``final_norm`` are names of the model's modules: what runs last, and what
    stands between it and the head. ``notes`` are sentences for the person.
    """

    request: LensRequest
    model_type: str
    pretrained: Pretrained
    masked: bool
    layers: int
    last_block: str
    final_norm: tuple[str, ...]
    tokens: tuple[InsideToken, ...]
    positions: tuple[int, ...]
    cells: tuple[tuple[LensCell, ...], ...]
    tracks: tuple[tuple[LensTrack, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def opening(self) -> int:
        """The column to look at first: the first mask, else the last token."""
        last = len(self.tokens) - 1
        special = [n for n, place in enumerate(self.positions) if self.tokens[place].special and 0 < place < last]
        return special[0] if self.masked and special else len(self.positions) - 1

    @property
    def winners(self) -> tuple[LensGuess, ...]:
        """The token that wins in the last layer, at each position."""
        return tuple(cell.best[0] for cell in self.cells[-1])


@dataclass(frozen=True)
class NextCandidate:
    """A token that may come next, with its raw logit."""

    token_id: int
    piece: str
    logit: float
    probability: float


@dataclass(frozen=True)
class NextWord:
    """Tokens that are one word, by their places; ``special`` tokens are words of their own."""

    text: str
    positions: tuple[int, ...]
    special: bool


@dataclass(frozen=True)
class NextAttribution:
    """What one method says: a number for each token and each word of the result, in units of the logit.

    ``delta`` is by how much the values of integrated gradients miss the difference that they should add up to; None for
    the other methods, which add up to nothing in particular.
    """

    method: str
    values: tuple[float, ...]
    word_values: tuple[float, ...]
    delta: float | None = None


@dataclass(frozen=True)
class AttributeNextProgress:
    """How far one method has come."""

    method: str
    done: int
    total: int


@dataclass(frozen=True)
class AttributeNextResult:
    """How much each token spoke for the next one, or for it rather than for another.

    ``explained`` is the logit of ``target`` (minus that of ``contrast``), ``neutral`` the same number of a text of
    empty tokens, where integrated gradients begin: each covered token but the first and special ones is the average of
    all embeddings. The tokens from ``first_covered`` on are explained; those before are read, and stay. ``candidates``
    are the most probable next tokens. ``stopped`` says that methods are missing, because somebody pressed Stop.
    """

    request: AttributeNextRequest
    model_type: str
    pretrained: Pretrained
    target: NextCandidate
    contrast: NextCandidate | None
    candidates: tuple[NextCandidate, ...]
    explained: float
    neutral: float | None
    tokens: tuple[InsideToken, ...]
    words: tuple[NextWord, ...]
    first_covered: int
    methods: tuple[NextAttribution, ...]
    stopped: bool = False
    notes: tuple[str, ...] = ()
