"""The pictures that show a step's numbers: hidden states, cosines, labels of tokens, logits over a text, a loop."""

from __future__ import annotations

from collections.abc import Sequence

import playground as pg
from playground.pipelines.result import (
    FeaturesAnswer,
    QuestionAnsweringAnswer,
    Seq2SeqAnswer,
    TokenClassificationAnswer,
)
from playground.texts import shown_text
from playground.units import format_number, format_share
from tabs.pipelines.blocks import Block, tag_of

MOST_WINDOWS = 3
MOST_TOKENS = 600


def _short(number: float) -> float:
    """Four digits that count."""
    return float(f"{number:.4g}")


def hidden_states(result: pg.PipelineResult, answer: FeaturesAnswer, which: Sequence[int]) -> Block:
    """Of some texts a row of numbers for each token, and their mean."""
    texts = [result.request.text, *(result.request.texts or ())]
    shown = [answer.texts[n] for n in which]
    values = [abs(value) for one in shown for row in (*one.states, one.mean) for value in row]
    return {
        "kind": "states",
        "title": f"Hidden states: the first {len(shown[0].mean)} of {answer.dimensions} numbers of each token",
        "scale": _short(sorted(values)[int(0.99 * (len(values) - 1))]) or 1.0,
        "texts": [
            {
                "text": texts[n],
                "number": n + 1,
                "tokens": [shown_text(token.token) for token in result.passes[n].tokens[: len(one.states)]],
                "count": len(result.passes[n].tokens),
                "rows": [[_short(value) for value in row] for row in one.states],
                "mean": [_short(value) for value in one.mean],
                "norm": f"{one.norm:.3f}",
            }
            for n, one in zip(which, shown, strict=True)
        ],
    }


def cosines(texts: Sequence[str], answer: FeaturesAnswer) -> Block:
    """The cosine of every two texts."""
    return {
        "kind": "cosines",
        "title": "Cosine of every two texts",
        "names": list(texts),
        "table": [[round(value, 3) for value in row] for row in answer.cosines],
    }


def tags_of(answer: TokenClassificationAnswer) -> list[str]:
    """What the labels name, in the order of colours."""
    return list(dict.fromkeys(tag_of(label) for label in answer.labels if label != "O"))


def labelled_tokens(result: pg.PipelineResult, answer: TokenClassificationAnswer) -> Block:
    """Each token with its best label; those that go on with a word stand close to it."""
    tokens = answer.tokens[:MOST_TOKENS]
    tags = tags_of(answer)
    return {
        "kind": "labels",
        "title": "The best label of each token",
        "tokens": [
            {
                "text": shown_text(result.passes[one.window].tokens[one.position].token),
                "label": one.label,
                "shown": format_share(one.score),
                "joins": one.joins,
                "window": one.window,
                "colour": -1 if one.label == "O" else tags.index(tag_of(one.label)) % 6,
                "top": _best_labels(answer.labels, one.scores),
            }
            for one in tokens
        ],
        "more": len(answer.tokens) - len(tokens),
    }


def _best_labels(labels: Sequence[str], scores: Sequence[float]) -> str:
    ranked = sorted(range(len(scores)), key=lambda n: -scores[n])[:3]
    return ", ".join(f"{labels[n]} {format_share(scores[n])}" for n in ranked)


def span_logits(result: pg.PipelineResult, answer: QuestionAnsweringAnswer) -> Block:
    """A start and an end logit for every token of the text, window by window; the best window comes first."""
    best = answer.spans[0]
    order = sorted(range(len(answer.windows)), key=lambda n: n != best.window)[:MOST_WINDOWS]
    windows = []
    for number in order:
        first, last = answer.windows[number].context
        window, tokens = answer.windows[number], result.passes[number].tokens[first:last]
        own = best.window == number
        windows.append(
            {
                "about": result.passes[number].about,
                "tokens": [shown_text(token.token) for token in tokens],
                "start": [_short(one) for one in window.start_logits[first:last]],
                "end": [_short(one) for one in window.end_logits[first:last]],
                "best": [best.first - first, best.last - first] if own else None,
            }
        )
    return {
        "kind": "logits",
        "title": "Start logits upwards, end logits downwards",
        "windows": windows,
        "more": len(answer.windows) - len(windows),
    }


def written_steps(answer: Seq2SeqAnswer) -> Block:
    """Every step of the loop: what the decoder had read, what it wrote, and what it nearly wrote."""
    return {
        "kind": "steps",
        "title": "Written token by token: press one to see what it was chosen from",
        "begins": [shown_text(one) for one in answer.begins],
        "steps": [
            {
                "piece": shown_text(one.piece),
                "share": _short(one.probability),
                "shown": format_share(one.probability),
                "logit": format_number(one.logit, ".3f"),
                "ruled": one.ruled,
                "best": [
                    {
                        "name": shown_text(guess.piece),
                        "share": _short(guess.probability),
                        "shown": format_share(guess.probability),
                        "cells": [],
                        "best": guess.token_id == one.token_id,
                    }
                    for guess in one.best
                ],
            }
            for one in answer.steps
        ],
    }
