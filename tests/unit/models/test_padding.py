"""Whether a row may be padded beside others, found by trying it on tiny random models of families that differ in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers

from playground.models.catalog import ModelSpec
from playground.models.lending import LoadedModel, ModelKey
from playground.models.padding import pad_token_id, safe_padding
from tests.tiny_classifiers import SMALL, tiny_model, tiny_tokenizer

OWN = {"vocab_size": 120, "pad_token_id": 0, "max_position_embeddings": 64}
CONFIGS = {
    "fnet": lambda: transformers.FNetConfig(tpu_short_seq_length=64, **SMALL, **OWN),
    "convbert": lambda: transformers.ConvBertConfig(embedding_size=32, **SMALL, **OWN),
    "nystromformer": lambda: transformers.NystromformerConfig(**SMALL, **OWN),
    "xlnet": lambda: transformers.XLNetConfig(
        vocab_size=120, d_model=32, n_layer=2, n_head=2, d_inner=48, pad_token_id=0
    ),
}


def random(model, seed: int = 7):
    torch.manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "norm" not in name.lower():
            parameter.data.normal_(0, 0.3)
    return model.eval().requires_grad_(False)


def classifier_of(family: str):
    torch.manual_seed(0)
    return random(transformers.AutoModelForSequenceClassification.from_config(CONFIGS[family]()))


@pytest.mark.parametrize(
    ("family", "expected"), [("fnet", None), ("convbert", None), ("nystromformer", None), ("xlnet", "left")]
)
def test_families_that_read_their_padding_are_found(family, expected):
    model, tokenizer = classifier_of(family), tiny_tokenizer()
    assert safe_padding(model, tokenizer, pad_token_id(model, tokenizer)) == expected


@pytest.mark.parametrize("family", ["bert", "roberta", "deberta", "modernbert", "llama"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_families_that_mask_it_are_found_too(family, dtype):
    model, tokenizer = tiny_model(family).to(dtype), tiny_tokenizer(family)
    assert safe_padding(model, tokenizer, pad_token_id(model, tokenizer)) == "right"


def test_half_precision_hides_no_leak():
    tokenizer = tiny_tokenizer()
    assert safe_padding(classifier_of("convbert").to(torch.bfloat16), tokenizer, 0) is None


def test_a_decoder_that_knows_no_padding_takes_one_text_at_a_time():
    model, tokenizer = tiny_model("llama", pad=None), tiny_tokenizer("llama")
    assert pad_token_id(model, tokenizer) is None
    assert safe_padding(model, tokenizer, None) is None
    assert safe_padding(model, tokenizer, 0) is None  # transformers refuses such a batch: that is an answer as well


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (transformers.BertConfig(**SMALL, **OWN), "right"),
        (CONFIGS["fnet"](), None),
        (transformers.T5Config(vocab_size=120, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4), "right"),
    ],
)
def test_models_without_a_head_are_judged_by_their_hidden_states(config, expected):
    torch.manual_seed(0)
    model = random(transformers.AutoModel.from_config(config))
    assert safe_padding(model, tiny_tokenizer(), 0) == expected


def test_a_resident_model_is_probed_once():
    model, tokenizer = tiny_model("bert"), tiny_tokenizer("bert")
    calls, forward = [], model.forward
    model.forward = lambda *args, **options: calls.append(1) or forward(*args, **options)
    spec = ModelSpec(id="tiny", task="text-classification", source="folder", location=".", quantizations=("auto",))
    loaded = LoadedModel(ModelKey("tiny", spec.task), spec, Path("."), model, tokenizer, "cpu", "float32", 0)
    assert (loaded.safe_padding, loaded.safe_padding) == ("right", "right")
    assert len(calls) == 4  # three texts alone, and the three together
