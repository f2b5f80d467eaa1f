"""Every capability says on a GPU what it says on the CPU; the same bodies run there, where they are known to work."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import combinations

import pytest
import torch
import transformers

import playground as pg
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import ModelManager
from playground.tables import read_pasted
from playground.training.classifier.fit import fit
from playground.training.classifier.job import FitClassifier
from playground.training.classifier.split import split_rows
from playground.training.desk import Desk
from playground.training.language_model.events import CorpusRead
from playground.training.language_model.fit import fit as fit_language_model
from playground.training.language_model.request import TrainLanguageModelRequest
from tests.answers import REQUESTS, last, same, shaped
from tests.unit.pipelines.pipeline_models import MODELS, byte_tokenizer, printed, save

HAS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, HAS_CUDA])]
WORDS = ("the", "was", "but", "that", "food", "is")
TEXT = "the film was good, but that food is very bad!"
TASKS = {
    "feature-extraction": {"texts": ("good food", "a bad film")},
    "fill-mask": {"text": "the [MASK] was good", "model_id": "tiny/masked"},
    "zero-shot-classification": {"candidate_labels": ("film", "food"), "model_id": "tiny/nli"},
    "token-classification": {"model_id": "tiny/names"},
    "question-answering": {"question": "what was good?", "model_id": "tiny/answers"},
    "summarization": {"model_id": "tiny/t5", "max_new_tokens": 6},
    "translation": {"model_id": "tiny/bart", "max_new_tokens": 6},
}
CHAT = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
STORIES = {"grammar": "name = Mia, Ben\n{name} has a ball.\n{name} sees a kite.", "lines": 300, "max_steps": 60,
           "n_layer": 1, "n_head": 2, "hidden_size": 16, "context": 16, "learning_rate": 0.01}  # fmt: skip


def save_llama(folder):
    """The catalog entry of a language model with a chat template."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 300, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "pad_token_id": 0, "eos_token_id": 3}
    transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, **heads)).save_pretrained(folder)
    tokenizer = byte_tokenizer(400)
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    return ModelSpec("tiny/llama", "text-generation", "folder", str(folder))


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    """Models of all kinds, in 32 bits everywhere: on a GPU ``auto`` would take 16."""
    folder = tmp_path_factory.mktemp("models")
    names = ["tiny/stars", *(name for name in MODELS if name != "tiny/stars")]
    made = [*(save(folder, name) for name in names), save_llama(folder / "llama")]
    return tuple(replace(spec, quantizations=("float32",)) for spec in made)


@pytest.fixture(scope="module")
def playgrounds(specs):
    """``playgrounds(device)`` is a playground with all models there."""
    made = {}

    def on(device):
        if device not in made:
            settings = pg.Settings(warm_up=("none",), device=device)
            made[device] = pg.Playground(settings, ModelManager(settings, Catalog(specs)))
        return made[device]

    yield on
    for one in made.values():
        one.close()


@pytest.mark.parametrize("method", REQUESTS)
@pytest.mark.parametrize("device", DEVICES)
def test_an_answer_is_that_of_the_cpu(playgrounds, device, method):
    there = last(playgrounds(device), method, REQUESTS[method])
    same(shaped(there), shaped(last(playgrounds("cpu"), method, REQUESTS[method])))
    held = [one.device for one in playgrounds(device).manager.snapshot().models if one.device]
    assert held and {name.partition(":")[0] for name in held} == {device}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("device", DEVICES)
def test_a_task_and_its_code_say_what_the_cpu_says(playgrounds, device, task):
    request = pg.PipelineRequest(task, **{"text": TEXT, **TASKS[task]})
    there, here = (playgrounds(one).pipeline(request) for one in (device, "cpu"))
    same(shaped(there), shaped(here))
    receipts = playgrounds("cpu").pipeline_receipts
    same(*([printed(one.code) for one in receipts(result)] for result in (there, here)))


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("device", DEVICES)
def test_a_classifier_learns_there(specs, device, method, tmp_path):
    rows = (f"{' '.join(words)} {says} film,{says}" for words in combinations(WORDS, 2) for says in ("good", "bad"))
    table = read_pasted("text,label\n" + "\n".join(rows))
    asked = pg.TrainClassifierRequest(table, method=method, num_train_epochs=6, learning_rate=0.05)
    split = split_rows(table, asked.text_column, asked.label_column, asked.held_out, asked.seed)
    encoder = next(spec for spec in specs if spec.id == "tiny/encoder")
    told = []
    job = FitClassifier(asked, split, encoder.location, encoder.id, "Mine")
    fit(job, Desk(device, tmp_path, told.append, threading.Event()))
    steps = [event.loss for event in told if isinstance(event, pg.TrainingStep)]
    assert steps[-1] < 0.8 * steps[0], steps
    assert (tmp_path / "config.json").exists()


@pytest.mark.parametrize("device", DEVICES)
def test_a_language_model_learns_there(device, tmp_path):
    told = []
    desk = Desk(device, tmp_path, told.append, threading.Event())
    result = fit_language_model(TrainLanguageModelRequest(**STORIES), desk)
    read = next(event for event in told if isinstance(event, CorpusRead))
    assert result.heldout_loss < read.unigram_loss and len(result.samples) == 100
    assert transformers.AutoModelForCausalLM.from_pretrained(tmp_path).num_parameters() == result.parameters
