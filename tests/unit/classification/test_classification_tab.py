"""What the Classification tab shows of a result: the numbers must be the result's own, on tiny random models."""

from __future__ import annotations

import ast
import csv
import io
import json
import math
from dataclasses import replace

import pytest

import playground as pg
from playground.classification.attribution import attribute
from playground.classification.classify import classify
from playground.classification.describe import describe, label_probabilities
from playground.classification.table import classify_table
from playground.tables import BadRow, Table
from playground.wire import to_json
from tabs.classification import api, table_format
from tabs.classification import format as one_format
from tests.tiny_classifiers import managed

TEXT = "the film was goodish but i hate it"


@pytest.fixture(scope="module")
def bert():
    with managed("bert") as manager:
        yield manager


@pytest.fixture(scope="module")
def table_result():
    """Six labelled rows of a two-label model, and one without a text."""
    rows = [("good film", "1"), ("bad food", "0"), ("", "1"), ("i love it", "?"), ("poor", "0"), ("great", "1")]
    with managed(labels=2) as manager:
        request = pg.ClassifyTableRequest(Table(("text", "label"), tuple(rows), tuple(range(2, 8))), "text", "label")
        *_, result = classify_table(manager, request)
    return result


def test_bars_show_every_label_with_its_probability_and_logit(bert):
    result = classify(bert, pg.ClassifyRequest(TEXT))
    shown = one_format.format_bars(result)
    assert [bar["label"] for bar in shown["bars"]] == [label.label for label in result.labels]
    assert [bar["width"] for bar in shown["bars"]] == [label.probability for label in result.labels]
    assert [bar["shown"] for bar in shown["bars"]] == [f"{x.probability * 100:.1f}\u00a0%" for x in result.labels]
    assert [bar["best"] for bar in shown["bars"]].index(True) == result.best.label_id
    assert shown["verdict"] == pg.verdict(result) and shown["cut"] is None
    assert f"entropy {result.entropy_nats:.2f} of {math.log(3):.2f}\u00a0nats (0 = certain)" in shown["facts"]


@pytest.mark.parametrize(("text", "count"), [("the film \N{SNOWMAN} \N{SNOWMAN}", 2), (TEXT, 0)])
def test_pieces_that_the_model_cannot_tell_are_said(bert, text, count):
    result = classify(bert, pg.ClassifyRequest(text))
    assert [token.unknown for token in result.tokens] == [token.token == "[UNK]" for token in result.tokens]
    said = [fact for fact in one_format.format_bars(result)["facts"] if "unknown" in fact]
    assert said == ([f"{count} of them unknown: the model can't tell what stands there"] if count else [])


def test_many_labels_are_shown_best_first(bert):
    with managed(labels=12) as manager:
        bars = one_format.format_bars(classify(manager, pg.ClassifyRequest(TEXT)))["bars"]
    assert [bar["width"] for bar in bars] == sorted((bar["width"] for bar in bars), reverse=True)
    assert bars[0]["best"]


def test_multi_label_and_regression_say_what_they_are():
    with managed(labels=4, problem_type="multi_label_classification") as manager:
        result = classify(manager, pg.ClassifyRequest(TEXT))
        assert any("sigmoid" in fact for fact in one_format.format_bars(result)["facts"])
        steps = one_format.format_steps(result)
        assert steps["function"] == "sigmoid" and steps["total"] is None
        cells = [[float(cell.replace("−", "-")) for cell in row["cells"][1:]] for row in steps["rows"]]
        assert all(1 / (1 + part) == pytest.approx(probability, abs=1e-3) for _, part, probability in cells)
        assert "each label on its own" in one_format.format_info(describe(manager))
    with managed(labels=1, problem_type="regression") as manager:
        result = classify(manager, pg.ClassifyRequest(TEXT))
        (bar,) = one_format.format_bars(result)["bars"]
        assert bar["width"] is None and bar["shown"] == f"{result.labels[0].logit:.3f}".replace("-", "−")
        assert one_format.format_steps(result)["columns"] == ["label", "logit"]
        assert "**1 label**" in one_format.format_info(result.info)


def test_half_a_pair_is_said_to_be_half(bert):
    result = classify(bert, pg.ClassifyRequest(TEXT))
    alone = replace(result, info=replace(result.info, pair_names=("premise", "hypothesis")))
    both = replace(alone, request=replace(alone.request, text_pair="i love it"))
    assert any("no hypothesis yet" in fact for fact in one_format.format_bars(alone)["facts"])
    assert not any("hypothesis" in fact for each in (result, both) for fact in one_format.format_bars(each)["facts"])


def test_the_steps_lead_from_the_tokens_to_the_label(bert):
    result = classify(bert, pg.ClassifyRequest(TEXT, "i love it"))
    steps = one_format.format_steps(result)
    assert [token["id"] for token in steps["tokens"]] == [token.token_id for token in result.tokens]
    exps = [float(row["cells"][2]) for row in steps["rows"]]
    assert exps == pytest.approx([math.exp(label.logit) for label in result.labels], abs=1e-4)
    assert float(steps["total"][2]) == pytest.approx(sum(exps), abs=1e-3) and steps["total"][3] == "1.0000"
    assert [json.loads(line)["label"] for line in steps["pipeline"]] == [entry.label for entry in result.pipeline]
    assert steps["call"].startswith("from transformers import pipeline\npipeline(")
    assert '"text_pair": "i love it"' in steps["call"] and steps["comment"].startswith("They are the same numbers")
    apart = one_format.format_steps(replace(result, max_difference=1e-3))
    assert "More than rounding" in apart["comment"]
    large = replace(result, labels=label_probabilities([900.0, 0.0, -900.0], result.info))
    assert one_format.format_steps(large)["columns"][2] == "exp(logit − max)"


def test_the_line_beside_the_steps_holds_the_whole_of_long_texts(bert):
    first, second = 'this is so "good" that ' * 20, "i love it and " * 20
    call = one_format.format_steps(classify(bert, pg.ClassifyRequest(first, second)))["call"]
    given = ast.parse(call).body[-1].value.args[0]
    assert ast.literal_eval(given) == {"text": first, "text_pair": second}


def test_a_cut_text_shows_where_it_was_cut(bert):
    result = classify(bert, pg.ClassifyRequest("good " * 60))
    cut = one_format.format_bars(result)["cut"]
    assert cut["message"] == "Used 40 of 62 tokens: the rest was never read."
    assert cut["kept"].endswith("good") and cut["lost"].startswith(" good")
    assert cut["kept"] == "…" + " ".join(["good"] * 16) and cut["lost"] == " good" * 15 + " …"  # 80 letters each, whole
    unspaced = one_format.format_bars(classify(bert, pg.ClassifyRequest("!" * 200)))["cut"]
    assert unspaced["kept"] == "!" * 38 and unspaced["lost"] == "!" * 80 + " …"
    assert "truncation=True, max_length=40" in one_format.format_steps(result)["call"]
    pair = one_format.format_bars(classify(bert, pg.ClassifyRequest("good", "bad " * 60)))["cut"]
    assert pair["kept"].endswith("bad")


def test_attributions_are_shown_as_they_come(bert):
    result = attribute(bert, pg.AttributeRequest(TEXT))
    shown = one_format.format_attribution(result)
    assert shown["waiting"] == [] and [method["values"] for method in shown["methods"]] == [
        list(method.values) for method in result.methods
    ]
    assert [word["text"] for word in shown["words"]] == [word.text for word in result.words]
    assert shown["scale"] >= max(abs(v) for method in result.methods for v in (*method.values, *method.word_values))
    assert f"{sum(result.methods[0].values):.3f}" in shown["methods"][0]["sum"]
    coarse = replace(result.methods[0], delta=0.16 * (result.logit - result.neutral_logit))
    said = one_format.format_attribution(replace(result, methods=(coarse,)))["methods"][0]["sum"]
    assert said.endswith("That is 16\u00a0% of it: these values are rough.")
    half = one_format.format_attribution(replace(result, methods=result.methods[1:2]))
    assert half["waiting"] == ["integrated_gradients", "occlusion"] and half["agreement"] == ""
    assert one_format.format_explaining()["waiting"] == list(one_format.METHODS)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"integrated_gradients": (2.0, 0.1), "occlusion": (1.0, 0.2)}, "The methods agree that “good” counts most."),
        ({"integrated_gradients": (2.0, 1.0), "occlusion": (1.0, 2.0)}, "disagree on what counts most"),
        (
            {"integrated_gradients": (2.0, -0.6), "occlusion": (1.5, 0.5)},
            "The methods disagree on “film”, for or against: integrated_gradients −0.60, occlusion +0.50.",
        ),
        (
            {"integrated_gradients": (2.0, 0.1), "occlusion": (1.0, 0.2), "gradient_x_input": (-0.1, 0.1)},
            "gradient_x_input says next to nothing here. The others agree that “good” counts most.",
        ),
        ({"integrated_gradients": (2.0, 1.0)}, ""),
    ],
)
def test_where_methods_agree_and_where_they_do_not(bert, values, says):
    result = attribute(bert, pg.AttributeRequest("good film", methods=("occlusion",)))
    result = replace(
        result,
        logit=3.0,
        neutral_logit=0.0,
        methods=tuple(
            replace(result.methods[0], method=name, word_values=(0.0, *both, 0.0)) for name, both in values.items()
        ),
    )
    said = one_format.compare_methods(result)
    assert says in said and (said == says or says.startswith("disagree"))
    assert "little to explain" in one_format.compare_methods(replace(result, neutral_logit=2.9))
    scale = one_format.format_attribution(result)["scale"]
    assert one_format.format_attribution(replace(result, neutral_logit=2.9))["scale"] == 4 * scale


def test_of_an_only_word_nobody_needs_to_hear_that_it_counts_most(bert):
    asked = pg.AttributeRequest("good", methods=("occlusion", "integrated_gradients"))
    assert "counts most" not in one_format.compare_methods(attribute(bert, asked))


def test_a_change_shows_where_each_bar_was(bert):
    first, other = (classify(bert, pg.ClassifyRequest(text)) for text in (TEXT, "i love it"))
    bars = one_format.format_second(first, other)["bars"]
    assert [bar["before"] for bar in bars] == [label.probability for label in first.labels]
    moved = (other.labels[0].probability - first.labels[0].probability) * 100
    assert bars[0]["detail"] == f"{moved:+.1f} points"
    named = replace(
        other,
        info=replace(
            other.info, labels=("a", "b", "c"), pretrained=replace(other.info.pretrained, quantization="8-bit")
        ),
    )
    apart = one_format.format_second(first, named)
    assert all(bar["before"] is None for bar in apart["bars"]) and "tiny in 8-bit" in apart["facts"]


def test_names_of_labels_can_not_write_markdown_or_html(bert):
    info = replace(describe(bert), labels=("<img src=x onerror=alert(1)>", "**b**", "${alert(1)}"))
    shown = one_format.format_info(info)
    assert "<img" not in shown and "${" not in shown and "**b" not in shown


def test_the_api_answers_in_plain_values(bert):
    result = classify(bert, pg.ClassifyRequest(TEXT))
    found = to_json(api.answer_of(result))
    assert found["logits"] == [label.logit for label in result.labels]
    assert found["label"] == result.best.label and found["tokens_used"] == len(found["tokens"])
    assert one_format.format_toggles(result)["tokens"][0] == {"token": "[CLS]", "special": True}


# A table


def test_progress_tells_rows_and_speed():
    shown = table_format.format_progress(pg.TableProgress(0, 0, 0.0))
    assert shown == {"percent": 0, "text": "0 of 0 rows", "running": True}
    shown = table_format.format_progress(pg.TableProgress(500, 2000, 2.0))
    assert shown == {"percent": 25, "text": "500 of 2,000 rows · 250 rows/s", "running": True}


def test_the_end_of_a_run_is_told(table_result):
    info = table_result.info
    held = replace(info, pretrained=replace(info.pretrained, quantization="8-bit"))
    timed = replace(table_result, elapsed_seconds=2.0, info=held)
    shown = table_format.format_done(timed)
    assert shown == {
        "percent": 100,
        "text": "Done with tiny in 8-bit: 5 rows in 2.0\u00a0s (2 rows/s)",
        "running": False,
    }
    shown = table_format.format_done(replace(timed, usable_rows=2000))
    assert shown["percent"] == 0 and not shown["running"]
    assert shown["text"].startswith("Stopped after 5 of 2,000 rows in 2.0\u00a0s (2 rows/s), with tiny in 8-bit.")
    shown = table_format.format_done(replace(timed, rows=()))
    assert shown["text"] == "Stopped after 0 of 5 rows in 2.0\u00a0s (0 rows/s)."


def test_bad_rows_are_named_by_their_lines(table_result):
    text = table_format.format_notes(table_result)
    assert (
        "read as names, or the number in a name: '1' is 'LABEL_1', '0' is 'LABEL_0'" in text
        and "line 4: There is no text yet" in text
        and "line 5: its label '?'" in text
    )
    many = replace(table_result, bad_rows=tuple(BadRow(n, "empty") for n in range(30)), read_as=None)
    assert table_format.format_notes(many).endswith("and 10 more")
    assert table_format.format_notes(replace(table_result, bad_rows=(), read_as=None)) == ""


def test_rows_can_be_those_of_one_cell_and_follow_the_threshold(table_result):
    every = table_format.format_rows(table_result)
    assert [row[0] for row in every] == [2, 3, 5, 6, 7]
    cells = [table_format.format_rows(table_result, None, (gold, said)) for gold in (0, 1) for said in (0, 1)]
    assert sum(map(len, cells)) == 4  # one of the five has no right label
    names = table_result.info.labels
    assert {row[2] for row in table_format.format_rows(table_result, 0.0)} == {names[1]}
    assert {row[2] for row in table_format.format_rows(table_result, 1.0)} == {names[0]}
    assert [row[3] for row in every] == [round(row.probability, 4) for row in table_result.rows]


def test_no_column_stands_empty_for_right_labels_that_nobody_gave(table_result):
    alone = replace(table_result, rows=tuple(replace(row, gold=None) for row in table_result.rows))
    shown, labelled = table_format.format_table(alone), table_format.format_table(table_result)
    assert shown["value"]["headers"] == ["line", "text", "model's label", "probability", "tokens"]
    assert labelled["value"]["headers"][4] == "right label"
    for one in (shown, labelled):
        columns = len(one["value"]["headers"])
        assert len(one["column_widths"]) == columns == len(one["value"]["data"][0])
    assert "right label" not in table_format.to_csv(alone) and "right label" in table_format.to_csv(table_result)


def test_metrics_are_the_evaluation_s_own(table_result):
    evaluation = pg.evaluate_table(table_result)
    shown = table_format.format_evaluation(evaluation)
    assert dict(map(tuple, shown["cards"]))["accuracy"] == f"{evaluation.accuracy * 100:.1f}\u00a0%"
    assert shown["confusion"] == [list(row) for row in evaluation.confusion] and shown["count"] == 4
    assert sum(one["count"] for one in shown["bins"]) == 4
    one = table_format.format_evaluation(replace(evaluation, count=1))
    assert (shown["cards"][-1], one["cards"][-1]) == (["labelled rows", "4"], ["labelled row", "1"])
    assert table_format.format_evaluation(None) is None


def test_the_download_holds_every_row_and_every_probability(table_result):
    header, *rows = csv.reader(io.StringIO(table_format.to_csv(table_result)))
    assert header[-2:] == ["probability LABEL_0", "probability LABEL_1"] and len(rows) == 5
    assert [row[1] for row in rows] == [row.text for row in table_result.rows]
    assert all(float(row[-1]) + float(row[-2]) == pytest.approx(1, abs=1e-5) for row in rows)
    found = to_json(api.table_answer_of(table_result, Table(("text",), (), (), notes=("said",))))
    assert found["notes"] == ["said"] and found["format"]["encoding"] == "utf-8"
    assert found["metrics"]["count"] == 4 and [bad["line"] for bad in found["bad_rows"]] == [4, 5]
