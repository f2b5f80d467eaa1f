"""The similarity tab without a page: words out of files, values of the views, the CSV."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

import playground as pg
from playground.receipt import Receipt
from playground.similarity.result import PairMeasures, PieceLoss, Progress
from playground.similarity.word_map import word_map
from playground.wire import to_json
from tabs.similarity.examples import FULL_SETS, MODEL_ID
from tabs.similarity.format import (
    NO_END,
    format_losses,
    format_matrix,
    format_progress,
    format_ratings,
    format_stopped,
    matrix_csv,
)
from tabs.similarity.handlers import measure_matrix, read_ratings, read_words, split_words
from tabs.similarity.map_format import MapView, format_map


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "word\nman\nwoman\n", "man, woman"),
        ("a.csv", "man\nwoman\nanimal\n", "man, woman, animal"),
        ("a.csv", "man,woman,animal\n", "man, woman, animal"),
        ("a.csv", "id;word\n1;man\n2;woman\n", "man, woman"),
        ("a.tsv", "man\twoman\n", "man, woman"),
        ("a.tsv", "word\tcount\nman\t10\nwoman\t20\n", "man, woman"),
        ("a.tsv", "man\t10\nbig dog\t20\n", "man, big dog"),
        ("a.txt", "man, woman\nanimal\n", "man, woman, animal"),
        ("a.jsonl", '{"word": "man"}\n{"word": "woman"}\n', "man, woman"),
    ],
)
def test_words_of_every_kind_of_file(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    assert read_words(tmp_path / name) == words
    assert len(split_words(read_words(tmp_path / name))) == words.count(",") + 1


def loss(source: str, target: str, nats: float) -> pg.WordLoss:
    return pg.WordLoss(source, target, nats, nats, 2.0**nats, (PieceLoss(5, "woman", 0.5, nats),))


def test_the_verdict_compares_the_best_and_the_worst_of_the_first_source():
    losses = (loss("woman", "man", 0.5), loss("man", "woman", 1), loss("man", "lamp", 6), loss("woman", "lamp", 9))
    shown = format_losses(pg.WordLossResult("m", "auto", None, losses), ("man", "woman"))
    assert shown.verdict == "After “man”, “woman” is 148 times as probable as “lamp”: 1.00\u00a0nats against 6.00."
    phrases = format_losses(pg.WordLossResult("m", "auto", None, (losses[1], loss("man", "a red lamp", 33))))
    assert "is more than a million times as probable as" in phrases.verdict
    assert [one.loss_sum for one in shown.losses] == [1, 6, 0.5, 9] and shown.origin == "Measured with m."
    ends = "woman ends every label and counts as a piece: it costs at most 9.00\u00a0nats here"
    assert shown.notes == (f"{ends}. A causal model's labels have none.",)
    causal = format_losses(pg.WordLossResult("m", "8-bit", "{source} {target}", losses, held="8-bit"))
    assert causal.notes == (NO_END,) and causal.origin == "Measured with m in 8-bit, template “{source} {target}”."
    assert to_json(shown)["losses"][0]["pieces"] == [{"token_id": 5, "piece": "woman", "probability": 0.5, "loss": 1}]
    assert format_losses(pg.WordLossResult("m", "auto", None, losses[:1])).verdict == ""


@pytest.mark.parametrize(("end", "halves"), [(0.5, True), (3.0, False)])  # after "un", "re" costs 7.81 and 3.77
def test_the_end_token_halves_the_mean_only_where_it_costs_next_to_nothing(end, halves):
    pieces = (PieceLoss(5, "re", 0.1, 8.0), PieceLoss(1, "</s>", 0.5, end))
    losses = (pg.WordLoss("un", "re", 8 + end, 4 + end / 2, 9.0, pieces),)
    (note,) = format_losses(pg.WordLossResult("m", "auto", None, losses)).notes
    assert note.startswith(f"</s> ends every label and counts as a piece: it costs at most {end:.2f}\u00a0nats here")
    assert ("nearly halves the mean of a word of one piece" in note) is halves


MATRIX = pg.WordMatrixResult(
    "m", None, ("=a", "b", "-c"), ((0.5, 1.0, 4.0), (3.0, 0.5, 5.0), (6.0, 7.0, 0.5)), (2, 1, 1), (2.0, 2.5, 3.0), None
)


def test_every_ordered_pair_is_in_the_csv_and_no_word_is_a_formula():
    header, *rows = csv.reader(io.StringIO(matrix_csv(MATRIX).removeprefix("\ufeff")))
    assert header[:4] == ["source", "target", "pieces", "loss"] and len(rows) == 6
    assert rows[0][:4] == ["'=a", "b", "1", "1.0"] and {row[-1] for row in rows} == {""}
    assert {row[0] for row in rows} == {"'=a", "b", "'-c"}


def test_the_matrix_puts_close_words_side_by_side():
    shown = format_matrix(MATRIX)
    assert sorted(shown.clustered) == [0, 1, 2] and shown.clustered.index(2) != 1
    assert to_json(shown)["words"] == ["=a", "b", "-c"] and shown.cosine is None


def test_ratings_alone_and_with_what_a_model_says():
    ratings = read_ratings()
    assert len(ratings) == 64 and all(0 <= pair.rating <= 10 for pair in ratings)
    alone = to_json(format_ratings(ratings))
    assert "similarity" not in alone["pairs"][0] and len(set(alone["ten"])) == 10
    pairs = tuple(PairMeasures(p.word1, p.word2, 1, 1, -p.rating, -p.rating, 0, 0, None) for p in ratings)
    measured = format_ratings(ratings, pg.WordPairsResult("m", None, pairs))
    assert measured.rho == 1 and measured.rho_cosine is None
    assert measured.title == "Spearman's rho with people on these 64 pairs: loss 1.00; MiniLM cosine none"
    assert measured.about == "Measured with m."
    ours = format_ratings(ratings, pg.WordPairsResult(MODEL_ID, None, (*pairs[1:], pairs[0])))
    assert "(95\u00a0% interval 0." in ours.title and ours.about.endswith(FULL_SETS)
    assert measured.pairs[3].similarity == ratings[3].rating


def test_the_matrix_is_measured_step_by_step():
    class Fake:
        def word_matrix(self, request):
            assert request == pg.WordMatrixRequest(("a", "b"), "m", template="t")
            yield "progress"
            yield MATRIX

        def word_matrix_receipt(self, result):
            return Receipt("Words", f"# {len(result.words)}")

        def word_map(self, matrix):
            return word_map(matrix)

        def word_map_receipt(self, result):
            return Receipt("Map", f"# {result.nearest}")

    first, measured = measure_matrix(Fake(), "a, b", "m", "t")
    assert first == "progress" and measured.matrix == format_matrix(MATRIX) and measured.table == matrix_csv(MATRIX)
    assert (measured.receipt.code, measured.map_receipt.code) == ("# 3", "# 1")
    assert measured.map == word_map(MATRIX)


def test_after_stop_it_says_how_far_it_came():
    shown = format_stopped(Progress(12, 65))
    assert shown == {
        "percent": 18, "text": "Stopped after 12 of 65 sources, before there were numbers to show.", "running": False,
    }  # fmt: skip
    for begun in (None, Progress(0, 65)):
        assert format_stopped(begun)["text"] == "Stopped before the first source was read."
    assert format_progress(Progress(12, 65))["text"] == "12 of 65 sources read, the empty one among them"


def picture(still_near: tuple[int, ...], kept: float = 0.4, negative: int = 0) -> pg.FlatPicture:
    count = len(still_near)
    rows = ((0.0,) * count,) * count
    return pg.FlatPicture(((0.0, 0.0),) * count, kept, negative, negative / 100, rows, ((0,),) * count, still_near)


def test_the_map_says_what_it_hides():
    def shown(nearest: int, loss: pg.FlatPicture, embedding: pg.FlatPicture | None = None) -> MapView:
        words = tuple("abcdefghijklmnop"[: len(loss.points)])
        return format_map(pg.WordMapResult("m", "auto", None, words, nearest, embedding, loss))

    both = shown(5, picture((5, 3) + (4,) * 9, 0.41, 3), picture((2,) * 11, 0.234))
    assert [one.name for one in both.pictures] == ["embeddings", "losses"]
    assert both.hides == (
        "What a flat picture hides: of a word's 5 nearest, 2.00 (by embedding) and 4.00 (by loss) are on average still "
        "among its 5 nearest here; 2.50 would be by chance. Choose a word to see which."
    )
    assert "keep 23\u00a0% of their variance" in both.pictures[0].about
    assert "keep 41\u00a0%. 3 of 11 eigenvalues are negative (3\u00a0% of all)" in both.pictures[1].about
    few = shown(1, picture((1, 0, 1), negative=1))
    assert few.hides == "What a flat picture hides: the nearest word is still the nearest for 2 of 3 words (by loss)."
    assert "1 of 3 eigenvalues is negative" in few.pictures[0].about
    assert "no neighbours to lose" in shown(1, picture((1, 1))).hides
    alone = shown(1, picture((0,)), picture((0,), 1.0))
    assert [one.about.partition("; ")[2] for one in alone.pictures] == ["one word alone is a point."] * 2


def test_the_figures_of_the_full_sets_are_those_of_the_model_s_card():
    card = (Path(__file__).parents[3] / "assets/models/association/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"WordSim-353 (\w+), Spearman, (\d+) pairs \| ([\d.]+) \| ([\d.]+)", card)
    assert len(rows) == 2
    for name, count, ours, minilm in rows:
        assert f"{float(ours):.2f} ({name}, {count} pairs)" in FULL_SETS and minilm in FULL_SETS
