"""What each task's answer looks like: a headline, a picture of it, and the numbers that lead there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import playground as pg
from playground.pipelines.result import (
    FeaturesAnswer,
    FillMaskAnswer,
    QuestionAnsweringAnswer,
    Seq2SeqAnswer,
    TokenClassificationAnswer,
    ZeroShotAnswer,
)
from playground.texts import shown_text
from playground.units import format_number, format_share
from tabs.pipelines.blocks import Block, bar, bars, marked, quoted, table, text
from tabs.pipelines.pictures import cosines, hidden_states, labelled_tokens, span_logits, tags_of, written_steps

MOST_ENTITIES = 60


@dataclass(frozen=True)
class Told:
    """An answer for the page: ``hero`` comes first, ``after`` are the pictures of the last step.

    ``given`` is what the pipeline is called with, ``steps`` names what is done after the model, ``rows`` are the answer
    as a table (its first row names the columns). ``opens`` is the run of the model that is looked at first.
    """

    headline: str
    given: str
    steps: str
    hero: list[Block]
    after: list[Block]
    rows: list[list[Any]] = field(default_factory=list)
    opens: int = 0


def tell(result: pg.PipelineResult) -> Told:
    """The answer of any task."""
    return TELLERS[type(result.answer)](result, result.answer)


def _features(result: pg.PipelineResult, answer: FeaturesAnswer) -> Told:
    request = result.request
    texts = [request.text, *(request.texts or ())]
    others = sorted(range(1, len(texts)), key=lambda n: -answer.cosines[0][n])
    rows = [
        bar(texts[n], answer.cosines[0][n], format_number(answer.cosines[0][n], ".3f"), best=n == others[0])
        for n in others
    ]
    nearest = f"Nearest in meaning: {quoted(texts[others[0]])}" if others else ""
    shown = [0, *others[:1]]
    size = f"A vector of {answer.dimensions} numbers for {quoted(texts[0])}"
    rows_of_all: list[list[Any]] = [["text", *(f"cosine with text {n + 1}" for n in range(len(texts)))]]
    rows_of_all += [[one, *row] for one, row in zip(texts, answer.cosines, strict=True)]
    return Told(
        nearest or size,
        f"[{', '.join(map(written, texts))}]{_cut(result, 'tokenize_kwargs')}",
        "mean over tokens → length 1 → cosine",
        [bars("Cosine with the first text", (), rows)] if rows else [hidden_states(result, answer, shown)],
        [hidden_states(result, answer, shown), *([cosines(texts, answer)] if others else [])] if rows else [],
        rows_of_all,
    )


def written(value: str | Sequence[str]) -> str:
    """A text or texts as Python writes them."""
    return json.dumps(value, ensure_ascii=False)


def _cut(result: pg.PipelineResult, name: str) -> str:
    """What a pipeline has to be told where a text was longer than its model reads; empty where none was."""
    if not any(len(one.tokens) >= result.max_length for one in result.passes):
        return ""
    return f',\n  {name}={{"truncation": True, "max_length": {result.max_length}}}'


def _masks(result: pg.PipelineResult, answer: FillMaskAnswer) -> Told:
    hero, after = [], []
    rows: list[list[Any]] = [["mask", "token", "token_id", "logit", "score", "sequence"]]
    for number, mask in enumerate(answer.masks, start=1):
        best = mask.guesses[0]
        title = "What may stand there" if len(answer.masks) == 1 else f"Mask {number}"
        guesses = [
            bar(shown_word(one.token_str), one.score, format_share(one.score), best=one == best) for one in mask.guesses
        ]
        hero.append(bars(title, (), guesses))
        cells = [
            [shown_word(one.token_str), str(one.token_id), format_number(one.logit, ".3f"),
             format_number(one.logit - mask.log_sum, ".3f"), f"{one.score:.6f}"]
            for one in mask.guesses
        ]  # fmt: skip
        after.append(table(title, ["token", "id", "logit", "− log Σ exp", "score"], cells, 0))
        rows += [[number, one.token_str, one.token_id, one.logit, one.score, one.sequence] for one in mask.guesses]
    words = [quoted(one.guesses[0].token_str.strip()) for one in answer.masks]
    first = answer.masks[0].guesses[0]
    headline = (
        f"{format_share(first.score)}: {quoted(first.sequence)}"
        if len(words) == 1
        else f"The masks are most probably {' and '.join([', '.join(words[:-1]), words[-1]])}, each by itself."
    )
    request = result.request
    options = "" if request.top_k is None else f", top_k={request.top_k}"
    options += f",\n  targets={written(request.targets)}" if request.targets else ""
    after.append(text(f"score = exp(logit − log Σ exp), over all {answer.vocabulary:,} tokens of the vocabulary."))
    given = f"{written(request.text)}{options}{_cut(result, 'tokenizer_kwargs')}"
    return Told(headline, given, "softmax over the vocabulary", hero, after, rows)


def shown_word(piece: str) -> str:
    """A token as it is read: a space before it is seen."""
    return shown_text(piece) or "(nothing)"


def _labels(result: pg.PipelineResult, answer: ZeroShotAnswer) -> Told:
    ranked = sorted(answer.labels, key=lambda one: -one.score)
    best = ranked[0]
    entail, contra = answer.entailment_id, answer.contradiction_id
    columns = ["hypothesis", *answer.nli_labels, "score"]
    cells = [
        [one.hypothesis, *(format_number(logit, ".3f") for logit in one.logits), f"{one.score:.4f}"]
        for one in answer.labels
    ]
    yes, no = answer.nli_labels[entail], answer.nli_labels[contra or 0]
    how = f"score = softmax over the labels of their {yes!r} logits: they add up to 1."
    if contra is not None:
        how = f"score = softmax of {yes!r} against {no!r}, each label alone."
    request = result.request
    given = f"{written(request.text)},\n  candidate_labels={written(request.candidate_labels or ())}"
    if request.hypothesis_template:
        given += f",\n  hypothesis_template={written(request.hypothesis_template)}"
    if request.multi_label:
        given += ",\n  multi_label=True"
    return Told(
        f"{quoted(best.label)} fits best ({format_share(best.score)})"
        if contra is None
        else f"{quoted(best.label)} fits best ({format_share(best.score)} that it follows from the text)",
        given,
        "softmax of entailment",
        [
            bars(
                "How well each label fits",
                (),
                [bar(one.label, one.score, format_share(one.score), best=one == best) for one in ranked],
            )
        ],
        [table("The logits of each hypothesis", columns, cells, answer.labels.index(best)), text(how)],
        [["label", "hypothesis", *answer.nli_labels, "score"]]
        + [[one.label, one.hypothesis, *one.logits, one.score] for one in answer.labels],
    )


def _names(result: pg.PipelineResult, answer: TokenClassificationAnswer) -> Told:
    whole, found = result.request.text, answer.entities[:MOST_ENTITIES]
    pieces, at = [], 0
    for one in found:
        pieces += [(whole[at : one.start], "", ""), (whole[one.start : one.end], one.label, format_share(one.score))]
        at = one.end
    pieces.append((whole[at:], "", ""))
    kinds = list(dict.fromkeys(one.label for one in answer.entities))
    said = ", ".join(f"{sum(one.label == kind for one in answer.entities)} × {kind}" for kind in kinds)
    strategy = str(result.request.option("aggregation_strategy"))
    after: list[Block] = [labelled_tokens(result, answer)]
    if answer.words:
        cells = [[one.word, one.label, f"{one.score:.4f}"] for one in answer.words[:MOST_ENTITIES]]
        after.append(table(f"Each word, by the strategy {strategy!r}", ["word", "label", "score"], cells))
    rows = [[one.word, one.label, one.score, str(one.start), str(one.end)] for one in answer.entities]
    given = f'{written(whole)},\n  aggregation_strategy="{strategy}"'
    given += "" if result.request.stride is None else f", stride={result.request.stride}"
    return Told(
        f"Found: {said}." if kinds else "Nothing in this text has a label other than “O”, which means nothing.",
        given,
        "softmax → joined by offsets",
        [marked("The text", [piece for piece in pieces if piece[0]], tags_of(answer))],
        after,
        [["word", "label", "score", "start", "end"], *rows],
    )


def _answer(result: pg.PipelineResult, answer: QuestionAnsweringAnswer) -> Told:
    whole, spans = result.request.text, answer.spans
    if not spans:
        return Told("There is no text to answer from.", "", "the best pair", [], [])
    best = spans[0]
    empty = answer.no_answer is not None and answer.no_answer > best.score
    pieces = [
        (whole[: best.start], "", ""),
        (best.answer, "answer", format_share(best.score)),
        (whole[best.end :], "", ""),
    ]
    cells = [
        [one.answer, *(format_number(logit, ".3f") for logit in (one.start_logit, one.end_logit,
         one.start_logit + one.end_logit)), f"{one.score:.6f}"]
        for one in spans
    ]  # fmt: skip
    tried = sum(one.spans_tried for one in answer.windows)
    after = [
        span_logits(result, answer),
        table("The best spans", ["span", "start logit", "end logit", "sum", "score"], cells, 0),
        text(
            f"{tried:,} pairs were tried: the end not before the start, and at most "
            f"{result.request.option('max_answer_len')} tokens. score = softmax(start) × softmax(end)."
        ),
    ]
    if answer.no_answer is not None:
        after.append(text(f"“No answer” (both at [CLS]) has the score {answer.no_answer:.6f}."))
    rows = [[one.answer, one.start, one.end, one.start_logit, one.end_logit, one.score] for one in spans]
    headline = "The text doesn't say." if empty else f"{quoted(best.answer)} ({format_share(best.score)})"
    return Told(
        headline,
        "",
        "the best pair of a start and an end",
        [marked(str(result.request.question), [piece for piece in pieces if piece[0]])],
        after,
        [["answer", "start", "end", "start_logit", "end_logit", "score"], *rows],
        best.window,
    )


def _written(result: pg.PipelineResult, answer: Seq2SeqAnswer) -> Told:
    why = {"eos": "It ended by itself.", "length": "It was cut off at max_new_tokens.", "stopped": "It was stopped."}
    rows: list[list[Any]] = [["step", "token", "token_id", "logit", "probability"]]
    rows += [[n, one.piece, one.token_id, one.logit, one.probability] for n, one in enumerate(answer.steps, start=1)]
    after = []
    if answer.prefix:
        after.append(text(f"Before the text stands {quoted(answer.prefix)}, which tells the model what to do."))
    given = f"**tokenizer({written(answer.prefix + result.request.text)}"
    given += f", truncation=True, max_length={result.max_length}" if _cut(result, "") else ""
    given += ', return_tensors="pt"),\n  max_new_tokens='
    return Told(
        quoted(answer.text, 400) if answer.text else "It wrote nothing.",
        f"{given}{result.request.option('max_new_tokens')}, num_beams=1",
        "the best token is written, and read again",
        [written_steps(answer)],
        [*after, text(f"{len(answer.steps)} step{'s' * (len(answer.steps) != 1)}. {why[answer.ended]}")],
        rows,
    )


TELLERS: dict[type, Callable[[pg.PipelineResult, Any], Told]] = {
    FeaturesAnswer: _features,
    FillMaskAnswer: _masks,
    ZeroShotAnswer: _labels,
    TokenClassificationAnswer: _names,
    QuestionAnsweringAnswer: _answer,
    Seq2SeqAnswer: _written,
}
