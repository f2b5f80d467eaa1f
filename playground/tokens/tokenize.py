"""One text -> its tokens, each tied to the characters it stands for, for one tokenizer or for several side by side.

This module leaves out batches with padding and masks (`batch`), chat templates (`chat_template`), the reasons behind
a split (`vocabulary`) and models. It needs the ``tokenizers`` library alone, never torch, so that a page can answer
while a person types.

Three ideas carry it:

* A token is not always a piece of the text. Special tokens are added, whitespace may be dropped, letters may be
  lower-cased: so a token has a span ``start:end`` of characters, and what no token stands for is a gap.
* Several tokens can share one character (the bytes of an emoji): they form one segment.
* Segments and gaps, in order, are the text again, exactly.
"""

from __future__ import annotations

import unicodedata

from playground.errors import InputError
from playground.texts import METASPACE, has_spaced_words, shown_text, usable_text
from playground.tokens.request import CompareRequest, TokenizeRequest
from playground.tokens.result import (
    CONTINUATION,
    SPECIAL,
    UNKNOWN,
    Comparison,
    Counts,
    Group,
    Segment,
    Span,
    Token,
    TokenColumns,
    Tokenization,
)
from playground.tokens.rules import Entry, TokenizerRules, TokenizerShelf

MAX_CHARACTERS = 20_000
MAX_COMPARED = 4


def tokenize(shelf: TokenizerShelf, request: TokenizeRequest) -> Tokenization:
    """The tokens of a text, their spans, and the segments that make up the text again.

    Padding and truncation never happen here, whatever the tokenizer's files ask for.

    Raises:
        InputTooLongError: the text has more than 20,000 characters.
    """
    columns = token_columns(shelf, request)
    segments, homes = _segments(columns)
    notes = dict(columns.byte_notes)
    tokens = tuple(_token(columns, index, homes.get(index), notes.get(index, "")) for index in range(columns.described))
    return Tokenization(
        request.model_id,
        columns.algorithm,
        columns.text,
        tuple(columns.input_ids),
        tokens,
        segments,
        columns.counts,
        columns.notes,
    )


def token_columns(shelf: TokenizerShelf, request: TokenizeRequest) -> TokenColumns:
    """The same answer as `tokenize`, with a list per property: several times as fast, for a question per keystroke.

    Raises:
        InputTooLongError: the text has more than 20,000 characters.
    """
    text = usable_text(request.text, MAX_CHARACTERS)
    notes: tuple[str, ...] = ()
    rules = shelf.rules(request.model_id)
    encoding = rules.backend.encode(text, add_special_tokens=request.add_special_tokens)
    ids, special = encoding.ids, encoding.special_tokens_mask  # each look at a property copies the whole list
    entries = rules.entries(ids)
    dropped = _dropped_bytes(rules, text)
    if dropped:
        spans = _spans_by_bytes(rules, text, ids, special)
        notes = (
            *notes,
            f"{dropped:,} bytes have no piece in this vocabulary: the tokenizer drops them without a trace.",
        )
    else:
        spans = _spans(text, encoding.offsets, entries, special)
    groups, described = _groups(len(text), spans, request.describe)
    marks = _marks(rules, ids, entries, encoding.word_ids, special)
    counts = _counts(rules, text, ids, marks)
    byte_notes = _byte_notes(rules, text, ids, groups) if rules.speaks_bytes else ()
    return TokenColumns(
        rules.algorithm,
        text,
        ids,
        [entry.piece for entry in entries],
        [entry.shown for entry in entries],
        spans,
        marks,
        byte_notes,
        groups,
        described,
        counts,
        (*notes, *rules.notes),
    )


def compare(shelf: TokenizerShelf, request: CompareRequest) -> Comparison:
    """A text under several tokenizers, with the boundaries on which they agree and disagree.

    Raises:
        InputError: fewer than two tokenizers, more than four, or the same one twice.
    """
    if not 2 <= len(request.model_ids) <= MAX_COMPARED or len(set(request.model_ids)) < len(request.model_ids):
        raise InputError("A comparison needs two to four different tokenizers.", "Pick them from the list.")
    results = tuple(
        tokenize(shelf, TokenizeRequest(request.text, model_id, request.add_special_tokens))
        for model_id in request.model_ids
    )
    cuts = [boundaries(result) for result in results]
    agreed, somewhere = set.intersection(*cuts), set.union(*cuts)
    sizes = tuple(len(shelf.rules(model_id).vocabulary) for model_id in request.model_ids)
    return Comparison(results[0].text, results, tuple(sorted(agreed)), tuple(sorted(somewhere - agreed)), sizes)


def boundaries(result: Tokenization) -> set[int]:
    """The character offsets where a segment starts or ends; whitespace at an edge does not count as a difference.

    ``Ġcat`` covers the space before the word and ``cat`` doesn't, which is no disagreement about where the word starts:
    so a segment starts at its first character that is no whitespace.
    """
    cuts = set()
    for segment in result.segments:
        if segment.tokens and (body := segment.text.strip()):
            start = segment.start + segment.text.index(body)
            cuts |= {start, start + len(body)}
    return cuts


def _spans(text: str, offsets: list[Span], entries: list[Entry], special: list[int]) -> list[Span | None]:
    """The characters of each token; None for one that stands for none (added, or empty)."""
    spans: list[Span | None] = [
        None if alone or span[0] >= span[1] else span for span, alone in zip(offsets, special, strict=True)
    ]
    for index, entry in enumerate(entries):
        if entry.is_metaspace and (span := spans[index]) is not None:
            held = text[span[0] : span[1]]
            if held.strip() and METASPACE not in held:  # invented: the tokenizer put it in front of a word
                spans[index] = None
    return spans


def _counts(rules: TokenizerRules, text: str, ids: list[int], marks: list[int]) -> Counts:
    words, special = len(text.split()), sum(mark & SPECIAL for mark in marks)
    counted = words and has_spaced_words(text)
    return Counts(
        characters=len(text),
        utf8_bytes=len(text.encode()),
        words=words,
        tokens=len(ids),
        special_tokens=special,
        unknown_tokens=ids.count(rules.unknown_id) if rules.unknown_id is not None else 0,
        tokens_per_word=round((len(ids) - special) / words, 3) if counted else None,
    )


def _marks(
    rules: TokenizerRules, ids: list[int], entries: list[Entry], words: list[int | None], special: list[int]
) -> list[int]:
    """What each token is: special, unknown, a continuation of the same word."""
    marks = [entry.special or alone for entry, alone in zip(entries, special, strict=True)]
    if rules.unknown_id is not None:
        marks = [UNKNOWN if t == rules.unknown_id else mark for t, mark in zip(ids, marks, strict=True)]
    return [
        mark + CONTINUATION if word is not None and word == last else mark
        for mark, word, last in zip(marks, words, [None, *words], strict=False)
    ]


def _groups(length: int, spans: list[Span | None], describe: int) -> tuple[list[Group], int]:
    """The stretches of text that tokens share, in order, and how many tokens are described.

    From about token ``describe`` on, at a place where no character is cut, everything is one group.
    """
    groups: list[Group] = []
    reached = -1
    for index, span in enumerate(spans):
        if span is None:
            continue
        start, end = span
        if start < reached:
            last = groups[-1]
            last[2].append(index)
            if end > reached:
                last[1] = reached = end
        else:
            groups.append([start, end, [index]])
            reached = end
    if describe < len(spans) and (k := next((k for k, g in enumerate(groups) if g[2][-1] >= describe), None)):
        described = groups[k][2][0]
        groups[k:] = [[groups[k][0], length, [index for group in groups[k:] for index in group[2]]]]
        return groups, described
    return groups, len(spans)


def _segments(columns: TokenColumns) -> tuple[tuple[Segment, ...], dict[int, int]]:
    """The segments and gaps that make up the text, and the segment of each token."""
    text, segments, homes, position = columns.text, [], {}, 0
    for start, end, members in columns.groups:
        if start > position:
            segments.append(Segment(position, start, text[position:start]))
        for index in members:
            homes[index] = len(segments)
        segments.append(Segment(start, end, text[start:end], tuple(members)))
        position = end
    if position < len(text):
        segments.append(Segment(position, len(text), text[position:]))
    return tuple(segments), homes


def _byte_notes(rules: TokenizerRules, text: str, ids: list[int], groups: list[Group]) -> tuple[tuple[int, str], ...]:
    """For each token that holds a part of a character: which of its bytes."""
    notes: list[tuple[int, str]] = []
    for start, end, members in groups:
        if not 2 <= len(members) <= 64:
            continue
        shared = text[start:end]
        parts = [rules.piece_bytes(ids[index], rules.entry(ids[index]).piece) for index in members]
        if None in parts or not b"".join(p for p in parts if p).endswith(shared.encode()):
            continue
        places = [(c, k + 1, len(c.encode())) for c in shared for k in range(len(c.encode()))]
        position = len(places) - sum(len(part or b"") for part in parts)
        for index, part in zip(members, parts, strict=True):
            held = places[max(position, 0) : position + len(part or b"")]
            position += len(part or b"")
            if note := _held(held):
                notes.append((index, note))
    return tuple(notes)


def _dropped_bytes(rules: TokenizerRules, text: str) -> int:
    """How many bytes of the text no token holds: a vocabulary of bytes can lack rare ones, and has no unknown token."""
    if not rules.missing_bytes or rules.description.get("normalizer"):
        return 0
    return len(text.encode()) - len(text.encode().translate(None, bytes(rules.missing_bytes)))


def _spans_by_bytes(rules: TokenizerRules, text: str, ids: list[int], special: list[int]) -> list[Span | None]:
    """The characters of each token, found by its bytes.

    After a dropped byte the tokenizer's own offsets are wrong: they count what is left of the text.
    """
    homes = [k for k, character in enumerate(text) for _ in character.encode()]
    data, position = text.encode(), 0
    spans: list[Span | None] = []
    for token_id, alone in zip(ids, special, strict=True):
        held = [] if alone else list(rules.piece_bytes(token_id, rules.entry(token_id).piece) or b"")
        places = []
        while held and position < len(data):
            if data[position] == held[0]:
                places.append(homes[position])
                held.pop(0)
            position += 1
        spans.append((places[0], places[-1] + 1) if places else None)
    return spans


def _held(places: list[tuple[str, int, int]]) -> str:
    """``byte 1-2 of 4 of 👍 (U+1F44D)`` for the incomplete characters among the bytes that a token holds."""
    notes, k = [], 0
    while k < len(places):
        character, first, total = places[k]
        last = first
        while k + 1 < len(places) and places[k + 1][1] == last + 1:
            k, last = k + 1, last + 1
        if last - first + 1 < total:
            which = f"byte {first}" if first == last else f"bytes {first}–{last}"
            sign = shown_text(character) if unicodedata.category(character)[0] != "M" else "◌" + character
            notes.append(f"{which} of {total} of {sign} (U+{ord(character):04X})".replace("⟨", "").replace("⟩", ""))
        k += 1
    return ", ".join(notes)


def _token(columns: TokenColumns, index: int, segment: int | None, note: str) -> Token:
    span, mark = columns.spans[index], columns.marks[index]
    start, end = span or (0, 0)
    return Token(
        index,
        columns.input_ids[index],
        columns.pieces[index],
        columns.shown[index],
        start,
        end,
        segment,
        special=bool(mark & SPECIAL),
        unknown=bool(mark & UNKNOWN),
        continuation=bool(mark & CONTINUATION),
        added=span is None,
        byte_note=note,
    )
