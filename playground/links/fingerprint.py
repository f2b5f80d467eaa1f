"""The fingerprint of an answer: enough to say later whether it is the same, where it first differs, and why it may.

A result becomes a list of marks (what stands there, and its number) and a hash of what must be exact, such as token
ids. Nothing is computed anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NamedTuple

from playground.config import VERSION
from playground.lessons.facts.inside import observe_model_map
from playground.lessons.facts.pipelines import observe_pipelines
from playground.texts import sendable

if TYPE_CHECKING:
    from playground.attention.result import AttentionResult
    from playground.classification.result import AttributeResult, ClassifyResult, PerturbResult, TableResult
    from playground.generation.events import Finished, GenerationResult
    from playground.generation.result import TwinResult
    from playground.inside.map_result import ModelMapResult
    from playground.inside.result import AttributeNextResult, LensResult
    from playground.pipelines.result import PipelineResult
    from playground.similarity.result import WordLossResult, WordMatrixResult, WordPairsResult
    from playground.tokens.result import (
        ChatTemplate,
        Comparison,
        EncodedBatch,
        MaskComparison,
        Split,
        Tokenization,
        VocabularyPage,
    )

MOST_MARKS = 32
LONGEST_MARK = 40
DIGITS = 4
HASH_CHARACTERS = 12


class Mark(NamedTuple):
    """One thing that was answered: a token, a label, a pair of words; and its number, if it has one."""

    what: str
    number: float | None = None


@dataclass(frozen=True)
class Setting:
    """What an answer was made with; empty is what isn't known, or doesn't count."""

    playground: str = ""
    transformers: str = ""
    torch: str = ""
    model: str = ""
    quantization: str = ""
    dtype: str = ""
    device: str = ""


@dataclass(frozen=True)
class Fingerprint:
    """The first ``marks`` of an answer that has ``count`` of them, and a hash of all that is exact in it."""

    marks: tuple[Mark, ...]
    count: int
    exact: str
    setting: Setting = field(default_factory=Setting)


def fingerprint(result: Any, setting: Setting) -> Fingerprint:
    """The fingerprint of a result of `MARKERS`, or of several side by side."""
    marks, exact = _together(result) if isinstance(result, tuple) else MARKERS[type(result).__name__](result)
    short = tuple(Mark(sendable(one.what)[:LONGEST_MARK], _rounded(one.number)) for one in marks[:MOST_MARKS])
    written = json.dumps(exact, separators=(",", ":")).encode()
    return Fingerprint(short, len(marks), hashlib.sha256(written).hexdigest()[:HASH_CHARACTERS], setting)


@cache
def versions() -> dict[str, str]:
    """The versions that decide about numbers; asks no library, so none is imported."""
    found = {"playground": VERSION}
    for name in ("transformers", "torch"):
        try:
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:  # somebody built it without its metadata
            found[name] = ""
    return found


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.{DIGITS}g}")


Marked = tuple[list[Mark], Any]


def _classification(result: ClassifyResult) -> Marked:
    marks = [Mark(one.label, one.probability) for one in sorted(result.labels, key=lambda one: -one.probability)]
    return marks[:12], [token.token_id for token in result.tokens]


def _tokens(result: Tokenization) -> Marked:
    return [Mark(one.shown) for one in result.tokens], list(result.input_ids)


def _chat(result: ChatTemplate) -> Marked:
    return _tokens(result.tokenization)


def _comparison(result: Comparison) -> Marked:
    marks = [Mark(one.model_id, len(one.input_ids)) for one in result.results]
    return marks, [list(one.input_ids) for one in result.results]


def _batch(result: EncodedBatch) -> Marked:
    marks = [Mark(" ".join(row.shown), len(row.input_ids)) for row in result.rows]
    return marks, [[row.input_ids, row.attention_mask, row.token_type_ids] for row in result.rows]


def _masks(result: MaskComparison) -> Marked:
    return [Mark(row.unit, row.largest_difference) for row in result.rows], [row.compared for row in result.rows]


def _attention(result: AttentionResult) -> Marked:
    """Of each layer how spread its heads look, on average; token ids are exact."""
    marks = [
        Mark(f"{stack.kind}, layer {layer}", heads[-1].entropy_nats)
        for stack in result.stacks
        for layer, heads in enumerate(stack.summaries)
    ]
    return marks, [[key.token_id for key in stack.keys] for stack in result.stacks]


def _generation(result: GenerationResult) -> Marked:
    if result.finished.beams:
        return _side_by_side((result.finished,))
    return [Mark(one.piece, one.probability_before) for one in result.steps], list(result.finished.token_ids)


def _side_by_side(ends: Sequence[Finished]) -> Marked:
    """Of several replies how each begins; of beam search its beams, best first."""
    beams = [beam for end in ends for beam in end.beams]
    if beams:
        return [Mark(one.text, one.mean_log_probability) for one in beams], [list(one.token_ids) for one in beams]
    return [Mark(one.text, one.perplexity) for one in ends], [list(one.token_ids) for one in ends]


def _together(results: tuple[Any, ...]) -> Marked:
    """Of several answers: what a vocabulary said to both questions, how each text is labelled, how replies begin."""
    kind = type(results[0]).__name__
    if kind == "VocabularyPage":
        marks, exact = zip(*(MARKERS[type(one).__name__](one) for one in results), strict=True)
        return [mark for part in reversed(marks) for mark in part], list(exact)
    if kind == "ClassifyResult":
        best = [Mark(one.best.label, one.best.probability) for one in results]
        return best, [_classification(one)[1] for one in results]
    return _side_by_side(results)


def _attribution(result: Any) -> Marked:
    """Of each method what every word speaks for, in no order of the page's."""
    marks = [
        Mark(f"{one.method}: {word.text}", value)
        for one in sorted(result.methods, key=lambda one: one.method)
        for word, value in zip(result.words, one.word_values, strict=True)
        if not word.special
    ]
    return marks, [token.token_id for token in result.tokens]


def _why_label(result: AttributeResult) -> Marked:
    marks, exact = _attribution(result)
    return [Mark(result.label, result.logit), *marks], exact


def _why_next(result: AttributeNextResult) -> Marked:
    marks, exact = _attribution(result)
    contrast = [result.contrast.token_id] if result.contrast else []
    return [Mark(result.target.piece, result.explained), *marks], [*exact, result.target.token_id, *contrast]


def _perturbed(result: PerturbResult) -> Marked:
    after = sorted(result.after, key=lambda one: -one.probability)
    return [Mark(one.label, one.probability) for one in after][:12], [token.token_id for token in result.tokens]


def _table(result: TableResult) -> Marked:
    return [Mark(row.label, row.probability) for row in result.rows], [row.label_id for row in result.rows]


def _lens(result: LensResult) -> Marked:
    """What each layer would say where one looks first; the last one's answers at all places are exact."""
    column = result.opening
    marks = [
        Mark(f"layer {layer}: {row[column].best[0].piece}", row[column].best[0].probability)
        for layer, row in enumerate(result.cells)
    ]
    return marks, [[token.token_id for token in result.tokens], [one.token_id for one in result.winners]]


def _model_map(result: ModelMapResult) -> Marked:
    """Its sizes, what the unrolled head reads of each token, and how long vectors are after each block."""
    keys = result.head.keys if result.head else ()
    marks = [Mark(result.model_class, result.parameters), Mark("bytes", result.bytes)]
    marks += [Mark(f"weight of token {one.position}", one.weight) for one in keys]
    marks += [Mark(f"length after block {n}", one) for n, one in enumerate(observe_model_map(result, {}).lengths)]
    return marks, [[one.token_id for one in tokens] for tokens in (result.tokens, result.decoder_tokens)]


def _twin(result: TwinResult) -> Marked:
    marks = [Mark(one.piece, one.kl_divergence) for one in result.tokens]
    replies = [list(side.reply.token_ids) for side in (result.first, result.second) if side.reply]
    return marks, [[one.token_id for one in result.tokens], replies]


def _vocabulary(page: VocabularyPage) -> Marked:
    return [Mark(one.shown) for one in page.entries], [page.size, page.matches, [one.token_id for one in page.entries]]


def _split(result: Split) -> Marked:
    return [Mark(piece) for piece in result.pieces], [list(step.pieces) for step in result.steps]


def _word_pairs(result: WordPairsResult) -> Marked:
    return [Mark(f"{one.word1}, {one.word2}", one.similarity) for one in result.pairs], len(result.pairs)


def _words(result: WordLossResult) -> Marked:
    pairs = sorted(result.losses, key=lambda one: (one.source, one.target))
    marks = [Mark(f"{one.source} → {one.target}", one.perplexity) for one in pairs]
    return marks, [[piece.token_id for piece in one.pieces] for one in pairs]


def _matrix(result: WordMatrixResult) -> Marked:
    """Of each word the mean loss of all others after it."""
    marks = [Mark(f"{word} → all", sum(row) / len(row)) for word, row in zip(result.words, result.loss, strict=True)]
    return marks, list(result.pieces)


def _pipeline(result: PipelineResult) -> Marked:
    """What lessons read as its answers; token ids of the first run are exact."""
    answers = observe_pipelines(result, {}).answers
    return [Mark(one.what, one.score) for one in answers], [token.token_id for token in result.passes[0].tokens]


MARKERS: dict[str, Callable[[Any], Marked]] = {
    "ClassifyResult": _classification,
    "Tokenization": _tokens,
    "ChatTemplate": _chat,
    "Comparison": _comparison,
    "EncodedBatch": _batch,
    "MaskComparison": _masks,
    "MasksKept": _masks,
    "AttentionResult": _attention,
    "GenerationResult": _generation,
    "WordLossResult": _words,
    "WordMatrixResult": _matrix,
    "PipelineResult": _pipeline,
    "AttributeResult": _why_label,
    "PerturbResult": _perturbed,
    "TableResult": _table,
    "LensResult": _lens,
    "AttributeNextResult": _why_next,
    "ModelMapResult": _model_map,
    "TwinResult": _twin,
    "VocabularyPage": _vocabulary,
    "Split": _split,
    "WordPairsResult": _word_pairs,
}
