"""How surprised is a model by a word? Feed one word, make the other its label, and look at exp(loss).

Try the words of the article first: *man -> woman* costs far less than *man -> animal*. Then put twenty words into the
matrix, switch on what the number hides (length, frequency, direction), and hold it against what people say.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

import playground as pg
from tabs.components import model_picker
from tabs.gradio_patches import payload, tab_being_built
from tabs.page import explain, file_to_serve, friendly, publish, receipt_panel, receipt_values, view

TITLE = "Similarity"
ASSETS = Path(__file__).parents[2] / "assets"
TASKS = ("text2text-generation", "text-generation")
TEMPLATE = "When people hear the word {source}, they think of the word {target}"
EXAMPLES = ("man, woman, animal", "doctor, nurse, banana", "bread, butter, car", "hot, cold, warm")
MATRIX = (
    "man, woman, boy, girl, king, queen, father, mother, doctor, nurse, hospital, dog, cat, horse, animal, "
    "bread, butter, milk, car, road"
)
SEPARATORS = re.compile(r"[,;\n\t]+")


def split_words(text: str) -> tuple[str, ...]:
    """The words or phrases of a text: separated by commas, semicolons, tabs or line ends.

    >>> split_words("man, woman\\nbig dog;")
    ('man', 'woman', 'big dog')
    """
    return tuple(word.strip() for word in SEPARATORS.split(text or "") if word.strip())


def read_words(path: str) -> str:
    """The first column of a CSV or text file, as text for the words field."""
    text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    words = [row[0].strip() for row in csv.reader(io.StringIO(text)) if row and row[0].strip()]
    if words and words[0].lower() in ("word", "words", "text"):
        words = words[1:]
    return ", ".join(words)


def format_losses(result: pg.WordLossResult, unfold: bool = True) -> dict[str, Any]:
    """The view's value: every pair, and one sentence that compares the best and the worst from one source."""
    losses = [dataclasses.asdict(loss) for loss in result.losses]
    by_source: dict[str, list[dict[str, Any]]] = {}
    for loss in losses:
        by_source.setdefault(loss["source"], []).append(loss)
    verdict = ""
    first = max((group for group in by_source.values() if len(group) > 1), key=_spread, default=None)
    if first:
        near, far = first[0], first[-1]
        ratio = far["perplexity"] / near["perplexity"]
        verdict = (
            f"After “{near['source']}” the model is {_times(ratio)} more surprised by “{far['target']}” "
            f"than by “{near['target']}”."
        )
    scale = (
        "exp(loss): 1 means certain, larger means more surprised; bars show the loss itself. Open a row for its pieces."
    )
    return {"losses": losses, "verdict": verdict, "notes": list(result.notes), "scale": scale, "open": unfold}


def _spread(group: list[dict[str, Any]]) -> float:
    return group[-1]["loss"] - group[0]["loss"]


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


def format_matrix(result: pg.WordMatrixResult) -> dict[str, Any]:
    """The view's value: the losses, rounded for the wire, and an order that puts close words side by side."""

    def rounded(table: Any) -> Any:
        return [[round(value, 5) for value in row] for row in table] if table else None

    return {
        "words": list(result.words),
        "loss": rounded(result.loss),
        "pieces": list(result.pieces),
        "baseline_sum": [round(value, 5) for value in result.baseline_sum],
        "cosine": rounded(result.cosine),
        "clustered": clustered_order(result),
        "notes": list(result.notes),
    }


def clustered_order(result: pg.WordMatrixResult) -> list[int]:
    """Indices of the words so that close ones stand together (average linkage of the symmetric, baseline-free loss)."""
    from scipy.cluster.hierarchy import average, leaves_list, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    count = len(result.words)
    if count < 3:
        return list(range(count))
    table = result.distance(total=True, baseline=True, symmetric=True)
    least = min(table[i][j] for i in range(count) for j in range(count) if i != j)
    square = [[0.0 if i == j else table[i][j] - least for j in range(count)] for i in range(count)]
    flat = squareform(square, checks=False)
    return [int(index) for index in leaves_list(optimal_leaf_ordering(average(flat), flat))]


def matrix_csv(result: pg.WordMatrixResult) -> str:
    """The path of a CSV file with every measure of every ordered pair."""
    tables = {
        "loss": result.distance(),
        "loss_sum": result.distance(total=True),
        "loss_sum_minus_baseline": result.distance(total=True, baseline=True),
        "symmetric_loss_sum_minus_baseline": result.distance(total=True, baseline=True, symmetric=True),
    }
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["source", "target", "pieces", *tables, "baseline_loss_sum", "cosine"])
    for i, source in enumerate(result.words):
        for j, target in enumerate(result.words):
            if i != j:
                values = [table[i][j] for table in tables.values()]
                cosine = result.cosine[i][j] if result.cosine else ""
                writer.writerow([source, target, result.pieces[j], *values, result.baseline_sum[j], cosine])
    return file_to_serve("word-losses.csv", file.getvalue())


def read_ratings() -> list[dict[str, Any]]:
    """The bundled pairs with people's mean rating from 0 to 10 (WordSim-353)."""
    with (ASSETS / "examples" / "word_ratings.csv").open(encoding="utf-8") as file:
        return [{**row, "rating": float(row["rating"])} for row in csv.DictReader(file)]


def format_ratings(ratings: list[dict[str, Any]], result: pg.WordPairsResult | None = None) -> dict[str, Any]:
    """The view's value: the pairs, ten of them spread over the scale to rate first, and rho once it is measured."""
    step = len(ratings) / 10
    value: dict[str, Any] = {"pairs": ratings, "ten": [int(step * k + step / 2) for k in range(10)]}
    # Not in the order of the answer: a reader who sees the scale rise would only count upwards.
    value["ten"] = [value["ten"][k] for k in (6, 1, 8, 3, 0, 9, 4, 7, 2, 5)]
    if result is not None:
        measured = [dataclasses.asdict(pair) | {"similarity": pair.similarity} for pair in result.pairs]
        value["pairs"] = [{**row, **pair} for row, pair in zip(ratings, measured, strict=True)]
        people = [row["rating"] for row in ratings]
        value["rho"] = pg.spearman([pair.similarity for pair in result.pairs], people)
        value["rho_cosine"] = pg.spearman([pair.cosine or 0.0 for pair in result.pairs], people)
    return value


def build_tab(playground: pg.Playground) -> None:
    """Lays out the tab inside the current Blocks."""
    explain(
        "Feed one word to a model and make the other its **label**: `model(input_ids=…, labels=…).loss` says how "
        "surprised the model is, and `exp(loss)` is small when it saw the word coming. The direction matters."
    )
    with gr.Row(equal_height=True):
        model_id = model_picker(playground, *TASKS, scale=2)
        template = gr.Textbox(
            TEMPLATE,
            label="template",
            info="A causal model has no labels of its own: only the pieces of {target} count.",
            visible=False,
            scale=3,
        )
    page_tab = tab_being_built()
    with gr.Tabs(overflow_behavior="wrap"):
        with gr.Tab("Two or three words", id="words"):
            _words_section(playground, model_id, template, page_tab)
        with gr.Tab("Matrix", id="matrix"):
            _matrix_section(playground, model_id, template)
        with gr.Tab("Against people", id="people"):
            _people_section(playground, model_id, template)
    model_id.change(
        lambda chosen: gr.Textbox(visible=_is_causal(playground, chosen)), model_id, template, api_visibility="private"
    )
    _api(playground)


def _is_causal(playground: pg.Playground, model_id: str) -> bool:
    spec = playground.catalog.find(model_id)
    return spec is not None and spec.task == "text-generation"


def _words_section(
    playground: pg.Playground, model_id: gr.Dropdown, template: gr.Textbox, page_tab: gr.Tab | None
) -> None:
    with gr.Row(equal_height=True):
        words = gr.Textbox(
            EXAMPLES[0],
            label="words",
            info="Two or three, separated by commas. Phrases work too.",
            scale=5,
            elem_id="similarity-words",
        )
        button = gr.Button(
            "Measure", variant="primary", scale=1, min_width=120, elem_id="similarity-measure", elem_classes="pg-go"
        )
    with gr.Row():
        chips = [gr.Button(example, size="sm", variant="secondary", min_width=120) for example in EXAMPLES]
    result_view = view("word_loss", elem_id="similarity-losses")
    code, notebook = receipt_panel()

    @friendly
    def measure(text: str, model: str, form: str) -> tuple[dict[str, Any], str, str]:
        result = playground.word_loss(pg.WordLossRequest(split_words(text), model, template=form))
        receipt = playground.word_loss_receipt(result)
        return format_losses(result), *receipt_values(receipt)

    @friendly
    def open_tab(shown: dict[str, Any] | None, text: str, model: str, form: str) -> tuple[Any, ...]:
        return (gr.skip(),) * 3 if shown else measure(text, model, form)

    inputs, outputs = [words, model_id, template], [result_view, code, notebook]
    if page_tab is not None:  # the first look finds the article's words measured
        page_tab.select(
            open_tab, [result_view, *inputs], outputs, api_visibility="private", show_progress_on=result_view
        )
    gr.on(
        [button.click, words.submit], measure, inputs, outputs, api_visibility="private", show_progress_on=result_view
    )
    for chip, example in zip(chips, EXAMPLES, strict=True):
        chip.click(lambda example=example: example, None, words, api_visibility="private").then(
            measure, inputs, outputs, api_visibility="private", show_progress_on=result_view
        )


def _matrix_section(playground: pg.Playground, model_id: gr.Dropdown, template: gr.Textbox) -> None:
    words = gr.Textbox(
        MATRIX,
        label="words",
        lines=3,
        max_lines=8,
        info="Up to 60, separated by commas or lines.",
        elem_id="matrix-words",
    )
    with gr.Row():
        button = gr.Button("Measure all pairs", variant="primary", min_width=140, elem_id="matrix-measure")
        stop = gr.Button("Stop", variant="stop", min_width=80, interactive=False)
        upload = gr.UploadButton("Words from a CSV", file_types=[".csv", ".txt", ".tsv"], min_width=140)
        download = gr.DownloadButton("All measures as CSV", interactive=False, min_width=140)
    matrix_view = view("word_matrix", elem_id="similarity-matrix")
    pair_view = view("word_loss", elem_id="matrix-pair")

    @friendly
    def measure(text: str, model: str, form: str, progress: gr.Progress = gr.Progress()) -> Iterator[tuple[Any, ...]]:  # noqa: B008
        request = pg.WordMatrixRequest(split_words(text), model, template=form)
        yield gr.skip(), None, gr.skip(), gr.Button(interactive=True)
        for event in playground.word_matrix(request):
            if isinstance(event, pg.WordMatrixResult):
                yield (
                    format_matrix(event), None, gr.DownloadButton(value=matrix_csv(event), interactive=True),
                    gr.Button(interactive=False),
                )  # fmt: skip
            else:
                progress((event.done, event.total), desc="sources", unit="words")
                yield gr.skip(), gr.skip(), gr.skip(), gr.skip()

    @friendly
    def pieces(model: str, form: str, event: gr.EventData) -> dict[str, Any]:
        pair = (str(payload(event)["source"]), str(payload(event)["target"]))
        return format_losses(playground.word_loss(pg.WordLossRequest(pair, model, template=form)))

    run = button.click(
        measure,
        [words, model_id, template],
        [matrix_view, pair_view, download, stop],
        api_visibility="private",
        show_progress_on=matrix_view,
    )
    stop.click(lambda: gr.Button(interactive=False), None, stop, cancels=run, api_visibility="private")
    upload.upload(friendly(read_words), upload, words, api_visibility="private")
    matrix_view.click(pieces, [model_id, template], pair_view, api_visibility="private")


def _people_section(playground: pg.Playground, model_id: gr.Dropdown, template: gr.Textbox) -> None:
    ratings = read_ratings()
    explain(
        f"{len(ratings)} pairs from **WordSim-353** (Finkelstein et al., 2002) that 13 to 16 people rated 0 to 10. "
        "The model's side is the negated loss, summed over pieces, mean of both directions, less what each word costs "
        "after an empty source."
    )
    button = gr.Button(f"Score all {len(ratings)} pairs", variant="primary", elem_id="people-measure")
    people_view = view("word_ratings", format_ratings(ratings), elem_id="similarity-people")

    @friendly
    def measure(model: str, form: str, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:  # noqa: B008
        pairs = tuple((row["word1"], row["word2"]) for row in ratings)
        for event in playground.word_pairs(pg.WordPairsRequest(pairs, model, template=form)):
            if isinstance(event, pg.WordPairsResult):
                yield format_ratings(ratings, event)
            else:
                progress((event.done, event.total), desc="sources", unit="words")
                yield gr.skip()

    gr.on(
        [button.click, people_view.click],
        measure,
        [model_id, template],
        people_view,
        api_visibility="private",
        show_progress_on=people_view,
    )


def _api(playground: pg.Playground) -> None:
    """The typed endpoints."""
    default = next((spec.id for spec in playground.catalog.for_task(TASKS[0])), "")

    def word_loss(words: list[str], model_id: str = default, template: str = TEMPLATE) -> pg.WordLossResult:
        """exp(loss) of every ordered pair of two or three words.

        Args:
            words: two or three words or phrases.
            model_id: a sequence-to-sequence or causal model of the catalog.
            template: for causal models; ends with {target} and names {source}.

        Returns:
            {"model_id", "template", "losses": [{"source", "target", "loss", "loss_sum", "perplexity", "pieces":
            [{"token_id", "piece", "probability", "loss"}]}], "notes"}, the most expected pair first; losses in nats.
        """
        return playground.word_loss(pg.WordLossRequest(tuple(words), model_id, template=template))

    def word_matrix(words: list[str], model_id: str = default, template: str = TEMPLATE) -> pg.WordMatrixResult:
        """Losses of up to 60 words against each other.

        Returns:
            {"model_id", "template", "words", "loss": [source][target] mean nats, "pieces": per target, "baseline_sum":
            summed nats of each target after an empty source, "cosine": of MiniLM embeddings, "notes"}.
        """
        *_, result = playground.word_matrix(pg.WordMatrixRequest(tuple(words), model_id, template=template))
        return result

    publish(word_loss)
    publish(word_matrix)
