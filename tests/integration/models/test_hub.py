"""Downloads from a stand-in for the Hub: progress, resuming, and every refusal as one clear message."""

from __future__ import annotations

import errno
import itertools
import json
import shutil
import threading
import time
import types
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest
import torch

from playground.config import Settings
from playground.errors import (
    BudgetError,
    CorruptModelError,
    GatedModelError,
    HubOfflineError,
    ModelNotFoundError,
    NotAllowedError,
    PreparationError,
    UnknownArchitectureError,
    WrongTaskError,
)
from playground.models import hub as hub_module
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import ModelKey, ModelManager
from playground.models.reach import REMEMBERED_SECONDS
from tests.hub_stand_in import Repository, running_hub
from tests.tiny_models import make_model

TASK = "text-generation"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = make_model(tmp_path_factory.mktemp("hub") / "m", "llama", hidden_size=64, intermediate_size=512)
    return Repository.of_folder(folder).files


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A running stand-in, which this process's huggingface_hub takes for the Hub, and an empty cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 16_384)  # 10 MB is more than a tiny model has
    impatient = types.SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.file_download.time", impatient)
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def manager(hub):
    manager = ModelManager(Settings(device="cpu"), Catalog((ModelSpec("x/listed", TASK, "hub", "x/listed"),)))
    yield manager
    manager.close()


def lease(manager, model_id="org/tiny", task=TASK):
    with manager.lease(model_id, task) as loaded:
        return loaded


def fail(manager, kind, match, model_id="org/tiny", task=TASK):
    """The load fails with this error, leaves nothing on the device, and is reported."""
    with pytest.raises(kind, match=match) as caught:
        lease(manager, model_id, task)
    (row,) = (row for row in manager.snapshot().models if row.model_id == model_id)
    assert (row.state, row.message) == ("failed", str(caught.value))
    assert manager.snapshot().devices[0].used_bytes == 0
    return caught.value


def test_a_typed_id_is_downloaded_once_and_then_used_without_the_hub(hub, manager, files):
    unwanted = {"flax_model.msgpack": b"x", "onnx/model.onnx": b"x", "evil.py": b"x", "pytorch_model.bin": b"x"}
    repository = hub.repositories["org/tiny"] = Repository({**files, **unwanted})
    loaded = lease(manager)
    assert loaded.model(torch.tensor([[1, 5]])).logits.shape == (1, 2, 100)
    assert loaded.tokenizer("w5 w6").input_ids == [5, 6]
    fetched = {name for method, name, _ in repository.requests if method == "GET"}
    assert fetched == {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
                       "tokenizer_config.json"}  # fmt: skip
    assert manager.unload(ModelKey("org/tiny", TASK))
    hub.repositories.clear()
    assert lease(manager).measured_bytes == loaded.measured_bytes


def test_visitors_cause_no_download_larger_than_what_is_allowed(hub, files):
    large = {**files, "vocab.json": b" " * 3_000_000}
    repository = hub.repositories["x/listed"] = Repository(large)
    spec = ModelSpec("x/listed", TASK, "hub", "x/listed")
    settings = Settings(device="cpu", public=True, public_bytes=2_900_000)
    manager = ModelManager(settings, Catalog((spec,)))
    fail(
        manager,
        NotAllowedError,
        r"is a download of 3\.\d\u00a0MB; visitors of this public page can cause 2\.9\u00a0MB",
        "x/listed",
    )
    assert {name for method, name, _ in repository.requests if method == "GET"} <= {"config.json"}
    manager.close()
    allowed = ModelManager(replace(settings, warm_up=("x/listed",)), Catalog((spec,)))
    assert lease(allowed, "x/listed").measured_bytes < 2_900_000
    allowed.close()


def test_progress_in_bytes_is_seen_by_everybody_who_waits(hub, manager, files):
    hub.repositories["org/tiny"] = Repository(dict(files), bytes_per_second=1_500_000)
    seen, done = [], threading.Event()

    def watch():
        while not done.wait(0.01):
            seen.extend((row.state, row.message, row.progress) for row in manager.snapshot().models)

    watcher = threading.Thread(target=watch)
    watcher.start()
    askers = [threading.Thread(target=lease, args=(manager,)) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    done.set()
    watcher.join()
    fractions = [fraction for state, message, fraction in seen if state == "downloading" and fraction is not None]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) >= 5
    assert any(" of " in message for _, message, _ in seen)
    assert manager.snapshot().models[0].loads == 1
    gets = [name for method, name, _ in hub.repositories["org/tiny"].requests if method == "GET"]
    assert len(gets) == len(set(gets)), "something was downloaded twice"


def test_a_broken_connection_goes_on_where_it_was(hub, manager, files):
    repository = hub.repositories["org/tiny"] = Repository(dict(files), breaks_off_every=100_000)
    assert lease(manager).measured_bytes
    ranges = [asked for method, name, asked in repository.requests if name == "model.safetensors" and asked]
    starts = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in ranges]
    assert len(starts) >= 3
    assert all(after - before > 80_000 for before, after in itertools.pairwise(starts)), starts


def test_a_download_that_stays_broken_fails_and_can_be_retried(hub, manager, files):
    repository = hub.repositories["org/tiny"] = Repository(dict(files), breaks_off_at=50_000)
    error = fail(manager, HubOfflineError, "broke off")
    assert error.retryable
    assert list(Path(huggingface_hub.constants.HF_HUB_CACHE).rglob("*.incomplete")) == []
    repository.breaks_off_at = None
    repository.requests.clear()
    assert lease(manager)
    assert "tokenizer.json" not in [name for method, name, _ in repository.requests if method == "GET"], "kept"


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_model(hub, manager, files, status):
    hub.repositories["org/tiny"] = Repository(dict(files), gated=status)
    error = fail(manager, GatedModelError, "accept a licence")
    assert "https://huggingface.co/org/tiny" in error.fix
    assert "HF_TOKEN" in error.fix


def test_a_model_or_revision_that_is_not_there(hub, manager, files):
    fail(manager, ModelNotFoundError, "no model org/tiny, or it is private")
    hub.repositories["org/tiny"] = Repository(dict(files))
    spec = ModelSpec("org/tiny", TASK, "hub", "org/tiny", revision="v9")
    with pytest.raises(ModelNotFoundError, match="no revision 'v9'"):
        hub_module.download(spec, lambda what, fraction: None)


def test_a_hub_in_trouble(hub, manager, files):
    hub.repositories["org/tiny"] = Repository(dict(files), failing=500)
    fail(manager, HubOfflineError, r"error \(500\)")


def test_no_network(hub, manager, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    error = fail(manager, HubOfflineError, "can't be reached")
    assert error.fix == "Check the id and the network, and try again. Embedded models need no Hub."


def test_a_hub_that_is_not_there_is_remembered_for_a_while(hub, manager, files, monkeypatch):
    """Each call waited again, for 9 to 46 seconds, until huggingface_hub had tried often enough; nor does the first."""
    hub.repositories["org/here"] = Repository(dict(files))
    assert lease(manager, "org/here")
    assert manager.unload(ModelKey("org/here", TASK))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    waits = []
    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.utils._http.time.sleep", waits.append)
        fail(manager, HubOfflineError, "can't be reached")
    assert waits == []
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    hub.repositories["org/tiny"] = repository = Repository(dict(files))
    for model_id in ("org/tiny", "org/other"):
        assert fail(manager, HubOfflineError, "couldn't be reached a moment ago", model_id).retryable
    with pytest.raises(HubOfflineError, match="a moment ago"):
        manager.tokenizer("x/listed")
    assert repository.requests == [], "nobody was asked"
    assert lease(manager, "org/here"), "what was downloaded before is used"
    clock = time.monotonic
    monkeypatch.setattr("playground.models.reach.time.monotonic", lambda: clock() + REMEMBERED_SECONDS)
    assert lease(manager)


def test_offline_is_respected(hub, manager, files, monkeypatch):
    repository = hub.repositories["org/tiny"] = Repository(dict(files))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    fail(manager, HubOfflineError, "HF_HUB_OFFLINE")
    off = ModelManager(Settings(device="cpu", hub="off"), manager.catalog)
    with pytest.raises(HubOfflineError, match="--hub off"):
        lease(off, "x/listed")
    assert repository.requests == []


def test_too_large_is_said_before_anything_large_is_downloaded(hub, files):
    repository = hub.repositories["org/tiny"] = Repository(dict(files))
    manager = ModelManager(Settings(device="cpu", memory_budget=100_000), Catalog(()))
    with pytest.raises(BudgetError, match="of the 100\u00a0kB for models"):
        lease(manager)
    assert "model.safetensors" not in [name for _, name, _ in repository.requests]
    manager.close()


def test_no_disk_space_is_said_before_the_download(hub, manager, files, monkeypatch):
    repository = hub.repositories["org/tiny"] = Repository(dict(files))
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 5, 5))
    error = fail(manager, PreparationError, "No disk space for org/tiny")
    assert "HF_HOME" in error.fix
    assert "model.safetensors" not in [name for _, name, _ in repository.requests]


def test_a_disk_that_fills_up_meanwhile(hub, manager, files, monkeypatch):
    hub.repositories["org/tiny"] = Repository(dict(files))

    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.snapshot_download", full)
    fail(manager, PreparationError, "the disk is full")


def test_damaged_weights_from_the_hub(hub, manager, files):
    damaged = {**files, "model.safetensors": files["model.safetensors"][:5000]}
    hub.repositories["org/tiny"] = Repository(damaged)
    error = fail(manager, CorruptModelError, "damaged")
    assert "Download it again" in error.fix


def test_architectures_and_tasks_are_judged_before_the_weights_come(hub, manager, files):
    config = json.loads(files["config.json"])
    strange = {**config, "model_type": "strange", "auto_map": {"AutoModelForCausalLM": "code.Model"}}
    cases = [
        (json.dumps(strange), UnknownArchitectureError, "would run code from the Hub", TASK),
        (files["config.json"].decode(), WrongTaskError, "no head for text-classification", "text-classification"),
    ]
    for number, (text, kind, match, task) in enumerate(cases):
        repository = hub.repositories[f"org/{number}"] = Repository({**files, "config.json": text.encode()})
        fail(manager, kind, match, f"org/{number}", task)
        assert "model.safetensors" not in [name for _, name, _ in repository.requests]


def test_a_repository_without_weights_that_transformers_reads(hub, manager, files):
    names = ("config.json", "tokenizer.json")
    hub.repositories["org/tiny"] = Repository({**{name: files[name] for name in names}, "model.gguf": b"x"})
    fail(manager, UnknownArchitectureError, "no weights that transformers reads")


def test_sharded_and_pickled_weights():
    spec = ModelSpec("a/b", TASK, "hub", "a/b")
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    listing = dict.fromkeys(["config.json", "model.safetensors.index.json", *shards, "model.fp16.safetensors"], 1)
    assert hub_module.choose_files(spec, {**listing, "pytorch_model.bin": 1, "onnx/config.json": 1}) == [
        "config.json", "model.safetensors.index.json", *shards,
    ]  # fmt: skip
    assert hub_module.choose_files(spec, {"config.json": 1, "pytorch_model.bin": 1, "tf_model.h5": 1}) == [
        "config.json", "pytorch_model.bin",
    ]  # fmt: skip


def test_a_tokenizer_alone_needs_no_weights(hub, manager, files):
    repository = hub.repositories["org/tiny"] = Repository(dict(files))
    assert manager.tokenizer("org/tiny")("w7").input_ids == [7]
    assert "model.safetensors" not in [name for _, name, _ in repository.requests]
    assert manager.snapshot().models == ()


def test_a_download_can_be_stopped(hub, manager, files):
    hub.repositories["org/tiny"] = Repository(dict(files), bytes_per_second=200_000)
    key = manager.start_loading("org/tiny", TASK)
    deadline = threading.Event()
    while not any(row.progress for row in manager.snapshot().models):
        assert not deadline.wait(0.01)
    assert manager.unload(key)
    while manager.snapshot().models[0].state != "not loaded":
        assert not deadline.wait(0.01)
    assert manager.snapshot().devices[0].used_bytes == 0
