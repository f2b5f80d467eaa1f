"""A classifier that learns: by head, adapters or all weights, stopped or not, and the same by its receipt."""

from __future__ import annotations

import json
import math
import shutil
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import playground as pg
from playground.errors import (
    InputTooLongError,
    ModelNotFoundError,
    NotAllowedError,
    TrainingError,
    UnknownArchitectureError,
    UnsupportedOptionError,
    WrongTaskError,
)
from playground.models.adapters import read_adapter
from playground.models.catalog import Catalog
from playground.models.manager import ModelManager
from playground.models.origin import Origin
from playground.models.trained import ADAPTER, BEFORE
from playground.receipt import notebook
from playground.training.classifier.begin import begin, count, only_trained
from playground.training.classifier.fit import Watch, arguments, fit
from playground.training.classifier.job import FitClassifier
from playground.training.classifier.plan import classifier_training, plan_classifier
from playground.training.classifier.split import split_rows
from playground.training.desk import Desk
from playground.training.package import unpack
from playground.training.receipt import classifier_receipt
from tests.tiny_models import make_spec

WORDS = {"small": range(4, 20), "large": range(60, 76)}
ROWS = pg.Table(
    ("text", "label"),
    tuple(
        (f"w{first} w{second} w{30 + first % 7}", label)
        for label, numbers in WORDS.items()
        for first, second in zip(numbers, reversed(numbers), strict=True)
    ),
    tuple(range(1, 33)),
)
ASKED = pg.TrainClassifierRequest(ROWS, num_train_epochs=4, per_device_train_batch_size=5, seed=3, learning_rate=0.01)
METHODS = ("head", "lora", "full")


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return make_spec(tmp_path_factory.mktemp("base") / "bert", "bert", task="feature-extraction")


@contextmanager
def managed(*specs, **settings):
    manager = ModelManager(pg.Settings(device="cpu", **settings), Catalog(specs))
    yield manager
    manager.close()


class Ears:
    """Hears a training, and stops it at a step."""

    def __init__(self, stop_at=0):
        self.heard, self.stop_at, self.stopped = [], stop_at, threading.Event()

    def __call__(self, event):
        self.heard.append(event)
        if isinstance(event, pg.TrainingStep) and event.step == self.stop_at:
            self.stopped.set()


def trained(spec, folder, asked, stop_at=0):
    """What is heard, and the result, of a training in this process."""
    folder.mkdir()
    split = split_rows(asked.table, asked.text_column, asked.label_column, asked.held_out, asked.seed)
    ears = Ears(stop_at)
    job = FitClassifier(asked, split, spec.location, spec.id, "Mine")
    return ears.heard, fit(job, Desk("cpu", folder, ears, ears.stopped)), split


@pytest.fixture(scope="module")
def runs(spec, tmp_path_factory):
    """A training by each method, and one that was stopped."""
    home = tmp_path_factory.mktemp("trained")
    found = {name: (home / name, *trained(spec, home / name, replace(ASKED, method=name))) for name in METHODS}
    long = replace(ASKED, method="lora", num_train_epochs=50)
    return {**found, "stopped": (home / "stopped", *trained(spec, home / "stopped", long, stop_at=7))}


@pytest.mark.parametrize("method", METHODS)
def test_each_step_and_each_epoch_is_told_and_the_model_learns(runs, method):
    _, heard, result, split = runs[method]
    said, *rest = heard
    assert isinstance(said, pg.SplitSaid) and said.labels == ("large", "small") and said.chance == 0.5
    steps = [one for one in rest if isinstance(one, pg.TrainingStep)]
    held = [one for one in rest if isinstance(one, pg.HeldOut)]
    assert [one.step for one in steps] == list(range(1, said.total_steps + 1))
    assert [one.epoch for one in held] == [1, 2, 3, 4]
    assert result.train_losses == tuple(one.loss for one in steps)
    assert result.held_losses == tuple(one.loss for one in held)
    best = min(held, key=lambda one: one.loss)
    assert (result.best_step, result.loss, result.accuracy) == (best.step, best.loss, pytest.approx(best.accuracy))
    assert min(result.train_losses[-5:]) < said.chance_loss
    assert steps[-1].learning_rate < max(one.learning_rate for one in steps) <= 0.01
    assert sum(map(sum, result.confusion)) == len(split.held) == len(result.rows) == 8
    assert result.accuracy == sum(row.gold == row.after for row in result.rows) / 8
    assert not result.stopped and steps[-1].eta_seconds == 0


def test_only_what_shall_learn_learns(runs):
    heads = {name: runs[name][2].trained_parameters for name in METHODS}
    assert heads["head"] == 32 * 2 + 2 < heads["lora"] < heads["full"] == runs["full"][2].parameters


@pytest.mark.parametrize("name", [*METHODS, "stopped"])
def test_what_is_saved_answers_as_it_was_judged(runs, name):
    """The best model, not the last; adapters are merged, and stand alone as well."""
    from transformers import pipeline

    folder, _, result, split = runs[name]
    pipe = pipeline("text-classification", model=str(folder), device="cpu")
    before = pipeline("text-classification", model=str(folder / BEFORE), device="cpu")
    for row in result.rows:
        answer = pipe(row.text)[0]
        assert answer["label"] == result.labels[row.after]
        assert answer["score"] == pytest.approx(row.probability, abs=1e-5)
        assert before(row.text)[0]["label"] == result.labels[row.before]
    card = (folder / "README.md").read_text()
    assert f"on {len(split.train)} rows" in card and "seed 3" in card and "base_model: tiny/bert" in card
    files = {path.name for path in folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= files and "scratch" not in files
    assert (folder / ADAPTER).is_dir() == (name in ("lora", "stopped"))


def test_stop_keeps_the_best_so_far(runs):
    _, heard, result, _ = runs["stopped"]
    assert result.stopped and result.total_steps == 250
    assert 7 <= result.steps <= 8 and result.steps == len([one for one in heard if isinstance(one, pg.TrainingStep)])
    assert heard[-1].step == result.steps, "the model is judged where it stopped"


def test_the_receipt_gives_the_same_losses_in_a_fresh_process(runs, spec, python):
    """To 1e-4, step by step, for each method and up to where Stop was pressed; nothing of this project is imported."""
    codes = []
    for name, (_, _, result, split) in runs.items():
        asked = replace(ASKED, method=result.method, num_train_epochs=50 if name == "stopped" else 4)
        receipt = classifier_receipt(Origin(spec.location), asked, split, 1, result)
        codes.append(receipt.code)
        last = notebook(receipt)["cells"][-1]["source"].splitlines()[-1]
        assert last.startswith("print("), "the notebook ends in a sentence, not in what Jupyter prints of a module"
    for found, (_, _, result, _) in zip(python.numbers(*codes), runs.values(), strict=True):
        assert found["losses"] == pytest.approx(result.train_losses, abs=1e-4)
        assert found["held_losses"] == pytest.approx(result.held_losses, abs=1e-4)
    assert all("playground" not in code for code in codes)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_training_and_is_never_shown_as_one(loss):
    heard = []
    watch = Watch(Desk("cpu", Path(), heard.append, threading.Event()))
    state = SimpleNamespace(global_step=3, max_steps=9, epoch=0.5)
    with pytest.raises(TrainingError, match="At step 3 the loss is no number"):
        watch.on_log(None, state, None, {"loss": loss, "learning_rate": 1.0})
    assert heard == [] and watch.losses == []
    assert not arguments(ASKED, Desk("cpu", Path(), heard.append, threading.Event()), "x").logging_nan_inf_filter


@pytest.mark.parametrize("method", METHODS)
def test_the_plan_predicts_what_is_trained(spec, method):
    with managed(spec) as manager:
        plan = plan_classifier(manager, replace(ASKED, method=method))
    _, model = begin(spec.location, plan.split.labels, 0)
    assert (plan.split.parameters, plan.split.trained_parameters) == count(only_trained(model, method, ASKED.r))
    assert plan.bytes.weights == 4 * plan.split.parameters
    assert plan.bytes.gradients == plan.bytes.best == 4 * plan.split.trained_parameters
    assert plan.bytes.optimizer == 8 * plan.split.trained_parameters


def test_what_cannot_be_trained_is_refused(spec, tmp_path, runs):
    t5 = make_spec(tmp_path / "t5", "t5", task="feature-extraction")
    adapter = replace(spec, id="an/adapter", location=str(runs["lora"][0] / ADAPTER))
    with managed(spec, t5, adapter) as manager:
        for model_id, kind in ((t5.id, WrongTaskError), (adapter.id, UnsupportedOptionError)):
            with pytest.raises(kind):
                classifier_training(manager, replace(ASKED, model_id=model_id))


def test_an_adapter_is_taken_home_and_loaded_again(spec, runs, tmp_path):
    """The zip holds the adapter alone; loaded again, it gives the same answers by the base that is here."""
    folder, _, result, _ = runs["lora"]
    settings = pg.Settings(device="cpu", warm_up=("none",))
    with pg.Playground(settings, ModelManager(settings, Catalog((spec,)))) as playground:
        own = playground.manager.trained.new_folder()
        shutil.copytree(folder, own, dirs_exist_ok=True)
        made = playground.manager.trained.add(own, "Mine", "text-classification", 1, "me")
        path = Path(playground.pack_trained(made.model_id, str(tmp_path)))
        assert path.name == "mine.zip" and path.stat().st_size < (folder / "model.safetensors").stat().st_size
        again = playground.load_trained(str(path), "me")
        assert again.model_id != made.model_id
        assert {one.model_id for one in playground.trained_models("me")} == {made.model_id, again.model_id}
        assert playground.trained_models("you") == () and again.before_id == ""
        assert read_adapter(spec, playground.manager.trained.folder(again.model_id)) is not None
        for row in result.rows[:3]:
            answers = [
                playground.classify(pg.ClassifyRequest(row.text, model_id=one.model_id)) for one in (made, again)
            ]
            assert [one.best.label for one in answers] == [result.labels[row.after]] * 2
            assert answers[0].best.probability == pytest.approx(answers[1].best.probability, abs=1e-5)
            assert answers[0].best.probability == pytest.approx(row.probability, abs=1e-5)
            began = playground.classify(pg.ClassifyRequest(row.text, model_id=made.before_id))
            assert began.best.label == result.labels[row.before]
        attended = playground.attend(pg.AttentionRequest(result.rows[0].text, made.model_id))
        assert attended.stacks
        for one in (made, again):
            playground.forget_trained(one.model_id)
        for name in (again.model_id, made.model_id, made.before_id):
            with pytest.raises(pg.PlaygroundError, match="isn't here any more"):
                playground.classify(pg.ClassifyRequest("w5", model_id=name))
        assert not playground.manager._tokenizers._read, "each takes megabytes"


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def damaged(path, files):
    """The same file with other bytes where the first content is."""
    content = bytearray(zipped(path, files).read_bytes())
    content[40:60] = bytes(20)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "files", "said"),
    [
        (damaged, {"config.json": "x" * 500}, "can't be unpacked"),
        (zipped, {"config.json": "{}", "run.py": ""}, "other files"),
        (zipped, {"README.md": ""}, "no config.json"),
        (zipped, {"config.json": '{"architectures": {"a": 1}}'}, "can't be read"),
        (zipped, {"config.json": '{"architectures": 5}'}, "can't be read"),
        (zipped, {"config.json": "[" * 100_000}, "can't be read"),
    ],
)
def test_a_file_that_holds_no_model_is_refused_with_what_to_give(tmp_path, make, files, said):
    with managed() as manager:
        with pytest.raises(pg.PlaygroundError, match=said) as caught:
            unpack(manager, make(tmp_path / "mine.zip", files), "me")
        assert "Download" in caught.value.fix
        left = manager.trained.new_folder()
        assert list(left.parent.iterdir()) == [left]


def test_an_adapter_from_a_file_names_no_folder_of_the_server_and_no_model_that_visitors_cannot_have(
    spec, runs, tmp_path, monkeypatch
):
    own = {path.name: path.read_bytes() for path in (runs["lora"][0] / ADAPTER).iterdir()}
    path = zipped(tmp_path / "mine.zip", own)
    shutil.copytree(spec.location, tmp_path / "near" / "by")
    monkeypatch.chdir(tmp_path)
    with managed(hub="any") as manager:
        for base, kind in ((spec.location, ModelNotFoundError), ("near/by", UnknownArchitectureError)):
            named = json.loads(own["adapter_config.json"]) | {"base_model_name_or_path": base}
            other = {**own, "adapter_config.json": json.dumps(named)}
            with pytest.raises(kind):
                unpack(manager, zipped(tmp_path / "other.zip", other), "me")
        assert manager.trained.of("me") == ()
    with managed(spec, public=True, public_models=("embedded",)) as manager, pytest.raises(NotAllowedError):
        unpack(manager, path, "me")
    size = sum(map(len, own.values()))
    with managed(spec, public=True, public_bytes=size) as manager:
        made = unpack(manager, path, "me")
        with pytest.raises(NotAllowedError, match="can load up to"), manager.lease(made.model_id, made.task):
            pass
    with (
        managed(spec, public=True, public_bytes=size - 1) as manager,
        pytest.raises(InputTooLongError, match="is larger than"),
    ):
        unpack(manager, path, "me")
