"""Every task on tiny random models: the steps are what ``pipeline()`` says, or plain code where that is gone."""

from __future__ import annotations

import ast
import functools
import re

import numpy as np
import pytest
import torch
import transformers

import playground as pg
from playground.errors import (
    EmptyInputError,
    InputError,
    InputTooLongError,
    StoppedError,
    UnsupportedOptionError,
    WrongTaskError,
)
from playground.pipelines.request import OPTIONS, TASKS
from playground.wire import from_json, to_json
from tabs.pipelines.blocks import tag_of
from tabs.pipelines.format import format_result
from tests.unit.pipelines.pipeline_models import byte_tokenizer, printed, tiny_playground

CLOSE = {"abs": 1e-5}
TEXT = "the film was good, but that food is very bad! i love this great film. zoë hated it"
LONG = " ".join([TEXT] * 3)


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    with tiny_playground(tmp_path_factory.mktemp("models")) as playground:
        yield playground


def unbound_names(code):
    """What lines of Python use and neither import nor set."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    bound |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name.id for name in names} - bound


def noted(result, words):
    """The notes with these words."""
    return [note for note in result.notes if words in note]


def ask(playground, task, text=TEXT, model="", **options):
    result = playground.pipeline(pg.PipelineRequest(task, text, model, **options))
    assert from_json(type(result), to_json(result)) == result, "it survives as JSON"
    call = format_result(result, model)["call"]
    read = result.passes if task == "feature-extraction" else result.passes[:1]
    unknown = [sum(token.token in ("[UNK]", "<unk>") for token in one.tokens) for one in read]
    said = [int(re.search(r"(\d+) tokens? (?:is|are) ", note)[1]) for note in noted(result, "can't tell what stands")]
    assert said == [count for count in unknown if count], result.notes
    plain_ones = [name for name in ("targets", "hypothesis_template", "stride") if options.get(name)]
    assert unbound_names(call) == set() and all(name in call for name in plain_ones), call
    return result


@pytest.fixture(scope="module")
def plain(playground):
    """``pipeline(task)`` from a model's folder, by itself; each is made once."""

    @functools.cache
    def made(task, model):
        return transformers.pipeline(task, model=playground.catalog.find(model).location)

    return made


def receipts(playground, result):
    """The numbers that each receipt of a result prints."""
    return [printed(receipt.code) for receipt in playground.pipeline_receipts(result)]


@pytest.mark.parametrize("model", ["tiny/masked", "tiny/masked-bytes"])
@pytest.mark.parametrize(
    "text", ["the [MASK] was good", "the [MASK] was [MASK] and [MASK]", LONG[:20] + "[MASK]" + LONG]
)
@pytest.mark.parametrize("targets", [(), ("a", "b", "zzz")])
def test_fill_mask(playground, plain, model, text, targets):
    result = ask(playground, "fill-mask", text, model, top_k=4, targets=targets)
    options = {"top_k": 4} | ({"targets": list(targets)} if targets else {})
    said = plain("fill-mask", model)(text, tokenizer_kwargs={"truncation": True}, **options)
    said = [said] if isinstance(said[0], dict) else said
    masks = result.answer.masks
    assert len(masks) == text.count("[MASK]") == len(said) and result.max_difference <= 1e-5
    for mask, row in zip(masks, said, strict=True):
        assert [one.token_id for one in mask.guesses] == [one["token"] for one in row]
        assert [one.score for one in mask.guesses] == pytest.approx([one["score"] for one in row], **CLOSE)
        assert [one.sequence for one in mask.guesses] == [one["sequence"] for one in row]
        assert [np.exp(one.logit - mask.log_sum) for one in mask.guesses] == pytest.approx(
            [one["score"] for one in row], **CLOSE
        )
    assert bool(targets) == any("zzz" in note for note in result.notes)
    assert bool(result.passes[0].cut) == (text.startswith("the film"))
    wanted = [[[one.token_id, pytest.approx(one.score, **CLOSE)] for one in mask.guesses] for mask in masks]
    assert receipts(playground, result) == [wanted, wanted]


def test_a_mask_that_is_not_there_is_asked_for(playground):
    with pytest.raises(InputError, match=r"Write \[MASK\]"):
        ask(playground, "fill-mask", "no mask here", "tiny/masked")
    with pytest.raises(InputTooLongError, match="behind what tiny/masked reads"):
        ask(playground, "fill-mask", LONG + " [MASK]", "tiny/masked")
    with pytest.raises(InputError, match="There are 17 masks"):
        ask(playground, "fill-mask", "[MASK] " * 17, "tiny/masked")
    assert ask(playground, "fill-mask", "the <mask> was", "tiny/masked").answer.masks[0].position == 2


@pytest.mark.parametrize("labels", [("film",), ("film", "food", "very bad", "film")])
@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("text", [TEXT, LONG])
def test_zero_shot(playground, plain, labels, multi_label, text):
    options = {"candidate_labels": labels, "multi_label": multi_label, "hypothesis_template": "this is {}."}
    result = ask(playground, "zero-shot-classification", text, "tiny/nli", **options)
    pipe = plain("zero-shot-classification", "tiny/nli")
    said = pipe(text, candidate_labels=list(labels), multi_label=multi_label, hypothesis_template="this is {}.")
    answer = result.answer
    ranked = sorted(((one.score, one.label) for one in answer.labels), reverse=True)
    assert [score for score, _ in ranked] == pytest.approx(said["scores"], **CLOSE)
    assert {label for _, label in ranked} == set(said["labels"]) and result.max_difference <= 1e-5
    assert answer.entailment_id == 1 and (answer.contradiction_id is None) != (multi_label or len(labels) == 1)
    assert bool(noted(result, "is cut off")) == (text == LONG)
    assert len(result.passes) == len(labels) and result.passes[0].about == "this is film."
    scores = pytest.approx([one.score for one in answer.labels], **CLOSE)
    assert receipts(playground, result) == [scores, scores]


def test_a_config_without_label2id_is_no_obstacle(playground):
    asked = {"candidate_labels": ("film", "food")}
    before = ask(playground, "zero-shot-classification", model="tiny/nli", **asked)
    with playground.manager.lease("tiny/nli", "text-classification") as loaded:
        table, loaded.model.config.label2id = loaded.model.config.label2id, None
        try:
            after = ask(playground, "zero-shot-classification", model="tiny/nli", **asked)
        finally:
            loaded.model.config.label2id = table
    assert after == before


def test_a_model_that_knows_no_entailment_is_refused(playground):
    with pytest.raises(UnsupportedOptionError, match="nli-distilroberta-base"):
        ask(playground, "zero-shot-classification", model="tiny/stars", candidate_labels=("a",))
    with pytest.raises(InputTooLongError, match="hypothesis has"):
        ask(playground, "zero-shot-classification", model="tiny/nli", candidate_labels=("z" * 60,))


@pytest.mark.parametrize("model", ["tiny/names", "tiny/names-bytes"])
@pytest.mark.parametrize("strategy", ["none", "simple", "first", "average", "max"])
@pytest.mark.parametrize(("text", "stride"), [(TEXT, None), (LONG, None), (LONG, 0), (LONG, 9)])
@pytest.mark.filterwarnings("ignore:Tokenizer does not support real words")
def test_token_classification(playground, plain, model, strategy, text, stride):
    if strategy == "none" and stride is not None:
        with pytest.raises(InputError, match="aggregation_strategy is 'none'"):
            pg.PipelineRequest("token-classification", text, stride=stride, aggregation_strategy="none")
        return
    options = {} if stride is None else {"stride": stride}
    result = ask(playground, "token-classification", text, model, aggregation_strategy=strategy, **options)
    said = plain("token-classification", model)(text, aggregation_strategy=strategy, **options)
    entities = result.answer.entities
    assert [(one.label, one.start, one.end) for one in entities] == [
        (one.get("entity_group", one.get("entity")), one["start"], one["end"]) for one in said
    ]
    assert [one.score for one in entities] == pytest.approx([float(one["score"]) for one in said], **CLOSE)
    assert all(one.word == text[one.start : one.end] for one in entities) and result.max_difference <= 1e-5
    cut = stride is None and (text == LONG or "bytes" in model)
    assert (len(result.passes) > 1) == (stride is not None) and bool(noted(result, "is cut off")) == cut
    assert bool(result.answer.words) == (strategy in ("first", "average", "max"))
    shown = format_result(result, model)
    of_tokens = {(tag_of(one["label"]), one["colour"]) for one in shown["after"][0]["tokens"] if one["colour"] >= 0}
    assert {(tag_of(one["label"]), one["colour"]) for one in shown["hero"][0]["pieces"] if one["label"]} <= of_tokens
    wanted = [[one.label, one.start, one.end, pytest.approx(one.score, **CLOSE)] for one in entities]
    if stride != 0 and (model == "tiny/names" or strategy == "first"):  # the others are the same code
        assert receipts(playground, result) == [wanted, wanted]


def test_a_stride_without_a_way_forward_is_refused(playground):
    with pytest.raises(InputError, match="Use 0 to 37"):
        ask(playground, "token-classification", LONG, "tiny/names", stride=38)
    with pytest.raises(InputTooLongError, match="at most 12"):
        ask(playground, "token-classification", LONG * 8, "tiny/names", stride=9)


def best_spans(tokenizer, model, question, text, length, stride, longest):
    """Plain code for question answering: softmax over the text and [CLS], and the best pairs of each window."""
    rows = tokenizer(
        question, text, truncation="only_second", max_length=length, stride=stride, return_overflowing_tokens=True,
        return_offsets_mapping=True, padding="max_length", return_tensors="pt",
    )  # fmt: skip
    found = {}
    for row in range(len(rows["input_ids"])):
        names = [name for name in tokenizer.model_input_names if name in rows]
        out = model(**{name: rows[name][row : row + 1] for name in names})
        ids, sides = rows["input_ids"][row], rows.sequence_ids(row)
        kept = np.array([side == 1 for side in sides]) | (ids == tokenizer.cls_token_id).numpy()
        start, end = (np.where(kept, one[0].detach().numpy(), -10000.0) for one in (out.start_logits, out.end_logits))
        start, end = (np.exp(one - one.max()) / np.exp(one - one.max()).sum() for one in (start, end))
        cls = int((ids == tokenizer.cls_token_id).nonzero()[0])
        empty = start[cls] * end[cls]
        start[cls] = end[cls] = 0
        grid = np.tril(np.triu(np.outer(start, end)), longest - 1)
        for first, last in zip(*np.nonzero(grid), strict=True):
            place = int(rows["offset_mapping"][row][first][0]), int(rows["offset_mapping"][row][last][1])
            found[place] = max(found.get(place, 0), float(grid[first, last]))
        found["empty"] = min(found.get("empty", 1.0), float(empty))
    return found


@pytest.mark.parametrize("model", ["tiny/answers", "tiny/answers-bytes"])
@pytest.mark.parametrize(
    ("text", "stride", "longest"), [("i love this film", 128, 15), (TEXT, 4, 5), (TEXT + " and " + TEXT, 128, 3)]
)
def test_question_answering(playground, model, text, stride, longest):
    question, room = "was it bad?", 0
    options = {"doc_stride": stride, "max_answer_len": longest, "handle_impossible_answer": True, "top_k": 6}
    result = ask(playground, "question-answering", text, model, question=question, **options)
    folder = playground.catalog.find(model).location
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    plain_model = transformers.AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    room = 40 - len(tokenizer(question, "").input_ids)
    found = best_spans(tokenizer, plain_model, question, text, 40, min(stride, room // 2), longest)
    empty = found.pop("empty")
    answer = result.answer
    best = sorted(found.items(), key=lambda one: -one[1])[:6]
    assert [one.score for one in answer.spans] == pytest.approx([score for _, score in best], **CLOSE)
    assert [(one.start, one.end) for one in answer.spans] == [place for place, _ in best]
    assert answer.no_answer == pytest.approx(empty, **CLOSE)
    assert answer.spans[0].answer == text[slice(*best[0][0])] and "no longer has" in result.removed
    assert (len(result.passes) > 1) == (len(result.passes[0].tokens) == 40) and result.pipeline == ()
    for span in answer.spans:
        window = answer.windows[span.window]
        assert window.start_logits[span.first] == span.start_logit and window.context[0] <= span.first <= span.last
    wanted = [[one.start, one.end, pytest.approx(one.score, **CLOSE)] for one in answer.spans]
    assert receipts(playground, result) == [wanted]


def test_a_question_leaves_room_for_the_text(playground):
    with pytest.raises(EmptyInputError, match="no question"):
        ask(playground, "question-answering", question=" ")
    with pytest.raises(InputTooLongError, match=r"has 2,\d{3} tokens.*Shorten it"):
        ask(playground, "question-answering", model="tiny/answers", question="." * 2000)
    with pytest.raises(InputTooLongError, match="at most 24"):
        ask(playground, "question-answering", LONG * 9, "tiny/answers", question="was it bad?")


@pytest.mark.parametrize("model", ["tiny/t5", "tiny/bart"])
@pytest.mark.parametrize(
    ("task", "text"), [("summarization", TEXT), ("translation", LONG), ("text2text-generation", "a")]
)
def test_seq2seq(playground, model, task, text):
    result = ask(playground, task, text, model, max_new_tokens=9, prefix="say: ")
    folder = playground.catalog.find(model).location
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    plain_model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    inputs = tokenizer("say: " + text, truncation=True, max_length=40, return_tensors="pt")
    out = plain_model.generate(
        **inputs, max_new_tokens=9, num_beams=1, return_dict_in_generate=True, output_logits=True
    )
    written, answer = out.sequences[0].tolist(), result.answer
    assert [one.token_id for one in answer.steps] == written[1:] and result.max_difference <= 1e-5
    assert answer.text == tokenizer.decode(written, skip_special_tokens=True).strip()
    for step, logits in zip(answer.steps, out.logits, strict=True):
        assert step.probability == pytest.approx(logits[0].softmax(-1)[step.token_id].item(), **CLOSE)
        assert [one.token_id for one in step.best] == logits[0].topk(5).indices.tolist() and not step.ruled
    assert answer.ended == ("eos" if written[-1] == 3 else "length") and bool(noted(result, "is cut off")) == (
        text != "a"
    )
    assert [one.name for one in result.passes[1].inputs] == ["decoder_input_ids", "encoder_hidden_states"]
    [(ids, probabilities)] = receipts(playground, result)
    assert ids == written and probabilities == pytest.approx([one.probability for one in answer.steps], **CLOSE)


def test_the_config_says_what_stands_before_the_text(tmp_path):
    with tiny_playground(tmp_path, "tiny/t5", "tiny/names") as playground:
        spec = playground.catalog.find("tiny/t5")
        config = transformers.AutoConfig.from_pretrained(spec.location)
        config.task_specific_params = {
            "translation_en_to_de": {"prefix": "German: "},
            "summarization": {"prefix": "s: "},
        }
        config.save_pretrained(spec.location)
        asked = {task: ask(playground, task, "a", max_new_tokens=2).answer.prefix for task in TASKS[-3:]}
        assert asked == {"summarization": "s: ", "translation": "German: ", "text2text-generation": ""}
        with pytest.raises(WrongTaskError):
            ask(playground, "summarization", "a", "tiny/names")


def test_a_rule_that_chose_is_named(playground):
    """The generation config forbids the token that the model would begin with."""
    first = ask(playground, "translation", "a", "tiny/t5", max_new_tokens=2).answer.steps[0]
    with playground.manager.lease("tiny/t5", "text2text-generation") as loaded:
        loaded.model.generation_config.suppress_tokens = [first.token_id]
        try:
            step = ask(playground, "translation", "a", "tiny/t5", max_new_tokens=2).answer.steps[0]
        finally:
            loaded.model.generation_config.suppress_tokens = None
    assert step.ruled and step.token_id != first.token_id and step.best[0].token_id == first.token_id


def test_a_loop_can_be_stopped(playground):
    from playground.pipelines.run import run_pipeline

    asked = pg.PipelineRequest("translation", TEXT, "tiny/t5", max_new_tokens=9)
    result = run_pipeline(playground.manager, asked, lambda: True)
    assert len(result.answer.steps) == 1 and result.answer.ended == "stopped"
    with pytest.raises(StoppedError, match="Stopped before the answer was there"):  # of one pass there is no part
        run_pipeline(playground.manager, pg.PipelineRequest("feature-extraction", TEXT), lambda: True)


@pytest.mark.parametrize("others", [(), ("i hate food", "zoë", LONG)])
def test_feature_extraction(playground, plain, others):
    result = ask(playground, "feature-extraction", TEXT, texts=others)
    pipe = plain("feature-extraction", "tiny/encoder")
    states = [torch.tensor(pipe(text, truncation=True)[0]) for text in (TEXT, *others)]
    means = torch.stack([one.mean(0) for one in states])
    vectors = means / means.norm(dim=1, keepdim=True)
    answer = result.answer
    assert answer.dimensions == 32 and result.max_difference <= 1e-5 and result.model_id == "tiny/encoder"
    for text, state, mean, vector in zip(answer.texts, states, means, vectors, strict=True):
        assert np.array(text.states) == pytest.approx(state[:16, :48].numpy(), **CLOSE)
        assert text.mean == pytest.approx(mean.tolist(), **CLOSE) and text.norm == pytest.approx(mean.norm().item())
        assert text.vector == pytest.approx(vector.tolist(), **CLOSE)
    assert np.array(answer.cosines) == pytest.approx((vectors @ vectors.T).numpy(), **CLOSE)
    assert bool(noted(result, "is cut off")) == bool(others)
    one, steps = receipts(playground, result)
    assert one == pytest.approx(answer.cosines[0], **CLOSE)
    assert np.array(steps) == pytest.approx(np.array(answer.cosines), **CLOSE)


def test_the_tokenizer_that_others_use_stays_as_it_is(playground):
    with playground.manager.lease("tiny/names-bytes", "token-classification") as loaded:
        before = (loaded.tokenizer.model_max_length, loaded.tokenizer.backend_tokenizer.truncation)
        ask(playground, "token-classification", LONG, "tiny/names-bytes", stride=3)
        assert (loaded.tokenizer.model_max_length, loaded.tokenizer.backend_tokenizer.truncation) == before


def test_a_tokenizer_that_knows_no_end_is_told_what_the_model_reads(tmp_path):
    with tiny_playground(tmp_path, "tiny/names-bytes") as playground:
        byte_tokenizer(max_length=10**30).save_pretrained(playground.catalog.find("tiny/names-bytes").location)
        result = ask(playground, "token-classification", LONG)
        assert result.max_length == 63 == len(result.passes[0].tokens) and result.max_difference <= 1e-5


@pytest.mark.parametrize(
    ("task", "given", "says"),
    [
        ("sentiment", {}, "no task 'sentiment'"),
        ("fill-mask", {"stride": 3}, "has no option stride. It has top_k, targets"),
        ("fill-mask", {"top_k": 51}, "Use 1 to 50"),
        ("fill-mask", {"targets": (" ",)}, "targets is empty"),
        ("feature-extraction", {"top_k": 3}, "has no option top_k"),
        ("feature-extraction", {"texts": ("a", " ")}, "Text 2 to compare"),
        ("feature-extraction", {"texts": ("a",) * 17}, "at most 16"),
        ("feature-extraction", {"text": " \n"}, "no text yet"),
        ("feature-extraction", {"text": "a\ud800"}, "half of a character"),
        ("feature-extraction", {"text": "a" * 100_001}, "at most 100,000"),
        ("zero-shot-classification", {}, "no labels"),
        ("zero-shot-classification", {"candidate_labels": ("a",) * 21}, "at most 20"),
        ("zero-shot-classification", {"candidate_labels": ("a",), "hypothesis_template": "this"}, "no place for"),
        ("zero-shot-classification", {"candidate_labels": ("a",), "hypothesis_template": "{} {x}"}, "no place"),
        ("token-classification", {"aggregation_strategy": "mean"}, "Use none, simple, first, average, max"),
        ("question-answering", {"question": "a", "max_answer_len": 0}, "Use 1 to 200"),
        ("summarization", {"max_new_tokens": 129}, "Use 1 to 128"),
        ("translation", {"question": "a"}, "has no option question. It has prefix, max_new_tokens"),
    ],
)  # fmt: skip
def test_what_can_not_be_asked_is_refused_with_the_reason(task, given, says):
    with pytest.raises(InputError, match=says):
        pg.PipelineRequest(task, **{"text": "a", **given})


def test_every_option_of_a_request_is_some_tasks():
    own = {name for options in OPTIONS.values() for name in options}
    shared = {"task", "text", "model_id", "quantization", "run_id", "address"}
    assert own | shared == set(pg.PipelineRequest.__dataclass_fields__)
