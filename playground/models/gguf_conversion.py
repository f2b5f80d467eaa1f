"""Turns SmolLM2's GGUF file into the files that ``from_pretrained`` reads at once.

GGUF is llama.cpp's format: one file with the weights in 4 bits, the vocabulary and the settings. transformers can read
it, but parses it three times and needs 30 to 45 seconds for that. Here it is parsed once, every weight is written as
the float32 value that its 4 bits stand for, and the next load takes a second.

Leaves out every architecture but Llama's and every tokenizer but SmolLM2's: they are refused, not guessed.

Source: transformers ``modeling_gguf_pytorch_utils.py`` (names, the order of the rotary dimensions), checked against it
in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from gguf import GGUFReader

TOP_LEVEL_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
SPECIAL_TOKEN = 3  # in tokenizer.ggml.token_type


def convert_gguf(path: Path, folder: Path, progress: Callable[[str, float], None]) -> None:
    """Writes config, weights (safetensors, float32) and tokenizer of the GGUF file at ``path`` into ``folder``.

    Raises ValueError: the file is not a GGUF file, or not a Llama with SmolLM2's tokenizer.
    """
    from gguf import GGUFReader

    progress("Reading the GGUF file", 0.0)
    reader = GGUFReader(path)
    metadata = {name: field.contents() for name, field in reader.fields.items()}
    found = tuple(metadata.get(key) for key in ("general.architecture", "tokenizer.ggml.pre"))
    if found != ("llama", "smollm"):
        raise ValueError(f"expected a Llama model with SmolLM2's tokenizer, found {found}")
    _save_tokenizer(metadata, folder)
    _save_config(metadata, tied="output.weight" not in {tensor.name for tensor in reader.tensors}, folder=folder)
    _save_weights(reader, metadata, folder, progress)


def hf_weight_name(gguf_name: str) -> str:
    """The name that transformers gives to a weight of llama.cpp.

    >>> hf_weight_name("blk.3.attn_q.weight")
    'model.layers.3.self_attn.q_proj.weight'
    """
    if gguf_name in TOP_LEVEL_NAMES:
        return TOP_LEVEL_NAMES[gguf_name]
    if (match := re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", gguf_name)) and match[2] in LAYER_NAMES:
        return f"model.layers.{match[1]}.{LAYER_NAMES[match[2]]}.weight"
    raise ValueError(f"unknown weight {gguf_name!r}")


def unpermute(weight: np.ndarray, heads: int) -> np.ndarray:
    """The rows of a query or key projection in transformers' order.

    Rotary embeddings turn pairs of dimensions. llama.cpp stores a pair side by side, transformers half a head apart:

    >>> import numpy as np
    >>> unpermute(np.array([[0], [1], [2], [3]]), heads=1).ravel().tolist()
    [0, 2, 1, 3]
    """
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _save_weights(
    reader: GGUFReader, metadata: dict[str, Any], folder: Path, progress: Callable[[str, float], None]
) -> None:
    import numpy as np
    from gguf import dequantize
    from safetensors.numpy import save_file

    heads = {"q_proj": metadata["llama.attention.head_count"], "k_proj": metadata["llama.attention.head_count_kv"]}
    weights = {}
    for index, tensor in enumerate(reader.tensors):
        progress("Unpacking the 4-bit weights", 0.25 + 0.6 * index / len(reader.tensors))
        name = hf_weight_name(tensor.name)
        weight: np.ndarray = dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        projection = name.split(".")[-2]
        weights[name] = np.ascontiguousarray(unpermute(weight, heads[projection]) if projection in heads else weight)
    progress("Writing the weights", 0.9)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _save_config(metadata: dict[str, Any], tied: bool, folder: Path) -> None:
    from transformers import GenerationConfig, LlamaConfig

    tokens = {
        "bos_token_id": metadata["tokenizer.ggml.bos_token_id"],
        "eos_token_id": metadata["tokenizer.ggml.eos_token_id"],
        "pad_token_id": metadata["tokenizer.ggml.padding_token_id"],
    }
    LlamaConfig(
        architectures=["LlamaForCausalLM"],
        dtype="float32",
        vocab_size=len(metadata["tokenizer.ggml.tokens"]),
        hidden_size=metadata["llama.embedding_length"],
        intermediate_size=metadata["llama.feed_forward_length"],
        num_hidden_layers=metadata["llama.block_count"],
        num_attention_heads=metadata["llama.attention.head_count"],
        num_key_value_heads=metadata["llama.attention.head_count_kv"],
        max_position_embeddings=metadata["llama.context_length"],
        rms_norm_eps=float(f"{metadata['llama.attention.layer_norm_rms_epsilon']:.6g}"),  # float32 noise: 9.9999997e-06
        rope_parameters={"rope_type": "default", "rope_theta": metadata["llama.rope.freq_base"]},
        tie_word_embeddings=tied,
        **tokens,
    ).save_pretrained(folder)
    GenerationConfig(**tokens).save_pretrained(folder)


def _save_tokenizer(metadata: dict[str, Any], folder: Path) -> None:
    """Writes SmolLM2's byte-level BPE: no space put in front, every digit a token of its own."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens, types = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    backend = Tokenizer(models.BPE({token: index for index, token in enumerate(tokens)}, merges))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, types, strict=True) if kind == SPECIAL_TOKEN]
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=tokens[metadata["tokenizer.ggml.bos_token_id"]],
        eos_token=tokens[metadata["tokenizer.ggml.eos_token_id"]],
        pad_token=tokens[metadata["tokenizer.ggml.padding_token_id"]],
        unk_token=tokens[metadata["tokenizer.ggml.unknown_token_id"]],
        model_max_length=metadata["llama.context_length"],
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = metadata["tokenizer.chat_template"]
    tokenizer.save_pretrained(folder)
