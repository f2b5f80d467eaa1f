"""LoRA adapters: merged into a base that is at hand, else told apart from a damaged model, with the base's name."""

from __future__ import annotations

import json

import pytest
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model

from playground.config import Settings
from playground.errors import CorruptModelError, UnknownArchitectureError, UnsupportedOptionError
from playground.models.catalog import QUANTIZATIONS, Catalog, ModelSpec
from playground.models.manager import ModelManager
from tests.hub_stand_in import Repository, running_hub
from tests.tiny_models import make_model, make_spec, make_tokenizer

IDS = torch.tensor([[1, 5, 9, 7, 2]])


def make_adapter(folder, base, auto_class, task, **changes):
    """An adapter whose matrices are no longer zero, as after a training."""
    model = auto_class.from_pretrained(base)
    model.config.name_or_path = str(base)
    torch.manual_seed(3)
    adapted = get_peft_model(model, LoraConfig(task_type=task, r=4, target_modules="all-linear"))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0, 0.1)
    adapted.save_pretrained(folder)
    path = folder / "adapter_config.json"
    content = {**json.loads(path.read_text()), "base_model_name_or_path": str(base), **changes}
    path.write_text(json.dumps(content))
    return adapted.eval()


def manager_of(*specs, **settings):
    return ModelManager(Settings(device="cpu", hub="off", memory_budget=10**9, **settings), Catalog(specs))


def adapter_spec(folder, task="text-generation"):
    return ModelSpec("mine", task, "folder", str(folder), quantizations=QUANTIZATIONS)


def test_an_adapter_without_tokenizer_is_loaded_on_its_base(tmp_path):
    base = make_model(tmp_path / "base", "llama")
    adapted = make_adapter(tmp_path / "lora", base, transformers.AutoModelForCausalLM, "CAUSAL_LM")
    manager = manager_of(adapter_spec(tmp_path / "lora"))
    with manager.lease("mine", "text-generation") as loaded, torch.no_grad():
        assert (loaded.model(IDS).logits - adapted(IDS).logits).abs().max() < 1e-5
        with adapted.disable_adapter():  # or the comparison above would prove nothing
            assert (loaded.model(IDS).logits - adapted(IDS).logits).abs().max() > 1e-3
        assert type(loaded.model).__name__ == "LlamaForCausalLM"
        assert loaded.eager(IDS, output_attentions=True).attentions[0] is not None
        assert loaded.tokenizer("w5").input_ids == [5]
        plain = eval(
            loaded.pretrained.code(), {"torch": torch, **vars(transformers), "MODEL": loaded.pretrained.source}
        )
        assert (plain(IDS).logits - loaded.model(IDS).logits).abs().max() < 1e-5
        assert str(base) in loaded.pretrained.tokenizer_code()
        row = manager.snapshot().models[0]
        assert row.predicted_bytes == row.measured_bytes
    manager.close()


def test_the_base_may_be_a_model_of_the_catalog(tmp_path):
    spec = make_spec(tmp_path / "base", "llama", "org/base")
    make_adapter(
        tmp_path / "lora", tmp_path / "base", transformers.AutoModelForCausalLM, "CAUSAL_LM",
        base_model_name_or_path="org/base",
    )  # fmt: skip
    manager = manager_of(spec, adapter_spec(tmp_path / "lora"))
    with manager.lease("mine", "text-generation") as loaded:
        assert loaded.tokenizer("w5").input_ids == [5]
    manager.close()


def test_a_head_that_the_adapter_brings(tmp_path):
    """The base is a bare encoder: its classifier, and the number of labels, come with the adapter."""
    base, model = tmp_path / "base", make_model(tmp_path / "full", "bert")
    transformers.AutoModel.from_pretrained(model).save_pretrained(base)
    make_tokenizer().save_pretrained(base)
    config = transformers.AutoConfig.from_pretrained(base, num_labels=4)
    start = transformers.AutoModelForSequenceClassification.from_pretrained(base, config=config)
    adapted = get_peft_model(start, LoraConfig(task_type="SEQ_CLS", r=4, target_modules=["query", "value"]))
    adapted.save_pretrained(tmp_path / "lora")
    config.save_pretrained(tmp_path / "lora")
    path = tmp_path / "lora" / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "base_model_name_or_path": str(base)}))
    manager = manager_of(adapter_spec(tmp_path / "lora", "text-classification"))
    with manager.lease("mine", "text-classification") as loaded, torch.no_grad():
        assert loaded.model(IDS).logits.shape == (1, 4)
        assert (loaded.model(IDS).logits - adapted.eval()(IDS).logits).abs().max() < 1e-5
    manager.close()


def test_without_the_base_its_name_is_said(tmp_path):
    base = make_model(tmp_path / "base", "llama")
    make_adapter(
        tmp_path / "lora", base, transformers.AutoModelForCausalLM, "CAUSAL_LM",
        base_model_name_or_path="meta-llama/Llama-2-7b-hf",
    )  # fmt: skip
    manager = manager_of(adapter_spec(tmp_path / "lora"))
    with (
        pytest.raises(UnknownArchitectureError, match=r"LoRA adapter.*meta-llama/Llama-2-7b-hf") as caught,
        manager.lease("mine", "text-generation"),
    ):
        pass
    assert "models file" in caught.value.fix
    with pytest.raises(UnknownArchitectureError, match="meta-llama/Llama-2-7b-hf"):
        manager.tokenizer("mine")
    manager.close()


@pytest.mark.parametrize("quantization", ["4-bit", "8-bit"])
def test_an_adapter_is_not_added_to_quantized_weights(tmp_path, quantization):
    base = make_model(tmp_path / "base", "llama")
    make_adapter(tmp_path / "lora", base, transformers.AutoModelForCausalLM, "CAUSAL_LM")
    manager = manager_of(adapter_spec(tmp_path / "lora"))
    with pytest.raises(UnsupportedOptionError, match="LoRA"), manager.lease("mine", "text-generation", quantization):
        pass
    manager.close()


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("{", CorruptModelError, "can't be read"),
        ('{"peft_type": "IA3", "base_model_name_or_path": "x"}', UnsupportedOptionError, "IA3"),
        ('{"peft_type": "LORA"}', UnsupportedOptionError, "of which model"),
        ('{"peft_type": "LORA", "base_model_name_or_path": "x"}', CorruptModelError, "without weights"),
    ],
)
def test_what_is_wrong_with_an_adapter(tmp_path, content, error, words):
    (tmp_path / "adapter_config.json").write_text(content)
    manager = manager_of(adapter_spec(tmp_path))
    with pytest.raises(error, match=words), manager.lease("mine", "text-generation"):
        pass
    manager.close()


def test_an_adapter_on_the_hub_names_its_base(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    content = {"peft_type": "LORA", "base_model_name_or_path": "org/base"}
    files = {"adapter_config.json": json.dumps(content).encode(), "adapter_model.safetensors": b"x"}
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.repositories["org/lora"] = Repository(files)
        spec = ModelSpec("org/lora", "text-generation", "hub", "org/lora", quantizations=QUANTIZATIONS)
        manager = ModelManager(Settings(device="cpu", memory_budget=10**9), Catalog((spec,)))
        for ask in (lambda: manager.tokenizer("org/lora"), lambda: manager.lease("org/lora", spec.task).__enter__()):
            with pytest.raises(UnknownArchitectureError, match=r"adapter.*org/base"):
                ask()
        manager.close()


def test_a_merged_model_is_the_adapted_one(tmp_path):
    """What peft itself says of the same two folders."""
    base = make_model(tmp_path / "base", "t5")
    make_adapter(tmp_path / "lora", base, transformers.AutoModelForSeq2SeqLM, "SEQ_2_SEQ_LM")
    plain = PeftModel.from_pretrained(transformers.AutoModelForSeq2SeqLM.from_pretrained(base), tmp_path / "lora")
    manager = manager_of(adapter_spec(tmp_path / "lora", "text2text-generation"))
    with manager.lease("mine", "text2text-generation") as loaded, torch.no_grad():
        found = loaded.model(input_ids=IDS, decoder_input_ids=IDS).logits
        assert (found - plain.eval()(input_ids=IDS, decoder_input_ids=IDS).logits).abs().max() < 1e-5
    manager.close()
