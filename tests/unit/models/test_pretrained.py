"""How a run holds its model, as code: the code must run, and load the numbers that the run has."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers

from playground.config import Settings
from playground.models.catalog import Catalog
from playground.models.manager import ModelManager
from playground.models.pretrained import Pretrained
from tests.tiny_models import make_spec


@pytest.fixture
def manager(tmp_path):
    spec = make_spec(tmp_path / "llama", "llama", "tiny", quantizations=("8-bit", "4-bit", "bfloat16", "float32"))
    manager = ModelManager(Settings(device="cpu", hub="off", memory_budget=10**9), Catalog((spec,)))
    yield manager
    manager.close()


@pytest.mark.parametrize("quantization", ["auto", "8-bit", "4-bit", "bfloat16", "float32"])
def test_the_code_loads_what_was_loaded(manager, quantization):
    names = {"torch": torch, **{name: getattr(transformers, name) for name in ("AutoModelForCausalLM",)}}
    names["BitsAndBytesConfig"] = transformers.BitsAndBytesConfig
    with manager.lease("tiny", "text-generation", quantization) as loaded:
        exec(loaded.pretrained.model_lines(), names)
        model = eval(loaded.pretrained.code(), names).eval()
        assert model.dtype == loaded.model.dtype
        kinds = {name: type(module).__name__ for name, module in loaded.model.named_modules()}
        assert {name: type(module).__name__ for name, module in model.named_modules()} == kinds
        assert loaded.pretrained.quantization != "auto"
        with torch.no_grad():  # in 4 bits this model's layers are of shapes that bitsandbytes can't pack
            numbers, expected = (one(torch.tensor([[1, 5, 9]])).logits.float() for one in (model, loaded.model))
        assert (numbers - expected).norm() < 0.01 * expected.norm()
        assert manager.pretrained("tiny", "text-generation", quantization) == loaded.pretrained


def test_whoever_names_no_model_gets_the_first_of_the_task(manager):
    assert manager.spec(None, "text-generation").id == "tiny"
    assert manager.spec(None).id == "tiny", "a tokenizer is at hand even where no model does the task"
    assert manager.pretrained(None, "text-generation").source.endswith("llama")
    with manager.lease(None, "text-generation") as loaded:
        assert loaded.key.model_id == "tiny"


def test_a_revision_is_named():
    pretrained = Pretrained("org/name", "AutoModel", "float32", "float32", "cuda:0", "abc")
    assert pretrained.options() == "dtype=torch.float32, device_map='cuda:0', revision='abc'"


def test_nothing_heavy_is_imported():
    """Receipts are written in processes that never ran a model."""
    import subprocess
    import sys

    code = "import sys, playground.models.pretrained as p; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3]).returncode == 0
