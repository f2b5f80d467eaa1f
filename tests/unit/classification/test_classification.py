"""One text and many, on tiny random models of seven families: the numbers must be the pipeline's own."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.classification.attribution import attribute
from playground.classification.batching import PASS_TOKENS, Classifier, _Job, classifier, lanes
from playground.classification.classify import classify, entropy_nats
from playground.classification.describe import describe, label_probabilities, pair_names, sigmoid, softmax
from playground.classification.evaluation import evaluate_table, predictions
from playground.classification.labels import label_readings
from playground.classification.perturb import perturb
from playground.classification.receipt import pipeline_receipt, steps_receipt, table_receipt
from playground.classification.request import AttributeRequest, ClassifyRequest, ClassifyTableRequest, PerturbRequest
from playground.classification.result import TableResult
from playground.classification.table import classify_table
from playground.classification.verdict import verdict
from playground.classification.why_receipt import attribution_receipt, perturb_receipt
from playground.errors import BusyError, EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.models.cpu.threads import leave_cores, threads_of_cpu
from playground.tables import Table, read_lines
from tests.tiny_classifiers import FAMILIES, WORDS, TinyManager, lend, managed, tiny_model, tiny_tokenizer


@pytest.fixture(scope="module")
def bert() -> Iterator[TinyManager]:
    with managed("bert") as manager:
        yield manager


def reference(manager: TinyManager, texts: list, **options) -> list[dict[str, float]]:
    """What transformers' own pipeline says, each text alone."""
    one = manager.loaded["tiny"]
    pipe = transformers.pipeline("text-classification", model=one.model, tokenizer=one.tokenizer)
    found = pipe(texts, top_k=None, truncation=True, **options)
    return [{entry["label"]: entry["score"] for entry in entries} for entries in found]


def probabilities(result) -> dict[str, float]:
    return {label.label: label.probability for label in result.labels}


TEXTS = ["the film was good", "i hate it , never again !", "fine", "this food is not very good but i love it " * 3]


@pytest.mark.parametrize("family", FAMILIES)
def test_single_texts_and_pairs_equal_the_pipeline(family):
    with managed(family) as manager:
        inputs = [{"text": text} for text in TEXTS] + [{"text": "the film was good", "text_pair": "i hate it"}]
        for given_inputs, expected in zip(inputs, reference(manager, inputs), strict=True):
            result = classify(manager, ClassifyRequest(**given_inputs))
            assert probabilities(result) == pytest.approx(expected, abs=1e-5)
            assert {entry.label: entry.score for entry in result.pipeline} == pytest.approx(expected, abs=1e-6)
            assert result.max_difference < 1e-5
            assert sum(probabilities(result).values()) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_gives_each_text_what_it_gets_alone(family, side):
    """Also where the tokenizer pads on the left, which would move a BERT's positions."""
    with managed(family, side=side) as manager:
        texts = [" ".join(WORDS[n % 7 :][: 1 + n % 9]) for n in range(30)]
        *_, result = classify_table(manager, ClassifyTableRequest(read_lines("\n".join(texts)), "text"))
        assert [row.text for row in result.rows] == texts
        for row, expected in zip(result.rows, reference(manager, texts), strict=True):
            assert row.probabilities == pytest.approx(list(sorted_by_label(expected)), abs=1e-4)


@pytest.mark.parametrize(
    ("family", "side"), [("llama", "left"), ("llama", "right"), ("deberta", "right"), ("bert", "right")]
)
def test_the_batched_pipeline_agrees(family, side):
    """An encoder padded on the left is left out: there the pipeline itself answers otherwise in a batch than alone."""
    with managed(family, side=side) as manager:
        texts = TEXTS[:3]
        *_, result = classify_table(manager, ClassifyTableRequest(read_lines("\n".join(texts)), "text"))
        for row, expected in zip(result.rows, reference(manager, texts, batch_size=3), strict=True):
            assert row.probabilities == pytest.approx(list(sorted_by_label(expected)), abs=1e-5)


def sorted_by_label(scores: dict[str, float]) -> list[float]:
    return [scores[label] for label in sorted(scores)]


def test_a_decoder_without_padding_takes_one_text_at_a_time():
    with managed("llama", pad=None) as manager:
        manager.loaded["tiny"].tokenizer.pad_token = None
        *_, result = classify_table(manager, ClassifyTableRequest(read_lines("good\nthe film was bad"), "text"))
        expected = reference(manager, ["good", "the film was bad"])
        assert [r.probabilities for r in result.rows] == [pytest.approx(sorted_by_label(e), abs=1e-5) for e in expected]


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=60), min_size=1, max_size=8
    )
)
def test_any_text_gets_the_same_answer_alone_and_among_others(bert, texts):
    usable = [text for text in texts if text.strip()]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: classify(bert, ClassifyRequest(text)), usable))
    for text, result in zip(usable, together, strict=True):
        alone = classify(bert, ClassifyRequest(text))
        assert [x.logit for x in result.labels] == pytest.approx([x.logit for x in alone.labels], abs=1e-4)
        assert result.max_difference < 1e-5


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_multi_label_models_get_a_sigmoid_and_say_so(family):
    with managed(family, labels=4, problem_type="multi_label_classification") as manager:
        result = classify(manager, ClassifyRequest(TEXTS[0]))
        assert probabilities(result) == pytest.approx(reference(manager, TEXTS[:1])[0], abs=1e-5)
        assert result.info.function_to_apply == "sigmoid"
        assert result.entropy_nats is None
        assert [x.probability for x in result.labels] == pytest.approx(sigmoid([x.logit for x in result.labels]))
        assert "4 labels" in verdict(result)


def test_one_label_without_a_problem_type_gets_a_sigmoid_as_in_the_pipeline():
    with managed(labels=1) as manager:
        result = classify(manager, ClassifyRequest(TEXTS[0]))
        assert probabilities(result) == pytest.approx(reference(manager, TEXTS[:1])[0], abs=1e-5)
        assert 0 < result.best.probability < 1


def test_regression_models_show_their_number():
    with managed(labels=1, problem_type="regression") as manager:
        result = classify(manager, ClassifyRequest(TEXTS[0]))
        assert probabilities(result) == pytest.approx(reference(manager, TEXTS[:1])[0], abs=1e-5)
        assert result.best.probability == result.best.logit
        assert "regression" in verdict(result)


def test_every_step_is_what_the_tokenizer_and_the_model_say(bert):
    text, pair = "the goodfilm", "i love it"
    result = classify(bert, ClassifyRequest(text, pair))
    one = bert.loaded["tiny"]
    expected = one.tokenizer(text, pair, return_tensors="pt")
    assert [token.token_id for token in result.tokens] == expected["input_ids"][0].tolist()
    assert [token.token_type_id for token in result.tokens] == expected["token_type_ids"][0].tolist()
    assert [token.token for token in result.tokens] == one.tokenizer.convert_ids_to_tokens(expected["input_ids"][0])
    assert [text[t.start : t.end] for t in result.tokens if t.segment == 0][:2] == ["the", "good"]
    logits = one.model(**expected).logits[0]
    assert [label.logit for label in result.labels] == pytest.approx(logits.tolist(), abs=1e-5)
    assert result.entropy_nats == pytest.approx(entropy_nats(softmax(logits.tolist())), abs=1e-5)
    assert result.tokens[0].special and not result.tokens[1].special


@pytest.mark.parametrize("length", [37, 38, 39, 60])
def test_truncation_is_said_and_the_cut_is_where_it_says(bert, length):
    text = " ".join("good" for _ in range(length))
    result = classify(bert, ClassifyRequest(text))
    assert result.tokens_total == length + 2
    assert result.tokens_used == min(length + 2, 40)
    if length + 2 <= 40:
        assert result.cut_at is None
    else:
        again = classify(bert, ClassifyRequest(text[: result.cut_at]))
        assert again.tokens_total == 40
        assert [x.logit for x in again.labels] == pytest.approx([x.logit for x in result.labels], abs=1e-5)


def test_a_long_pair_is_cut_where_the_pipeline_cuts_it(bert):
    request = ClassifyRequest("good " * 50, "bad " * 9)
    result = classify(bert, request)
    assert result.max_difference < 1e-5
    assert result.tokens_total == 50 + 9 + 3
    assert result.cut_at and result.cut_pair_at is None


def test_roberta_reads_fewer_tokens_than_it_has_positions():
    with managed("roberta", max_length=10**30, pad=1) as manager:
        assert classify(manager, ClassifyRequest("good " * 500)).tokens_used == 62


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", EmptyInputError),
        (" \n\t", EmptyInputError),
        ("x" * 200_001, InputTooLongError),
        ("half \ud83d", InputError),
    ],
)
def test_text_that_can_not_be_read_is_refused_kindly(bert, text, error):
    with pytest.raises(error) as caught:
        classify(bert, ClassifyRequest(text))
    assert caught.value.fix


@pytest.mark.parametrize(
    "text", ["\0\x01\x7f", "👩‍👩‍👧 🇨🇭", "שלום עולם", "good " * 20_000, "<img onerror=alert(1)>", "${alert(1)}"]
)
def test_odd_text_gets_an_answer(bert, text):
    assert classify(bert, ClassifyRequest(text)).max_difference < 1e-5


def test_pair_models_are_recognized():
    def config(*labels, **more):
        return transformers.BertConfig(
            id2label=dict(enumerate(labels)), label2id={x: n for n, x in enumerate(labels)}, **more
        )

    assert pair_names(config("CONTRADICTION", "NEUTRAL", "ENTAILMENT"), "x/y") == ("premise", "hypothesis")
    assert pair_names(config("LABEL_0", "LABEL_1", finetuning_task="qqp"), "x/y") == ("first text", "second text")
    assert pair_names(config("LABEL_0"), "cross-encoder/ms-marco-MiniLM-L6-v2") == ("query", "passage")
    assert pair_names(config("1 star", "2 stars"), "x/y") is None
    assert pair_names(config("positive", "neutral", "negative"), "x/y") is None


def test_what_a_model_can_be_asked(bert):
    info = describe(bert)
    assert info.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert (info.function_to_apply, info.max_length, info.pair_names) == ("softmax", 40, None)


@pytest.mark.parametrize(
    ("logits", "words"),
    [([9.0, 0, 0], "very sure"), ([2.0, 0.1, 0], "fairly"), ([1.0, 0.2, -0.5], "leaning"), ([0.1, 0, 0], "torn")],
)
def test_the_verdict_names_the_confidence(bert, logits, words):
    result = classify(bert, ClassifyRequest("good"))
    assert words in verdict(replace(result, labels=label_probabilities(logits, result.info)))


@pytest.mark.parametrize(
    ("probabilities", "sentence"),
    [
        ((0.391, 0.388, 0.221), "The model is torn between LABEL_0 and LABEL_1: each has 39\u00a0%."),
        ((0.33, 0.335, 0.335), "The model is torn between LABEL_1 and LABEL_2: each has 34\u00a0%."),
        ((1 / 3, 1 / 3, 1 / 3), "The model is torn between LABEL_0, LABEL_1 and LABEL_2: each has 33\u00a0%."),
        ((0.502, 0.498, 0.0), "The model is torn between LABEL_0 and LABEL_1: each has 50\u00a0%."),
    ],
)
def test_labels_that_are_shown_with_the_same_share_are_said_to_be_tied(bert, probabilities, sentence):
    result = classify(bert, ClassifyRequest("good"))
    labels = [replace(one, probability=new) for one, new in zip(result.labels, probabilities, strict=True)]
    assert verdict(replace(result, labels=tuple(labels))) == sentence


# Sharing forward passes


def test_many_people_share_forward_passes(bert):
    machine = classifier(bert.loaded["tiny"])
    classify(bert, ClassifyRequest("good"))
    before, gate = machine.forward_passes, threading.Barrier(24)

    def one(number: int):
        gate.wait()
        return classify(bert, ClassifyRequest(" ".join(WORDS[: 1 + number % 10])))

    with ThreadPoolExecutor(24) as pool:
        results = list(pool.map(one, range(24)))
    assert machine.forward_passes - before < 24
    assert all(len(r.tokens) == 3 + n % 10 for n, r in enumerate(results))


def test_equal_texts_are_computed_once_and_answered_each():
    machine = Classifier(lend(tiny_model(), tiny_tokenizer()))
    sizes, forward = [], machine._logits
    machine._logits = lambda encodings: sizes.append(len(encodings)) or forward(encodings)
    try:
        encodings = [machine.encode(text) for text in ("good", "bad", "good", "good")]
        inputs = [{"text": "good"}, {"text": "bad"}, {"text": "good"}, None]
        jobs = [_Job(_plain(e), given) for e, given in zip(encodings, inputs, strict=True)]
        machine._answer(jobs)
        answers = [job.future.result(10) for job in jobs]
    finally:
        machine.close()
    assert sizes == [3]  # two that compare with the pipeline, and one that doesn't
    assert answers[0] == answers[2] and answers[0].pipeline and answers[3].pipeline is None
    assert answers[0].logits == pytest.approx(answers[3].logits, abs=1e-5) != answers[1].logits


def _plain(encoding):
    return {name: encoding[name] for name in ("input_ids", "attention_mask", "token_type_ids")}


def test_batches_hold_at_most_their_budget_of_padded_tokens():
    machine = Classifier(lend(tiny_model(), tiny_tokenizer()), batch_tokens=64)
    try:
        encodings = [
            encoding for encoding, _ in machine.encode_many([" ".join(WORDS[: 1 + n % 20]) for n in range(50)])
        ]
        jobs = [type("Job", (), {"length": len(e["input_ids"])})() for e in encodings]
        groups = list(machine.groups(jobs))
        assert sorted(job.length for group in groups for job in group) == sorted(job.length for job in jobs)
        assert all(len(group) == 1 or len(group) * max(j.length for j in group) <= 64 for group in groups)
    finally:
        machine.close()


def test_a_pass_ends_before_it_holds_more_padding_than_another_pass_costs():
    machine = Classifier(lend(tiny_model(), tiny_tokenizer()))
    try:
        jobs = [type("Job", (), {"length": 3 + (n * 5) % 17})() for n in range(40)]
        groups = list(machine.groups(jobs))
        padding = [sum(group[-1].length - job.length for job in group) for group in groups]
        assert len(groups) > 1 and max(padding) <= PASS_TOKENS
    finally:
        machine.close()


def test_a_pass_waits_for_whoever_is_being_tokenized_and_for_nobody_else(bert):
    machine = Classifier(lend(tiny_model(), tiny_tokenizer()))
    try:
        first, second = (machine.encode(text) for text in ("good", "bad food"))
        with machine.arriving():
            future = machine.submit(first)
            other = machine.submit(second)
        assert future.result(10).logits and other.result(10).logits
        assert machine.forward_passes == 1
        assert machine.submit(first).result(10) == machine.submit(first).result(10)
        assert machine.forward_passes == 3
    finally:
        machine.close()


def test_lanes_have_half_of_the_threads_and_later_threads_have_all():
    whole = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        with lanes() as pool:
            assert {pool.submit(torch.get_num_threads).result() for _ in range(4)} == {2}
        with ThreadPoolExecutor(1) as later:
            assert later.submit(torch.get_num_threads).result() == torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(whole)


def test_beside_a_training_passes_leave_its_cores_and_lanes_are_made_all_the_same():
    if threads_of_cpu() < 2:
        pytest.skip("there is one core")
    whole, seen, lent = torch.get_num_threads(), [], lend(tiny_model(), tiny_tokenizer())
    torch.set_num_threads(4)
    shares = [0.0]
    lent.busy = lambda: shares[-1]
    leave_cores(0.75)  # as a lease does in whose course the classifier is made
    machine = Classifier(lent)
    leave_cores(0.0)
    lent.model.register_forward_pre_hook(lambda *_: seen.append(torch.get_num_threads()))
    try:
        short, long = (machine.encode(text) for text in ("good", TEXTS[-1]))
        alone = machine.submit(short).result(60)
        shares.append(0.5)
        assert machine.submit(short).result(60).logits == pytest.approx(alone.logits, abs=1e-6)
        assert seen == [4, 2]
        ids = long["input_ids"]
        for share, threads in ((0.5, 1), (0.0, 2)):
            shares.append(share)
            seen.clear()
            for future in machine.submit_many([{**long, "input_ids": [*ids[:-1], last]} for last in range(16)]):
                future.result(60)
            assert set(seen) == {threads}, "each lane has half of what is left"
    finally:
        torch.set_num_threads(whole)
        machine.close()


def test_a_text_waits_for_no_thread_that_shares_its_core_with_another_program(monkeypatch):
    """As long as that is there a pass with all threads takes five times as long."""
    if threads_of_cpu() < 2:
        pytest.skip("there is one core")
    whole, seen, lent = torch.get_num_threads(), [], lend(tiny_model(), tiny_tokenizer())
    torch.set_num_threads(2)
    machine = Classifier(lent)
    text, clock = machine.encode("good"), [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def passing(*_):
        seen.append(torch.get_num_threads())
        clock[0] += 5.0 if seen[-1] == 2 else 1.0

    lent.model.register_forward_pre_hook(passing)
    try:
        for _ in range(40):
            machine.submit(text).result(60)
        assert set(seen[-20:]) == {1} and 2 in seen
    finally:
        torch.set_num_threads(whole)
        machine.close()


def test_a_text_that_breaks_one_of_two_lanes_breaks_only_its_own():
    machine = Classifier(lend(tiny_model(), tiny_tokenizer()))
    try:
        good = [{"input_ids": [2, *[7] * 14, 3], "attention_mask": [1] * 16} for _ in range(40)]
        good = [e | {"input_ids": [2, 7 + n % 20, *[8] * 13, 3]} for n, e in enumerate(good)]
        bad = {"input_ids": [2, 10_000, 3], "attention_mask": [1, 1, 1]}
        *futures, broken = machine.submit_many([*good, bad])
        assert all(len(future.result(10).logits) == 3 for future in futures)
        with pytest.raises(UnsupportedOptionError, match="120 embeddings for input_ids"):
            broken.result(10)
    finally:
        machine.close()


def test_a_text_that_breaks_the_pass_breaks_only_its_own():
    loaded = lend(tiny_model(), tiny_tokenizer())
    machine = Classifier(loaded)
    try:
        good, bad = ({"input_ids": [2, number, 3], "attention_mask": [1, 1, 1]} for number in (7, 10_000))
        futures = [machine.submit(each) for each in (good, bad, good)]
        assert futures[0].result(10).logits == pytest.approx(futures[2].result(10).logits, abs=1e-5)
        with pytest.raises(UnsupportedOptionError, match="120 embeddings for input_ids"):
            futures[1].result(10)
    finally:
        machine.close()


def test_a_closed_classifier_says_try_again_and_its_thread_ends():
    machine = Classifier(lend(tiny_model(), tiny_tokenizer()))
    machine.close()
    with pytest.raises(BusyError):
        machine.submit({"input_ids": [2, 3], "attention_mask": [1, 1]})
    assert not machine._thread.is_alive()


def test_no_gradient_and_no_setting_leaks_into_the_shared_model(bert):
    classify(bert, ClassifyRequest("good"))
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert bert.loaded["tiny"].tokenizer.backend_tokenizer.truncation is None
    assert all(not module._forward_hooks for module in bert.loaded["tiny"].model.modules())


# A table


def run_table(manager, table, **options) -> TableResult:
    *progress, result = classify_table(manager, ClassifyTableRequest(table, "text", **options))
    assert [p.done for p in progress] == sorted(p.done for p in progress)
    assert progress[-1].done == progress[-1].total == len(result.rows)
    return result


def test_rows_come_back_in_order_and_bad_ones_are_named(bert):
    lines = [" ".join(WORDS[n % 5 :][: 1 + (n * 7) % 12]) for n in range(300)]
    lines[10] = "x" * 200_001
    result = run_table(bert, read_lines("\n".join(lines)))
    assert [row.text for row in result.rows] == [line for n, line in enumerate(lines) if n != 10]
    assert [row.line for row in result.rows] == [n + 1 for n in range(300) if n != 10]
    assert [bad.line for bad in result.bad_rows] == [11] and "200,001" in result.bad_rows[0].reason
    for row in result.rows[::50]:
        alone = classify(bert, ClassifyRequest(row.text))
        assert row.probabilities == pytest.approx([x.probability for x in alone.labels], abs=1e-4)


def test_stop_keeps_what_is_done(bert):
    """Which are the longest, and the page says so."""
    table = read_lines("\n".join(" ".join(WORDS[: 1 + n % len(WORDS)]) for n in range(400)))
    asked = iter(range(10**6))
    *_, result = classify_table(bert, ClassifyTableRequest(table, "text"), stop=lambda: next(asked) >= 1)
    assert result.stopped and 0 < len(result.rows) < result.usable_rows == 400
    everything = run_table(bert, table)
    assert not everything.stopped
    longest = sorted((row.tokens_used for row in everything.rows), reverse=True)[: len(result.rows)]
    assert sorted((row.tokens_used for row in result.rows), reverse=True) == longest


def test_closing_the_generator_ends_the_run(bert):
    table = read_lines("\n".join(" ".join(WORDS) for _ in range(400)))
    run = classify_table(bert, ClassifyTableRequest(table, "text"))
    next(run), next(run)
    run.close()
    assert classify(bert, ClassifyRequest("good")).max_difference < 1e-5


@pytest.mark.parametrize(
    ("values", "labels", "expected"),
    [
        (["NEG", "pos", "?"], ["neg", "pos"], [0, 1, None]),
        (["1", "5", "3.0", "6"], ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], [0, 4, 2, None]),
        (["LABEL_1", "LABEL_0"], ["LABEL_0", "LABEL_1"], [1, 0]),
        (["0", "1"], ["LABEL_0", "LABEL_1"], [0, 1]),
        (["0", "1"], ["negative", "positive"], [0, 1]),
    ],
)
def test_label_columns_are_read_as_people_write_them(values, labels, expected):
    assert [list(read.label_ids) for read in label_readings(values, labels)] == [expected]


def test_a_label_column_that_fits_nothing_is_refused():
    with pytest.raises(InputError, match="spam"):
        label_readings(["spam", "ham"], ["negative", "positive"])


def test_metrics_of_a_labelled_table_and_of_a_threshold():
    with managed(labels=2) as manager:
        texts = [" ".join(WORDS[n:][: 1 + n % 6]) for n in range(20)]
        gold = [str(n % 2) for n in range(20)]
        table = Table(("text", "label"), tuple(zip(texts, gold, strict=True)), tuple(range(2, 22)))
        result = run_table(manager, table, label_column="label")
        metrics = evaluate_table(result)
        right = sum(row.label_id == row.gold for row in result.rows)
        assert metrics.accuracy == right / 20
        assert sum(map(sum, metrics.confusion)) == 20
        middle = sorted(row.probabilities[1] for row in result.rows)[10]
        assert sum(predictions(result, middle)) == 10
        assert evaluate_table(result, 0.0).confusion[0][0] == 0
        assert evaluate_table(result, 1.1).confusion[1][1] == 0


# Receipts


def test_receipts_print_the_numbers_of_the_page(tmp_path, python):
    """Both ways, for a pair and for a multi-label model, in one fresh process."""
    codes, expected = [], []
    for family, pair, options in [
        ("bert", "i hate it", {}),
        ("roberta", None, {"labels": 4, "problem_type": "multi_label_classification", "pad": 1}),
    ]:
        model, tokenizer = tiny_model(family, **options), tiny_tokenizer(family)
        model.save_pretrained(tmp_path / family)
        tokenizer.save_pretrained(tmp_path / family)
        manager = TinyManager(tiny=lend(model, tokenizer, folder=tmp_path / family))
        text = 'it\'s "good" {but} ${not} \n ' + "very good " * 40
        result = classify(manager, ClassifyRequest(text, pair))
        manager.close()
        assert result.tokens_used < result.tokens_total
        codes += [pipeline_receipt(result).code, steps_receipt(result).code]
        expected += [probabilities(result)] * 2
    assert "playground" not in "".join(codes)
    for found, numbers in zip(python.numbers(*codes), expected, strict=True):
        assert found == pytest.approx(numbers, abs=1e-5)


def test_receipts_of_reasons_experiments_and_tables_print_their_numbers(tmp_path, python):
    model, tokenizer = tiny_model(), tiny_tokenizer()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    manager = TinyManager(tiny=lend(model, tokenizer, folder=tmp_path))
    text = "the film was goodish"
    reasons = attribute(manager, AttributeRequest(text, "i hate it", label_id=1))
    masked, deleted = (
        perturb(manager, PerturbRequest(ClassifyRequest(text), (2, 4), action)) for action in ("mask", "delete")
    )
    *_, table = classify_table(manager, ClassifyTableRequest(read_lines("good film\nbad food\nthat"), "text"))
    manager.close()
    codes = [attribution_receipt(reasons), perturb_receipt(masked), perturb_receipt(deleted), table_receipt(table)]
    found, *changed, rows = python.numbers(*(receipt.code for receipt in codes))
    for method in reasons.methods:
        assert found[method.method] == pytest.approx(list(method.values), abs=1e-4)
    for numbers, result in zip(changed, (masked, deleted), strict=True):
        for probabilities_found, labels in zip(numbers, (result.before, result.after), strict=True):
            assert probabilities_found == pytest.approx([label.probability for label in labels], abs=1e-5)
    assert [[row[label] for label in table.info.labels] for row in rows] == [
        pytest.approx(list(row.probabilities), abs=1e-5) for row in table.rows
    ]


def test_the_receipt_of_a_table_with_right_labels_counts_what_is_right(tmp_path, python):
    model, tokenizer = tiny_model(), tiny_tokenizer()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    manager = TinyManager(tiny=lend(model, tokenizer, folder=tmp_path))
    texts = ("good film", "bad food", "that", "the film", "i love it", "love")
    right = ("2", "1", "", "1", "2", "0")  # of two equally frequent ones the page names the first
    rows = Table(("text", "label"), tuple(zip(texts, right, strict=True)), tuple(range(2, 8)))
    table = run_table(manager, rows, label_column="label")
    manager.close()
    metrics = evaluate_table(table)
    (output,) = python.outputs(table_receipt(table).code)
    assert f"right: {round(metrics.accuracy * metrics.count)} of 5\n" in output
    assert f"always saying {metrics.majority_label!r}: 2 of 5\n" in output and metrics.majority == 0.4
    assert " good film\n" in output and "{'text'" not in output


def test_the_receipt_of_a_long_table_says_that_it_is_cut_and_that_of_two_readings_leaves_gradients_out(bert):
    *_, table = classify_table(bert, ClassifyTableRequest(read_lines("good\n" * 101), "text"))
    code = table_receipt(table).code
    assert code.count("{\"text\": 'good'}") == 100 and "the first 100 of 101" in code
    reasons = attribute(bert, AttributeRequest("good"))
    code = attribution_receipt(replace(reasons, encoder_decoder=True)).code
    assert "inputs_embeds" not in code and "Occlusion" in code and "two places" in code
    compile(code, "receipt", "exec")


@pytest.mark.parametrize("quantization", ["8-bit", "4-bit"])
def test_receipts_of_quantized_models_load_them_quantized(bert, quantization):
    result = classify(bert, ClassifyRequest("good"))
    result = replace(
        result, info=replace(result.info, pretrained=replace(result.info.pretrained, quantization=quantization))
    )
    for receipt in (pipeline_receipt(result), steps_receipt(result)):
        compile(receipt.code, "receipt", "exec")
        assert f"load_in_{quantization.replace('-', '')}=True" in receipt.code


def test_sigmoid_and_softmax_do_not_overflow():
    assert softmax([1e4, -1e4]) == [1.0, 0.0]
    assert sigmoid([1e4, -1e4]) == [1.0, 0.0]
    assert not math.isnan(entropy_nats([1.0, 0.0]))
