"""Pipelines through the running app, with the models that come along: the examples, the API, receipts, bad input."""

from __future__ import annotations

import pytest
import torch
import transformers
from gradio_client.exceptions import AppError

import playground as pg
from playground.config import Settings
from playground.pipelines.request import OPTIONS, TASKS
from playground.pipelines.tasks import SUGGESTED, head_of
from playground.wire import from_json
from tabs.pipelines.examples import ABOUT, EXAMPLES, example_of
from tabs.pipelines.format import format_result
from tabs.pipelines.handlers import as_typed, ask, preview, request_of

pytestmark = pytest.mark.embedded
HERE = [one for one in EXAMPLES if one.best]


@pytest.mark.parametrize("example", HERE, ids=lambda one: one.name)
def test_an_example_shows_what_it_is_there_for(app_playground, example):
    shown = ask(app_playground, pg.PipelineRequest(example.task, example.text, **example.options), ["as typed"])
    assert shown.value["asked"] == ["as typed"]
    assert example.best in shown.value["title"] and shown.result.max_difference <= 1e-5
    assert shown.value["rows"][1:] and shown.value["passes"] and shown.value["hero"]
    assert compile(shown.value["call"], "the lines beside the steps", "exec")
    if example.task == "feature-extraction":
        first, second, *_ = sorted(shown.result.answer.cosines[0][1:], reverse=True)
        assert first > second + 0.05


def words_of(text: str) -> set[str]:
    return set(text.lower().strip("?.").split())


def test_what_is_found_by_its_meaning_shares_no_word(app_playground):
    search, same, association = HERE
    assert "the two share no word" in search.shows and not words_of(search.text) & words_of(search.best)
    others = [words_of(one) for one in same.options["texts"] if one != same.best]
    shared = [(words_of(same.text) & words) - {"the", "of", "its"} for words in others]
    assert not words_of(same.text) & words_of(same.best) and shared == [{"bank"}, {"interest"}, {"rate"}]
    assert all(f"“{word}”" in same.shows for words in shared for word in words)
    shown = ask(app_playground, pg.PipelineRequest(association.task, association.text), [])
    first = shown.result.answer.steps[0]
    assert "“nurse” comes second" in association.shows
    assert [one.piece.strip("▁ ·") for one in first.best[:2]] == ["doctor", "nurse"]


def test_what_is_said_of_the_sentence_encoder_is_so(app_playground):
    """It knows what English texts mean, and not those of another language."""
    texts = ("A cat is asleep on the sofa.", "The dog barks at the mail carrier.", "Le chat dort sur le canapé.")
    asked = pg.PipelineRequest(text="The cat sleeps on the couch.", texts=texts)
    english, unlike, french = ask(app_playground, asked, []).result.answer.cosines[0][1:]
    assert english > 0.7 and unlike < 0.3 and french < 0.4
    spec = app_playground.catalog.find("sentence-transformers/all-MiniLM-L6-v2")
    assert "Good at comparing what English texts mean; bad at other languages." in spec.note


@pytest.mark.parametrize(
    "texts", [("a dog", "a car", 'a "…" tree'), ("a long story about a dog " * 200, "a car")], ids=len
)
def test_the_line_beside_the_steps_runs_as_it_stands_however_long_the_texts(app_playground, texts):
    shown = ask(app_playground, pg.PipelineRequest(text="a cat", texts=texts), [])
    imports, call = shown.value["call"].split("\n", 1)
    folder = app_playground.manager.folder(app_playground.manager.spec(shown.result.model_id))
    here = call.replace(shown.result.pretrained.expression, repr(str(folder)))
    assert here != call
    states = eval(here, run_first(imports))
    means = torch.nn.functional.normalize(torch.stack([torch.tensor(one[0]).mean(0) for one in states]), dim=-1)
    assert (means @ means[0]).tolist() == pytest.approx(shown.result.answer.cosines[0], abs=1e-5)


def run_first(code: str) -> dict:
    """The names that lines set or import."""
    names: dict = {}
    exec(code, names)
    return names


def test_the_lines_beside_a_task_without_a_pipeline_run_as_they_stand(app_playground):
    shown = ask(app_playground, pg.PipelineRequest("text2text-generation", example_of("text2text-generation").text), [])
    names: dict = {}
    *lines, last = shown.value["call"].splitlines()
    exec("\n".join(lines), names)
    assert eval(last, names) == shown.result.answer.text == "doctor"


def test_the_answer_of_the_api_is_what_the_pipeline_says(app_playground, client):
    text, other = EXAMPLES[0].text, EXAMPLES[0].options["texts"][0]
    answer = client.predict(text=text, texts=[other], api_name="/pipeline")
    result = from_json(pg.PipelineResult, answer)
    folder = app_playground.manager.folder(app_playground.manager.spec(result.model_id))
    pipe = transformers.pipeline("feature-extraction", model=str(folder))
    means = [torch.tensor(pipe(one)[0]).mean(0) for one in (text, other)]
    assert result.answer.texts[0].vector == pytest.approx((means[0] / means[0].norm()).tolist(), abs=1e-5)
    assert result.answer.cosines[0][1] == pytest.approx(float(torch.cosine_similarity(*means, dim=0)), abs=1e-5)


def test_receipts_print_the_same_numbers(app_playground, home):
    texts = app_playground.pipeline(pg.PipelineRequest(text="a cat", texts=("a dog", "a car")))
    word = app_playground.pipeline(pg.PipelineRequest("text2text-generation", "thunder"))
    codes = [app_playground.pipeline_receipts(one)[-1].code for one in (texts, word)]
    cosines, (ids, shares) = home.numbers(*codes)
    assert [pytest.approx(row, abs=1e-5) for row in texts.answer.cosines] == cosines
    assert ids[1:] == [one.token_id for one in word.answer.steps]
    assert shares == pytest.approx([one.probability for one in word.answer.steps], abs=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_an_example_and_says_which_model_it_takes(app_playground, task):
    example, models = example_of(task), app_playground.pipeline_models(task)
    assert ABOUT[task] and models
    fields = {"task": task, "text": example.text, "model_id": ""}
    typed = {name: as_typed(name, example.options.get(name, OPTIONS[task][name].default)) for name in OPTIONS[task]}
    assert request_of(fields | typed) == pg.PipelineRequest(task, example.text, **example.options)
    shown = preview(app_playground, task, "")
    if example.best:
        assert (models[0].source, shown["state"], shown["command"]) == ("embedded", "here", "")
    else:
        assert shown["state"] == "download" and shown["command"] == f"hf download {SUGGESTED[task]}"
        assert models[0].id == SUGGESTED[task] and f"No model for {task} comes with" in shown["sentence"]
        assert models[0].task == head_of(task) and "MB" in shown["sentence"]


def test_a_copy_without_a_network_names_the_model_all_the_same():
    with pg.Playground(Settings(hub="off", warm_up=("none",))) as alone:
        assert preview(alone, "fill-mask", "")["state"] == "refused"
        assert preview(alone, "fill-mask", "")["command"] == "hf download distilbert/distilroberta-base"
    with pg.Playground(Settings(public=True, warm_up=("none",))) as public:
        assert preview(public, "fill-mask", "")["command"] == ""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"text": " "}, "no text yet"),
        ({"text": "a", "task": "sentiment-analysis"}, "Choose among feature-extraction"),
        ({"text": "a", "options": {"top_k": 3}}, "has no option top_k"),
        ({"text": "a", "options": {"temperature": 3}}, "has no option temperature. It has texts"),
        ({"text": "a [MASK]", "task": "fill-mask", "model_id": HERE[0].task}, "no model|isn't|can't"),
        ({"text": "a", "task": "fill-mask", "model_id": "playground/sentiment-5-stars"}, "no head for fill-mask"),
        ({"text": "a", "task": "zero-shot-classification", "candidate_labels": ["b"],
          "model_id": "playground/sentiment-5-stars"}, "nli-distilroberta-base"),
        ({"text": "a", "model_id": "playground/word-association"}, "no head|decoder"),
    ],
)  # fmt: skip
def test_what_can_not_be_asked_gets_a_message_that_says_the_fix(client, given, says):
    with pytest.raises(AppError, match=says):
        client.predict(**given, api_name="/pipeline")


def test_strange_texts_are_shown_as_they_are(app_playground):
    markup = "<img src=x onerror=alert(1)> ${alert(1)}"
    result = app_playground.pipeline(pg.PipelineRequest(text=markup, texts=(markup, "\u202e👍🏽\x00")))
    shown = format_result(result, "MiniLM")
    assert markup in shown["title"] and shown["rows"][1][0] == markup
