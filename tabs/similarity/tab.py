"""How close are two words to a model? Feed one, make the other its label, and look at the loss.

Try the words of the article first: *man -> woman* is far closer than *man -> animal*. Then put twenty words into the
matrix, switch on what the number hides (length, frequency, direction), and hold it against what people say.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.similarity.request import DEFAULT_TEMPLATE
from playground.similarity.result import Progress
from playground.tables import SUFFIXES
from playground.wire import to_json
from tabs.components import buttons_of_run, example_chips, model_row
from tabs.gradio_patches import payload
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.asking import Asking
from tabs.links.bar import share_view
from tabs.links.handlers import asked_in
from tabs.page import (
    answer_or,
    explain,
    file_to_serve,
    friendly,
    heading,
    progress_view,
    receipt_panel,
    receipt_values,
    run_refused,
    said_in_place,
    so_far,
    view,
)
from tabs.similarity.api import SimilarityApi
from tabs.similarity.examples import EXAMPLES, what_it_shows
from tabs.similarity.format import NOT_ALL_YET, RatedPair, format_progress, format_ratings, format_stopped, not_scored
from tabs.similarity.handlers import (
    MeasuredMatrix,
    asked_and_measured,
    measure_matrix,
    measure_ratings,
    measure_words,
    rated_pairs,
    read_ratings,
    read_words,
    split_words,
)
from tabs.similarity.map_format import format_map

TITLE = "Similarity"
TASKS = ("text2text-generation", "text-generation")
MATRIX = (
    "man, woman, boy, girl, king, queen, father, mother, doctor, nurse, hospital, dog, cat, horse, animal, "
    "bread, butter, milk, car, road"
)
MEASURING = {"losses": [], "empty": "Measuring…"}
NOT_YET = {"losses": [], "empty": "Press Measure to see how close each word is to the others."}
ASKING = so_far(0, 1, "Asking the model…")
QUIET: dict[str, Any] = {"api_visibility": "private"}
UNSEEN: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "multiple", **QUIET}
Values = dict[Any, Any]


class _Asked(NamedTuple):
    """What all parts of the tab ask with."""

    playground: pg.Playground
    model_id: gr.Dropdown
    template: gr.Textbox


def build_tab(playground: pg.Playground) -> list[Watched]:
    """Lays out the tab inside the current Blocks; what comes back is lent to the lessons."""
    explain(
        "Feed one word to a model and make the other its **label**: `model(input_ids=…, labels=…).loss` says how "
        "surprised the model is. A word that it saw coming has a small loss: **close**. The direction matters."
    )
    model_id = model_row(playground, *TASKS)
    template = gr.Textbox(
        DEFAULT_TEMPLATE,
        label="template",
        info="A causal model has no labels of its own: only the pieces of {target} count.",
        visible=False,
    )
    asked = _Asked(playground, model_id, template)
    with gr.Tabs(overflow_behavior="wrap"):
        with gr.Tab("Two or three words", id="words"):
            heading("Two or three words", 3)
            words = _words_part(asked)
        with gr.Tab("Matrix", id="matrix"):
            heading("Matrix", 3)
            matrix = _matrix_part(asked)
        with gr.Tab("Against people", id="people"):
            heading("Against people", 3)
            people = _people_part(asked)
    model_id.change(lambda chosen: gr.Textbox(visible=_is_causal(playground, chosen)), model_id, template, **QUIET)
    SimilarityApi(playground).publish()
    return [words, matrix, people]


def _is_causal(playground: pg.Playground, model_id: str) -> bool:
    spec = playground.catalog.find(model_id)
    return spec is not None and spec.task == "text-generation"


class _WordsParts(NamedTuple):
    """The components of the part for two or three words."""

    words: gr.Textbox
    button: gr.Button
    chips: list[gr.Button]
    shows: gr.Markdown
    losses: gr.HTML
    share: gr.HTML
    code: gr.Code
    notebook: gr.DownloadButton
    measured: gr.State

    def nothing(self) -> Values:
        """No answer."""
        return {self.losses: NOT_YET, self.measured: None, self.shows: "", self.code: None, self.notebook: None}


def _words_part(asked: _Asked) -> Watched:
    laid_out = _lay_out_words()
    losses = view("similarity/word_loss", NOT_YET, events=["first_view"], elem_id="similarity-losses", has_example=True)
    parts = _WordsParts(*laid_out, losses, share_view(), *receipt_panel(), gr.State())
    _wire_words(asked, parts)
    return Watched("similarity", _lent(asked, parts.words), losses, parts.measured, shared=Shared(parts.share))


def _wire_words(asked: _Asked, parts: _WordsParts) -> None:
    """A press, Enter, an example, another model or the first look measures; other words take the answer away."""
    inputs, last = {parts.words, asked.model_id, asked.template}, LastRun()

    about = partial(_about, asked, parts.words)

    def measure(data: Values) -> Iterator[Values]:
        yield parts.nothing() | {parts.losses: MEASURING}
        text, model_id, template = about(data)
        try:
            shown, result = measure_words(asked.playground, split_words(text), model_id, template)
            code, notebook = receipt_values(asked.playground.word_loss_receipt(result))
        except Exception as error:
            said = said_in_place(error)
            yield parts.nothing() | ({parts.losses: NOT_YET | {"empty": said}} if said else {})
            raise
        found = {parts.losses: to_json(shown), parts.measured: result, parts.shows: what_it_shows(text, model_id)}
        yield {**found, parts.code: code, parts.notebook: notebook}

    def forget(data: Values, request: gr.Request) -> Values:
        """What other words or another template gave goes, or no longer comes."""
        return gr.skip() if last.goes_on(request, about(data)) else parts.nothing()

    run, outputs = last.wins(measure, about), list(parts.nothing())
    running: dict[str, Any] = {"outputs": outputs, "show_progress_on": parts.losses, **QUIET}
    asking: dict[str, Any] = {"fn": friendly(run), "inputs": inputs, **running, "trigger_mode": "always_last"}
    looks = gr.State(0)  # one event answers the first look and what is pressed meanwhile: one after the other
    parts.losses.first_view(lambda: 1, None, looks, show_progress="hidden", **QUIET)
    gr.on([looks.change, parts.button.click, parts.words.submit, asked.model_id.change], **asking)
    gr.on([parts.words.change, asked.template.change], forget, inputs, outputs, show_progress="hidden", **QUIET)
    _wire_chips(parts.chips, parts.words, asking)


def _about(asked: _Asked, words: gr.Textbox | None, data: Values) -> tuple[Any, ...]:
    """What is measured, for `LastRun`; the pairs of people need no words."""
    return data.get(words), data[asked.model_id], data[asked.template]


def _lent(asked: _Asked, words: gr.Textbox) -> dict[str, Any]:
    return {"words": words, "model_id": asked.model_id, "template": asked.template}


def _wire_chips(chips: list[gr.Button], words: gr.Textbox, running: dict[str, Any]) -> None:
    """An example is filled in and measured."""
    for chip, example in zip(chips, EXAMPLES, strict=True):
        chip.click(lambda text=example.words: text, None, words, **QUIET).then(**running)


def _lay_out_words() -> tuple[gr.Textbox, gr.Button, list[gr.Button], gr.Markdown]:
    with gr.Row(equal_height=True):
        words = gr.Textbox(
            EXAMPLES[0].words,
            label="words",
            info="Two or three, separated by commas; phrases work too. Enter measures them.",
            max_lines=3,  # what is said of too many stands below it
            scale=5,
            elem_id="similarity-words",
        )
        button = gr.Button(
            "Measure", variant="primary", scale=1, min_width=120, elem_id="similarity-measure", elem_classes="pg-go"
        )
    chips = example_chips([example.words for example in EXAMPLES])
    return words, button, chips, gr.Markdown(elem_classes="pg-explain", elem_id="similarity-shows", min_height=24)


class _MatrixParts(NamedTuple):
    """The components of the matrix."""

    words: gr.Textbox
    button: gr.Button
    stop: gr.Button
    upload: gr.UploadButton
    download: gr.DownloadButton
    doing: gr.HTML
    matrix: gr.HTML
    pair: gr.HTML
    code: gr.Code
    notebook: gr.DownloadButton
    map: gr.HTML
    mapped: gr.State
    map_code: gr.Code
    map_notebook: gr.DownloadButton
    measured: gr.State
    reached: gr.State


def _matrix_part(asked: _Asked) -> Watched:
    (parts, share), last = _lay_out_matrix(), LastRun()
    about = partial(_about, asked, parts.words)

    def measure(data: Values) -> Iterator[Values]:
        yield {**_unmeasured(parts), parts.doing: ASKING, **buttons_of_run(parts.button, parts.stop, working=True)}
        try:
            for event in measure_matrix(asked.playground, *about(data)):
                if isinstance(event, Progress):
                    yield {parts.doing: format_progress(event), parts.reached: event}
                else:
                    yield _measured(parts, event)
        except Exception as error:
            yield _unmeasured(parts) | {parts.doing: run_refused(error, NOT_ALL_YET)}
            raise

    @friendly
    def pieces(data: Values, event: gr.EventData) -> Iterator[Values]:
        pair = payload(event)
        words = (str(pair["source"]), str(pair["target"]))
        found = partial(measure_words, asked.playground, words, data[asked.model_id], data[asked.template])
        instead: dict[str, Any] = {"losses": []}
        yield from answer_or(
            lambda: {parts.pair: to_json(found()[0])},
            lambda error: {parts.pair: instead | {"empty": said_in_place(error)}},
        )

    inputs, outputs = [parts.words, asked.model_id, asked.template], list(parts)
    looking = parts.matrix.click(pieces, set(inputs[1:]), parts.pair, trigger_mode="multiple", **QUIET)
    run = parts.button.click(friendly(last.wins(measure, about)), set(inputs), outputs, cancels=looking, **UNSEEN)
    stopped = last.none(lambda progress: _unmeasured(parts) | {parts.doing: format_stopped(progress)})
    parts.stop.click(stopped, parts.reached, outputs, cancels=[run, looking], **UNSEEN)
    forget = last.none(partial(_unmeasured, parts), about)
    gr.on([one.change for one in inputs], forget, set(inputs), outputs, cancels=looking, **UNSEEN)
    parts.upload.upload(friendly(_from_file(parts)), parts.upload, [parts.words, parts.doing], **QUIET)
    shared = Shared(share, kept=parts.measured, answer=asked_and_measured)
    return Watched("word_map", _lent(asked, parts.words), parts.map, parts.mapped, shared=shared)


def _from_file(parts: _MatrixParts) -> Any:
    """What puts the words of a file into the field, or says why they can't be read."""

    def words_of(path: str) -> Iterator[Values]:
        yield from answer_or(
            lambda: {parts.words: read_words(Path(path)), parts.doing: None},
            lambda error: {parts.doing: run_refused(error)},
        )

    return words_of


def _unmeasured(parts: _MatrixParts) -> Values:
    """No numbers: other words, another model or template would make them another's."""
    return {
        parts.doing: NOT_ALL_YET,
        parts.matrix: None,
        parts.pair: None,
        parts.download: gr.DownloadButton(interactive=False),
        **buttons_of_run(parts.button, parts.stop, working=False),
        parts.code: None,
        parts.notebook: None,
        parts.map: None,
        parts.mapped: None,
        parts.map_code: None,
        parts.map_notebook: None,
        parts.measured: None,
        parts.reached: None,
    }


def _measured(parts: _MatrixParts, measured: MeasuredMatrix) -> Values:
    code, notebook = receipt_values(measured.receipt)
    map_code, map_notebook = receipt_values(measured.map_receipt)
    return {
        parts.measured: measured.result,
        parts.code: code,
        parts.notebook: notebook,
        parts.matrix: to_json(measured.matrix, short=True),
        parts.download: gr.DownloadButton(value=file_to_serve("word-losses.csv", measured.table), interactive=True),
        **buttons_of_run(parts.button, parts.stop, working=False),
        parts.doing: None,
        parts.map: to_json(format_map(measured.map), short=True),
        parts.mapped: measured.map,
        parts.map_code: map_code,
        parts.map_notebook: map_notebook,
    }


def _lay_out_matrix() -> tuple[_MatrixParts, gr.HTML]:
    info = "Up to 60, separated by commas or lines."
    words = gr.Textbox(MATRIX, label="words", lines=3, max_lines=8, info=info, elem_id="matrix-words")
    with gr.Row():
        button = gr.Button("Measure all pairs", variant="primary", min_width=140, elem_id="matrix-measure")
        stop = gr.Button("Stop", variant="stop", min_width=80, interactive=False)
        upload = gr.UploadButton("Words from a file", file_types=list(SUFFIXES), min_width=140)
        download = gr.DownloadButton("All measures as CSV", interactive=False, min_width=140)
    doing = progress_view("matrix-progress", NOT_ALL_YET)
    matrix = view("similarity/word_matrix", elem_id="similarity-matrix")
    pair = view("similarity/word_loss", elem_id="matrix-pair", elem_classes="pg-aside")
    share = share_view()
    code = receipt_panel("Code: the sums of these losses with plain transformers")
    flat = view("similarity/word_map", elem_id="similarity-map")
    map_code = receipt_panel("Code: this map with plain transformers")
    states = gr.State(), gr.State(), gr.State()
    parts = _MatrixParts(
        words, button, stop, upload, download, doing, matrix, pair, *code, flat, states[0], *map_code, *states[1:]
    )
    return parts, share


def _people_part(asked: _Asked) -> Watched:
    ratings = read_ratings()
    explain(
        f"{len(ratings)} pairs from **WordSim-353** (Finkelstein et al., 2002) that 13 to 16 people rated 0 to 10. "
        "The model's side, in nats: how much less a word costs after the other one than after an empty source, mean of "
        "both directions."
    )
    with gr.Row():
        button = gr.Button(f"Score all {len(ratings)} pairs", variant="primary", scale=3, elem_id="people-measure")
        stop = gr.Button("Stop", variant="stop", interactive=False, min_width=80, elem_id="people-stop")
    alone = to_json(format_ratings(ratings))
    doing = progress_view("people-progress", not_scored(len(ratings)))
    people = view("similarity/word_ratings", alone, elem_id="similarity-people")
    share = share_view()
    code = receipt_panel("Code: how close these pairs are, with plain transformers")
    return _wire_people(asked, ratings, (button, stop, doing, people, share), alone, code)


def _wire_people(
    asked: _Asked,
    ratings: tuple[RatedPair, ...],
    parts: tuple[gr.Button, gr.Button, gr.HTML, gr.HTML, gr.HTML],
    alone: Any,
    code: tuple[gr.Code, gr.DownloadButton],
) -> Watched:
    """A press or a link measures all pairs; ``alone`` are the ratings without a model."""
    (button, stop, doing, people, share), links, last = parts, Asking(), LastRun()
    about, ended = partial(_about, asked, None), partial(_still, doing, button, stop)
    measured, reached = gr.State(), gr.State()
    unscored = {people: alone, **dict.fromkeys([measured, *code]), doing: not_scored(len(ratings))}

    def measure(data: Values) -> Iterator[Values]:
        yield from show(rated_pairs(ratings, *about(data)[1:]))

    def measure_again(event: gr.EventData) -> Iterator[Values]:
        yield from show(*asked_in(event))

    def show(request: pg.WordPairsRequest) -> Iterator[Values]:
        yield {doing: ASKING, reached: None, **buttons_of_run(button, stop, working=True)}
        try:
            for event in measure_ratings(asked.playground, ratings, request):
                if isinstance(event, Progress):
                    yield {doing: format_progress(event), reached: event}
                else:
                    values = (to_json(event.view, short=True), event.result, *receipt_values(event.receipt))
                    yield ended() | dict(zip((people, measured, *code), values, strict=True))
        except Exception as error:
            yield ended() | {doing: run_refused(error, unscored[doing])}
            raise

    fields = {"model_id": asked.model_id, "template": asked.template}
    given, filled = set(fields.values()), {"outputs": [people, measured, reached, *code, doing, button, stop], **UNSEEN}
    run = gr.on([button.click, people.click], friendly(last.wins(measure, about)), given, **filled)
    runs = [run, share.again(friendly(links.of(last.wins(measure_again))), **filled)]
    stopped = last.none(lambda progress: ended() | unscored | {doing: format_stopped(progress)})
    stop.click(stopped, reached, cancels=runs, **filled)
    gr.on([one.change for one in fields.values()], last.none(lambda: ended() | unscored, about), given, **filled)
    return Watched("people", fields, people, measured, shared=Shared(share, again=links))


def _still(doing: gr.HTML, button: gr.Button, stop: gr.Button) -> Values:
    """Nothing runs; not to be asked while the page is built, since its updates would become buttons of their own."""
    return {doing: None, **buttons_of_run(button, stop, working=False)}
