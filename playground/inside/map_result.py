"""What comes back of a model as a whole, in plain values: its parts, a text on its way, and one head unrolled."""

from __future__ import annotations

from dataclasses import dataclass

from playground.inside.map_request import ModelMapRequest
from playground.inside.result import InsideToken
from playground.models.pretrained import Pretrained


@dataclass(frozen=True)
class MapTensor:
    """One tensor of a module: its shape as it computes, however it is held.

    ``parameters`` and ``bytes`` are 0 where it is counted at ``tied_to``, the first name of the same numbers. A buffer
    (a table that nobody learned) and the scales of a quantized weight have bytes and no parameters.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    parameters: int
    bytes: int
    tied_to: str = ""


@dataclass(frozen=True)
class MapJoin:
    """Where what modules return joins a stream that went past them, between the modules of one.

    It was found in the numbers of a run: what enters ``before`` (empty: what the module returns) is ``stream`` plus, or
    with ``times`` multiplied by, ``scale`` times what the ``branches`` returned. ``stream`` is a module's name (what it
    returned), ``>`` and a name (what entered it), or ``+n`` for the n-th join of the module.
    """

    before: str
    stream: str
    branches: tuple[str, ...]
    scale: float = 1.0
    times: bool = False


@dataclass(frozen=True)
class MapPart:
    """One module; the one around it is its name without the last step.

    ``kind`` says what it is: ``model``, ``body`` (all but the head), ``stack`` (of blocks), ``block``, ``attention``,
    ``cross-attention``, ``mlp``, ``norm``, ``embedding``, ``positions``, ``rotary``, ``linear``, ``activation``,
    ``dropout``, ``pooler``, ``head``, ``list``, ``group`` (modules around others), or ``other``, which only its class
    can name. ``side`` is ``encoder`` or ``decoder`` where a model has both. ``parameters`` and ``bytes`` are those of
    all that is in it and isn't counted before. ``about`` are its sizes in words.

    ``like`` names a module before it that is built alike: what is in it isn't listed again. ``same_as`` names one that
    is this very module. ``order`` is its place in the order in which modules began to compute; None if it didn't.
    ``reads`` is what enters it first, as the stream of a `MapJoin`; empty where the numbers don't say.
    """

    name: str
    kind: str
    class_name: str
    side: str
    about: str
    parameters: int
    bytes: int
    tensors: tuple[MapTensor, ...]
    like: str = ""
    same_as: str = ""
    order: int | None = None
    calls: int = 0
    reads: str = ""
    joins: tuple[MapJoin, ...] = ()


@dataclass(frozen=True)
class MapShare:
    """What all modules of a kind hold together; the shares of a model add up to its totals.

    ``kind`` is ``embedding`` (positions too), ``attention``, ``mlp``, ``norm``, ``head`` (a pooler too) or ``other``. A
    module counts for the innermost of these in which it is, a norm always for itself.
    """

    kind: str
    parameters: int
    bytes: int


@dataclass(frozen=True)
class MapState:
    """What a module returned for the text: the shape, and how long its vectors are (the mean over the tokens).

    ``norms`` are those of each token, for blocks and embeddings.
    """

    name: str
    shape: tuple[int, ...]
    norm: float
    norms: tuple[float, ...] = ()


@dataclass(frozen=True)
class MapAttention:
    """One attention that ran: the ``layer``-th of its stack. Query heads share ``key_value_heads`` keys and values."""

    name: str
    stack: str
    layer: int
    heads: int
    key_value_heads: int
    head_dim: int


@dataclass(frozen=True)
class HeadKey:
    """One token that the query can read: numbers in the order in which the head computes them.

    ``product`` is q·k, ``scaled`` the same times ``scaling``, ``added`` a bias of position that the model adds (0 where
    it has none); a ``masked`` key has no weight. ``key_before`` is the key before its position was turned into it,
    where the model does that. ``weighted`` is ``weight`` times ``value``.
    """

    position: int
    key_before: tuple[float, ...]
    key: tuple[float, ...]
    product: float
    scaled: float
    added: float
    masked: bool
    weight: float
    value: tuple[float, ...]
    weighted: tuple[float, ...]


@dataclass(frozen=True)
class HeadUnrolled:
    """One head for one query token: ``output`` is the sum of the weighted values, before the output projection.

    ``shared_with`` are the other query heads that read the same key and value head (``key_value_head``). ``rotary``
    says that positions are turned into q and k: then ``query_before`` is q as the projection made it; also where q is
    multiplied by ``query_scale`` first. ``biased`` says that a bias of position is added to the scores. ``difference``
    is how far ``output`` is from what the model's own kernel returned. ``query_from``, ``key_from`` and ``value_from``
    name the modules that made them; empty where none did alone.
    """

    attention: MapAttention
    head: int
    position: int
    key_value_head: int
    shared_with: tuple[int, ...]
    scaling: float
    query_scale: float
    rotary: bool
    biased: bool
    query_from: str
    key_from: str
    value_from: str
    query_before: tuple[float, ...]
    query: tuple[float, ...]
    keys: tuple[HeadKey, ...]
    output: tuple[float, ...]
    difference: float


@dataclass(frozen=True)
class ModelMapResult:
    """A model drawn from its own modules.

    ``parts`` begin with the model itself, whose parameters and bytes are the totals. ``ran`` says that parts are in the
    order in which they compute; else in that of their class. ``tokens`` are those of the text, ``decoder_tokens`` what
    a decoder read beside it (``decoder_reads`` says where that is from). ``head`` is the unrolled one, if one
    was asked for, and ``unfit`` the reason where this model's heads can't be unrolled.
    """

    request: ModelMapRequest
    model_class: str
    model_type: str
    pretrained: Pretrained
    parameters: int
    bytes: int
    ran: bool
    parts: tuple[MapPart, ...]
    shares: tuple[MapShare, ...]
    attentions: tuple[MapAttention, ...] = ()
    tokens: tuple[InsideToken, ...] = ()
    decoder_tokens: tuple[InsideToken, ...] = ()
    decoder_reads: str = ""
    states: tuple[MapState, ...] = ()
    head: HeadUnrolled | None = None
    unfit: str = ""
    notes: tuple[str, ...] = ()

    def part(self, name: str) -> MapPart | None:
        """The part of this name, or None."""
        return next((one for one in self.parts if one.name == name), None)
