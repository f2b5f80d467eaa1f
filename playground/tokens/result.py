"""What the tokens wing answers with: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playground.models.pretrained import Pretrained
from playground.tokens.request import EncodeRequest, MaskRequest

Span = tuple[int, int]
Group = list[Any]  # [start, end, [index of a token, ...]]; lists, because they grow

SPECIAL, UNKNOWN, CONTINUATION = 1, 2, 4  # marks of a token, added up


@dataclass(frozen=True)
class Token:
    """One token as the tokenizer made it.

    ``piece`` is the entry of the vocabulary, ``shown`` the same for human eyes: ``Ġcat`` is shown as ``·cat``, half of
    a character as its bytes ``⟨F0 9F⟩``. ``start`` and ``end`` count characters (Unicode code points) of the text; both
    are 0 and ``segment`` is None when the token stands for no character.
    """

    index: int
    token_id: int
    piece: str
    shown: str
    start: int
    end: int
    segment: int | None
    special: bool = False
    unknown: bool = False
    continuation: bool = False
    added: bool = False
    byte_note: str = ""


@dataclass(frozen=True)
class Segment:
    """A stretch of the text: with the tokens that share it, or a gap (no tokens) that the tokenizer dropped."""

    start: int
    end: int
    text: str
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Counts:
    """How long a text is, in every unit that people mix up.

    Words are what whitespace separates. ``tokens_per_word`` leaves out the special tokens; None when there is no word,
    or where a script is written that sets no words apart, such as Thai or Chinese.
    """

    characters: int
    utf8_bytes: int
    words: int
    tokens: int
    special_tokens: int
    unknown_tokens: int
    tokens_per_word: float | None


@dataclass(frozen=True)
class Tokenization:
    """A text as one tokenizer sees it.

    ``tokens`` holds the described ones, ``input_ids`` all of them. The texts of the segments, joined, are ``text``.
    """

    model_id: str
    algorithm: str
    text: str
    input_ids: tuple[int, ...]
    tokens: tuple[Token, ...]
    segments: tuple[Segment, ...]
    counts: Counts
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TokenColumns:
    """A `Tokenization` with a list per property instead of an object per token.

    ``marks`` are sums of ``SPECIAL``, ``UNKNOWN`` and ``CONTINUATION``. A span is None when the token stands for no
    character. ``groups`` are ``[start, end, tokens]`` for each segment that has tokens; what lies between is a gap.
    ``byte_notes`` are (index of a token, note), only for tokens that hold a part of a character.
    """

    algorithm: str
    text: str
    input_ids: list[int]
    pieces: list[str]
    shown: list[str]
    spans: list[Span | None]
    marks: list[int]
    byte_notes: tuple[tuple[int, str], ...]
    groups: list[Group]
    described: int
    counts: Counts
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """One text under several tokenizers.

    ``agreed`` are the character offsets where every tokenizer has a boundary, ``contested`` those where some have one
    and others don't. ``vocabulary_sizes`` are those of the tokenizers, in their order.
    """

    text: str
    results: tuple[Tokenization, ...]
    agreed: tuple[int, ...]
    contested: tuple[int, ...]
    vocabulary_sizes: tuple[int, ...]


@dataclass(frozen=True)
class EncodedRow:
    """One row of the batch: four lists of equal length, and which text it comes from.

    ``kinds`` says why each token is there: ``text``, ``pair``, ``special`` or ``padding``.
    """

    sample: int
    pieces: tuple[str, ...]
    shown: tuple[str, ...]
    kinds: tuple[str, ...]
    input_ids: tuple[int, ...]
    attention_mask: tuple[int, ...]
    special_tokens_mask: tuple[int, ...]
    token_type_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class EncodedBatch:
    """What ``tokenizer(...)`` returned, as rows and as the dictionary itself.

    ``truncated[i]`` counts the tokens of text ``i`` that no row holds.
    """

    request: EncodeRequest
    rows: tuple[EncodedRow, ...]
    dictionary: dict[str, list[Any]]
    truncated: tuple[int, ...]
    padding_side: str
    pad_token: str | None

    @property
    def is_rectangular(self) -> bool:
        """True when all rows have one length, so that they fit into one tensor."""
        return len({len(row.input_ids) for row in self.rows}) == 1


@dataclass(frozen=True)
class Quantity:
    """One number of the model's answer, in both runs."""

    name: str
    right: float
    wrong: float

    @property
    def difference(self) -> float:
        """Wrong minus right."""
        return self.wrong - self.right


@dataclass(frozen=True)
class AttentionPair:
    """The attention of one row in both runs, averaged over the heads of each layer.

    ``right`` and ``wrong``: layer x query x key; the columns of the two runs may stand for different tokens.
    ``aligned`` is True when both have the same ids in the same columns, so that cells can be subtracted.
    """

    right: tuple[tuple[tuple[float, ...], ...], ...]
    wrong: tuple[tuple[tuple[float, ...], ...], ...]
    right_tokens: tuple[str, ...]
    wrong_tokens: tuple[str, ...]
    right_mask: tuple[int, ...]
    wrong_mask: tuple[int, ...]
    row: int
    aligned: bool


@dataclass(frozen=True)
class RowComparison:
    """One text in both runs.

    ``unit`` says what the quantities are: ``logit``, ``probability of the next token``, ``cosine`` and ``distance`` of
    embeddings. ``largest_difference`` is the largest absolute difference over all the numbers that were compared, not
    only those that are listed.
    """

    sample: int
    quantities: tuple[Quantity, ...]
    unit: str
    largest_difference: float
    compared: int
    summary: str


@dataclass(frozen=True)
class MaskComparison:
    """Both batches, and what the model made of each row.

    ``pretrained`` is how the model was held. ``encoder_only`` says that the encoder of an encoder-decoder model was run
    alone, ``has_token_types`` that it got ``token_type_ids``; ``decoder_start`` is the id that a decoder began with.
    """

    request: MaskRequest
    task: str
    right: EncodedBatch
    wrong: EncodedBatch
    right_mask: tuple[tuple[int, ...], ...]
    wrong_mask: tuple[tuple[int, ...], ...]
    rows: tuple[RowComparison, ...]
    attention: AttentionPair
    pretrained: Pretrained
    encoder_only: bool = False
    has_token_types: bool = False
    decoder_start: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoleSpan:
    """Characters ``start:end`` of the rendered text, and whose they are.

    ``message`` is None for what the template added by itself (a default system prompt, the generation prompt).
    ``is_content`` is True for what a person wrote, False for the template's markup around it.
    """

    start: int
    end: int
    role: str
    message: int | None
    is_content: bool


@dataclass(frozen=True)
class ChatTemplate:
    """The rendered conversation: the spans, in order, cover the text; ``token_spans[i]`` is the span of token i."""

    tokenization: Tokenization
    spans: tuple[RoleSpan, ...]
    token_spans: tuple[int, ...]
    template: str
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What the model reads."""
        return self.tokenization.text


@dataclass(frozen=True)
class NextPiece:
    """A token that may come next."""

    token_id: int
    shown: str
    probability: float


@dataclass(frozen=True)
class ChatNext:
    """The likeliest next tokens of a conversation, with the generation prompt and without it."""

    with_prompt: tuple[NextPiece, ...]
    without_prompt: tuple[NextPiece, ...]
    pretrained: Pretrained


@dataclass(frozen=True)
class VocabularyEntry:
    """One piece. ``rank`` is the number of its merge (BPE), ``log_probability`` its weight (Unigram); else None."""

    token_id: int
    piece: str
    shown: str
    special: bool
    rank: int | None = None
    log_probability: float | None = None


@dataclass(frozen=True)
class VocabularyPage:
    """The first entries that match, shortest first, and how many there are in all."""

    size: int
    matches: int
    entries: tuple[VocabularyEntry, ...]


@dataclass(frozen=True)
class SplitStep:
    """One step: the pieces after it, and what was decided."""

    pieces: tuple[str, ...]
    reason: str
    number: float | None = None


@dataclass(frozen=True)
class Split:
    """How a word became pieces.

    ``word`` is what reaches the algorithm: normalised, and the first word of the input. ``pieces`` are entries of the
    vocabulary, the pieces of a step are written for human eyes.
    """

    algorithm: str
    word: str
    steps: tuple[SplitStep, ...]
    pieces: tuple[str, ...]
    idea: str
