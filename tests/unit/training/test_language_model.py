"""A language model from nothing, in sizes that learn in seconds: tokenizer, shape, the training and what it tells."""

from __future__ import annotations

import json
import math
import threading
from types import SimpleNamespace

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from playground.errors import EmptyInputError, InputError, StoppedError
from playground.training.desk import Desk
from playground.training.events import TrainingBytes
from playground.training.language_model import fit as fitting
from playground.training.language_model.corpus import read_corpus
from playground.training.language_model.events import CorpusRead, LossLogged, MergesLearned, TrainingCheckpoint
from playground.training.language_model.fit import fit, prepare
from playground.training.language_model.plan import language_model_training, plan_language_model
from playground.training.language_model.request import TrainLanguageModelRequest
from playground.training.language_model.shape import configuration, count_parameters
from playground.training.language_model.tokenizer import learn_tokenizer, merges_of
from tabs.training.language_model_format import Follower, said_at_end

GRAMMAR = "name = Mia, Ben\nthing = ball, kite\n{name} has a {thing}.\n{name} sees a {thing}."
TINY = {"lines": 300, "n_layer": 1, "n_head": 2, "hidden_size": 16, "context": 16, "per_device_train_batch_size": 4}


def asked(**changes) -> TrainLanguageModelRequest:
    return TrainLanguageModelRequest(**{"grammar": GRAMMAR, "max_steps": 12, **TINY, **changes})


def run(request, folder, stopped=None):
    told = []
    desk = Desk("cpu", folder, told.append, stopped or threading.Event())
    return fit(request, desk), told


def test_characters_are_all_that_a_text_has_and_bpe_makes_them_longer():
    request = asked(tokenizer="bpe", vocab_size=60)
    text = read_corpus(request).text
    letters, pieces = learn_tokenizer(text, asked()), learn_tokenizer(text, request)
    assert set(letters.get_vocab()) == {*text, "<unk>"}
    assert letters.decode(letters(text)["input_ids"]) == pieces.decode(pieces(text)["input_ids"]) == text
    merges = list(merges_of(pieces, text))
    learned = json.loads(pieces.backend_tokenizer.to_str())["model"]["merges"]
    assert [[one.left, one.right] for one in merges] == learned and len(merges) == len(pieces) - len(letters)
    assert merges[-1].tokens == len(pieces(text)["input_ids"]) < len(text) / 2
    assert all(one.count for one in merges) and not list(merges_of(letters, text))
    letters_of_words = {*text} - {*" .\n"}  # no merge goes beyond a word and the space before it
    assert merges[0].count == max(text.count(a + b) for a in {*letters_of_words, " "} for b in letters_of_words)


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
@pytest.mark.parametrize("hidden_size", [16, 40])
def test_numbers_are_counted_before_a_model_is_made(architecture, hidden_size):
    request = asked(architecture=architecture, hidden_size=hidden_size, n_layer=2)
    model = AutoModelForCausalLM.from_config(configuration(request, 30))
    assert count_parameters(request, 30) == model.num_parameters()


def test_a_training_tells_how_it_goes_and_leaves_a_model_that_can_be_loaded(tmp_path):
    request = asked(tokenizer="bpe", vocab_size=40, prompt="Mia", max_steps=80, learning_rate=1e-2)
    result, told = run(request, tmp_path)
    kinds = [type(one) for one in told]
    assert kinds.index(MergesLearned) < kinds.index(CorpusRead) < kinds.index(TrainingCheckpoint)
    read, looks = next(one for one in told if isinstance(one, CorpusRead)), kinds.count(TrainingCheckpoint)
    first, *_, last = [one for one in told if isinstance(one, TrainingCheckpoint)]
    assert looks >= 2 and first.step == 0 and last.step == result.steps == 80 and result.reason == "done"
    assert first.heldout_loss == pytest.approx(math.log(read.vocab_size), rel=0.1) == read.uniform_loss
    assert last.heldout_loss < read.unigram_loss < read.uniform_loss and result.heldout_loss == last.heldout_loss
    assert [(one.step, one.loss) for one in told if isinstance(one, LossLogged)] == list(result.losses)
    assert read.parameters == result.parameters == count_parameters(request, read.vocab_size)
    assert read.possible_lines == 8 and len(result.samples) == 100 and len(last.samples) == 20
    assert all(one.text.startswith("Mia") and "\n" not in one.text for one in last.samples)
    assert {one.accepted for one in result.samples} & {True} and last.known_words > first.known_words
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    ids = tokenizer("Mia has a ball.\n", return_tensors="pt").input_ids
    assert tokenizer.decode(ids[0]) == "Mia has a ball.\n"
    with torch.no_grad():
        assert float(model(input_ids=ids, labels=ids).loss) < read.unigram_loss
    assert "# Stories" in (tmp_path / "README.md").read_text()


def test_attention_is_told_as_bytes_of_a_triangle(tmp_path):
    _, told = run(asked(max_steps=1), tmp_path)
    read = next(one for one in told if isinstance(one, CorpusRead))
    look = next(one for one in told if isinstance(one, TrainingCheckpoint))
    size = len(read.probe)
    triangles = torch.tensor(list(look.attention)).view(2, size * (size + 1) // 2)
    rows = torch.split(triangles, list(range(1, size + 1)), dim=1)
    assert all(abs(int(total) - 255) <= size for row in rows for total in row.sum(1))
    assert rows[0].tolist() == [[255], [255]]


def test_looking_changes_nothing_in_the_training(tmp_path, monkeypatch):
    runs = []
    for pause in (0.0, 1e9):
        monkeypatch.setattr(fitting, "FIRST_PAUSE", pause)
        monkeypatch.setattr(fitting, "LONGEST_PAUSE", pause)
        monkeypatch.setattr(fitting, "LOOK_SHARE", 0)
        runs.append(run(asked(), tmp_path))
    (often, told), (seldom, less) = runs
    assert len(told) > len(less) + 8 and often.losses == seldom.losses


def test_stop_and_time_end_it_within_a_step_with_a_model(tmp_path):
    stopped = threading.Event()

    class Stopping(list):
        def append(self, event):
            super().append(event)
            if isinstance(event, LossLogged) and event.step == 5:
                stopped.set()

    told = Stopping()
    result = fit(asked(), Desk("cpu", tmp_path, told.append, stopped))
    assert result.reason == "stopped" and result.steps in (5, 6) and (tmp_path / "model.safetensors").exists()
    follower = Follower(asked(), None)
    for event in (*told, result):
        follower.take(event)
    assert follower.value()["percent"] == 100 * result.steps // 12, "it didn't come to its end"
    failed = Follower(asked(), None)
    ends = failed.value()["ended"], failed.ended("There is no room.")["ended"], follower.value()["ended"]
    assert ends == (False, True, True), "a Stop that stands beside it goes"
    with pytest.raises(StoppedError):
        run(asked(), tmp_path, stopped)
    late, _ = run(asked(max_seconds=0.001), tmp_path)
    assert late.reason == "time" and late.steps == 1


def test_what_ends_a_training_first_is_said_while_it_goes_on():
    ends = []
    for most in (180.0, 3_600.0, 0.0):
        follower = Follower(asked(max_steps=2500, max_seconds=most), None)
        follower.take(LossLogged(step=500, loss=0.3, learning_rate=0.001, seconds=100.0))
        ends.append(follower.value()["said"].split(" · ")[-1])
    assert ends == ["ends at 3\u00a0min 0\u00a0s, its max_seconds", *["about 6\u00a0min 40\u00a0s left"] * 2]


def test_a_text_is_kept_whole_and_its_samples_have_no_verdict(tmp_path):
    text = "The sea is wide and the sea is deep.\r\nNobody knows how deep.\n" * 6
    request = TrainLanguageModelRequest(text=text, max_steps=2, prompt="The sea", **TINY)
    result, told = run(request, tmp_path)
    read = next(one for one in told if isinstance(one, CorpusRead))
    assert read.characters == len(text.replace("\r", "")) and read.possible_lines == 0
    assert result.accepted is None and result.new_share is None and result.samples[0].follows is None
    assert all(one.text.startswith("The sea") for one in result.samples)


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"grammar": ""}, EmptyInputError, "nothing to learn from"),
        ({"text": "more"}, InputError, "a text and a grammar"),
        ({"n_head": 5}, InputError, "can't share a hidden_size of 16"),
        ({"n_layer": 0}, InputError, "n_layer is 0"),
        ({"tokenizer": "words"}, InputError, "characters or bpe"),
        ({"max_steps": "many"}, InputError, "max_steps"),
    ],
)
def test_what_cannot_be_asked_is_said_at_once(changes, kind, said):
    with pytest.raises(kind, match=said):
        asked(**changes)


def test_a_short_text_and_a_strange_prompt_are_refused():
    short = TrainLanguageModelRequest(text="The sea is wide.", **TINY)
    corpus = read_corpus(short)
    tokenizer = learn_tokenizer(corpus.text, short)
    for refuse in (lambda: prepare(short, corpus, tokenizer), lambda: plan_language_model(short)):
        with pytest.raises(InputError, match="has 17 tokens, and a context of 16 needs 160"):
            refuse()
    with pytest.raises(InputError, match="no “Z”"):
        plan_language_model(asked(prompt="Zoe"))
    long = asked(prompt="Mia has a ball")
    corpus = read_corpus(long)
    tokenizer = learn_tokenizer(corpus.text, long)
    with pytest.raises(InputError, match="half the context"):
        prepare(long, corpus, tokenizer)


def test_a_plan_says_what_it_takes():
    request = asked(person="me", run_id="r")
    plan, job = plan_language_model(request), language_model_training(request)
    assert plan.vocab_size == len(set(read_corpus(request).text)) + 1
    assert plan.parameters == count_parameters(request, plan.vocab_size) == job.parameters
    assert isinstance(plan.bytes, TrainingBytes) and plan.bytes.weights == 4 * plan.parameters
    assert job.size == plan.bytes and (job.title, job.task, job.person) == ("Stories", "text-generation", "me")
    assert read_corpus(request).grammar.accepts(job.first_text)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "could have written 3."),
        (0.0, "could have written 3, and each of those stands in what it read."),
        (0.25, "could have written 3, and 25\u00a0% of those stand nowhere in what it read."),
    ],
)
def test_how_much_of_what_it_writes_is_new_is_said(share, said):
    ended = {"reason": "done", "steps": 300, "seconds": 9.0, "accepted": 0.75, "samples": [None] * 4}
    assert said_at_end(SimpleNamespace(**ended, new_share=share)).endswith(said)
