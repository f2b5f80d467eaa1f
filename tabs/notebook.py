"""Results in a notebook, with the views of the page and without a server: ``playground.show(result)``."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import playground as pg
from playground.errors import InputError
from playground.wire import to_json
from tabs.attention.export import alone as attention_alone
from tabs.classification.format import format_bars
from tabs.generation.format import format_event
from tabs.generation.settings import echo
from tabs.similarity.format import format_losses, format_matrix
from tabs.stand_alone import Alone, page_of
from tabs.tokens.format import format_tokenization

HEIGHTS = {"tokens": 460, "attention": 900, "generation": 560, "matrix": 820, "labels": 460, "losses": 720}
# What needs a server, or says how it went there.
NOT_ALONE = "#view :is(.gen-how, .gen-toolbar, .gen-compare, .gen-live, .gen-panel-foot) { display: none; }"


@dataclass(frozen=True)
class Shown:
    """A result as a page of its own: a notebook draws it at the end of a cell, or by ``display``; `save` keeps it.

    ``height`` is that of the frame in the notebook, in pixels.
    """

    page: str
    height: int

    def _repr_html_(self) -> str:
        """A frame of its own: the page's styles and the notebook's don't meet, and its script reaches nothing else."""
        return (
            f'<iframe srcdoc="{html.escape(self.page)}" sandbox="allow-scripts allow-downloads" loading="lazy" '
            f'style="width: 100%; height: {self.height}px; border: 0" title="Transformers Playground"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<a page of {len(self.page):,} characters; display() draws it in a notebook, .save(path) keeps it>"

    def save(self, path: str | Path) -> Path:
        """The path of a file that any browser opens, without a network."""
        target = Path(path)
        target.write_text(self.page, encoding="utf-8")
        return target


def show(result: Any, height: int = 0) -> Shown:
    """A result with the page's own view: tokens, attention, alternatives, a matrix, labels or losses.

    It takes what `Playground` gives back: a `Tokenization`, `AttentionResult`, `GenerationResult`, `WordMatrixResult`,
    `ClassifyResult` or `WordLossResult`. ``height`` is that of the frame in pixels; 0 is what suits the view.

    Raises:
        InputError: there is no view for such a result.
        InputTooLongError: attention has too many weights for one page.
    """
    for kind, alone_of in _VIEWS:
        if isinstance(result, kind()):
            alone = alone_of(result)
            return Shown(page_of(alone), height or HEIGHTS[alone.name])
    names = ", ".join(kind().__name__ for kind, _ in _VIEWS)
    raise InputError(f"There is no view for a {type(result).__name__}.", f"Show one of {names}.")


def _tokens(result: pg.Tokenization) -> Alone:
    data = {"text": result.text, "model_id": result.model_id, "answer": format_tokenization(result)}
    return Alone("tokens", "tokens/live_tokens", f"Tokens of {result.model_id}", "", data)


def _attention(result: pg.AttentionResult) -> Alone:
    return attention_alone(result, result.request.model_id)


def _generation(result: pg.GenerationResult) -> Alone:
    """The view asks for the reply as if it were the first of the page, so it opens with what the request says."""
    request = result.request
    mode = "Chat" if request.messages else "Complete"
    asked = echo(request) | {"model_id": request.model_id or "the catalog's first model"}
    controls = {**asked, "mode": mode, "prompt": request.prompt or ""}
    opening = {"mode": mode, "prompt": request.prompt or "", "model_id": asked["model_id"], "system": ""}
    events = [result.started, *result.steps, *result.beam_steps, result.finished]
    props = {
        "alone": True,
        "inbox": "",
        "presets": [],
        "defaults": controls,
        "opening": opening,
        "examples": [],
        "tried_with": "",
        "titles": {},
    }
    data = {"props": props, "begin": asked, "events": [[0, format_event(one)] for one in events if one is not None]}
    return Alone("generation", "generation/view", "A reply, token by token", "", data, own_css=NOT_ALONE)


def _matrix(result: pg.WordMatrixResult) -> Alone:
    data = to_json(format_matrix(result), short=True)
    return Alone("matrix", "similarity/word_matrix", "Words against each other", "", data)


def _labels(result: pg.ClassifyResult) -> Alone:
    text = " · ".join(filter(None, (result.request.text, result.request.text_pair)))
    return Alone("labels", "classification/label_bars", "What the classifier says", text, to_json(format_bars(result)))


def _losses(result: pg.WordLossResult) -> Alone:
    data = to_json(format_losses(result))
    return Alone("losses", "similarity/word_loss", "How close words are", "", data)


# The kind is asked for when it is needed: some of them bring torch.
_VIEWS: tuple[tuple[Callable[[], type], Callable[[Any], Alone]], ...] = (
    (lambda: pg.Tokenization, _tokens),
    (lambda: pg.AttentionResult, _attention),
    (lambda: pg.GenerationResult, _generation),
    (lambda: pg.WordMatrixResult, _matrix),
    (lambda: pg.ClassifyResult, _labels),
    (lambda: pg.WordLossResult, _losses),
)
