"""Results -> what the views of the Tokens tab draw."""

from __future__ import annotations

import base64
import json
from array import array
from dataclasses import dataclass
from typing import Any

import playground as pg
from playground.texts import quoted, shown_text
from playground.tokens.result import CONTINUATION, SPECIAL, UNKNOWN
from playground.units import format_number
from playground.wire import to_json

HEADERS = ["id", "piece", "shown", "kind"]
WORTH_LISTING = 0.001  # a probability; what is less likely is a list of oddities
MOST_SHOWN = 24
NUMBERS = {"rank": "merge", "log_probability": "log-probability"}


@dataclass(frozen=True)
class MaskQuantity:
    """One number that a model gives a text, with the right mask and with the wrong one."""

    name: str
    right: float
    wrong: float


@dataclass(frozen=True)
class MaskedRow:
    """One row of a batch under both masks."""

    title: str
    unit: str
    summary: str
    compared: int
    largest_difference: float
    quantities: tuple[MaskQuantity, ...]


def format_tokens(result: pg.TokenColumns) -> dict[str, Any]:
    """What the live view draws, a list per property: small on the wire and quick to write at every keystroke.

    ``spans`` has two numbers per token, -1 and -1 where it stands for no character; tokens whose spans overlap share
    that stretch of text. ``gaps`` are those between tokens that are more than one space. What begins at ``rest`` is
    counted and not described.
    """
    size = result.described
    pieces, shown = result.pieces[:size], result.shown[:size]
    return {
        "algorithm": result.algorithm,
        "counts": vars(result.counts),
        "notes": result.notes,
        "ids": result.input_ids[:size],
        "shown": shown,
        "pieces": None if pieces == shown else pieces,
        "spans": [place for span in result.spans[:size] for place in span or (-1, -1)],
        "marks": result.marks[:size],
        "bytes": [[index, note] for index, note in result.byte_notes if index < size],
        "gaps": _unusual_gaps(result),
        "rest": result.groups[-1][0] if size < len(result.input_ids) else None,
    }


def format_tokenization(result: pg.Tokenization) -> str:
    """The same, as JSON text, from a result that has an object per token."""
    tokens = result.tokens
    gaps = [one for one in result.segments if not one.tokens and one.text != " "]
    described = len(tokens) < len(result.input_ids)
    return json.dumps(
        {
            "algorithm": result.algorithm,
            "counts": vars(result.counts),
            "notes": result.notes,
            "ids": [one.token_id for one in tokens],
            "shown": [one.shown for one in tokens],
            "pieces": [one.piece for one in tokens],
            "spans": [
                place for one in tokens for place in ((one.start, one.end) if one.segment is not None else (-1, -1))
            ],
            "marks": [
                SPECIAL * one.special + UNKNOWN * one.unknown + CONTINUATION * one.continuation for one in tokens
            ],
            "bytes": [[one.index, one.byte_note] for one in tokens if one.byte_note],
            "gaps": [[one.start, shown_text(one.text)] for one in gaps],
            "rest": max((one.end for one in tokens), default=0) if described else None,
        }
    )


def _unusual_gaps(result: pg.TokenColumns) -> list[list[Any]]:
    """Where text that no token stands for begins, and how it is shown, unless it is one space."""
    gaps, position = [], 0
    for start, end, _ in [*result.groups, [len(result.text), 0, ()]]:
        if start > position and (text := result.text[position:start]) != " ":
            gaps.append([position, shown_text(text)])
        position = end
    return gaps


def format_batch(batch: pg.EncodedBatch, flips: tuple[tuple[int, int], ...] = ()) -> dict[str, Any]:
    """What the batch view draws."""
    return {
        "rows": [
            {
                "sample": row.sample,
                "shown": list(row.shown),
                "kinds": list(row.kinds),
                "input_ids": list(row.input_ids),
                "token_type_ids": None if row.token_type_ids is None else list(row.token_type_ids),
                "attention_mask": list(row.attention_mask),
                "special_tokens_mask": list(row.special_tokens_mask),
            }
            for row in batch.rows
        ],
        "truncated": list(batch.truncated),
        "flips": [list(pair) for pair in flips],
    }


def format_dictionary(dictionary: dict[str, list[Any]]) -> str:
    """The dictionary as Python shows it, one row per line."""
    lines = []
    for name, rows in dictionary.items():
        inside = ",\n".join(f"        {json.dumps(row)}" for row in rows)
        lines.append(f'    "{name}": [\n{inside}\n    ]')
    return "{\n" + ",\n".join(lines) + "\n}"


def format_masks(result: pg.MaskComparison, title: str) -> dict[str, Any]:
    """What the comparison view draws of a model with this name; attention travels as 16-bit numbers."""
    attention = result.attention
    return {
        "mistake": result.request.mistake,
        "origin": f"Measured: {title}, {result.pretrained.dtype}, these texts.",
        "rows": to_json([masked_row(index, row) for index, row in enumerate(result.rows)]),
        "attention": {
            "row": attention.row,
            "mistake": result.request.mistake,
            "layers": len(attention.right),
            "aligned": attention.aligned,
            "right": _packed(attention.right),
            "wrong": _packed(attention.wrong),
            "right_tokens": list(attention.right_tokens),
            "wrong_tokens": list(attention.wrong_tokens),
            "right_mask": list(attention.right_mask),
            "wrong_mask": list(attention.wrong_mask),
        },
    }


def masked_row(index: int, row: Any) -> MaskedRow:
    """One row of a batch under both masks, as the page and the API show it."""
    quantities = tuple(MaskQuantity(one.name, one.right, one.wrong) for one in row.quantities)
    return MaskedRow(
        title=f"row {index}: text {row.sample}",
        unit=row.unit,
        summary=row.summary,
        compared=row.compared,
        largest_difference=row.largest_difference,
        quantities=quantities,
    )


def _packed(layers: Any) -> str:
    numbers = array("H", (round(value * 65535) for layer in layers for row in layer for value in row))
    return base64.b64encode(numbers.tobytes()).decode()


def format_chat(result: pg.ChatTemplate) -> dict[str, Any]:
    """What the view draws."""
    return {
        "text": result.text,
        "template": result.template,
        "notes": list(result.notes),
        "spans": [
            {"start": s.start, "end": s.end, "role": s.role, "message": s.message, "content": s.is_content}
            for s in result.spans
        ],
        "tokens": [
            {"id": t.token_id, "piece": t.piece, "shown": t.shown, "special": t.special, "span": span}
            for t, span in zip(result.tokenization.tokens, result.token_spans, strict=True)
        ],
    }


def format_next(result: pg.ChatNext, title: str) -> dict[str, Any]:
    """What the view of the next token draws: per way its likeliest tokens, and the first of both as a sentence."""
    first, second = result.with_prompt[0], result.without_prompt[0]
    same = "the same" if first.token_id == second.token_id else _likely(second)
    return {
        "sentence": f"With add_generation_prompt {title} would go on with {_likely(first)}, without it with {same}.",
        "origin": f"Measured: {title}, {result.pretrained.dtype}, this conversation.",
        "rows": [
            [way, *(_likely(piece) if piece.probability >= WORTH_LISTING else "–" for piece in pieces)]
            for way, pieces in (("with it", result.with_prompt), ("without it", result.without_prompt))
        ],
    }


def _likely(piece: pg.NextPiece) -> str:
    shown = piece.shown if len(piece.shown) <= MOST_SHOWN else piece.shown[: MOST_SHOWN - 1] + "…"
    return f"{quoted(shown)} ({100 * piece.probability:.1f}\u00a0%)"


def format_comparison(result: pg.Comparison, titles: list[str], about: list[str]) -> dict[str, Any]:
    """What the comparison view draws: per tokenizer the cells that make up the text, and a sentence about its model."""
    cuts = sorted({0, len(result.text)} | {s.start for item in result.results for s in item.segments})
    return {
        "names": titles,
        "about": about,
        "letters": list(result.text),
        "cuts": cuts,
        "agreed": list(result.agreed),
        "contested": list(result.contested),
        "rows": [_cells(item) for item in result.results],
        "totals": [
            [
                title,
                item.algorithm,
                f"{size:,}",
                f"{item.counts.tokens:,}",
                f"⚠ {item.counts.unknown_tokens:,}" if item.counts.unknown_tokens else "0",
                _per_word(item.counts) or "–",
            ]
            for title, size, item in zip(titles, result.vocabulary_sizes, result.results, strict=True)
        ],
    }


def _per_word(counts: pg.Counts) -> str:
    """Tokens per word, where words are set apart; nothing where an unknown token stands for lost text: no bargain."""
    return "" if counts.unknown_tokens or not counts.tokens_per_word else f"{counts.tokens_per_word:.2f}"


def _cells(result: pg.Tokenization) -> list[dict[str, Any]]:
    """Segments as cells. A space in front of a word is cut off its cell, so that words stand under each other."""
    cells = []
    for segment in result.segments:
        body = segment.text.lstrip() if segment.tokens else ""
        start = segment.end - len(body) if body else segment.start
        pieces = [result.tokens[index] for index in segment.tokens]
        cells.append(
            {
                "start": start,
                "end": segment.end,
                "tokens": len(pieces),
                "unknown": any(token.unknown for token in pieces),
                "title": " + ".join(f"{token.shown} ({token.token_id})" for token in pieces),
            }
        )
    return cells


def format_languages(rows: list[tuple[str, list[pg.Counts]]]) -> list[list[str]]:
    """One row per sample: tokens, and tokens per word where the language writes spaces and none of it is unknown."""
    table = []
    for name, counts in rows:
        cells = []
        for count in counts:
            rate = f" · {per_word}/word" if (per_word := _per_word(count)) else ""
            unknown = f" · ⚠ {count.unknown_tokens} unknown" if count.unknown_tokens else ""
            cells.append(f"{count.tokens}{rate}{unknown}")
        table.append([name, str(counts[0].characters), *cells])
    return table


def format_entries(page: pg.VocabularyPage) -> dict[str, Any]:
    """The table of pieces; its last column only where the algorithm has a number for a piece."""
    last = next((kind for kind in NUMBERS if any(getattr(entry, kind) is not None for entry in page.entries)), None)
    rows = []
    for entry in page.entries:
        row = [str(entry.token_id), entry.piece, entry.shown, "special" if entry.special else ""]
        if last:
            number = getattr(entry, last)
            row.append("" if number is None else f"{number:,}" if last == "rank" else format_number(number, ".3f"))
        rows.append(row)
    return {"headers": [*HEADERS, *([NUMBERS[last]] if last else [])], "data": rows}


def format_split(split: pg.Split) -> dict[str, Any]:
    """What the split view draws; for Unigram the first row is the result, for the others the last."""
    unigram = split.algorithm == "Unigram"
    return {
        "idea": split.idea,
        "framed": not unigram,
        "result": 0 if unigram else len(split.steps) - 1,
        "steps": [{"pieces": list(step.pieces), "reason": step.reason} for step in split.steps],
    }
