"""The public endpoints of the Tokens tab, and what they answer where that isn't a result as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import playground as pg
from tabs.page import publish
from tabs.tokens.format import MaskedRow, masked_row
from tabs.tokens.handlers import chat_request


@dataclass(frozen=True)
class Encoded:
    """``/encode``: what the tokenizer returns, and the pieces of each row; some return no ``token_type_ids``."""

    input_ids: tuple[tuple[int, ...], ...]
    token_type_ids: tuple[tuple[int, ...], ...] | None
    attention_mask: tuple[tuple[int, ...], ...]
    special_tokens_mask: tuple[tuple[int, ...], ...]
    tokens: tuple[tuple[str, ...], ...]
    truncated: tuple[int, ...]


@dataclass(frozen=True)
class MasksCompared:
    """``/flip_mask``."""

    mistake: str
    right_mask: tuple[tuple[int, ...], ...]
    wrong_mask: tuple[tuple[int, ...], ...]
    rows: tuple[MaskedRow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ChatSpan:
    """Characters of the rendered text that one message (or the template itself) wrote."""

    start: int
    end: int
    role: str
    message: int | None
    content: bool


@dataclass(frozen=True)
class ChatToken:
    """A token of the rendered text and the span that it stands in."""

    token_id: int
    piece: str
    shown: str
    special: bool
    span: int | None


@dataclass(frozen=True)
class ChatRendered:
    """``/chat_template``."""

    text: str
    template: str
    spans: tuple[ChatSpan, ...]
    tokens: tuple[ChatToken, ...]
    input_ids: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ComparedTokenizer:
    """One tokenizer's tokens of the text."""

    model_id: str
    tokens: tuple[str, ...]
    input_ids: tuple[int, ...]
    tokens_per_word: float | None
    unknown_tokens: int


@dataclass(frozen=True)
class TokenizersCompared:
    """``/compare_tokenizers``: character offsets where all agree, and where only some have a boundary."""

    agreed: tuple[int, ...]
    contested: tuple[int, ...]
    results: tuple[ComparedTokenizer, ...]


class TokensApi:
    """The endpoints over one playground. An empty ``model_id`` takes the catalog's first that can do the task."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def publish(self) -> None:
        """Adds them to the page that is being built."""
        for endpoint in (
            self.tokenize,
            self.encode,
            self.chat_template,
            self.compare_tokenizers,
            self.search_vocabulary,
            self.explain_split,
        ):
            publish(endpoint)
        publish(self.flip_mask, concurrency_id="masks")

    def tokenize(self, text: str, model_id: str = "", add_special_tokens: bool = True) -> pg.Tokenization:
        """Tokens of a text with ids, pieces, character spans and marks; segments join back to the text exactly.

        Args:
            text: up to 20,000 characters.
            model_id: whose tokenizer; an id from the catalog, or from the Hub where the settings allow it.
            add_special_tokens: add what the model expects around a text, such as [CLS] and [SEP].

        Returns:
            model_id, algorithm, text, input_ids, tokens, segments, counts and notes.
        """
        return self._playground.tokenize(pg.TokenizeRequest(text, model_id, add_special_tokens))

    def encode(
        self,
        texts: list[str],
        model_id: str = "",
        pairs: list[str] | None = None,
        padding: str = "longest",
        padding_side: str | None = None,
        truncation: str = "do_not_truncate",
        max_length: int | None = None,
        add_special_tokens: bool = True,
    ) -> Encoded:
        """The dictionary that ``tokenizer(texts, pairs, ...)`` returns, with the tokens of each row.

        Args:
            texts: one to eight texts.
            model_id: whose tokenizer.
            pairs: a second text for each, or nothing.
            padding: one of longest, max_length and do_not_pad.
            padding_side: one of right and left, or nothing for the tokenizer's own.
            truncation: one of longest_first, only_first, only_second and do_not_truncate.
            max_length: 1 to 512, where padding or truncation needs it.
            add_special_tokens: add what the model expects around a text.

        Returns:
            input_ids, attention_mask, special_tokens_mask, token_type_ids (some tokenizers), tokens, truncated.
        """
        request = pg.EncodeRequest(
            texts,  # type: ignore[arg-type]  # a request takes lists, too
            pairs or (),  # type: ignore[arg-type]
            model_id,
            padding,
            padding_side,
            truncation,
            max_length,
            add_special_tokens,
        )
        return encoded(self._playground.encode(request))

    def flip_mask(
        self, texts: list[str], flips: list[list[int]], model_id: str = "", mistake: str = "flipped bits"
    ) -> MasksCompared:
        """What a model makes of a batch with its right attention_mask and with a wrong one.

        Args:
            texts: one to eight texts, padded to the longest.
            flips: [row, column] of each bit to turn over; empty for the other mistakes.
            model_id: an embedded model, or one of the catalog.
            mistake: one of "flipped bits", "no mask", "wrong padding side" and "no special tokens".

        Returns:
            mistake, right_mask, wrong_mask, and per row: summary, unit, quantities (right, wrong), largest_difference.
        """
        batch = pg.EncodeRequest(texts, model_id=model_id)  # type: ignore[arg-type]
        request = pg.MaskRequest(batch, mistake, flips)  # type: ignore[arg-type]  # lists, as above
        result = self._playground.compare_masks(request)
        rows = tuple(masked_row(index, row) for index, row in enumerate(result.rows))
        return MasksCompared(mistake, result.right_mask, result.wrong_mask, rows, result.notes)

    def chat_template(
        self, messages: list[dict[str, Any]], model_id: str = "", add_generation_prompt: bool = True
    ) -> ChatRendered:
        """A conversation as the model reads it, with who said what.

        Args:
            messages: role (system, user, assistant, tool) and content of each; a content may be a list of text parts.
            model_id: whose template.
            add_generation_prompt: end with the opening of the assistant's turn.

        Returns:
            text, input_ids, spans (start, end, role, message, content), tokens, template, notes.
        """
        asked: Mapping[str, Any] = {"messages": messages, "model_id": model_id}
        request = chat_request({**asked, "add_generation_prompt": add_generation_prompt})
        return chat_rendered(self._playground.render_chat(request))

    def compare_tokenizers(self, text: str, model_ids: list[str]) -> TokenizersCompared:
        """One text under two to four tokenizers, with the character offsets on whose boundaries they differ.

        Args:
            text: up to 20,000 characters.
            model_ids: two to four different ids.

        Returns:
            agreed and contested boundaries, and per model_id: tokens, counts.
        """
        return compared(self._playground.compare_tokenizers(pg.CompareRequest(text, tuple(model_ids))))

    def search_vocabulary(self, query: str, model_id: str = "", limit: int = 50) -> pg.VocabularyPage:
        """Pieces of a vocabulary that contain a text, or have an id.

        Args:
            query: a part of a piece, or a token id.
            model_id: whose vocabulary.
            limit: at most so many entries, up to 200.

        Returns:
            size, matches and entries (token_id, piece, shown, special, rank, log_probability).
        """
        return self._playground.search_vocabulary(pg.VocabularyRequest(query, model_id, limit))

    def explain_split(self, word: str, model_id: str = "") -> pg.Split:
        """The steps from a word to its pieces: merges (BPE), log-probabilities (Unigram), longest matches (WordPiece).

        Args:
            word: one word, up to 60 characters.
            model_id: whose tokenizer.

        Returns:
            algorithm, word, pieces, and steps (pieces, reason).
        """
        return self._playground.explain_split(pg.SplitRequest(word, model_id))


def encoded(batch: pg.EncodedBatch) -> Encoded:
    """The dictionary that the tokenizer returned, and one list of tokens per row."""
    return Encoded(
        input_ids=tuple(row.input_ids for row in batch.rows),
        token_type_ids=tuple(row.token_type_ids or () for row in batch.rows) if batch.rows[0].token_type_ids else None,
        attention_mask=tuple(row.attention_mask for row in batch.rows),
        special_tokens_mask=tuple(row.special_tokens_mask for row in batch.rows),
        tokens=tuple(row.pieces for row in batch.rows),
        truncated=batch.truncated,
    )


def chat_rendered(result: pg.ChatTemplate) -> ChatRendered:
    """The text, whose each part is, and its tokens."""
    described = zip(result.tokenization.tokens, result.token_spans, strict=True)
    return ChatRendered(
        text=result.text,
        template=result.template,
        spans=tuple(ChatSpan(s.start, s.end, s.role, s.message, s.is_content) for s in result.spans),
        tokens=tuple(ChatToken(t.token_id, t.piece, t.shown, t.special, span) for t, span in described),
        input_ids=result.tokenization.input_ids,
        notes=result.notes,
    )


def compared(result: pg.Comparison) -> TokenizersCompared:
    """The boundaries, and the tokens of each tokenizer."""
    results = tuple(
        ComparedTokenizer(
            model_id=item.model_id,
            tokens=tuple(token.piece for token in item.tokens),
            input_ids=item.input_ids,
            tokens_per_word=item.counts.tokens_per_word,
            unknown_tokens=item.counts.unknown_tokens,
        )
        for item in result.results
    )
    return TokenizersCompared(result.agreed, result.contested, results)
