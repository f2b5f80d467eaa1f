"""Every class in transformers' tables that reads text, built tiny from its own config: two layers, width 32.

A family is one ``model_type`` in one table. What can't be built is listed in `SKIPPED` with the reason, and nothing
else is left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto

from tests.sweep.tokenizers import END, PAD, START, VOCABULARY, make_tokenizer

TABLES = {
    "text-classification": modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    "text-generation": modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    "text2text-generation": modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "feature-extraction": modeling_auto.MODEL_MAPPING_NAMES,
}
POSITIONS = 64
LABELS = 3
# By the names that configs use for the same thing; a config gets those that it has.
SMALL: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "emb_dim", "embedding_size", "d_embed"), 32),
    **dict.fromkeys(("word_embed_proj_dim", "moe_intermediate_size", "shared_expert_intermediate_size"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers"), 2),
    **dict.fromkeys(("num_encoder_layers", "num_decoder_layers", "num_experts_per_tok", "num_key_value_heads"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads"), 4),
    **dict.fromkeys(("decoder_attention_heads", "num_encoder_attention_heads", "num_decoder_attention_heads"), 4),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("head_dim", "d_head", "d_kv", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"), 8),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank"), 16),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff", "d_inner"), 64),
    **dict.fromkeys(("n_inner", "hidden_dim", "n_inner_dim"), 64),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), POSITIONS),
    "vocab_size": VOCABULARY,
    "pad_token_id": PAD,
    "bos_token_id": START,
    "eos_token_id": END,
}
LINEAR = {"layer_types": ["linear_attention", "full_attention"]}
ONE_KIND_OF_HEADS = {"num_key_value_heads": 4}
CONVOLUTION = {"layer_types": ["conv", "full_attention"]}
PLAIN_ROPE = {"rope_type": "default", "rope_theta": 10_000.0}
THREE_AXES = {"rope_parameters": {**PLAIN_ROPE, "mrope_section": [2, 1, 1], "partial_rotary_factor": 1.0}}
SCALED_ROPE = {**ONE_KIND_OF_HEADS, "rope_parameters": {
    **PLAIN_ROPE, "llama_4_scaling_beta": 0.1, "original_max_position_embeddings": POSITIONS}}  # fmt: skip
HYBRID = {"layers_block_type": ["linear_attention", "hybrid"]}
MAMBA = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8}
BEHIND_PADDING = {"max_position_embeddings": POSITIONS + 2}
# What a family needs beside SMALL, because some numbers must fit each other; None: leave the config's own value.
OWN: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("axk1", "axk2", "deepseek_v2", "deepseek_v3", "deepseek_v32", "minicpm3"), ONE_KIND_OF_HEADS),
    **dict.fromkeys(("mistral4", "glm4_moe_lite", "glm_moe_dsa", "longcat_flash", "youtu"), ONE_KIND_OF_HEADS),
    **dict.fromkeys(("esmc", "dots3_note_text"), ONE_KIND_OF_HEADS),
    **dict.fromkeys(("glm4v_text", "glm4v_moe_text", "glm_image_text", "glm_ocr_text"), THREE_AXES),
    **dict.fromkeys(("qwen2_vl_text", "qwen2_5_vl_text", "cosmos3_edge_text"), THREE_AXES),
    **dict.fromkeys(("qwen3_5_text", "qwen3_next", "qwen3_5_moe_text"), LINEAR),
    **dict.fromkeys(("kimi_linear", "bailing_hybrid"), LINEAR | ONE_KIND_OF_HEADS),
    **dict.fromkeys(("lfm3", "lfm2_moe"), CONVOLUTION),
    "recurrent_gemma": {"block_types": ["recurrent", "attention"], "lru_width": 32},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 8},
    "gptj": {"rotary_dim": 4},
    "codegen": {"rotary_dim": 4},
    "layoutlmv3": {"coordinate_size": 4, "shape_size": 8, "input_size": 32, "patch_size": 16},
    "xmod": {"languages": ["en_XX"], "default_language": "en_XX"},
    "reformer": {
        "is_decoder": True, "axial_pos_embds": False, "attn_layers": ["local", "local"], "local_attn_chunk_length": 8,
        "attention_head_size": 8,
    },
    "qwen4_exp_text": {**LINEAR, "indexer_n_heads": 2, "indexer_kv_heads": 1, "indexer_head_dim": 8,
                       "indexer_budget": 64, "indexer_compress_ratio": 4},
    "glm5_next_text": {**LINEAR, **ONE_KIND_OF_HEADS, "qk_rope_head_dim": 0},
    "hunyuan_vl_text": {"rope_parameters": {**PLAIN_ROPE, "mrope_section": [1, 1, 1, 1]}},
    "neomme": {"head_dim": 32},
    "zaya": {"num_experts_per_tok": 1},
    "mamba2": {"num_heads": 8, "head_dim": 8, "state_size": 8, "chunk_size": 8, "n_groups": 1},
    "axk1": {**ONE_KIND_OF_HEADS, "n_group": 1, "topk_group": 1},
    "cohere_compass_text": {
        "layer_types": ["full_attention", "sliding_attention"],
        "rope_parameters": {"full_attention": PLAIN_ROPE, "sliding_attention": PLAIN_ROPE},
    },
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "lilt": {"hidden_size": 48},  # six coordinates share it
    **dict.fromkeys(("mistral4", "mistral_large4_text"), SCALED_ROPE),
    "zamba": {"num_hidden_layers": 3, "layers_block_type": ["linear_attention", "hybrid", "hybrid"],
              "attention_hidden_size": 64, "attention_head_dim": 16},
    "zamba2": {**HYBRID, "attention_hidden_size": 64, "attention_head_dim": 16, "n_mamba_heads": 4, "mamba_d_state": 8,
               "num_key_value_heads": 4},
    "bamba": {**MAMBA, "attn_layer_indices": [1]},
    "granitemoehybrid": {**MAMBA, "layer_types": ["linear_attention", "full_attention"]},
    "dots1": {**ONE_KIND_OF_HEADS, "n_shared_experts": 1, "n_routed_experts": 4, "num_experts_per_tok": 2},
    "gemma3n_text": {
        "num_kv_shared_layers": 0, "vocab_size_per_layer_input": VOCABULARY, "hidden_size_per_layer_input": 8,
        "laurel_rank": 8, "activation_sparsity_pattern": [0.0, 0.0],
    },
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "clip_qkv": 8, "rope_theta": 10_000.0},
        "ffn_config": {"ffn_hidden_size": 64, "moe_num_experts": 4, "moe_top_k": 2},
    },
    "longformer": {"attention_window": [8, 8], "max_position_embeddings": POSITIONS + 2},
    "led": {"attention_window": 8, "max_encoder_position_embeddings": POSITIONS, "max_decoder_position_embeddings": 64},
    "big_bird": {"attention_type": "original_full"},
    "bigbird_pegasus": {"attention_type": "original_full"},
    "roc_bert": {"pronunciation_embed_dim": 8, "pronunciation_vocab_size": 9, "shape_embed_dim": 8,
                 "shape_vocab_size": 9},
    "luke": {"entity_vocab_size": 9, "entity_emb_size": 8},
    "modernbert": {"cls_token_id": START, "sep_token_id": END},
    "perceiver": {"num_latents": 8, "d_latents": 32, "num_self_attends_per_block": 1},
    "funnel": {"block_sizes": [1, 1], "architectures": ["FunnelModel"]},
    "fnet": {"tpu_short_seq_length": POSITIONS},
    **dict.fromkeys(("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"), BEHIND_PADDING),
    **dict.fromkeys(("data2vec-text", "roberta-prelayernorm"), BEHIND_PADDING),
}  # fmt: skip
WITH_PICTURES = "Its inputs are pictures, sound or series of numbers; a text model within it is swept by itself."
# Checkpoints of text and pictures, of which AutoModelForCausalLM takes the model of text: their whole class.
AROUND_TEXT = {
    "qwen3_5": "Qwen3_5ForConditionalGeneration", "qwen3_5_moe": "Qwen3_5MoeForConditionalGeneration",
    "qwen4_exp": "Qwen4ExpForConditionalGeneration", "llama4": "Llama4ForConditionalGeneration",
    "mllama": "MllamaForConditionalGeneration",
}  # fmt: skip
PICTURES = {
    "image_size": 28, "patch_size": 14, "depth": 1, "num_hidden_layers": 1, "num_global_layers": 1,
    "intermediate_layers_indices": [0], "out_hidden_size": 32, "vision_output_dim": 32, "projector_input_dim": 32,
    "projector_output_dim": 32,
}  # fmt: skip
PARTS_OF_TEXT = {"encoder", "decoder", "attn_config", "ffn_config"}  # configs within the config of a model of text
TEXT_ALL_THE_SAME = ("canine", "esm", "fsmt", "perceiver")  # whatever their configs or inputs are called
SKIPPED: dict[str, str] = {
    "layoutlmv2": "Needs the package detectron2.",
    "tapas": "Reads tables: its token types have seven columns, which no tokenizer of text gives.",
    "xlstm": "At width 32 its own forward pass fails: its state has another width than its heads.",
    "t5gemma2": "Its encoder reads pictures beside text; t5gemma is swept.",
    "blt": "A chain of four networks that cut bytes into patches: no tiny config of it was found that runs.",
    "vits": "It speaks: its answer is sound, with noise of its own.",
    "encoder-decoder": "A pair of two other families, each swept by itself.",
}


@dataclass(frozen=True)
class Family:
    """One ``model_type`` with the head for one task."""

    task: str
    model_type: str
    class_name: str

    @property
    def name(self) -> str:
        """How the table and ``--only`` call it."""
        return f"{self.model_type}/{self.task}"


def all_families() -> list[Family]:
    """Every entry of the four tables, by task and name."""
    found = []
    for task, table in TABLES.items():
        for model_type, names in sorted(table.items()):
            found.append(Family(task, model_type, names if isinstance(names, str) else names[0]))
    return found


def reason_to_skip(family: Family) -> str:
    """Why a family isn't swept; empty if it is."""
    if family.model_type in SKIPPED:
        return SKIPPED[family.model_type]
    if not hasattr(transformers, family.class_name):
        return "transformers names a class for it that it doesn't export."
    config_class = transformers.CONFIG_MAPPING[family.model_type]
    if family.model_type in TEXT_ALL_THE_SAME or _is_around_text(family):
        return ""
    if set(getattr(config_class, "sub_configs", None) or {}) - PARTS_OF_TEXT:
        return WITH_PICTURES
    names = set(vars(config_class()))
    model_class = getattr(transformers, family.class_name)
    if getattr(model_class, "main_input_name", "input_ids") != "input_ids" or "vocab_size" not in names:
        return WITH_PICTURES
    return ""


def build_config(family: Family) -> transformers.PreTrainedConfig:
    """The family's own config, made small."""
    config_class = transformers.CONFIG_MAPPING[family.model_type]
    if _is_around_text(family):
        parts = config_class.sub_configs
        pictures = _small(parts["vision_config"]) | _known(parts["vision_config"], PICTURES)
        text = _small(parts["text_config"]) | OWN.get(parts["text_config"].model_type, {})
        return config_class(text_config=text, vision_config=pictures | {"pad_token_id": None})
    values = _small(config_class) | OWN.get(family.model_type, {})
    for side in ("encoder", "decoder"):
        if side in (getattr(config_class, "sub_configs", None) or {}):
            values[side] = _small(config_class.sub_configs[side])
    if family.task == "text-classification":
        values["num_labels"] = LABELS
    if config_class().is_encoder_decoder:
        values["decoder_start_token_id"] = START
    return config_class(**values)


def _is_around_text(family: Family) -> bool:
    return family.task == "text-generation" and family.model_type in AROUND_TEXT


def _known(config_class: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Those values of which a config has the name."""
    default = config_class()
    return {name: value for name, value in values.items() if hasattr(default, name)}


def _small(config_class: Any) -> dict[str, Any]:
    """Small values for what a config has; kinds of layers are told anew for two layers."""
    default = config_class()
    aliases = dict(default.attribute_map or {})
    names = (set(vars(default)) | set(aliases)) - {alias for alias, name in aliases.items() if name in SMALL}
    values = {name: value for name, value in SMALL.items() if name in names}
    values |= {name: None for name in ("layer_types", "mlp_layer_types") if isinstance(vars(default).get(name), list)}
    return values


def build(family: Family, folder: Path) -> Path:
    """The folder with a random model of the family and a tokenizer that fits it.

    Weights are spread wider than at a real start, so that what a computation gets wrong shows in the logits.
    """
    torch.manual_seed(0)
    class_name = AROUND_TEXT[family.model_type] if _is_around_text(family) else family.class_name
    model = getattr(transformers, class_name)(build_config(family)).eval()
    random = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1 and parameter.is_floating_point() and "norm" not in name.lower():
            parameter.data.normal_(0, 0.15, generator=random)
    model.save_pretrained(folder)
    make_tokenizer(family.task, model.config.is_encoder_decoder, "token_type_ids" in _inputs(model)).save_pretrained(
        folder
    )
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "architectures": [class_name]}))
    return folder


def _inputs(model: Any) -> tuple[str, ...]:
    return type(model).forward.__code__.co_varnames
