"""What lessons can read of texts that were cut, padded, masked, or written as a chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.lessons.facts.field import Fields, says

if TYPE_CHECKING:
    from playground.tokens.result import ChatTemplate, Comparison, EncodedBatch, MaskComparison, Tokenization


@dataclass(frozen=True)
class TokenFact:
    """One token of a text."""

    token: str = says("The piece, as people read it.")
    token_id: int = says("Its number in the vocabulary.")
    special: bool = says("True if the tokenizer added it.")
    unknown: bool = says("True if it stands for something that the vocabulary lacks.")
    continuation: bool = says("True if it goes on with a word.")


@dataclass(frozen=True)
class TokensFacts:
    """A text as a tokenizer sees it."""

    text: str = says("The text.")
    model_id: str = says("Whose tokenizer it is.")
    count: int = says("How many tokens there are, special ones too.")
    own_count: int = says("How many tokens there are without the special ones.")
    words: int = says("How many words there are: what spaces separate.")
    characters: int = says("How many characters (code points) there are.")
    utf8_bytes: int = says("How many bytes the text has in UTF-8.")
    unknown: int = says("How many tokens stand for something that the vocabulary lacks.")
    tokens: tuple[TokenFact, ...] = says("Each token, special ones too.")
    pieces: tuple[str, ...] = says("The pieces, without special tokens.")


@dataclass(frozen=True)
class TokenizersFacts:
    """One text under several tokenizers."""

    text: str = says("The text.")
    of: dict[str, TokensFacts] = says("What one tokenizer makes of it, by its model_id.")
    fewest: str = says("The model_id whose tokenizer needs the fewest tokens.")
    most: str = says("The model_id whose tokenizer needs the most tokens.")
    agreed: int = says("How many boundaries all of them have.")
    contested: int = says("How many boundaries only some of them have.")


@dataclass(frozen=True)
class RowFact:
    """One row of a batch."""

    length: int = says("How many columns it has.")
    padding: int = says("How many of them are padding.")
    tokens: tuple[str, ...] = says("Its tokens.")
    input_ids: tuple[int, ...] = says("Its ids.")
    attention_mask: tuple[int, ...] = says("1 for tokens that count, 0 for padding.")


@dataclass(frozen=True)
class BatchFacts:
    """Texts as the rectangle of ids that a model takes."""

    rows: tuple[RowFact, ...] = says("Each row.")
    columns: int = says("How many columns the longest row has.")
    padding: int = says("How many cells are padding, in all rows.")
    padding_share: float = says("Which share of all cells is padding, from 0 to 1.")
    rectangular: bool = says("True if all rows have one length, so that they fit into one tensor.")
    truncated: int = says("How many tokens were cut off, in all rows.")


@dataclass(frozen=True)
class MaskedRowFact:
    """One text with the right mask and with a wrong one."""

    summary: str = says("What the wrong mask changes, in a sentence.")
    unit: str = says("What the model's numbers are.")
    largest_difference: float = says("How far the number moves that moves most.")
    right: dict[str, float] = says("A number with the right mask, by its name.")
    wrong: dict[str, float] = says("The same number with the wrong mask.")


@dataclass(frozen=True)
class MasksFacts:
    """A batch, run with right masks and with wrong ones."""

    mistake: str = says("What was wrong.")
    flips: tuple[tuple[int, int], ...] = says("The bits that were turned over: row and column.")
    rows: tuple[MaskedRowFact, ...] = says("Each row.")
    most_moved: int = says("The row that moves most, counted from 0.")
    least_moved: int = says("The row that moves least, counted from 0.")


@dataclass(frozen=True)
class ChatFacts:
    """A conversation as a chat model reads it."""

    text: str = says("All that the model reads.")
    messages: int = says("How many messages were given.")
    count: int = says("How many tokens it has.")
    special: int = says("How many of them are special tokens.")
    content: int = says("How many of them stand for what people wrote.")
    markup: int = says("How many of them the template wrote.")
    added_system: bool = says("True if the template wrote a system message that nobody gave.")
    tokens: tuple[str, ...] = says("The tokens, as people read them.")


def observe_tokens(result: Tokenization, fields: Fields) -> TokensFacts:
    """How a text was cut."""
    counts = result.counts
    return TokensFacts(
        text=result.text,
        model_id=result.model_id,
        count=counts.tokens,
        own_count=counts.tokens - counts.special_tokens,
        words=counts.words,
        characters=counts.characters,
        utf8_bytes=counts.utf8_bytes,
        unknown=counts.unknown_tokens,
        tokens=tuple(
            TokenFact(one.shown, one.token_id, one.special, one.unknown, one.continuation) for one in result.tokens
        ),
        pieces=tuple(one.shown for one in result.tokens if not one.special),
    )


def observe_tokenizers(result: Comparison, fields: Fields) -> TokenizersFacts:
    """How several tokenizers cut one text."""
    of = {one.model_id: observe_tokens(one, fields) for one in result.results}
    return TokenizersFacts(
        text=result.text,
        of=of,
        fewest=min(of, key=lambda name: of[name].count),
        most=max(of, key=lambda name: of[name].count),
        agreed=len(result.agreed),
        contested=len(result.contested),
    )


def observe_batch(result: EncodedBatch, fields: Fields) -> BatchFacts:
    """A batch, row by row."""
    rows = tuple(
        RowFact(len(row.input_ids), row.kinds.count("padding"), row.shown, row.input_ids, row.attention_mask)
        for row in result.rows
    )
    padding = sum(row.padding for row in rows)
    return BatchFacts(
        rows=rows,
        columns=max(row.length for row in rows),
        padding=padding,
        padding_share=padding / max(1, sum(row.length for row in rows)),
        rectangular=result.is_rectangular,
        truncated=sum(result.truncated),
    )


def observe_masks(result: MaskComparison, fields: Fields) -> MasksFacts:
    """What wrong masks changed, row by row."""
    rows = tuple(
        MaskedRowFact(
            row.summary,
            row.unit,
            row.largest_difference,
            {one.name: one.right for one in row.quantities},
            {one.name: one.wrong for one in row.quantities},
        )
        for row in result.rows
    )
    moved = sorted(range(len(rows)), key=lambda row: rows[row].largest_difference)
    return MasksFacts(result.request.mistake, result.request.flips, rows, moved[-1], moved[0])


def observe_chat(result: ChatTemplate, fields: Fields) -> ChatFacts:
    """What a chat template wrote."""
    tokens = result.tokenization.tokens
    written = sum(result.spans[span].is_content for span in result.token_spans)
    return ChatFacts(
        text=result.text,
        messages=len(fields["messages"]),
        count=len(tokens),
        special=sum(token.special for token in tokens),
        content=written,
        markup=len(tokens) - written,
        added_system=any(span.role == "system" and span.message is None for span in result.spans),
        tokens=tuple(token.shown for token in tokens),
    )
