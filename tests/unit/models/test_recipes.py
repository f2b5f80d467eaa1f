"""Building models from tiny sources: the GGUF reader against transformers' own, and a merged adapter."""

import logging
import warnings
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertModel

from playground.models.gguf_conversion import LAYER_NAMES, convert_gguf
from playground.models.recipes import build_sentiment

HIDDEN, LAYERS, HEADS, KEY_HEADS, INNER = 64, 2, 4, 2, 96
SHAPES = {
    "attn_q": (HIDDEN, HIDDEN),
    "attn_k": (HIDDEN * KEY_HEADS // HEADS, HIDDEN),
    "attn_v": (HIDDEN * KEY_HEADS // HEADS, HIDDEN),
    "attn_output": (HIDDEN, HIDDEN),
    "ffn_gate": (INNER, HIDDEN),
    "ffn_up": (INNER, HIDDEN),
    "ffn_down": (HIDDEN, INNER),
}


def byte_letters() -> list[str]:
    """The 256 characters that stand for bytes in a byte-level vocabulary."""
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def write_tiny_gguf(path: Path, architecture: str = "llama", pre: str = "smollm") -> None:
    """A GGUF file like SmolLM2's: grouped key heads, tied embeddings, 4-bit weights, byte-level BPE."""
    random = np.random.default_rng(0)
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *byte_letters(), "he", "Ġhe"]
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_name("tiny")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3] * 3 + [1] * (len(tokens) - 3))
    writer.add_token_merges(["h e", "Ġ he"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template("{% for message in messages %}<|im_start|>{{ message['content'] }}<|im_end|>{% endfor %}")

    def add(name: str, shape: tuple[int, ...], kind: gguf.GGMLQuantizationType) -> None:
        weight = random.standard_normal(shape).astype(np.float32)
        writer.add_tensor(name, gguf.quantize(weight, kind), raw_dtype=kind)

    add("token_embd.weight", (len(tokens), HIDDEN), gguf.GGMLQuantizationType.Q8_0)
    add("output_norm.weight", (HIDDEN,), gguf.GGMLQuantizationType.F32)
    for layer in range(LAYERS):
        for name in LAYER_NAMES:
            kind = gguf.GGMLQuantizationType.Q4_1 if name in SHAPES else gguf.GGMLQuantizationType.F32
            add(f"blk.{layer}.{name}.weight", SHAPES.get(name, (HIDDEN,)), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``tiny.gguf`` and, in ``out``, what was made of it."""
    folder = tmp_path_factory.mktemp("gguf")
    write_tiny_gguf(folder / "tiny.gguf")
    (folder / "out").mkdir()
    convert_gguf(folder / "tiny.gguf", folder / "out", lambda what, fraction: None)
    return folder


def test_weights_are_those_that_transformers_reads(converted: Path):
    reference = AutoModelForCausalLM.from_pretrained(converted, gguf_file="tiny.gguf", dtype=torch.float32)
    ours = AutoModelForCausalLM.from_pretrained(converted / "out")
    expected = reference.state_dict()
    assert expected.keys() == ours.state_dict().keys()
    for name, weight in ours.state_dict().items():
        assert torch.equal(weight, expected[name]), name
    ids = torch.tensor([[1, 50, 60, 70, 2]])
    assert torch.equal(ours(ids).logits, reference(ids).logits)
    assert ours.dtype == torch.float32
    assert ours.generation_config.eos_token_id == 2


def test_tokenizer_is_smollm2s(converted: Path):
    tokenizer = AutoTokenizer.from_pretrained(converted / "out")
    assert tokenizer.tokenize("he he<|im_end|>") == ["he", "Ġhe", "<|im_end|>"]
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.model_max_length == 128
    assert set(tokenizer("he")) == {"input_ids", "attention_mask"}
    assert tokenizer.apply_chat_template([{"content": "he"}], tokenize=False) == "<|im_start|>he<|im_end|>"
    for text in ("  he\n\the 2026", "日本語 👩‍👩‍👧", "مرحبا", "a\x00b"):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@pytest.mark.parametrize("changes", [{"architecture": "gpt2"}, {"pre": "llama-bpe"}], ids=["architecture", "tokenizer"])
def test_other_models_are_refused(tmp_path: Path, changes: dict[str, str]):
    write_tiny_gguf(tmp_path / "tiny.gguf", **changes)
    with pytest.raises(ValueError, match="expected a Llama model with SmolLM2's tokenizer"):
        convert_gguf(tmp_path / "tiny.gguf", tmp_path, lambda what, fraction: None)


def test_merged_adapter_gives_the_logits_of_the_adapter(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    from peft import LoraConfig, get_peft_model

    labels = {index: f"{index + 1} stars" for index in range(5)}
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    config = BertConfig(vocab_size=40, max_position_embeddings=16, num_labels=5, id2label=labels, **sizes)
    base, adapter, out = (tmp_path / name for name in ("base", "adapter", "out"))
    torch.manual_seed(0)
    BertModel(config).save_pretrained(base)
    (base / "tokenizer.json").write_text("{}")
    adapted = get_peft_model(
        AutoModelForSequenceClassification.from_pretrained(base, config=config),
        LoraConfig("SEQ_CLS", r=4, target_modules=["query", "value"], init_lora_weights=False),
    ).eval()
    adapted.save_pretrained(adapter)
    config.save_pretrained(adapter)
    out.mkdir()

    caplog.clear()
    with caplog.at_level(logging.WARNING), warnings.catch_warnings(record=True, action="always") as warned:
        build_sentiment((base, adapter), out, lambda what, fraction: None)
    assert (caplog.text, warned) == ("", [])

    merged = AutoModelForSequenceClassification.from_pretrained(out).eval()
    assert merged.config.id2label == labels
    assert (out / "tokenizer.json").exists()
    assert not [name for name in load_file(out / "model.safetensors") if "lora" in name]
    ids = torch.tensor([[1, 5, 9, 2]])
    with torch.inference_mode():
        torch.testing.assert_close(merged(ids).logits, adapted(ids).logits)
        with adapted.disable_adapter():  # or the comparison above would prove nothing
            assert not torch.allclose(merged(ids).logits, adapted(ids).logits, atol=1e-3)
